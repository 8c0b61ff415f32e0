//! Ceremony scripts: what is to be done, in which order, readable by a notary.
//!
//! A script names authorities and service keys of the hierarchy and says nothing about their keys, names or
//! lifetimes: those are the hierarchy's. Its SHA-256 is part of every approval.

mod file;

use std::fmt;
use std::path::Path;

use crate::Result;
use crate::canonical::Hash;

pub use file::FORMAT;

/// A script that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// What kind of ceremony it is.
    pub kind: Kind,
    /// The title of the minutes in Portuguese.
    pub title_pt: String,
    /// The title of the minutes in English.
    pub title_en: String,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// SHA-256 over the file's bytes.
    pub hash: Hash,
}

/// Kinds of ceremonies. The kind decides what a script may contain and how many custodians must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The root, on the offline machine.
    Root,
    /// The keys of the online machine: asks the root for certificates and takes them back.
    Subordinates,
    /// The offline machine's answer to such a request.
    SignSubordinates,
    /// Everything on one machine with two tokens, for demonstrations and tests.
    Demonstration,
    /// New certificates for keys that stay.
    Renewal,
    /// New keys under new names.
    ReKey,
    /// A bridge from one authority to another.
    CrossCertificate,
    /// Certificates and revocation lists that the online authorities renew themselves.
    Services,
}

/// A key of the hierarchy: its newest generation, or the one before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyReference {
    /// The short name in the hierarchy.
    pub name: String,
    /// Whether the generation before the newest is meant, written `name:previous`.
    pub previous: bool,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Makes the first key of an authority or service.
    GenerateKey {
        /// Its short name.
        key: String,
    },
    /// Makes the next key of an authority or service; the old one stays.
    ReKey {
        /// Its short name.
        key: String,
    },
    /// Has a root's newest key sign its own certificate.
    SelfSign {
        /// The root's short name.
        authority: String,
    },
    /// Makes a request for the certificate of a key in this machine's token.
    MakeRequest {
        /// The key.
        key: KeyReference,
    },
    /// Asks for a new certificate for a key that has one: a root signs itself again, others make a request.
    RenewSameKey {
        /// The key.
        key: KeyReference,
    },
    /// Writes requests into an envelope for the machine that holds the issuer.
    ExportRequest {
        /// The keys whose requests go.
        requests: Vec<KeyReference>,
        /// The envelope's name in the exchange folder.
        file: String,
    },
    /// Takes requests out of an envelope.
    ImportRequest {
        /// The envelope's name in the exchange folder.
        file: String,
    },
    /// Issues the certificate that a request asks for, as the hierarchy says.
    SignRequest {
        /// Whose request.
        request: String,
        /// Another key of the issuer than its newest.
        issuer: Option<KeyReference>,
    },
    /// Issues the certificate of a service key by an authority in this machine's token.
    IssueServiceCertificate {
        /// The service key.
        service: KeyReference,
        /// Another key of the issuer than its newest.
        issuer: Option<KeyReference>,
    },
    /// Signs a CRL: empty and with number 1, or the successor of the last one.
    Crl {
        /// The authority.
        authority: KeyReference,
        /// Whether one must not exist yet.
        first: bool,
    },
    /// Writes the issued certificates into an envelope that answers the imported request.
    ExportCertificate {
        /// The authorities whose certificate and CRL go along, so that the other side can build chains.
        authorities: Vec<KeyReference>,
        /// The envelope's name in the exchange folder.
        file: String,
    },
    /// Takes certificates out of the envelope that answers this ceremony's request.
    ImportCertificate {
        /// The envelope's name in the exchange folder.
        file: String,
    },
    /// Certifies an authority a second time: another generation of our own, or a foreign one.
    CrossCertify(CrossCertify),
    /// Publishes keys: into the inventory, with certificates and CRLs, for the server to find.
    RecordKeys {
        /// The keys.
        keys: Vec<KeyReference>,
    },
}

/// The terms of a cross-certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossCertify {
    /// Who signs.
    pub issuer: KeyReference,
    /// Who is certified.
    pub subject: CrossSubject,
    /// How long it is valid, unless issuer or subject end before.
    pub validity_days: u32,
    /// How many authorities may follow below it; the issuer's path length less one if absent.
    pub path_length: Option<u8>,
}

/// Who is certified by a cross-certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrossSubject {
    /// An authority of the same hierarchy.
    Own(KeyReference),
    /// A foreign root, whose self-signed certificate lies in the exchange folder.
    Foreign {
        /// The certificate's name in the exchange folder.
        file: String,
        /// The certificate's SHA-256, so that the custodians approve that one and no other.
        sha256: Hash,
    },
}

impl Script {
    /// Reads and checks the text of a script; the file's name is for messages only.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        file::parse(path, text)
    }

    /// Whether everything in it only renews what online authorities issue to service keys.
    pub const fn is_service_only(&self) -> bool {
        matches!(self.kind, Kind::Services)
    }
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Root,
        Self::Subordinates,
        Self::SignSubordinates,
        Self::Demonstration,
        Self::Renewal,
        Self::ReKey,
        Self::CrossCertificate,
        Self::Services,
    ];

    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Subordinates => "subordinates",
            Self::SignSubordinates => "sign-subordinates",
            Self::Demonstration => "demonstration",
            Self::Renewal => "renewal",
            Self::ReKey => "re-key",
            Self::CrossCertificate => "cross-certificate",
            Self::Services => "services",
        }
    }
}

impl Step {
    /// The word in the file.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::GenerateKey { .. } => "generate-key",
            Self::ReKey { .. } => "re-key",
            Self::SelfSign { .. } => "self-sign",
            Self::MakeRequest { .. } => "make-request",
            Self::RenewSameKey { .. } => "renew-same-key",
            Self::ExportRequest { .. } => "export-request",
            Self::ImportRequest { .. } => "import-request",
            Self::SignRequest { .. } => "sign-request",
            Self::IssueServiceCertificate { .. } => "issue-service-certificate",
            Self::Crl { first: true, .. } => "first-crl",
            Self::Crl { first: false, .. } => "next-crl",
            Self::ExportCertificate { .. } => "export-certificate",
            Self::ImportCertificate { .. } => "import-certificate",
            Self::CrossCertify(_) => "cross-certify",
            Self::RecordKeys { .. } => "record-keys",
        }
    }

    /// Whether a ceremony of kind `services`, which fewer custodians approve, may contain it.
    const fn is_routine(&self) -> bool {
        match self {
            Self::IssueServiceCertificate { .. }
            | Self::Crl { first: false, .. }
            | Self::RecordKeys { .. } => true,
            Self::GenerateKey { .. }
            | Self::ReKey { .. }
            | Self::SelfSign { .. }
            | Self::MakeRequest { .. }
            | Self::RenewSameKey { .. }
            | Self::ExportRequest { .. }
            | Self::ImportRequest { .. }
            | Self::SignRequest { .. }
            | Self::Crl { first: true, .. }
            | Self::ExportCertificate { .. }
            | Self::ImportCertificate { .. }
            | Self::CrossCertify(_) => false,
        }
    }
}

impl KeyReference {
    /// The newest generation of this name.
    pub fn newest(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            previous: false,
        }
    }
}

impl fmt::Display for KeyReference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)?;
        if self.previous {
            out.write_str(":previous")
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
