//! What is about to be signed, what was signed, and the only way from one to the other.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use crate::algorithm::SignatureAlgorithm;
use crate::asn1::write;
use crate::public_key::PublicKey;
use crate::{Error, Result};

/// The answer of a [`Signer`], some time later.
pub type Signing<'a> = Pin<Box<dyn Future<Output = std::result::Result<Vec<u8>, SignError>> + Send + 'a>>;

/// A private key that may be somewhere else: in a token, behind a socket, in a cloud.
///
/// Contract: [`Signer::sign`] may be called from many tasks at once; it either answers with one signature over
/// exactly `message` or with an error, within the implementation's own deadline. It must not be retried by the
/// caller unless the error says that nothing was signed. Dropping the future abandons the answer, not
/// necessarily the signature. Nothing is durable: recording that a signature was asked for is the caller's duty.
pub trait Signer: Send + Sync {
    /// The public half; signatures are verified under it before they are used.
    fn public_key(&self) -> &PublicKey;
    /// The signature this key makes.
    fn algorithm(&self) -> SignatureAlgorithm;
    /// Signs the message (not its digest), in the form X.509 carries: ECDSA as DER `Ecdsa-Sig-Value`.
    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a>;
}

/// Checks signatures. Implemented by [`crate::aws_lc`] natively, by the caller in WebAssembly.
pub trait Verifier: Send + Sync {
    /// Whether `signature` over `message` verifies under `key`.
    fn verify(
        &self,
        key: &PublicKey,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool;
}

/// Why no signature came back. Facts only; the signer's own words stay in its log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// Nothing was signed: too many requests are waiting. Trying again later is safe.
    #[error("the signer is busy ({waiting} requests wait); try again later")]
    Busy {
        /// How many requests were waiting.
        waiting: usize,
    },
    /// The deadline passed. Whether something was signed is not known.
    #[error("the signer did not answer within {milliseconds} ms")]
    Deadline {
        /// The deadline that passed.
        milliseconds: u64,
    },
    /// The signer cannot be reached or went away; it is being restarted. Whether something was signed is not known.
    #[error("the signer is not available: {reason}")]
    Unavailable {
        /// What is known of the cause.
        reason: String,
    },
    /// The signer knows no key of this name.
    #[error("the signer has no key named {key:?}")]
    UnknownKey {
        /// The name asked for.
        key: String,
    },
    /// The signer looked at the bytes and will not sign them with this key.
    #[error("key {key:?} must not sign this: {rule}")]
    Refused {
        /// The key's name.
        key: String,
        /// The rule broken.
        rule: String,
    },
    /// The key's budget is used up. Nothing was signed.
    #[error("key {key:?} has used its budget of {limit} signatures per {per}")]
    Budget {
        /// The key's name.
        key: String,
        /// The limit in force.
        limit: u64,
        /// The period it counts for.
        per: &'static str,
    },
    /// The token answered with an error.
    #[error("the token failed: {reason}")]
    Token {
        /// The PKCS#11 return value and its meaning.
        reason: String,
    },
}

/// A structure made of to-be-signed bytes, an algorithm and a signature, such as a certificate or a CRL.
pub trait SignedStructure: Sized {
    /// Its name in the standard.
    const NAME: &'static str;
    /// Reads the complete structure, strictly.
    fn parse(der: &[u8]) -> Result<Self>;
    /// The exact to-be-signed bytes.
    fn tbs_der(&self) -> &[u8];
}

/// To-be-signed bytes of a `T`, complete down to the algorithm identifier, and nothing signed yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsigned<T> {
    tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
    structure: PhantomData<fn() -> T>,
}

impl<T: SignedStructure> Unsigned<T> {
    /// Only builders of this crate make one.
    pub(crate) const fn new(tbs: Vec<u8>, algorithm: SignatureAlgorithm) -> Self {
        Self {
            tbs,
            algorithm,
            structure: PhantomData,
        }
    }

    /// The bytes that will be signed: for lint, for the journal, for comparing.
    pub fn tbs_der(&self) -> &[u8] {
        &self.tbs
    }

    /// The signature that the bytes announce.
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Has the bytes signed, verifies the signature, joins both, reads the result back and compares it.
    ///
    /// Consumes the bytes: nothing is signed twice. No `Signed` exists whose signature was not verified.
    pub async fn sign(self, signer: &dyn Signer, verifier: &dyn Verifier) -> Result<Signed<T>> {
        if signer.algorithm() != self.algorithm {
            return Err(Error::AlgorithmMismatch {
                key: signer.public_key().algorithm(),
                signature: self.algorithm,
            });
        }
        let signature = signer.sign(&self.tbs).await?;
        self.join(signer.public_key(), &signature, verifier)
    }

    /// Joins the bytes with a signature that was made elsewhere, after verifying it.
    pub fn join(self, key: &PublicKey, signature: &[u8], verifier: &dyn Verifier) -> Result<Signed<T>> {
        // A verifier accepts what others pair freely; what is made here obeys the closed list.
        if !self.algorithm.suits(key.algorithm()) {
            return Err(Error::AlgorithmMismatch {
                key: key.algorithm(),
                signature: self.algorithm,
            });
        }
        if !verifier.verify(key, self.algorithm, &self.tbs, signature) {
            return Err(Error::BadSignature { structure: T::NAME });
        }
        let der = write::sequence(&[
            &self.tbs,
            self.algorithm.identifier_der(),
            &write::bit_string(signature),
        ]);
        let value = T::parse(&der)?;
        if value.tbs_der() != self.tbs {
            return Err(Error::BadSignature { structure: T::NAME });
        }
        Ok(Signed { value, der })
    }
}

/// A `T` whose signature was verified under the key that made it, and its exact bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<T> {
    value: T,
    der: Vec<u8>,
}

impl<T> Signed<T> {
    /// The structure, read back from the signed bytes.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The complete DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Gives the structure away.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T: SignedStructure> fmt::Debug for Unsigned<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "Unsigned<{}>({} bytes, {})",
            T::NAME,
            self.tbs.len(),
            self.algorithm
        )
    }
}
