//! The SubjectPublicKeyInfo of a key pair, from the attributes of its public-key object.

use cryptoki::object::{Attribute, AttributeType, MlDsaParameterSetType, ObjectHandle};
use cryptoki::session::Session;
use pki::algorithm::KeyAlgorithm;
use pki::asn1::{Element, tag, write};
use pki::public_key::PublicKey;

use crate::key::KeyId;
use crate::{Error, Result};

/// Reads the public half; it must be of the kind expected.
pub(super) fn read(
    session: &Session,
    token: &str,
    id: KeyId,
    algorithm: KeyAlgorithm,
    key: ObjectHandle,
) -> Result<PublicKey> {
    let wrong = |reason: String| Error::PublicKey {
        token: token.to_owned(),
        id,
        reason,
    };
    let shown = session.get_attributes(
        key,
        &[
            AttributeType::EcParams,
            AttributeType::EcPoint,
            AttributeType::Modulus,
            AttributeType::PublicExponent,
            AttributeType::ParameterSet,
            AttributeType::Value,
        ],
    )?;
    let built = build(algorithm, &shown).map_err(|reason| wrong(reason.to_owned()))?;
    let public_key = built.map_err(|error| wrong(error.to_string()))?;
    if public_key.algorithm() != algorithm {
        return Err(wrong(format!(
            "it is of kind {}, where {algorithm} is expected",
            public_key.algorithm()
        )));
    }
    Ok(public_key)
}

type Built = std::result::Result<pki::Result<PublicKey>, &'static str>;

fn build(algorithm: KeyAlgorithm, shown: &[Attribute]) -> Built {
    match algorithm {
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::EcdsaP521 => {
            let parameters = shown.iter().find_map(|attribute| match attribute {
                Attribute::EcParams(octets) => Some(octets),
                _ => None,
            });
            let curve = algorithm.curve().map(write::object_identifier);
            if parameters != curve.as_ref() {
                return Err("CKA_EC_PARAMS does not name the curve expected");
            }
            Ok(PublicKey::from_ec_point(
                algorithm,
                unwrap_point(ec_point(shown)?, point_bytes(algorithm))?,
            ))
        }
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
            let modulus = shown.iter().find_map(|attribute| match attribute {
                Attribute::Modulus(octets) => Some(octets),
                _ => None,
            });
            let exponent = shown.iter().find_map(|attribute| match attribute {
                Attribute::PublicExponent(octets) => Some(octets),
                _ => None,
            });
            let both = modulus.zip(exponent);
            let (modulus, exponent) = both.ok_or("CKA_MODULUS or CKA_PUBLIC_EXPONENT is missing")?;
            Ok(PublicKey::from_rsa_parts(modulus, exponent))
        }
        KeyAlgorithm::Ed25519 => Ok(PublicKey::from_raw(
            algorithm,
            unwrap_point(ec_point(shown)?, point_bytes(algorithm))?,
        )),
        KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => {
            let set = shown.iter().find_map(|attribute| match attribute {
                Attribute::ParameterSet(set) => Some(*set),
                _ => None,
            });
            if set != ml_dsa_set(algorithm).map(Into::into) {
                return Err("CKA_PARAMETER_SET is not the one expected");
            }
            let value = shown.iter().find_map(|attribute| match attribute {
                Attribute::Value(octets) => Some(octets),
                _ => None,
            });
            Ok(PublicKey::from_raw(
                algorithm,
                value.ok_or("CKA_VALUE is missing")?,
            ))
        }
    }
}

/// The parameter set of an ML-DSA key.
pub(super) const fn ml_dsa_set(algorithm: KeyAlgorithm) -> Option<MlDsaParameterSetType> {
    match algorithm {
        KeyAlgorithm::MlDsa44 => Some(MlDsaParameterSetType::ML_DSA_44),
        KeyAlgorithm::MlDsa65 => Some(MlDsaParameterSetType::ML_DSA_65),
        KeyAlgorithm::MlDsa87 => Some(MlDsaParameterSetType::ML_DSA_87),
        KeyAlgorithm::EcdsaP256
        | KeyAlgorithm::EcdsaP384
        | KeyAlgorithm::EcdsaP521
        | KeyAlgorithm::Rsa2048
        | KeyAlgorithm::Rsa3072
        | KeyAlgorithm::Rsa4096
        | KeyAlgorithm::Ed25519 => None,
    }
}

