//! Public keys: the exact SubjectPublicKeyInfo, and what kind of key it is.

use crate::algorithm::KeyAlgorithm;
use crate::asn1::{Element, Fault, Reader, tag, write};
use crate::digest::sha256;
use crate::{Error, Result, oid};

/// A public key of a kind on the closed list. Holds the SubjectPublicKeyInfo byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    algorithm: KeyAlgorithm,
    spki: Vec<u8>,
    /// Where the key bits start inside `spki`; they run to its end.
    bits_at: usize,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo. Kind and size must be on the closed list; weakness is another question,
    /// which `weakness` answers.
    pub fn from_spki_der(der: &[u8]) -> Result<Self> {
        let (algorithm, bits) = read_spki(der).map_err(Error::malformed("SubjectPublicKeyInfo"))?;
        let algorithm = identify(&algorithm, bits)?;
        Ok(Self {
            algorithm,
            spki: der.to_vec(),
            bits_at: der.len() - bits.len(),
        })
    }

    /// Builds an EC key from its uncompressed point.
    pub fn from_ec_point(algorithm: KeyAlgorithm, point: &[u8]) -> Result<Self> {
        let curve = algorithm.curve().ok_or(Error::Rule {
            structure: "SubjectPublicKeyInfo",
            rule: "only elliptic-curve keys have a point",
        })?;
        let identifier = write::sequence(&[
            &write::object_identifier(oid::algorithm::EC_PUBLIC_KEY),
            &write::object_identifier(curve),
        ]);
        Self::from_spki_der(&write::sequence(&[&identifier, &write::bit_string(point)]))
    }

    /// Builds an RSA key from its big-endian modulus and exponent.
    pub fn from_rsa_parts(modulus: &[u8], exponent: &[u8]) -> Result<Self> {
        let identifier = write::sequence(&[
            &write::object_identifier(oid::algorithm::RSA_ENCRYPTION),
            &write::value(tag::NULL, &[]),
        ]);
        let key = write::sequence(&[&write::unsigned(modulus), &write::unsigned(exponent)]);
        Self::from_spki_der(&write::sequence(&[&identifier, &write::bit_string(&key)]))
    }

    /// Builds an Ed25519 or ML-DSA key from its raw octets (RFC 8410, RFC 9881).
    pub fn from_raw(algorithm: KeyAlgorithm, key: &[u8]) -> Result<Self> {
        // For these kinds the key's AlgorithmIdentifier is the signature's: one OID, no parameters.
        let identifier = match algorithm {
            KeyAlgorithm::Ed25519 | KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => {
                algorithm.default_signature().identifier_der()
            }
            KeyAlgorithm::EcdsaP256
            | KeyAlgorithm::EcdsaP384
            | KeyAlgorithm::EcdsaP521
            | KeyAlgorithm::Rsa2048
            | KeyAlgorithm::Rsa3072
            | KeyAlgorithm::Rsa4096 => {
                return Err(Error::Rule {
                    structure: "SubjectPublicKeyInfo",
                    rule: "elliptic-curve and RSA keys are not raw octets",
                });
            }
        };
        Self::from_spki_der(&write::sequence(&[identifier, &write::bit_string(key)]))
    }

    /// The kind of key.
    pub const fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The SubjectPublicKeyInfo, exactly as read or built.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The content of the BIT STRING: an EC point, an `RSAPublicKey`, or raw octets.
    pub fn key_bits(&self) -> &[u8] {
        self.spki.get(self.bits_at..).unwrap_or_default()
    }

    /// Modulus and exponent of an RSA key.
    pub fn rsa_parts(&self) -> Option<(&[u8], &[u8])> {
        self.algorithm.modulus_bits()?;
        read_rsa(self.key_bits()).ok()
    }

    /// The key identifier for subjectKeyIdentifier: the leftmost 160 bits of SHA-256 over the key bits
    /// (RFC 7093 section 2, method 1).
    pub fn key_identifier(&self) -> [u8; 20] {
        let mut identifier = [0; 20];
        for (to, from) in identifier.iter_mut().zip(sha256(self.key_bits())) {
            *to = from;
        }
        identifier
    }

    /// SHA-256 over the SubjectPublicKeyInfo: the name of this key in files and logs.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(&self.spki)
    }
}

struct Identifier<'a> {
    oid: const_oid::ObjectIdentifier,
    parameters: Option<Element<'a>>,
}

fn read_spki(der: &[u8]) -> std::result::Result<(Identifier<'_>, &[u8]), Fault> {
    let mut inside = Element::only_tagged(der, tag::SEQUENCE)?.reader();
    let mut identifier = inside.sequence()?;
    let oid = identifier.object_identifier()?;
    let parameters = if identifier.is_empty() {
        None
    } else {
        Some(identifier.any()?)
    };
    identifier.finish()?;
    let bits = inside.expect(tag::BIT_STRING)?.bit_string_octets()?;
    inside.finish()?;
    Ok((Identifier { oid, parameters }, bits))
}

