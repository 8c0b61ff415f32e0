//! From a signature algorithm to the mechanism that the token offers, and from what the token returns to the
//! form that X.509 carries.
//!
//! The host digests and the token signs the digest with its raw mechanism, because that is what all tokens have
//! in common and what costs least to send; the combined mechanisms serve where only they exist.

use std::collections::BTreeSet;

use cryptoki::mechanism::dsa::{HedgeType, SignAdditionalContext};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::asn1::write;
use pki::digest::DigestAlgorithm;

use crate::return_value::ReturnValue;
use crate::{Error, Result};

/// The mechanisms a token offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mechanisms(BTreeSet<u64>);

impl Mechanisms {
    /// Whether the token offers this one.
    pub fn offers(&self, mechanism: MechanismType) -> bool {
        self.0.contains(&*mechanism)
    }

    /// Their names, in the order of their numbers.
    pub fn names(&self) -> Vec<String> {
        self.0
            .iter()
            .filter_map(|number| MechanismType::try_from(*number).ok())
            .map(|known| known.to_string())
            .collect()
    }
}

impl FromIterator<MechanismType> for Mechanisms {
    fn from_iter<I: IntoIterator<Item = MechanismType>>(mechanisms: I) -> Self {
        Self(mechanisms.into_iter().map(|mechanism| *mechanism).collect())
    }
}

/// How one token makes one kind of signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recipe {
    algorithm: SignatureAlgorithm,
    way: Way,
}

/// Who digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The host, and the token signs the digest; or nobody, where the algorithm takes the message.
    Raw,
    /// The token, with a mechanism that does both.
    Combined,
}

/// What the token is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// The message itself: the token digests, or the algorithm does not.
    Message,
    /// Its digest.
    Digest(DigestAlgorithm),
    /// Its digest inside a `DigestInfo` (RFC 8017 section 9.2).
    DigestInfo(DigestAlgorithm),
}

impl Recipe {
    /// The first of the known ways that the token offers.
    pub(crate) fn choose(algorithm: SignatureAlgorithm, offered: &Mechanisms, token: &str) -> Result<Self> {
        let ways = || {
            [Way::Raw, Way::Combined]
                .into_iter()
                .filter_map(|way| Some((way, mechanism(algorithm, way)?.1)))
        };
        let chosen = ways().find(|(_, mechanism)| offered.offers(mechanism.mechanism_type()));
        match chosen {
            Some((way, _)) => Ok(Self { algorithm, way }),
            None => Err(Error::NoMechanism {
                token: token.to_owned(),
                algorithm,
                needed: ways()
                    .map(|(_, mechanism)| mechanism.mechanism_type().to_string())
                    .collect(),
            }),
        }
    }

    /// The mechanism's name, for people.
    pub(crate) fn mechanism_name(self) -> String {
        let chosen = mechanism(self.algorithm, self.way);
        chosen.map_or_else(String::new, |(_, mechanism)| {
            mechanism.mechanism_type().to_string()
        })
    }

    /// Signs a message; the answer has the form that X.509 carries and the length that it must have, but was not
    /// verified.
    pub(crate) fn sign(
        self,
        session: &Session,
        key: ObjectHandle,
        key_kind: KeyAlgorithm,
        message: &[u8],
    ) -> std::result::Result<Vec<u8>, SignFault> {
        let Some((input, mechanism)) = mechanism(self.algorithm, self.way) else {
            // Unreachable: `choose` only returns ways that exist.
            return Err(SignFault::Call(cryptoki::error::Error::NotSupported));
        };
        let raw = match input {
            Input::Message => session.sign(&mechanism, key, message),
            Input::Digest(digest) => session.sign(&mechanism, key, &digest.digest(message)),
            Input::DigestInfo(digest) => {
                let info = [digest.digest_info_prefix().as_slice(), &digest.digest(message)].concat();
                session.sign(&mechanism, key, &info)
            }
        };
        to_x509_form(self.algorithm, key_kind, raw?).map_err(SignFault::Form)
    }
}

/// Why there is no signature: the call failed, or what came back is none.
#[derive(Debug)]
pub(crate) enum SignFault {
    /// The token answered with an error.
    Call(cryptoki::error::Error),
    /// What it returned is not a signature.
    Form(Error),
}

