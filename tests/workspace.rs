//! The workspace as Cargo sees it: members, their declared dependencies, and what is really linked.
//!
//! Read by the tests that hold the table of crate edges, the licences and the duplicate versions. It asks Cargo
//! and never parses a manifest itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// The folder of the workspace: where `Cargo.toml`, `src/` and `ops/` stand.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ stands in the workspace's folder")
}

/// What `cargo metadata` says about this machine's build.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    /// Every package of the lock file that this machine's build can reach.
    pub packages: Vec<Package>,
    /// Ids of the packages that are ours.
    pub workspace_members: BTreeSet<String>,
}

/// One package, ours or another's.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Cargo's own id, unique in the graph.
    pub id: String,
    /// Its name on the registry.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SPDX expression, as the package declares it.
    pub license: Option<String>,
    /// Where it comes from; `None` for ours.
    pub source: Option<String>,
    /// What its manifest declares.
    pub dependencies: Vec<Declared>,
}

/// One declared dependency.
#[derive(Debug, Deserialize)]
pub struct Declared {
    /// Name of the package that is used.
    pub name: String,
    /// `None` for a normal dependency, else `dev` or `build`.
    pub kind: Option<String>,
    /// Set for a dependency in this workspace.
    pub path: Option<PathBuf>,
}

impl Metadata {
    /// Asks Cargo for the graph of this machine's platform, with every feature of the workspace on.
    pub fn read() -> Self {
        let host = host_triple();
        let output = cargo(&[
            "metadata",
            "--locked",
            "--format-version=1",
            "--all-features",
            "--filter-platform",
            &host,
        ]);
        serde_json::from_str(&output).expect("cargo metadata answers with its format version 1")
    }

    /// The members of the workspace, in order of name.
    pub fn members(&self) -> BTreeMap<&str, &Package> {
        self.packages
            .iter()
            .filter(|package| self.workspace_members.contains(&package.id))
            .map(|package| (package.name.as_str(), package))
            .collect()
    }

    /// The packages of others that are really built here, for the product, its tests and its build scripts.
    ///
    /// `cargo metadata` lists more than is built (optional parts that nobody switched on); `cargo tree` knows.
    pub fn foreign(&self) -> Vec<&Package> {
        let tree = cargo(&[
            "tree",
            "--workspace",
            "--all-features",
            "--locked",
            "--edges=normal,build,dev",
            "--prefix=none",
            "--format={p}",
        ]);
        // A line reads `name vVERSION`, with a place or a remark after it.
        let built: BTreeSet<(&str, &str)> = tree
            .lines()
            .filter_map(|line| {
                let (name, rest) = line.split_once(" v")?;
                Some((name, rest.split(' ').next()?))
            })
            .collect();
        let is_built =
            |package: &&Package| built.contains(&(package.name.as_str(), package.version.as_str()));
        let is_foreign = |package: &&Package| !self.workspace_members.contains(&package.id);
        self.packages.iter().filter(is_foreign).filter(is_built).collect()
    }
}

impl Package {
    /// Names of the packages that are declared here, of one kind.
    pub fn declared(&self, kind: Option<&str>) -> BTreeSet<&str> {
        let of_kind = self
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.as_deref() == kind);
        of_kind.map(|dependency| dependency.name.as_str()).collect()
    }
}

/// Names of everything a crate of ours links, at any depth, with exactly the named features.
///
/// `cargo metadata` mixes the features of the whole workspace; `cargo tree -p` decides them for one crate, which
/// is what somebody who uses that crate alone gets.
pub fn linked(package: &str, features: &[&str]) -> BTreeSet<String> {
    let features = features.join(",");
    let output = cargo(&[
        "tree",
        "--locked",
        "-p",
        package,
        "--edges=normal",
        "--prefix=none",
        "--format={p}",
        "--no-default-features",
        "--features",
        &features,
    ]);
    output
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

fn host_triple() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc starts");
    let text = String::from_utf8(output.stdout).expect("rustc speaks UTF-8");
    let host = text
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc -vV names its host");
    host.to_owned()
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(
        output.status.success(),
        "cargo {} failed:\n{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}
