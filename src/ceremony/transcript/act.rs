//! What a step will do, with every value it chose: this is announced, approved, and then done, in that order.
//!
//! Stored: in transcripts and approval requests. Because serial numbers, times, key ids and nonces stand here
//! before anything happens, a run after a crash repeats exactly this and never chooses again.

use hsm::key::{KeyId, Purpose};
use pki::algorithm::SignatureAlgorithm;
use pki::serial::Serial;
use pki::time::Time;
use serde::{Deserialize, Serialize};

use crate::canonical::{self, Hash, Hex};
use crate::key_name::KeyName;

/// What a step will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Act {
    /// Make a key in a token.
    GenerateKey(GenerateKey),
    /// Sign a request for a certificate.
    MakeRequest(MakeRequest),
    /// Sign a certificate.
    SignCertificate(SignCertificate),
    /// Sign a CRL.
    SignCrl(SignCrl),
    /// Write requests into an envelope.
    ExportRequests(ExportRequests),
    /// Take requests out of an envelope.
    ImportRequests(ImportRequests),
    /// Write certificates into an envelope.
    ExportCertificates(ExportCertificates),
    /// Take certificates out of an envelope.
    ImportCertificates(ImportCertificates),
    /// Publish keys, certificates and CRLs.
    RecordKeys(RecordKeys),
    /// End the ceremony: seal what it made.
    Close(Close),
    /// Give the ceremony up: destroy the keys that only it knows.
    Abandon(Abandon),
}

/// Make a key in a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateKey {
    /// What the key will be called.
    pub key: KeyName,
    /// The token's label.
    pub token: String,
    /// The id that the key will have.
    pub id: KeyId,
    /// The kind: the name of a key algorithm, or `aes-256`.
    pub kind: String,
    /// How it will sign; nothing for AES.
    pub signature: Option<String>,
    /// What it will be used for.
    pub purposes: Vec<Purpose>,
    /// Whether it replaces an older generation.
    pub replaces: Option<KeyName>,
}

/// Sign a request for a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MakeRequest {
    /// The key, which signs for itself.
    pub key: KeyName,
    /// The subject, as people read it.
    pub subject: String,
    /// SHA-256 over the SubjectPublicKeyInfo.
    pub public_key: Hash,
    /// How it signs.
    #[serde(with = "canonical::text")]
    pub signature: SignatureAlgorithm,
    /// The CertificationRequestInfo.
    pub tbs: Hex,
}

/// Why a certificate is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateKind {
    /// A root signs itself.
    Root,
    /// An authority below another.
    Authority,
    /// A service key.
    Service,
    /// A second certificate for an authority, by another issuer.
    Cross,
}

/// Sign a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignCertificate {
    /// The certificate's name, of which its files are called.
    pub name: String,
    /// Why it is made.
    pub kind: CertificateKind,
    /// The key that signs.
    pub issuer: KeyName,
    /// The serial number.
    #[serde(with = "canonical::text")]
    pub serial: Serial,
    /// The subject, as people read it.
    pub subject: String,
    /// The first second of the validity.
    #[serde(with = "canonical::time")]
    pub not_before: Time,
    /// The last second of the validity.
    #[serde(with = "canonical::time")]
    pub not_after: Time,
    /// SHA-256 over the certified SubjectPublicKeyInfo.
    pub public_key: Hash,
    /// How the issuer signs.
    #[serde(with = "canonical::text")]
    pub signature: SignatureAlgorithm,
    /// The TBSCertificate.
    pub tbs: Hex,
}

/// Sign a CRL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignCrl {
    /// The authority's key.
    pub authority: KeyName,
    /// The CRL number.
    pub number: u64,
    /// How many certificates it revokes.
    pub revoked: usize,
    /// When it is made.
    #[serde(with = "canonical::time")]
    pub this_update: Time,
    /// When the next one is due.
    #[serde(with = "canonical::time")]
    pub next_update: Time,
    /// How the authority signs.
    #[serde(with = "canonical::text")]
    pub signature: SignatureAlgorithm,
    /// The TBSCertList.
    pub tbs: Hex,
}

/// A file and its digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedHash {
    /// The certificate's, request's or CRL's name.
    pub name: String,
    /// SHA-256 over its DER.
    pub sha256: Hash,
}

/// Which request an answer is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The ceremony that asked.
    pub ceremony: String,
    /// The nonce of its envelope.
    pub nonce: Hash,
}

/// Write requests into an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportRequests {
    /// The envelope's name in the exchange folder.
    pub file: String,
    /// A random value that the answer must repeat.
    pub nonce: Hash,
    /// SHA-256 over the canonical payload.
    pub payload: Hash,
    /// The requests.
    pub requests: Vec<NamedHash>,
}