fn read_rsa(bits: &[u8]) -> std::result::Result<(&[u8], &[u8]), Fault> {
    let mut key = Element::only_tagged(bits, tag::SEQUENCE)?.reader();
    let modulus = key.expect(tag::INTEGER)?.unsigned()?;
    let exponent = key.expect(tag::INTEGER)?.unsigned()?;
    key.finish()?;
    Ok((modulus, exponent))
}

fn identify(identifier: &Identifier<'_>, bits: &[u8]) -> Result<KeyAlgorithm> {
    use oid::algorithm as known;
    match identifier.oid {
        known::EC_PUBLIC_KEY => identify_ec(identifier.parameters, bits),
        known::RSA_ENCRYPTION => identify_rsa(identifier.parameters, bits),
        known::ED25519 => raw(KeyAlgorithm::Ed25519, 32, identifier, bits),
        known::ML_DSA_44 => raw(KeyAlgorithm::MlDsa44, 1312, identifier, bits),
        known::ML_DSA_65 => raw(KeyAlgorithm::MlDsa65, 1952, identifier, bits),
        known::ML_DSA_87 => raw(KeyAlgorithm::MlDsa87, 2592, identifier, bits),
        other => Err(Error::UnsupportedAlgorithm {
            oid: other.to_string(),
        }),
    }
}

fn identify_ec(parameters: Option<Element<'_>>, bits: &[u8]) -> Result<KeyAlgorithm> {
    let rule = |rule| Error::Rule {
        structure: "SubjectPublicKeyInfo",
        rule,
    };
    let parameters = parameters
        .filter(|element| element.tag == tag::OBJECT_IDENTIFIER)
        .ok_or(rule(
            "an EC key must name its curve by object identifier (RFC 5480 section 2.1.1)",
        ))?;
    let curve = Reader::new(parameters.raw)
        .object_identifier()
        .map_err(Error::malformed("SubjectPublicKeyInfo"))?;
    let (algorithm, field_bytes) = match curve {
        oid::algorithm::SECP256R1 => (KeyAlgorithm::EcdsaP256, 32),
        oid::algorithm::SECP384R1 => (KeyAlgorithm::EcdsaP384, 48),
        oid::algorithm::SECP521R1 => (KeyAlgorithm::EcdsaP521, 66),
        other => {
            return Err(Error::UnsupportedAlgorithm {
                oid: other.to_string(),
            });
        }
    };
    if bits.first() != Some(&4) || bits.len() != 2 * field_bytes + 1 {
        return Err(rule(
            "the EC point must be uncompressed and as long as its curve demands (RFC 5480 section 2.2)",
        ));
    }
    Ok(algorithm)
}

fn identify_rsa(parameters: Option<Element<'_>>, bits: &[u8]) -> Result<KeyAlgorithm> {
    if parameters.is_none_or(|element| element.tag != tag::NULL || !element.value.is_empty()) {
        return Err(Error::Rule {
            structure: "SubjectPublicKeyInfo",
            rule: "rsaEncryption must carry NULL parameters (RFC 3279 section 2.3.1)",
        });
    }
    let (modulus, _) = read_rsa(bits).map_err(Error::malformed("RSAPublicKey"))?;
    let top_zeros = modulus.first().map_or(0, |octet| octet.leading_zeros());
    let bits = modulus.len() * 8 - usize::try_from(top_zeros).unwrap_or(0);
    match bits {
        2048 => Ok(KeyAlgorithm::Rsa2048),
        3072 => Ok(KeyAlgorithm::Rsa3072),
        4096 => Ok(KeyAlgorithm::Rsa4096),
        bits => Err(Error::RsaSize { bits }),
    }
}

fn raw(
    algorithm: KeyAlgorithm,
    length: usize,
    identifier: &Identifier<'_>,
    bits: &[u8],
) -> Result<KeyAlgorithm> {
    let rule = |rule| Error::Rule {
        structure: "SubjectPublicKeyInfo",
        rule,
    };
    if identifier.parameters.is_some() {
        return Err(rule(
            "this key's algorithm must have no parameters (RFC 8410 section 3, RFC 9881 section 2)",
        ));
    }
    if bits.len() != length {
        return Err(rule("the key has not the length that its algorithm demands"));
    }
    Ok(algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_and_size_must_be_on_the_list() {
        let point = [&[4][..], &[7; 64]].concat();
        let key = PublicKey::from_ec_point(KeyAlgorithm::EcdsaP256, &point).unwrap();
        assert_eq!(key.key_bits(), point);
        assert!(PublicKey::from_ec_point(KeyAlgorithm::EcdsaP384, &point).is_err());
        let modulus = |bytes: usize| [&[0x80][..], &vec![1; bytes - 1]].concat();
        assert_eq!(
            PublicKey::from_rsa_parts(&modulus(128), &[3]),
            Err(Error::RsaSize { bits: 1024 })
        );
        let rsa = PublicKey::from_rsa_parts(&modulus(256), &[1, 0, 1]).unwrap();
        assert_eq!(rsa.rsa_parts().unwrap().1, [1, 0, 1]);
        assert!(PublicKey::from_raw(KeyAlgorithm::Ed25519, &[1; 32]).is_ok());
        assert!(PublicKey::from_raw(KeyAlgorithm::MlDsa65, &[1; 32]).is_err());
    }
}
