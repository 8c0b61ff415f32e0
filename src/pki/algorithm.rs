//! The closed list of keys and signatures. A new one is a change here, and the compiler then names every
//! place that must decide about it.

use std::fmt;
use std::str::FromStr;

use const_oid::ObjectIdentifier;

use crate::asn1::{Reader, tag};
use crate::digest::DigestAlgorithm;
use crate::{Error, Result, oid};

/// A kind of key pair: the family and its strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// ECDSA on NIST P-521.
    EcdsaP521,
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    Rsa4096,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// ML-DSA-44 (FIPS 204, RFC 9881).
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
}

/// A kind of signature, as an `AlgorithmIdentifier` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignatureAlgorithm {
    /// ecdsa-with-SHA256.
    EcdsaSha256,
    /// ecdsa-with-SHA384.
    EcdsaSha384,
    /// ecdsa-with-SHA512.
    EcdsaSha512,
    /// sha256WithRSAEncryption.
    RsaPkcs1Sha256,
    /// sha384WithRSAEncryption.
    RsaPkcs1Sha384,
    /// sha512WithRSAEncryption.
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 octets.
    RsaPssSha256,
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 octets.
    RsaPssSha384,
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512 and a salt of 64 octets.
    RsaPssSha512,
    /// Ed25519, pure.
    Ed25519,
    /// ML-DSA-44, pure, empty context.
    MlDsa44,
    /// ML-DSA-65, pure, empty context.
    MlDsa65,
    /// ML-DSA-87, pure, empty context.
    MlDsa87,
}

impl KeyAlgorithm {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::EcdsaP521,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    /// The name used in files, on the command line and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::EcdsaP521 => "ecdsa-p521",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::Ed25519 => "ed25519",
            Self::MlDsa44 => "ml-dsa-44",
            Self::MlDsa65 => "ml-dsa-65",
            Self::MlDsa87 => "ml-dsa-87",
        }
    }

    /// The signature such a key makes unless a file says otherwise: a digest as strong as the key.
    pub const fn default_signature(self) -> SignatureAlgorithm {
        match self {
            Self::EcdsaP256 => SignatureAlgorithm::EcdsaSha256,
            Self::EcdsaP384 => SignatureAlgorithm::EcdsaSha384,
            Self::EcdsaP521 => SignatureAlgorithm::EcdsaSha512,
            Self::Rsa2048 | Self::Rsa3072 => SignatureAlgorithm::RsaPkcs1Sha256,
            Self::Rsa4096 => SignatureAlgorithm::RsaPkcs1Sha512,
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
            Self::MlDsa44 => SignatureAlgorithm::MlDsa44,
            Self::MlDsa65 => SignatureAlgorithm::MlDsa65,
            Self::MlDsa87 => SignatureAlgorithm::MlDsa87,
        }
    }

    /// The named curve, for the keys that have one.
    pub const fn curve(self) -> Option<ObjectIdentifier> {
        match self {
            Self::EcdsaP256 => Some(oid::algorithm::SECP256R1),
            Self::EcdsaP384 => Some(oid::algorithm::SECP384R1),
            Self::EcdsaP521 => Some(oid::algorithm::SECP521R1),
            Self::Rsa2048
            | Self::Rsa3072
            | Self::Rsa4096
            | Self::Ed25519
            | Self::MlDsa44
            | Self::MlDsa65
            | Self::MlDsa87 => None,
        }
    }

    /// The modulus length, for RSA keys.
    pub const fn modulus_bits(self) -> Option<usize> {
        match self {
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            Self::EcdsaP256
            | Self::EcdsaP384
            | Self::EcdsaP521
            | Self::Ed25519
            | Self::MlDsa44
            | Self::MlDsa65
            | Self::MlDsa87 => None,
        }
    }
}