impl SignFault {
    /// The PKCS#11 return value, where there is one.
    pub(crate) fn return_value(&self) -> Option<ReturnValue> {
        match self {
            Self::Call(cryptoki::error::Error::Pkcs11(value, _)) => Some(ReturnValue(*value)),
            Self::Call(_) | Self::Form(_) => None,
        }
    }
}

impl From<cryptoki::error::Error> for SignFault {
    fn from(error: cryptoki::error::Error) -> Self {
        Self::Call(error)
    }
}

impl From<SignFault> for Error {
    fn from(fault: SignFault) -> Self {
        match fault {
            SignFault::Call(error) => error.into(),
            SignFault::Form(error) => error,
        }
    }
}

/// What the token is given and told, if this way exists for the algorithm.
fn mechanism(algorithm: SignatureAlgorithm, way: Way) -> Option<(Input, Mechanism<'static>)> {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    use SignatureAlgorithm as S;
    let (raw, combined) = match algorithm {
        S::EcdsaSha256 => (Mechanism::Ecdsa, Mechanism::EcdsaSha256),
        S::EcdsaSha384 => (Mechanism::Ecdsa, Mechanism::EcdsaSha384),
        S::EcdsaSha512 => (Mechanism::Ecdsa, Mechanism::EcdsaSha512),
        S::RsaPkcs1Sha256 => (Mechanism::RsaPkcs, Mechanism::Sha256RsaPkcs),
        S::RsaPkcs1Sha384 => (Mechanism::RsaPkcs, Mechanism::Sha384RsaPkcs),
        S::RsaPkcs1Sha512 => (Mechanism::RsaPkcs, Mechanism::Sha512RsaPkcs),
        S::RsaPssSha256 => (
            Mechanism::RsaPkcsPss(pss(Sha256)),
            Mechanism::Sha256RsaPkcsPss(pss(Sha256)),
        ),
        S::RsaPssSha384 => (
            Mechanism::RsaPkcsPss(pss(Sha384)),
            Mechanism::Sha384RsaPkcsPss(pss(Sha384)),
        ),
        S::RsaPssSha512 => (
            Mechanism::RsaPkcsPss(pss(Sha512)),
            Mechanism::Sha512RsaPkcsPss(pss(Sha512)),
        ),
        S::Ed25519 | S::MlDsa44 | S::MlDsa65 | S::MlDsa87 => {
            return (way == Way::Raw).then_some((Input::Message, undigested(algorithm)));
        }
    };
    let digest = algorithm.digest()?;
    Some(match way {
        Way::Combined => (Input::Message, combined),
        Way::Raw if matches!(raw, Mechanism::RsaPkcs) => (Input::DigestInfo(digest), raw),
        Way::Raw => (Input::Digest(digest), raw),
    })
}

/// The mechanisms of the algorithms that take the message whole.
fn undigested(algorithm: SignatureAlgorithm) -> Mechanism<'static> {
    if algorithm == SignatureAlgorithm::Ed25519 {
        // Without parameters CKM_EDDSA is pure Ed25519 (PKCS#11 v3.1 section 6.3.17).
        Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519))
    } else {
        // Empty context, hedged if the token can (RFC 9881 section 3, FIPS 204 section 3.4).
        Mechanism::MlDsa(SignAdditionalContext::new(HedgeType::Preferred, None))
    }
}

/// The parameters that the `AlgorithmIdentifier` announces: MGF1 over the same hash, a salt as long as the hash
/// (RFC 4055 section 3.1).
fn pss(digest: DigestAlgorithm) -> PkcsPssParams {
    let (hash_alg, mgf, salt_bytes) = match digest {
        DigestAlgorithm::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256, 32_u64),
        DigestAlgorithm::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384, 48),
        DigestAlgorithm::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512, 64),
    };
    PkcsPssParams {
        hash_alg,
        mgf,
        s_len: salt_bytes.into(),
    }
}