fn ec_point(shown: &[Attribute]) -> std::result::Result<&[u8], &'static str> {
    let point = shown.iter().find_map(|attribute| match attribute {
        Attribute::EcPoint(octets) => Some(octets.as_slice()),
        _ => None,
    });
    point.ok_or("CKA_EC_POINT is missing")
}

/// Length of a public point: uncompressed on the NIST curves, 32 octets for Ed25519.
const fn point_bytes(algorithm: KeyAlgorithm) -> usize {
    match algorithm {
        KeyAlgorithm::EcdsaP384 => 97,
        KeyAlgorithm::EcdsaP521 => 133,
        KeyAlgorithm::Ed25519 => 32,
        // The others have no point; their length is checked by pki.
        _ => 65,
    }
}

/// `CKA_EC_POINT` is an OCTET STRING around the point (PKCS#11 v3.1 section 6.3.3), a bare point on older tokens,
/// and a BIT STRING where version 3.0's text on Edwards keys was followed. The length tells them apart: the first
/// octet cannot, because an uncompressed point and an OCTET STRING both begin with 4.
fn unwrap_point(shown: &[u8], length: usize) -> std::result::Result<&[u8], &'static str> {
    const UNUSABLE: &str = "CKA_EC_POINT is neither a point nor a DER string around one";
    if shown.len() == length {
        return Ok(shown);
    }
    let element = Element::only(shown).map_err(|_| UNUSABLE)?;
    let point = match element.tag {
        tag::OCTET_STRING => Some(element.value),
        tag::BIT_STRING => element.bit_string_octets().ok(),
        _ => None,
    };
    point.filter(|point| point.len() == length).ok_or(UNUSABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_wrapped_or_bare() {
        for algorithm in [
            KeyAlgorithm::EcdsaP256,
            KeyAlgorithm::EcdsaP384,
            KeyAlgorithm::EcdsaP521,
        ] {
            let length = point_bytes(algorithm);
            let mut point = vec![7; length];
            point[0] = 4;
            for form in [
                point.clone(),
                write::octet_string(&point),
                write::bit_string(&point),
            ] {
                assert_eq!(unwrap_point(&form, length), Ok(point.as_slice()), "{algorithm}");
            }
        }
        assert_eq!(
            unwrap_point(&write::octet_string(&[9; 32]), 32),
            Ok([9; 32].as_slice())
        );
    }

    #[test]
    fn what_is_no_point_is_refused() {
        for shown in [
            &[][..],
            &[4],
            &[4, 65],
            &write::octet_string(&[4; 64]),
            &write::sequence(&[&[4; 65]]),
        ] {
            assert!(unwrap_point(shown, 65).is_err(), "{shown:02x?}");
        }
    }

    #[test]
    fn a_key_of_another_kind_than_expected_is_refused() {
        let p256 = write::object_identifier(KeyAlgorithm::EcdsaP256.curve().unwrap());
        let shown = [Attribute::EcParams(p256), Attribute::EcPoint(vec![4; 65])];
        assert!(build(KeyAlgorithm::EcdsaP256, &shown).unwrap().is_ok());
        assert!(build(KeyAlgorithm::EcdsaP384, &shown).is_err());
        assert!(build(KeyAlgorithm::Rsa2048, &shown).is_err());
        assert!(build(KeyAlgorithm::MlDsa65, &shown).is_err());
        let set = [
            Attribute::ParameterSet(MlDsaParameterSetType::ML_DSA_44.into()),
            Attribute::Value(vec![1; 1312]),
        ];
        assert!(build(KeyAlgorithm::MlDsa44, &set).unwrap().is_ok());
        assert!(build(KeyAlgorithm::MlDsa65, &set).is_err());
    }
}