impl SignatureAlgorithm {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 13] = [
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
        Self::RsaPkcs1Sha256,
        Self::RsaPkcs1Sha384,
        Self::RsaPkcs1Sha512,
        Self::RsaPssSha256,
        Self::RsaPssSha384,
        Self::RsaPssSha512,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    /// The name used in files, on the command line and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaSha256 => "ecdsa-sha256",
            Self::EcdsaSha384 => "ecdsa-sha384",
            Self::EcdsaSha512 => "ecdsa-sha512",
            Self::RsaPkcs1Sha256 => "rsa-pkcs1-sha256",
            Self::RsaPkcs1Sha384 => "rsa-pkcs1-sha384",
            Self::RsaPkcs1Sha512 => "rsa-pkcs1-sha512",
            Self::RsaPssSha256 => "rsa-pss-sha256",
            Self::RsaPssSha384 => "rsa-pss-sha384",
            Self::RsaPssSha512 => "rsa-pss-sha512",
            Self::Ed25519 => "ed25519",
            Self::MlDsa44 => "ml-dsa-44",
            Self::MlDsa65 => "ml-dsa-65",
            Self::MlDsa87 => "ml-dsa-87",
        }
    }

    /// Whether a key of this kind can make this signature.
    ///
    /// ECDSA digests are bound to the curve of the same strength, as RFC 5480 section 4 recommends and every
    /// judge accepts.
    pub const fn suits(self, key: KeyAlgorithm) -> bool {
        match self {
            Self::EcdsaSha256 => matches!(key, KeyAlgorithm::EcdsaP256),
            Self::EcdsaSha384 => matches!(key, KeyAlgorithm::EcdsaP384),
            Self::EcdsaSha512 => matches!(key, KeyAlgorithm::EcdsaP521),
            Self::RsaPkcs1Sha256
            | Self::RsaPkcs1Sha384
            | Self::RsaPkcs1Sha512
            | Self::RsaPssSha256
            | Self::RsaPssSha384
            | Self::RsaPssSha512 => key.modulus_bits().is_some(),
            Self::Ed25519 => matches!(key, KeyAlgorithm::Ed25519),
            Self::MlDsa44 => matches!(key, KeyAlgorithm::MlDsa44),
            Self::MlDsa65 => matches!(key, KeyAlgorithm::MlDsa65),
            Self::MlDsa87 => matches!(key, KeyAlgorithm::MlDsa87),
        }
    }

    /// Whether a signature of this kind can be checked under a key of this kind.
    ///
    /// Wider than [`SignatureAlgorithm::suits`], which binds what is made here: others pair curves and digests
    /// freely, `openssl req` signs with SHA-256 under every curve unless told otherwise, and X.509 allows it.
    pub const fn verifies_under(self, key: KeyAlgorithm) -> bool {
        match self {
            Self::EcdsaSha256 | Self::EcdsaSha384 | Self::EcdsaSha512 => key.curve().is_some(),
            Self::RsaPkcs1Sha256
            | Self::RsaPkcs1Sha384
            | Self::RsaPkcs1Sha512
            | Self::RsaPssSha256
            | Self::RsaPssSha384
            | Self::RsaPssSha512
            | Self::Ed25519
            | Self::MlDsa44
            | Self::MlDsa65
            | Self::MlDsa87 => self.suits(key),
        }
    }

    /// The digest that is signed, where the message is digested first.
    pub const fn digest(self) -> Option<DigestAlgorithm> {
        match self {
            Self::EcdsaSha256 | Self::RsaPkcs1Sha256 | Self::RsaPssSha256 => Some(DigestAlgorithm::Sha256),
            Self::EcdsaSha384 | Self::RsaPkcs1Sha384 | Self::RsaPssSha384 => Some(DigestAlgorithm::Sha384),
            Self::EcdsaSha512 | Self::RsaPkcs1Sha512 | Self::RsaPssSha512 => Some(DigestAlgorithm::Sha512),
            Self::Ed25519 | Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => None,
        }
    }

    /// The complete `AlgorithmIdentifier`. Parameters are absent or NULL as each algorithm's RFC demands.
    pub const fn identifier_der(self) -> &'static [u8] {
        identifier::of(self)
    }

    /// Reads a complete `AlgorithmIdentifier`; only the exact forms that we write are known.
    pub fn from_identifier_der(der: &[u8]) -> Result<Self> {
        if let Some(found) = Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.identifier_der() == der)
        {
            return Ok(found);
        }
        let oid = Reader::new(der)
            .sequence()
            .and_then(|mut inside| inside.object_identifier())
            .map_err(Error::malformed("AlgorithmIdentifier"))?;
        if oid == oid::algorithm::RSASSA_PSS {
            return Err(Error::Rule {
                structure: "AlgorithmIdentifier",
                rule: "RSASSA-PSS must use SHA-256, SHA-384 or SHA-512 for the message and for MGF1 alike, and a salt as long as the digest; sign again with these parameters",
            });
        }
        Err(Error::UnsupportedAlgorithm { oid: oid.to_string() })
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == text).ok_or_else(|| Error::Text {
            kind: "key algorithm",
            text: text.chars().take(40).collect(),
            rule: "one of ecdsa-p256, ecdsa-p384, ecdsa-p521, rsa-2048, rsa-3072, rsa-4096, ed25519, ml-dsa-44, ml-dsa-65, ml-dsa-87",
        })
    }
}