/// Take requests out of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRequests {
    /// The envelope's name in the exchange folder.
    pub file: String,
    /// SHA-256 over its canonical payload.
    pub payload: Hash,
    /// Who asks, with which nonce.
    pub question: Question,
    /// The requests.
    pub requests: Vec<NamedHash>,
}

/// Write certificates into an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportCertificates {
    /// The envelope's name in the exchange folder.
    pub file: String,
    /// Which request this answers.
    pub question: Question,
    /// SHA-256 over the canonical payload.
    pub payload: Hash,
    /// The certificates asked for.
    pub certificates: Vec<NamedHash>,
    /// The issuers' certificates.
    pub authorities: Vec<NamedHash>,
    /// The issuers' CRLs.
    pub crls: Vec<NamedHash>,
}

/// Take certificates out of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportCertificates {
    /// The envelope's name in the exchange folder.
    pub file: String,
    /// The ceremony that answered.
    pub answered_by: String,
    /// SHA-256 over the canonical payload.
    pub payload: Hash,
    /// The certificates asked for.
    pub certificates: Vec<NamedHash>,
    /// The issuers' certificates.
    pub authorities: Vec<NamedHash>,
    /// The issuers' CRLs.
    pub crls: Vec<NamedHash>,
}

/// One key that is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedKey {
    /// Its name.
    pub key: KeyName,
    /// The token's label.
    pub token: String,
    /// Its id in the token.
    pub id: KeyId,
    /// What it may be used for.
    pub purposes: Vec<Purpose>,
    /// SHA-256 over its SubjectPublicKeyInfo; nothing for AES.
    pub public_key: Option<Hash>,
    /// The inventory it goes into.
    pub inventory: String,
}

/// Publish keys, certificates and CRLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordKeys {
    /// The keys.
    pub keys: Vec<RecordedKey>,
    /// Every certificate that this ceremony made or took in so far.
    pub certificates: Vec<NamedHash>,
    /// Every CRL that it made or took in so far.
    pub crls: Vec<NamedHash>,
}

/// End the ceremony.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// SHA-256 over the list of files and digests.
    pub hashes: Hash,
    /// How many files the list names.
    pub files: usize,
}

/// Give the ceremony up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abandon {
    /// Why, in the words of whoever runs it.
    pub reason: String,
    /// The keys that will be destroyed: made by this ceremony and never recorded.
    pub destroys: Vec<DestroyedKey>,
}

/// A key that is destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestroyedKey {
    /// Its name.
    pub key: KeyName,
    /// The token's label.
    pub token: String,
    /// Its id in the token.
    pub id: KeyId,
}

impl Act {
    /// The act in one line, for the screen and for custodians. The minutes say it in sentences.
    pub fn summary(&self) -> String {
        let names = |list: &[NamedHash]| {
            list.iter()
                .map(|item| item.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self {
            Self::GenerateKey(act) => format!(
                "make key {} ({}) in token {} with id {}",
                act.key, act.kind, act.token, act.id
            ),
            Self::MakeRequest(act) => {
                format!("make a certificate request for key {}: {}", act.key, act.subject)
            }
            Self::SignCertificate(act) => format!(
                "sign certificate {} with key {}: {}, serial {}, from {} to {}",
                act.name, act.issuer, act.subject, act.serial, act.not_before, act.not_after
            ),
            Self::SignCrl(act) => format!(
                "sign CRL number {} with key {}: {} revoked, next due {}",
                act.number, act.authority, act.revoked, act.next_update
            ),
            Self::ExportRequests(act) => format!("write requests {} into {}", names(&act.requests), act.file),
            Self::ImportRequests(act) => format!(
                "take requests {} of ceremony {} from {}",
                names(&act.requests),
                act.question.ceremony,
                act.file
            ),
            Self::ExportCertificates(act) => format!(
                "write certificates {} for ceremony {} into {}",
                names(&act.certificates),
                act.question.ceremony,
                act.file
            ),
            Self::ImportCertificates(act) => format!(
                "take certificates {} by ceremony {} from {}",
                names(&act.certificates),
                act.answered_by,
                act.file
            ),
            Self::RecordKeys(act) => {
                let keys: Vec<String> = act.keys.iter().map(|key| key.key.to_string()).collect();
                format!(
                    "publish keys {}, {} certificates and {} CRLs",
                    keys.join(", "),
                    act.certificates.len(),
                    act.crls.len()
                )
            }
            Self::Close(act) => format!("end the ceremony and seal {} files", act.files),
            Self::Abandon(act) => format!(
                "give the ceremony up and destroy {} keys: {}",
                act.destroys.len(),
                act.reason
            ),
        }
    }
}
