//! Where an office keeps what a ceremony reads and writes.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The folders and files of one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// The state folder: inventories, certificates, CRLs, ceremonies.
    pub state: PathBuf,
    /// The hierarchy file.
    pub hierarchy: PathBuf,
    /// The custodians file.
    pub custodians: PathBuf,
    /// The folder through which envelopes travel, such as a memory stick's.
    pub exchange: PathBuf,
    /// Whether everything happens on throw-away tokens.
    pub rehearsal: bool,
}

/// The inventory that the server reads.
pub const INVENTORY: &str = "keys.toml";
/// The inventory of keys in offline tokens, which only ceremonies read.
pub const OFFLINE_INVENTORY: &str = "keys-offline.toml";
/// The folder of ceremonies inside the state folder.
const CEREMONIES: &str = "ceremonies";

impl Office {
    /// The usual places beside a state folder.
    pub fn beside(state: &Path, hierarchy: &Path) -> Self {
        Self {
            state: state.to_owned(),
            hierarchy: hierarchy.to_owned(),
            custodians: state.join(CEREMONIES).join("custodians.toml"),
            exchange: state.join("exchange"),
            rehearsal: false,
        }
    }

    /// The folder of all ceremonies.
    pub fn ceremonies(&self) -> PathBuf {
        self.state.join(CEREMONIES)
    }

    /// The folder of one ceremony; its name is checked, because it may come from the command line.
    pub fn ceremony(&self, id: &str) -> Result<PathBuf> {
        let letters = id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if id.is_empty() || id.len() > 64 || !letters {
            return Err(Error::NoCeremony {
                name: id.chars().take(64).collect(),
            });
        }
        let folder = self.ceremonies().join(id);
        if folder.is_dir() {
            Ok(folder)
        } else {
            Err(Error::NoCeremony { name: id.to_owned() })
        }
    }

    /// Where the server looks for certificates.
    pub fn certificates(&self) -> PathBuf {
        self.state.join("certificates")
    }

    /// Where the server looks for CRLs.
    pub fn crls(&self) -> PathBuf {
        self.state.join("crls")
    }

    /// The inventory that the server reads.
    pub fn inventory(&self) -> PathBuf {
        self.state.join(INVENTORY)
    }

    /// The inventory of keys in offline tokens.
    pub fn offline_inventory(&self) -> PathBuf {
        self.state.join(OFFLINE_INVENTORY)
    }
}