impl FromStr for SignatureAlgorithm {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == text).ok_or_else(|| Error::Text {
            kind: "signature algorithm",
            text: text.chars().take(40).collect(),
            rule: "one of ecdsa-sha256/384/512, rsa-pkcs1-sha256/384/512, rsa-pss-sha256/384/512, ed25519, ml-dsa-44/65/87",
        })
    }
}

/// The `AlgorithmIdentifier` of each signature as constant bytes.
mod identifier {
    use super::{SignatureAlgorithm, tag};

    const OID: u8 = tag::OBJECT_IDENTIFIER;
    const SEQ: u8 = tag::SEQUENCE;

    /// sha*WithRSAEncryption with NULL parameters (RFC 4055 section 5).
    const fn rsa(last: u8) -> [u8; 15] {
        [
            SEQ,
            13,
            OID,
            9,
            0x2a,
            0x86,
            0x48,
            0x86,
            0xf7,
            0x0d,
            1,
            1,
            last,
            tag::NULL,
            0,
        ]
    }
    /// ecdsa-with-SHA* without parameters (RFC 5758 section 3.2).
    const fn ecdsa(last: u8) -> [u8; 12] {
        [SEQ, 10, OID, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, last]
    }
    /// id-ml-dsa-* without parameters (RFC 9881 section 2).
    const fn ml_dsa(last: u8) -> [u8; 13] {
        [SEQ, 11, OID, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, last]
    }
    /// id-RSASSA-PSS with explicit hash, MGF1 over the same hash, and a salt as long as the hash
    /// (RFC 4055 section 3.1). The trailer field is left at its default.
    #[rustfmt::skip]
    const fn pss(hash: u8, salt: u8) -> [u8; 67] {
        [
            SEQ, 65, OID, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10,
            SEQ, 52,
            0xa0, 15, SEQ, 13, OID, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hash, tag::NULL, 0,
            0xa1, 28, SEQ, 26, OID, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8,
            SEQ, 13, OID, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hash, tag::NULL, 0,
            0xa2, 3, tag::INTEGER, 1, salt,
        ]
    }

    pub(super) const fn of(algorithm: SignatureAlgorithm) -> &'static [u8] {
        use SignatureAlgorithm as S;
        match algorithm {
            S::EcdsaSha256 => const { &ecdsa(2) },
            S::EcdsaSha384 => const { &ecdsa(3) },
            S::EcdsaSha512 => const { &ecdsa(4) },
            S::RsaPkcs1Sha256 => const { &rsa(11) },
            S::RsaPkcs1Sha384 => const { &rsa(12) },
            S::RsaPkcs1Sha512 => const { &rsa(13) },
            S::RsaPssSha256 => const { &pss(1, 32) },
            S::RsaPssSha384 => const { &pss(2, 48) },
            S::RsaPssSha512 => const { &pss(3, 64) },
            S::Ed25519 => &[SEQ, 5, OID, 3, 0x2b, 0x65, 0x70],
            S::MlDsa44 => const { &ml_dsa(17) },
            S::MlDsa65 => const { &ml_dsa(18) },
            S::MlDsa87 => const { &ml_dsa(19) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{Limits, check};

    #[test]
    fn every_identifier_is_strict_der_and_reads_back_as_itself() {
        for algorithm in SignatureAlgorithm::ALL {
            check(algorithm.identifier_der(), Limits::CERTIFICATE).unwrap();
            assert_eq!(
                SignatureAlgorithm::from_identifier_der(algorithm.identifier_der()),
                Ok(algorithm)
            );
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
        }
    }

    #[test]
    fn every_key_has_a_default_signature_that_suits_it() {
        for key in KeyAlgorithm::ALL {
            assert!(key.default_signature().suits(key));
            assert_eq!(key.name().parse(), Ok(key));
        }
    }

    #[test]
    fn an_unknown_algorithm_is_named_in_the_refusal() {
        let md5_with_rsa = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4, 5, 0];
        let refusal = SignatureAlgorithm::from_identifier_der(&md5_with_rsa).unwrap_err();
        assert!(refusal.to_string().contains("1.2.840.113549.1.1.4"), "{refusal}");
    }
}
