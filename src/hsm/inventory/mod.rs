//! `keys.toml`: which keys this office has, on which token, for which purpose.
//!
//! Stored: the format of this file is a contract with every version that reads it; keys are only ever added.
//! It holds no secret. [`read`] is strict, [`Inventory::write`] replaces the file in one step.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::certificate::Certificate;
use pki::signing::SignedStructure as _;

use crate::key::{KeyId, Purpose, hex};
use crate::{Error, Result};

/// All keys of one office.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The keys, in the order of the file.
    pub keys: Vec<KeyEntry>,
}

/// One key: what it is called, where it is, what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// Its name in files, messages and requests to the signer.
    pub name: String,
    /// Label of the token that holds it.
    pub token: String,
    /// `CKA_ID` on that token.
    pub id: KeyId,
    /// What kind of key it is, and how it is recognised.
    pub material: Material,
    /// What it may be used for.
    pub purposes: Vec<Purpose>,
    /// The certificate of its public half, relative to the inventory's folder.
    pub certificate: Option<PathBuf>,
    /// How much it may be used.
    pub budget: Option<Budget>,
}

/// What kind of key an entry speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Material {
    /// A key pair that signs.
    Pair {
        /// The kind of key.
        algorithm: KeyAlgorithm,
        /// The signature it makes.
        signature: SignatureAlgorithm,
        /// SHA-256 over its SubjectPublicKeyInfo, compared with the token at every start.
        public_key_sha256: [u8; 32],
    },
    /// An AES-256 key that wraps data keys.
    Aes256,
}

/// The most signatures a key may make in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many.
    pub signatures: u64,
    /// In which time.
    pub per: Period,
}

/// The period of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// One second.
    Second,
    /// Sixty seconds.
    Minute,
    /// Sixty minutes.
    Hour,
    /// Twenty-four hours.
    Day,
}

impl Period {
    /// Every period, shortest first.
    pub const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// The word used in the file and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Its length.
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
        }
    }
}

impl Inventory {
    /// Reads and checks the whole file; nothing is guessed, nothing unknown is passed over.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::File {
            path: path.to_owned(),
            action: "read the key inventory",
            reason: error.to_string(),
        })?;
        Self::parse(&text, path)
    }

    /// Reads the text of an inventory; `path` only appears in messages.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        read::parse(text, path)
    }

    /// Replaces the file by this inventory: afterwards either the old or the new content is there, whole and
    /// durable, whatever happens in between.
    pub fn write(&self, path: &Path) -> Result<()> {
        // What would not be read again is not written.
        read::parse(&write::render(self), path)?;
        write::replace(path, write::render(self).as_bytes())
    }

    /// Checks that every certificate that an entry names is there and certifies the entry's public key. `folder` is
    /// the inventory's own. Whether the token holds that key is checked when it is opened.
    pub fn check_certificates(&self, folder: &Path) -> Result<()> {
        self.keys.iter().try_for_each(|key| key.check_certificate(folder))
    }

    /// The key of this name.
    pub fn key(&self, name: &str) -> Result<&KeyEntry> {
        self.keys
            .iter()
            .find(|key| key.name == name)
            .ok_or_else(|| Error::UnknownKey {
                name: name.chars().take(80).collect(),
                known: self.keys.iter().map(|key| key.name.clone()).collect(),
            })
    }

    /// The keys on the token with this label.
    pub fn on_token<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a KeyEntry> + 'a {
        self.keys.iter().filter(move |key| key.token == label)
    }
}

impl KeyEntry {
    /// The kind of key pair; `None` for a data key.
    pub const fn algorithm(&self) -> Option<KeyAlgorithm> {
        match self.material {
            Material::Pair { algorithm, .. } => Some(algorithm),
            Material::Aes256 => None,
        }
    }

    /// The signature it makes; `None` for a data key.
    pub const fn signature(&self) -> Option<SignatureAlgorithm> {
        match self.material {
            Material::Pair { signature, .. } => Some(signature),
            Material::Aes256 => None,
        }
    }

    /// Checks that the certificate that the entry names, if it names one, certifies its public key.
    pub fn check_certificate(&self, folder: &Path) -> Result<()> {
        let (
            Some(path),
            Material::Pair {
                public_key_sha256, ..
            },
        ) = (&self.certificate, self.material)
        else {
            return Ok(());
        };
        let path = folder.join(path);
        let failed = |reason: String| Error::File {
            path: path.clone(),
            action: "read the certificate",
            reason,
        };
        let der = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
        let certificate = Certificate::parse(&der).map_err(|error| failed(error.to_string()))?;
        let found = certificate.content().public_key.fingerprint();
        if found == public_key_sha256 {
            return Ok(());
        }
        Err(Error::CertificateMismatch {
            name: self.name.clone(),
            path,
            certified: hex(&found),
            expected: hex(&public_key_sha256),
        })
    }

    /// SHA-256 over the public half, as hexadecimal digits; `None` for a data key.
    pub fn public_key_hex(&self) -> Option<String> {
        match self.material {
            Material::Pair {
                public_key_sha256, ..
            } => Some(hex(&public_key_sha256)),
            Material::Aes256 => None,
        }
    }
}
