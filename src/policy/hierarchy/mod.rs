//! The hierarchy: which authorities and service keys an office has, and what their certificates must say.
//!
//! [`Hierarchy::parse`] reads `ca-policies/hierarchy.toml` and checks it as a whole, so that whoever holds a
//! [`Hierarchy`] need not ask again whether an issuer exists. [`certificate`] turns it into contents.

pub mod certificate;
mod file;
mod rules;
mod subject;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::path::Path;

use const_oid::ObjectIdentifier;
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::extension::NameConstraints;

pub use rules::Warning;
pub use subject::SubjectTemplate;

use crate::{Error, Result};

/// The version of the file format that this program reads.
pub const FORMAT: u32 = 1;

/// A hierarchy that was read and checked.
#[derive(Debug, Clone)]
pub struct Hierarchy {
    /// What all names and addresses have in common.
    pub office: Office,
    tokens: BTreeMap<String, Token>,
    authorities: BTreeMap<String, Authority>,
    services: BTreeMap<String, Service>,
    listener: Option<Leaf>,
    operator: Option<Leaf>,
}

/// What all names and addresses have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// The office's name, for minutes and pages.
    pub name: String,
    /// Where it sits, for minutes.
    pub place: String,
    /// How every subject begins.
    pub subject: SubjectTemplate,
    /// Where the public listener answers, without a slash at the end.
    pub public_base: String,
    /// The arc under which policy identifiers that begin with a dot are put.
    pub policy_arc: ObjectIdentifier,
    /// Where the certification practice statement can be read; goes into every policy.
    pub cps: Option<String>,
}

/// A token that keys of the hierarchy live in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The label it was initialised with.
    pub label: String,
    /// Whether it is taken away after a ceremony; the server's inventory never names its keys.
    pub offline: bool,
}

/// A certificate authority.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Its short name: in scripts, in file names, in addresses.
    pub name: String,
    /// The authority above, or none for a root.
    pub issuer: Option<String>,
    /// Its subject; contains the generation.
    pub subject: SubjectTemplate,
    /// The label of the token its key lives in.
    pub token: String,
    /// The kind of its key.
    pub key: KeyAlgorithm,
    /// How its key signs.
    pub signature: SignatureAlgorithm,
    /// How long its certificate is valid.
    pub validity_days: u32,
    /// How many authorities may follow below it.
    pub path_length: u8,
    /// What certificates below it may be for; empty means anything, and is for roots only.
    pub extended_key_usage: Vec<ObjectIdentifier>,
    /// The policies it may issue under; empty for roots.
    pub policies: Vec<ObjectIdentifier>,
    /// Which names it may certify.
    pub name_constraints: Option<NameConstraints>,
    /// How long a CRL made in a ceremony is valid.
    pub crl_days: u32,
    /// How often its key may sign.
    pub budget: Option<Budget>,
}

/// A key that serves, with or without a certificate.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its short name.
    pub name: String,
    /// What it is for.
    pub purpose: ServicePurpose,
    /// The label of the token its key lives in.
    pub token: String,
    /// The kind of its key.
    pub key: ServiceKey,
    /// How often its key may be used.
    pub budget: Option<Budget>,
    /// Its certificate, for the purposes that have one.
    pub certificate: Option<ServiceCertificate>,
}

/// The kind of a service key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceKey {
    /// A key pair that signs.
    Pair {
        /// The kind of key.
        algorithm: KeyAlgorithm,
        /// How it signs.
        signature: SignatureAlgorithm,
    },
    /// An AES-256 key that wraps other keys.
    Aes256,
}

/// What the certificate of a service key looks like.
#[derive(Debug, Clone)]
pub struct ServiceCertificate {
    /// Who issues it.
    pub authority: String,
    /// Its subject.
    pub subject: SubjectTemplate,
    /// How long it is valid; less if the issuer ends before.
    pub validity_days: u32,
    /// The policies it is issued under.
    pub policies: Vec<ObjectIdentifier>,
}

/// What a service key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServicePurpose {
    /// Signs OCSP responses for the authority that issued its certificate.
    Ocsp,
    /// Signs time-stamps.
    Timestamp,
    /// Signs checkpoints of the register.
    Register,
    /// Wraps the keys under which personal data is encrypted.
    Data,
}

/// Terms of a kind of end-entity certificate that this installation needs for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Who issues it.
    pub authority: String,
    /// How long it is valid; less if the issuer ends before.
    pub validity_days: u32,
    /// The policies it is issued under.
    pub policies: Vec<ObjectIdentifier>,
}

/// How many signatures a key may make in a period; the signer process counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The number.
    pub signatures: u64,
    /// The period.
    pub per: Period,
}

/// The period of a [`Budget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// One second.
    Second,
    /// One minute.
    Minute,
    /// One hour.
    Hour,
    /// One day.
    Day,
}

impl Hierarchy {
    /// Reads and checks the text of a hierarchy file; the file's name is for messages only.
    pub fn parse(file: &Path, text: &str) -> Result<Self> {
        let source = values::Source { file, text };
        file::read(source)
    }

    /// The authority of this name.
    pub fn authority(&self, name: &str) -> Result<&Authority> {
        self.authorities
            .get(name)
            .ok_or_else(|| unknown("authority", name, self.authorities.keys()))
    }

    /// The service key of this name.
    pub fn service(&self, name: &str) -> Result<&Service> {
        self.services
            .get(name)
            .ok_or_else(|| unknown("service key", name, self.services.keys()))
    }

    /// The token with this label.
    pub fn token(&self, label: &str) -> Result<&Token> {
        self.tokens
            .get(label)
            .ok_or_else(|| unknown("token", label, self.tokens.keys()))
    }

    /// Every authority, by name.
    pub fn authorities(&self) -> impl Iterator<Item = &Authority> {
        self.authorities.values()
    }

    /// Every service key, by name.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// Every token, by label.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.values()
    }

    /// The terms of the private listener's certificate, if the file has any.
    pub const fn listener(&self) -> Option<&Leaf> {
        self.listener.as_ref()
    }

    /// The terms of operators' certificates, if the file has any.
    pub const fn operator(&self) -> Option<&Leaf> {
        self.operator.as_ref()
    }

    /// What is legal and still should not stay: placeholders, addresses that only this machine can reach.
    pub fn warnings(&self) -> Vec<Warning> {
        rules::warnings(self)
    }
}

impl ServicePurpose {
    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ocsp => "ocsp",
            Self::Timestamp => "timestamp",
            Self::Register => "register",
            Self::Data => "data",
        }
    }

    /// Whether a key of this purpose is certified.
    pub const fn has_certificate(self) -> bool {
        match self {
            Self::Ocsp | Self::Timestamp => true,
            Self::Register | Self::Data => false,
        }
    }
}

impl Period {
    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// The name of one generation of an authority or key, in files, inventories and addresses: the first is the
/// plain name, later ones carry their number.
pub fn published_name(name: &str, generation: u32) -> String {
    if generation == 1 {
        name.to_owned()
    } else {
        format!("{name}-{generation}")
    }
}

fn unknown<'a>(kind: &'static str, name: &str, known: impl Iterator<Item = &'a String>) -> Error {
    Error::Unknown {
        kind,
        name: name.to_owned(),
        known: known.cloned().collect(),
    }
}
