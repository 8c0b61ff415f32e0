//! Verification, and keys in software, with aws-lc-rs, the fastest of the kept libraries (feature `aws-lc`).
//!
//! A [`SoftwareKey`] is for keys that never were in a token by design: a custodian's key file, an operator's
//! PKCS#12, the listener's TLS key, fixtures. No authority's key is ever one.

use aws_lc_rs::signature::{self as lc, KeyPair as _};

use crate::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use crate::digest::DigestAlgorithm;
use crate::public_key::PublicKey;
use crate::signing::{SignError, Signer, Signing, Verifier};
use crate::{Error, Result};

/// Verifies every signature of the closed list.
#[derive(Debug, Clone, Copy, Default)]
pub struct AwsLc;

impl Verifier for AwsLc {
    fn verify(
        &self,
        key: &PublicKey,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        if !algorithm.verifies_under(key.algorithm()) {
            return false;
        }
        let ecdsa_parameters = algorithm
            .digest()
            .and_then(|digest| ecdsa(key.algorithm(), digest));
        let parameters: &dyn lc::VerificationAlgorithm = match algorithm {
            SignatureAlgorithm::EcdsaSha256
            | SignatureAlgorithm::EcdsaSha384
            | SignatureAlgorithm::EcdsaSha512 => match ecdsa_parameters {
                Some(parameters) => parameters,
                None => return false,
            },
            SignatureAlgorithm::RsaPkcs1Sha256 => &lc::RSA_PKCS1_2048_8192_SHA256,
            SignatureAlgorithm::RsaPkcs1Sha384 => &lc::RSA_PKCS1_2048_8192_SHA384,
            SignatureAlgorithm::RsaPkcs1Sha512 => &lc::RSA_PKCS1_2048_8192_SHA512,
            SignatureAlgorithm::RsaPssSha256 => &lc::RSA_PSS_2048_8192_SHA256,
            SignatureAlgorithm::RsaPssSha384 => &lc::RSA_PSS_2048_8192_SHA384,
            SignatureAlgorithm::RsaPssSha512 => &lc::RSA_PSS_2048_8192_SHA512,
            SignatureAlgorithm::Ed25519 => &lc::ED25519,
            SignatureAlgorithm::MlDsa44 => &lc::ML_DSA_44,
            SignatureAlgorithm::MlDsa65 => &lc::ML_DSA_65,
            SignatureAlgorithm::MlDsa87 => &lc::ML_DSA_87,
        };
        lc::UnparsedPublicKey::new(parameters, key.key_bits())
            .verify(message, signature)
            .is_ok()
    }
}

/// Every digest of the closed list on every curve.
const fn ecdsa(
    curve: KeyAlgorithm,
    digest: DigestAlgorithm,
) -> Option<&'static lc::EcdsaVerificationAlgorithm> {
    use DigestAlgorithm as D;
    use KeyAlgorithm as K;
    match (curve, digest) {
        (K::EcdsaP256, D::Sha256) => Some(&lc::ECDSA_P256_SHA256_ASN1),
        (K::EcdsaP256, D::Sha384) => Some(&lc::ECDSA_P256_SHA384_ASN1),
        (K::EcdsaP256, D::Sha512) => Some(&lc::ECDSA_P256_SHA512_ASN1),
        (K::EcdsaP384, D::Sha256) => Some(&lc::ECDSA_P384_SHA256_ASN1),
        (K::EcdsaP384, D::Sha384) => Some(&lc::ECDSA_P384_SHA384_ASN1),
        (K::EcdsaP384, D::Sha512) => Some(&lc::ECDSA_P384_SHA512_ASN1),
        (K::EcdsaP521, D::Sha256) => Some(&lc::ECDSA_P521_SHA256_ASN1),
        (K::EcdsaP521, D::Sha384) => Some(&lc::ECDSA_P521_SHA384_ASN1),
        (K::EcdsaP521, D::Sha512) => Some(&lc::ECDSA_P521_SHA512_ASN1),
        (
            K::Rsa2048 | K::Rsa3072 | K::Rsa4096 | K::Ed25519 | K::MlDsa44 | K::MlDsa65 | K::MlDsa87,
            D::Sha256 | D::Sha384 | D::Sha512,
        ) => None,
    }
}

/// A key held in this process: ECDSA or Ed25519.
pub struct SoftwareKey {
    public_key: PublicKey,
    pair: Pair,
}

enum Pair {
    Ecdsa(lc::EcdsaKeyPair),
    Ed25519(lc::Ed25519KeyPair),
}

impl SoftwareKey {
    /// Reads an unencrypted PKCS#8 key of this kind. The caller wipes the bytes.
    pub fn from_pkcs8(algorithm: KeyAlgorithm, pkcs8: &[u8]) -> Result<Self> {
        let unreadable = |_| Error::Rule {
            structure: "PrivateKeyInfo",
            rule: "the key is not a PKCS#8 key of the kind that is expected here",
        };
        let ecdsa = |parameters| {
            lc::EcdsaKeyPair::from_pkcs8(parameters, pkcs8)
                .map(Pair::Ecdsa)
                .map_err(unreadable)
        };
        let pair = match algorithm {
            KeyAlgorithm::EcdsaP256 => ecdsa(&lc::ECDSA_P256_SHA256_ASN1_SIGNING)?,
            KeyAlgorithm::EcdsaP384 => ecdsa(&lc::ECDSA_P384_SHA384_ASN1_SIGNING)?,
            KeyAlgorithm::EcdsaP521 => ecdsa(&lc::ECDSA_P521_SHA512_ASN1_SIGNING)?,
            KeyAlgorithm::Ed25519 => {
                Pair::Ed25519(lc::Ed25519KeyPair::from_pkcs8(pkcs8).map_err(unreadable)?)
            }
            KeyAlgorithm::Rsa2048
            | KeyAlgorithm::Rsa3072
            | KeyAlgorithm::Rsa4096
            | KeyAlgorithm::MlDsa44
            | KeyAlgorithm::MlDsa65
            | KeyAlgorithm::MlDsa87 => {
                return Err(Error::Rule {
                    structure: "PrivateKeyInfo",
                    rule: "keys in software are ECDSA or Ed25519 here",
                });
            }
        };
        let public_key = match &pair {
            Pair::Ecdsa(pair) => PublicKey::from_ec_point(algorithm, pair.public_key().as_ref())?,
            Pair::Ed25519(pair) => PublicKey::from_raw(algorithm, pair.public_key().as_ref())?,
        };
        Ok(Self { public_key, pair })
    }

    /// Signs at once; the trait's answer comes from here too.
    pub fn sign_now(&self, message: &[u8]) -> std::result::Result<Vec<u8>, SignError> {
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&aws_lc_rs::rand::SystemRandom::new(), message);
                signature
                    .map(|signature| signature.as_ref().to_vec())
                    .map_err(|_| SignError::Token {
                        reason: "the software key could not sign".to_owned(),
                    })
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

impl Signer for SoftwareKey {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.public_key.algorithm().default_signature()
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a> {
        Box::pin(std::future::ready(self.sign_now(message)))
    }
}

impl std::fmt::Debug for SoftwareKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SoftwareKey({})", self.public_key.algorithm())
    }
}
