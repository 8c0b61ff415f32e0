//! What may enter the tree: licences, duplicate versions, sources, and packages that are refused by name.
//!
//! `deny.toml` is the one list; this file enforces what needs nothing but Cargo. Known advisories need a database
//! from the network: `.ci/run` asks cargo-deny for those and says so when it cannot.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use system_tests::workspace::{Metadata, root};

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    skip: Vec<Reasoned>,
    deny: Vec<Reasoned>,
}

#[derive(Deserialize)]
struct Reasoned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

impl Deny {
    fn read() -> Self {
        let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there");
        toml::from_str(&text).expect("deny.toml has the parts that this test reads")
    }
}

#[test]
fn every_package_has_a_licence_of_the_list() {
    let allowed = Deny::read().licenses.allow;
    for package in Metadata::read().foreign() {
        let licence = package.license.as_deref().unwrap_or("");
        assert!(
            satisfied(licence, &allowed),
            "{} {} has the licence {licence:?}, which deny.toml does not allow",
            package.name,
            package.version
        );
    }
}

#[test]
fn every_licence_of_the_list_is_in_use() {
    let metadata = Metadata::read();
    for licence in Deny::read().licenses.allow {
        let mentioned = metadata.foreign().iter().any(|package| {
            package
                .license
                .as_deref()
                .is_some_and(|expression| Tokens::of(expression).all().contains(&licence))
        });
        assert!(
            mentioned,
            "deny.toml allows {licence}, which nothing has any more"
        );
    }
}

#[test]
fn a_second_version_of_a_package_has_a_written_reason() {
    let metadata = Metadata::read();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in metadata.foreign() {
        versions
            .entry(&package.name)
            .or_default()
            .insert(&package.version);
    }
    let skips = Deny::read().bans.skip;
    let skipped: BTreeSet<&str> = skips.iter().map(|skip| skip.name.as_str()).collect();
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let unexplained: Vec<_> = versions
            .iter()
            .filter(|version| !skipped.contains(format!("{name}@{version}").as_str()))
            .collect();
        assert!(
            unexplained.len() <= 1,
            "{name} is here in the versions {versions:?}; deny.toml explains too few of them"
        );
    }
    for skip in &skips {
        let (name, version) = skip
            .name
            .split_once('@')
            .expect("a skip of deny.toml is written name@version");
        let still = versions
            .get(name)
            .is_some_and(|versions| versions.len() > 1 && versions.contains(version));
        assert!(
            still,
            "deny.toml excuses {}, which is no duplicate any more",
            skip.name
        );
        assert!(
            !skip.reason.is_empty(),
            "deny.toml excuses {} without a reason",
            skip.name
        );
    }
}

#[test]
fn no_package_is_here_that_is_refused_by_name() {
    let refused = Deny::read().bans.deny;
    for package in Metadata::read().foreign() {
        let hit = refused.iter().find(|refused| refused.name == package.name);
        assert!(
            hit.is_none(),
            "{} is refused: {}",
            package.name,
            hit.map_or("", |refused| &refused.reason)
        );
    }
}

#[test]
fn every_package_comes_from_the_registry() {
    for package in Metadata::read().foreign() {
        let registry = package
            .source
            .as_deref()
            .is_some_and(|source| source.starts_with("registry+"));
        assert!(
            registry,
            "{} {} comes from {:?}, not from the registry",
            package.name, package.version, package.source
        );
    }
}

/// Whether an SPDX expression can be met with the allowed licences alone.
fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let mut tokens = Tokens::of(expression);
    let satisfied = tokens.any(allowed);
    satisfied && tokens.rest.is_empty()
}

/// The tokens of an SPDX expression that are still to be read. `A/B` is what old manifests write for `A OR B`.
struct Tokens {
    rest: std::collections::VecDeque<String>,
}

impl Tokens {
    fn of(expression: &str) -> Self {
        let spaced = expression
            .replace('(', " ( ")
            .replace(')', " ) ")
            .replace('/', " OR ");
        Self {
            rest: spaced.split_whitespace().map(str::to_owned).collect(),
        }
    }

    fn accept(&mut self, word: &str) -> bool {
        let matches = self.rest.front().is_some_and(|token| token == word);
        if matches {
            self.rest.pop_front();
        }
        matches
    }

    /// `OR` binds less than `AND`. Both sides are read even when the first decides, to consume them.
    fn any(&mut self, allowed: &BTreeSet<String>) -> bool {
        let mut met = self.both(allowed);
        while self.accept("OR") {
            met |= self.both(allowed);
        }
        met
    }

    fn both(&mut self, allowed: &BTreeSet<String>) -> bool {
        let mut met = self.one(allowed);
        while self.accept("AND") {
            met &= self.one(allowed);
        }
        met
    }

    fn one(&mut self, allowed: &BTreeSet<String>) -> bool {
        if self.accept("(") {
            let met = self.any(allowed);
            return self.accept(")") && met;
        }
        self.licence().is_some_and(|licence| allowed.contains(&licence))
    }

    fn licence(&mut self) -> Option<String> {
        let name = self.rest.pop_front()?;
        if !self.accept("WITH") {
            return Some(name);
        }
        Some(format!("{name} WITH {}", self.rest.pop_front()?))
    }

    /// Every licence that the expression mentions.
    fn all(mut self) -> BTreeSet<String> {
        let mut licences = BTreeSet::new();
        while !self.rest.is_empty() {
            if ["(", ")", "AND", "OR"].iter().all(|word| !self.accept(word)) {
                licences.extend(self.licence());
            }
        }
        licences
    }
}

#[test]
fn spdx_expressions_are_read_with_their_precedence() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()]);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("MIT OR GPL-3.0 AND MPL-2.0", true),
        ("(MIT OR GPL-3.0) AND MPL-2.0", false),
        ("MIT AND (GPL-3.0 OR Apache-2.0 WITH LLVM-exception)", true),
        ("MIT GPL-3.0", false),
        ("(MIT", false),
    ] {
        assert_eq!(satisfied(expression, &allowed), expected, "{expression}");
    }
}
