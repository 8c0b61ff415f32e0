//! The doctor: looks at everything a server stands on, changes nothing, and says what to do.
//!
//! [`examine`] collects [`Discovery`]s, one file here for each area; [`words`] says them. A token is logged in to at
//! most once, only if it says that its PIN is in good standing, and never while a signer holds it.

mod certificates;
mod clock;
mod discovery;
mod files;
mod keys;
mod listeners;
mod sandbox;
mod tokens;
mod words;

use std::path::Path;

use policy::hierarchy::Hierarchy;
use serde::Serialize;

pub(crate) use discovery::{Area, Discovery, Level};
pub(crate) use words::words;

use crate::clock::Clock;
use crate::config::{ConfigError, Configuration};
use crate::http::language::Language;

/// How far the doctor may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Load modules, look at tokens, log in once where that is safe.
    Tokens,
    /// Load modules and look at tokens, but do not log in.
    WithoutLogin,
    /// A signer holds the tokens: leave them alone.
    SignerAtWork,
}

/// What was found, and what could not be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// The worst first, then in the order of the areas.
    pub(crate) discoveries: Vec<Discovery>,
    /// Areas that were not looked at, and why.
    pub(crate) skipped: Vec<(Area, &'static str)>,
}

/// Looks at everything.
pub(crate) fn examine(path: &Path, clock: &dyn Clock, reach: Reach) -> Report {
    match Configuration::load(path) {
        Ok(config) => examine_configured(&config, clock, reach),
        Err(error) => without_configuration(&error),
    }
}

/// Looks at everything that an accepted configuration leads to.
pub(crate) fn examine_configured(config: &Configuration, clock: &dyn Clock, reach: Reach) -> Report {
    let mut report = Report::default();
    let hierarchy = hierarchy(config, &mut report);
    let now = clock.now();
    files::examine(config, &mut report);
    let inventory = keys::inventory(config, &mut report);
    tokens::examine(config, hierarchy.as_ref(), inventory.as_ref(), reach, &mut report);
    match &inventory {
        Some(inventory) => keys::examine(config, inventory, &mut report),
        None => report.skip(Area::Keys, "there is no list of keys"),
    }
    let newest = certificates::examine(config, now, &mut report);
    clock::examine(config, newest, now, &mut report);
    listeners::examine(config, reach, &mut report);
    sandbox::examine(&mut report);
    report
        .discoveries
        .sort_by_key(|discovery| (std::cmp::Reverse(discovery.level()), discovery.area()));
    report
}

fn without_configuration(error: &ConfigError) -> Report {
    let wrong = Discovery::ConfigurationWrong {
        message: error.to_string(),
    };
    let others = Area::ALL.into_iter().filter(|area| *area != Area::Configuration);
    Report {
        discoveries: vec![wrong],
        skipped: others
            .map(|area| (area, "the configuration comes first"))
            .collect(),
    }
}

fn hierarchy(config: &Configuration, report: &mut Report) -> Option<Hierarchy> {
    let path = config.office.hierarchy();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("{}: it cannot be read: {error}", path.display());
            report.add(Discovery::HierarchyWrong { message });
            return None;
        }
    };
    match Hierarchy::parse(&path, &text) {
        Ok(hierarchy) => {
            for warning in hierarchy.warnings() {
                report.add(Discovery::HierarchyProvisional {
                    key: warning.key,
                    message: warning.message,
                });
            }
            Some(hierarchy)
        }
        Err(error) => {
            let message = error.to_string();
            report.add(Discovery::HierarchyWrong { message });
            None
        }
    }
}

impl Report {
    fn add(&mut self, discovery: Discovery) {
        self.discoveries.push(discovery);
    }

    fn skip(&mut self, area: Area, reason: &'static str) {
        self.skipped.push((area, reason));
    }

    /// The worst level found.
    pub(crate) fn worst(&self) -> Option<Level> {
        self.discoveries.iter().map(Discovery::level).max()
    }

    /// The form for programs and pages.
    pub(crate) fn findings(&self, language: Language) -> Vec<Finding> {
        self.discoveries
            .iter()
            .map(|discovery| {
                let words = words(discovery, language);
                Finding {
                    level: discovery.level(),
                    area: discovery.area(),
                    code: discovery.code(),
                    what: words.what,
                    why: words.why,
                    remedy: words.remedy,
                }
            })
            .collect()
    }
}

/// A discovery, said.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    /// How bad it is.
    pub(crate) level: Level,
    /// Where it was found.
    pub(crate) area: Area,
    /// The code that never changes.
    pub(crate) code: &'static str,
    /// What was found.
    pub(crate) what: String,
    /// Why it matters.
    pub(crate) why: &'static str,
    /// What to do.
    pub(crate) remedy: String,
}

#[cfg(test)]
mod tests;
