//! Envelopes: what travels between the two machines, sealed by the custodians' approvals of the step that wrote it.
//!
//! The approvals cover the act, the act holds the payload's hash, the payload holds the nonce. So the envelope
//! needs no signatures of its own, and a changed byte, a replay or somebody else's answer cannot pass.
//!
//! Stored: `*.envelope`, one line of canonical JSON.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::approval::{self, Approval, Statement};
use crate::canonical::{self, Hash};
use crate::custodian::Custodians;
use crate::transcript::act::{Act, Question};
use crate::{Error, Result};

/// The version of the envelope's format.
const FORMAT: &str = "sinete-envelope-1";

/// A sealed message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    format: String,
    payload: Payload,
    act: Act,
    statement: Statement,
    approvals: Vec<Approval>,
}

/// What is inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Payload {
    /// Requests for certificates.
    Requests(Requests),
    /// The answer.
    Certificates(Certificates),
}

/// What both machines must agree on for anything else to make sense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommonGround {
    /// SHA-256 of the hierarchy file.
    pub hierarchy: Hash,
    /// SHA-256 of the custodians file.
    pub custodians: Hash,
    /// Whether this is a rehearsal.
    pub rehearsal: bool,
}

/// Requests for certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// The ceremony that asks, and the nonce that the answer must repeat.
    pub question: Question,
    /// What both sides must agree on.
    pub ground: CommonGround,
    /// The requests, in PEM.
    pub requests: Vec<NamedPem>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificates {
    /// The ceremony that answers.
    pub ceremony: String,
    /// What it answers.
    pub question: Question,
    /// What both sides must agree on.
    pub ground: CommonGround,
    /// The certificates asked for, in PEM.
    pub certificates: Vec<NamedPem>,
    /// The issuers' certificates, in PEM.
    pub authorities: Vec<NamedPem>,
    /// The issuers' CRLs, in PEM.
    pub crls: Vec<NamedPem>,
}

/// A request, certificate or CRL under its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPem {
    /// The name of the key, or of the certificate where a key has several.
    pub name: String,
    /// One PEM block.
    pub pem: String,
}

/// Why an envelope is not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The bytes are not what the format's only spelling of them would be.
    #[error(
        "it is not an envelope of this format, byte for byte; it was changed or damaged on the way, copy it again"
    )]
    Form,
    /// It holds something else than this step wants.
    #[error("it holds {found}, where this step wants {wanted}; take the other file")]
    OtherKind {
        /// What it holds.
        found: &'static str,
        /// What is wanted.
        wanted: &'static str,
    },
    /// The payload is not the one that was approved.
    #[error("its content is not what the custodians approved; it was changed on the way")]
    Payload,
    /// The act is not the one that was approved.
    #[error("the step it comes from is not the one that the custodians approved; it was changed on the way")]
    Act,
    /// The other machine has another hierarchy file.
    #[error(
        "the other machine has another hierarchy file (SHA-256 {found}, here {expected}); put the same file on both and begin again"
    )]
    OtherHierarchy {
        /// The one in the envelope.
        found: Hash,
        /// Ours.
        expected: Hash,
    },
    /// The other machine has another custodians file.
    #[error(
        "the other machine has another custodians file (SHA-256 {found}, here {expected}); put the same file on both and begin again"
    )]
    OtherCustodians {
        /// The one in the envelope.
        found: Hash,
        /// Ours.
        expected: Hash,
    },
    /// A rehearsal's envelope in a real ceremony, or the other way round.
    #[error("one machine rehearses and the other does not")]
    Rehearsal,
    /// The nonce was imported before.
    #[error(
        "its nonce was imported by ceremony {ceremony} already, so this is a replay; have the other machine write a new request"
    )]
    Replay {
        /// The ceremony that imported it.
        ceremony: String,
    },
    /// The answer is for another ceremony.
    #[error(
        "it answers ceremony {found}, not this one ({expected}); take the file that was written for this ceremony"
    )]
    OtherCeremony {
        /// The ceremony answered.
        found: String,
        /// This ceremony.
        expected: String,
    },
    /// The answer repeats another nonce.
    #[error("its nonce is not the one that this ceremony's request carried; it answers an earlier request")]
    OtherNonce,
    /// Something that was asked for is missing, or something is there that was not asked for.
    #[error("it holds {found}, but {asked} was asked for")]
    OtherNames {
        /// The names found.
        found: String,
        /// The names asked for.
        asked: String,
    },
    /// A certificate or request inside is not acceptable.
    #[error("{name}: {reason}")]
    Content {
        /// Which.
        name: String,
        /// Why not.
        reason: String,
    },
}

