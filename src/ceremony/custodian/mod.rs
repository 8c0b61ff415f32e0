//! Custodians: who must agree to every step, with which keys, and how many of them.
//!
//! Stored: `custodians.toml`, format 1. Both machines carry the same file; its SHA-256 stands in the opening
//! of every transcript.

pub mod key_file;
mod list;
pub mod passphrase;

use pki::public_key::PublicKey;

use crate::canonical::Hash;
use crate::{Error, Result};

/// The custodians of an office and how many of them must agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custodians {
    threshold: usize,
    service_threshold: usize,
    list: Vec<Custodian>,
}

/// One custodian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custodian {
    /// The short name: on the command line and in file names.
    pub name: String,
    /// The name in the minutes.
    pub full_name: String,
    /// The office held, for the minutes.
    pub role: String,
    /// The key that approvals verify under.
    pub public_key: PublicKey,
}

impl Custodians {
    /// Reads and checks the text of a custodians file; the file's name is for messages only.
    pub fn parse(file: &std::path::Path, text: &str) -> Result<Self> {
        list::parse(file, text)
    }

    /// The text of a new custodians file.
    pub fn to_toml(&self) -> Result<String> {
        list::render(self)
    }

    /// Puts custodians together; the same rules hold as for a file.
    pub fn new(threshold: usize, service_threshold: Option<usize>, list: Vec<Custodian>) -> Result<Self> {
        let custodians = Self {
            threshold,
            service_threshold: service_threshold.unwrap_or(threshold),
            list,
        };
        custodians.check()?;
        Ok(custodians)
    }

    /// How many must approve a step.
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// How many must approve a step that only renews certificates of service keys.
    pub const fn service_threshold(&self) -> usize {
        self.service_threshold
    }

    /// All, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Custodian> {
        self.list.iter()
    }

    /// The custodian of this short name.
    pub fn find(&self, name: &str) -> Option<&Custodian> {
        self.list.iter().find(|custodian| custodian.name == name)
    }

    fn check(&self) -> Result<()> {
        let refuse = |rule: String| Err(Error::Custodians { rule });
        let count = self.list.len();
        for (key, threshold) in [
            ("threshold", self.threshold),
            ("service_threshold", self.service_threshold),
        ] {
            if threshold == 0 || threshold > count {
                return refuse(format!(
                    "{key} is {threshold}, but there are {count} custodians; it must be between 1 and {count}"
                ));
            }
        }
        for (position, custodian) in self.list.iter().enumerate() {
            let name = &custodian.name;
            let letters = name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if name.is_empty() || name.len() > 32 || !letters {
                return refuse(format!(
                    "{name:?} is no short name; use at most 32 lower-case letters, digits and hyphens"
                ));
            }
            let mut earlier = self.list.iter().take(position);
            if let Some(other) =
                earlier.find(|other| other.name == *name || other.public_key == custodian.public_key)
            {
                return refuse(format!(
                    "{name} and {} share their name or their key; one person would count twice",
                    other.name
                ));
            }
            pki::weakness::check(&custodian.public_key).map_err(|source| Error::Pki {
                what: format!("key of custodian {name}"),
                source,
            })?;
        }
        Ok(())
    }
}

impl Custodian {
    /// SHA-256 over the SubjectPublicKeyInfo.
    pub fn fingerprint(&self) -> Hash {
        Hash::from_bytes(self.public_key.fingerprint())
    }
}