/// Checks the length, which every algorithm fixes, and turns the token's `r || s` into DER.
fn to_x509_form(algorithm: SignatureAlgorithm, key: KeyAlgorithm, raw: Vec<u8>) -> Result<Vec<u8>> {
    let refuse = |rule| Error::SignatureForm {
        algorithm,
        length: raw.len(),
        rule,
    };
    let length = match key {
        KeyAlgorithm::EcdsaP256 => return ecdsa_to_der(&raw, 32).map_err(refuse),
        KeyAlgorithm::EcdsaP384 => return ecdsa_to_der(&raw, 48).map_err(refuse),
        KeyAlgorithm::EcdsaP521 => return ecdsa_to_der(&raw, 66).map_err(refuse),
        KeyAlgorithm::Rsa2048 => 256,
        KeyAlgorithm::Rsa3072 => 384,
        KeyAlgorithm::Rsa4096 => 512,
        KeyAlgorithm::Ed25519 => 64,
        // FIPS 204 table 2.
        KeyAlgorithm::MlDsa44 => 2420,
        KeyAlgorithm::MlDsa65 => 3309,
        KeyAlgorithm::MlDsa87 => 4627,
    };
    if raw.len() == length {
        Ok(raw)
    } else {
        Err(refuse("it has not the length that the key demands"))
    }
}

/// PKCS#11 returns two integers of the order's length each (v3.1 section 6.3.1); X.509 carries
/// `Ecdsa-Sig-Value` in DER (RFC 3279 section 2.2.3).
fn ecdsa_to_der(raw: &[u8], width: usize) -> std::result::Result<Vec<u8>, &'static str> {
    let halves = raw.split_at_checked(width).filter(|(_, s)| s.len() == width);
    let (r, s) = halves.ok_or("it is not two integers as wide as the curve's order")?;
    if [r, s].iter().any(|half| half.iter().all(|octet| *octet == 0)) {
        return Err("r and s must not be zero (SEC 1 section 4.1.3)");
    }
    Ok(write::sequence(&[&write::unsigned(r), &write::unsigned(s)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_raw_mechanism_is_preferred_and_the_combined_one_serves_where_only_it_exists() {
        let both: Mechanisms = [MechanismType::ECDSA_SHA256, MechanismType::ECDSA]
            .into_iter()
            .collect();
        let only: Mechanisms = [MechanismType::ECDSA_SHA256].into_iter().collect();
        let recipe = Recipe::choose(SignatureAlgorithm::EcdsaSha256, &both, "t").unwrap();
        assert_eq!(recipe.mechanism_name(), "CKM_ECDSA");
        let recipe = Recipe::choose(SignatureAlgorithm::EcdsaSha256, &only, "t").unwrap();
        assert_eq!(recipe.mechanism_name(), "CKM_ECDSA_SHA256");
        assert_eq!(mechanism(recipe.algorithm, recipe.way).unwrap().0, Input::Message);
        let missing = Recipe::choose(SignatureAlgorithm::RsaPssSha384, &both, "t").unwrap_err();
        assert!(
            missing
                .to_string()
                .contains("CKM_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS"),
            "{missing}"
        );
    }

    #[test]
    fn every_signature_of_the_list_has_a_way() {
        for algorithm in SignatureAlgorithm::ALL {
            let (_, raw) = mechanism(algorithm, Way::Raw).unwrap();
            let offered = [raw.mechanism_type()].into_iter().collect();
            assert_eq!(Recipe::choose(algorithm, &offered, "t").unwrap().way, Way::Raw);
        }
    }

    #[test]
    fn r_and_s_become_minimal_positive_integers() {
        let mut raw = [0_u8; 64];
        raw[0] = 0x80;
        raw[63] = 1;
        let der = ecdsa_to_der(&raw, 32).unwrap();
        assert_eq!(der[..6], [0x30, 38, 2, 33, 0, 0x80]);
        assert_eq!(der[37..], [2, 1, 1]);
    }

    #[test]
    fn what_is_no_signature_is_refused_by_its_width() {
        for length in [0, 1, 63, 65, 96, 128] {
            assert!(ecdsa_to_der(&vec![1; length], 32).is_err(), "{length}");
        }
        assert!(ecdsa_to_der(&[0; 64], 32).is_err());
        assert!(ecdsa_to_der(&[[1; 32], [0; 32]].concat(), 32).is_err());
        let refused = to_x509_form(
            SignatureAlgorithm::RsaPssSha256,
            KeyAlgorithm::Rsa2048,
            vec![1; 255],
        );
        assert!(matches!(refused, Err(Error::SignatureForm { length: 255, .. })));
        assert!(to_x509_form(SignatureAlgorithm::MlDsa65, KeyAlgorithm::MlDsa65, vec![1; 3309]).is_ok());
    }
}