impl Envelope {
    /// Seals a payload with the approvals of the step that writes it.
    pub fn seal(payload: Payload, act: Act, statement: Statement, approvals: Vec<Approval>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            payload,
            act,
            statement,
            approvals,
        }
    }

    /// The file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = canonical::to_bytes(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Opens an envelope: form, payload, approvals and common ground are checked before anything is looked at.
    pub fn open(file: &Path, bytes: &[u8], ours: &CommonGround, custodians: &Custodians) -> Result<Payload> {
        let refused = |reason| Error::envelope(file, reason);
        let envelope = Self::parse(bytes).ok_or_else(|| refused(Refusal::Form))?;
        let payload_hash = canonical::hash(&envelope.payload)?;
        let announced = match (&envelope.payload, &envelope.act) {
            (Payload::Requests(_), Act::ExportRequests(act)) => act.payload,
            (Payload::Certificates(_), Act::ExportCertificates(act)) => act.payload,
            _ => return Err(refused(Refusal::Act)),
        };
        if announced != payload_hash {
            return Err(refused(Refusal::Payload));
        }
        if canonical::hash(&envelope.act)? != envelope.statement.content {
            return Err(refused(Refusal::Act));
        }
        envelope.payload.check_ground(ours).map_err(refused)?;
        if envelope.payload.ceremony() != envelope.statement.ceremony {
            return Err(refused(Refusal::Act));
        }
        approval::check_all(
            &envelope.approvals,
            &envelope.statement,
            custodians,
            custodians.threshold(),
        )
        .map_err(|source| Error::EnvelopeApprovals {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        Ok(envelope.payload)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let envelope: Self = serde_json::from_slice(bytes).ok()?;
        let same = envelope.to_bytes().is_ok_and(|canonical| canonical == bytes);
        (same && envelope.format == FORMAT).then_some(envelope)
    }
}

impl Payload {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Requests(_) => "requests",
            Self::Certificates(_) => "certificates",
        }
    }

    fn ceremony(&self) -> &str {
        match self {
            Self::Requests(requests) => &requests.question.ceremony,
            Self::Certificates(certificates) => &certificates.ceremony,
        }
    }

    fn check_ground(&self, ours: &CommonGround) -> std::result::Result<(), Refusal> {
        let theirs = match self {
            Self::Requests(requests) => &requests.ground,
            Self::Certificates(certificates) => &certificates.ground,
        };
        if theirs.hierarchy != ours.hierarchy {
            return Err(Refusal::OtherHierarchy {
                found: theirs.hierarchy,
                expected: ours.hierarchy,
            });
        }
        if theirs.custodians != ours.custodians {
            return Err(Refusal::OtherCustodians {
                found: theirs.custodians,
                expected: ours.custodians,
            });
        }
        if theirs.rehearsal == ours.rehearsal {
            Ok(())
        } else {
            Err(Refusal::Rehearsal)
        }
    }

    /// The requests, if that is what it holds.
    pub fn into_requests(self) -> std::result::Result<Requests, Refusal> {
        let found = self.kind();
        match self {
            Self::Requests(requests) => Ok(requests),
            Self::Certificates(_) => Err(Refusal::OtherKind {
                found,
                wanted: "requests",
            }),
        }
    }

    /// The certificates, if that is what it holds.
    pub fn into_certificates(self) -> std::result::Result<Certificates, Refusal> {
        let found = self.kind();
        match self {
            Self::Certificates(certificates) => Ok(certificates),
            Self::Requests(_) => Err(Refusal::OtherKind {
                found,
                wanted: "certificates",
            }),
        }
    }
}

/// The names of a list, for messages.
pub(crate) fn names(list: &[NamedPem]) -> Vec<&str> {
    list.iter().map(|item| item.name.as_str()).collect()
}
