//! The crate's one error type: named by cause, holding facts.

use crate::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use crate::asn1::Fault;

/// Why a structure could not be read, built or joined with its signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not the strict DER of the named structure.
    #[error("{structure}: {fault}; {}", fault.remedy())]
    Malformed {
        /// The structure or field, in the standard's words.
        structure: &'static str,
        /// What is wrong with the bytes.
        fault: Fault,
    },
    /// Well-formed DER that breaks a rule of the standard.
    #[error("{structure}: {rule}")]
    Rule {
        /// The structure or field, in the standard's words.
        structure: &'static str,
        /// The rule broken, with its section.
        rule: &'static str,
    },
    /// An extension that may appear once appears again (RFC 5280 section 4.2).
    #[error("extension {oid} appears more than once (RFC 5280 section 4.2); put it there once")]
    DuplicateExtension {
        /// The extension's object identifier.
        oid: String,
    },
    /// A critical extension that is not understood: what it says must not be overlooked.
    #[error(
        "{structure}: the critical extension {oid} is not understood, so the whole must not be used (RFC 5280 section 5.2)"
    )]
    UnknownCriticalExtension {
        /// The structure that carries it.
        structure: &'static str,
        /// The extension's object identifier.
        oid: String,
    },
    /// An attribute type that may appear once in a request appears again.
    #[error("attribute {oid} appears more than once (RFC 2986 section 4.1); put it into the request once")]
    DuplicateAttribute {
        /// The attribute's object identifier.
        oid: String,
    },
    /// An algorithm outside the closed list of [`crate::algorithm`].
    #[error(
        "algorithm {oid} is not supported; supported are ECDSA P-256/P-384/P-521, RSA 2048/3072/4096, Ed25519 and ML-DSA-44/65/87, with SHA-256, SHA-384 or SHA-512"
    )]
    UnsupportedAlgorithm {
        /// The algorithm's object identifier, or the curve's.
        oid: String,
    },
    /// An RSA modulus of a length outside the closed list.
    #[error("an RSA key of {bits} bits is not accepted; use 2048, 3072 or 4096 bits")]
    RsaSize {
        /// The modulus length found.
        bits: usize,
    },
    /// A key that is known to be weak; the reason says which rule it breaks.
    #[error("the public key is weak: {reason}")]
    WeakKey {
        /// The test that failed and the remedy.
        reason: &'static str,
    },
    /// A key whose private half is known to others.
    #[error(
        "the public key with SHA-256 {spki_sha256} is on the list of compromised keys: its private half is known; make a new key pair"
    )]
    BlockedKey {
        /// SHA-256 over the SubjectPublicKeyInfo, in hexadecimal.
        spki_sha256: String,
    },
    /// The key cannot make this kind of signature.
    #[error("a key of kind {key} cannot make signatures of kind {signature}")]
    AlgorithmMismatch {
        /// The key's kind.
        key: KeyAlgorithm,
        /// The signature's kind.
        signature: SignatureAlgorithm,
    },
    /// The signature does not verify under the public key.
    #[error(
        "{structure}: the signature does not verify under the public key; have it signed again with the matching private key"
    )]
    BadSignature {
        /// What was signed.
        structure: &'static str,
    },
    /// The signer did not answer with a signature.
    #[error("the signer refused or failed: {0}")]
    Signer(#[from] crate::signing::SignError),
    /// A text that is not a valid value of the named kind.
    #[error("{kind}: {text:?} is not valid: {rule}")]
    Text {
        /// What the text should have been.
        kind: &'static str,
        /// The text as given, shortened.
        text: String,
        /// What a valid one looks like.
        rule: &'static str,
    },
}

impl Error {
    /// Attaches the name of the structure that was being read to a low-level fault.
    pub(crate) fn malformed(structure: &'static str) -> impl FnOnce(Fault) -> Error {
        move |fault| Error::Malformed { structure, fault }
    }
}
