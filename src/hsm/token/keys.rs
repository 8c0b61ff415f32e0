//! Keys on a token: made, found, checked, destroyed.
//!
//! Works on any logged-in session, so that [`super::Token`] and the session pool share one way.

use cryptoki::error::{Error as Binding, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use pki::algorithm::KeyAlgorithm;
use pki::asn1::{tag, write};

use super::{CheckedPair, Keys, NewPair, attributes, public_key};
use crate::inventory::{KeyEntry, Material};
use crate::key::{KeyId, hex};
use crate::{Error, Result};

/// How long a new key lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Until it is destroyed.
    Token,
    /// Until the session ends: the probe's throw-away keys.
    Session,
}

/// What an inventory entry turned out to be.
pub(crate) struct Found {
    /// The pair, unless the key is a data key.
    pub(crate) pair: Option<CheckedPair>,
    /// The private or secret key.
    pub(crate) handle: ObjectHandle,
}

const PRIVATE: &str = "private key";
const PUBLIC: &str = "public key";
const SECRET: &str = "secret key";

pub(crate) fn generate_pair(keys: &Keys<'_>, new: &NewPair<'_>, lifetime: Lifetime) -> Result<CheckedPair> {
    refuse_taken(keys, new.id)?;
    let cannot = |reason: String| Error::CannotGenerate {
        token: keys.token.to_owned(),
        algorithm: new.algorithm.to_string(),
        reason,
    };
    if let Some(reason) = keys.quirks.cannot_generate {
        return Err(cannot(reason.to_owned()));
    }
    let mechanism =
        generation_mechanism(keys, new.algorithm).map_err(|missing| cannot(format!("it lacks {missing}")))?;
    let token = lifetime == Lifetime::Token;
    let private = private_template(new, token);
    let mut refusal = String::new();
    for parameters in parameters(new.algorithm) {
        let mut public = public_template(keys, new, token);
        public.extend(parameters);
        match keys.session.generate_key_pair(&mechanism, &public, &private) {
            Ok((public, private)) => return accept(keys, new, public, private),
            // The token does not know this way of naming the curve; it may know the next.
            Err(
                error @ Binding::Pkcs11(
                    RvError::DomainParamsInvalid
                    | RvError::CurveNotSupported
                    | RvError::AttributeValueInvalid
                    | RvError::TemplateInconsistent
                    | RvError::MechanismParamInvalid
                    | RvError::MechanismInvalid
                    | RvError::KeySizeRange,
                    _,
                ),
            ) => refusal = Error::from(error).to_string(),
            Err(error) => return Err(error.into()),
        }
    }
    Err(cannot(refusal))
}

/// A new pair is looked at before anyone learns of it; one that is not as demanded is destroyed again.
fn accept(
    keys: &Keys<'_>,
    new: &NewPair<'_>,
    public: ObjectHandle,
    private: ObjectHandle,
) -> Result<CheckedPair> {
    let checked = attributes::check(keys.session, keys.token, new.id, private)
        .and_then(|()| public_key::read(keys.session, keys.token, new.id, new.algorithm, public));
    match checked {
        Ok(public_key) => Ok(CheckedPair {
            id: new.id,
            public_key,
            private,
        }),
        Err(error) => {
            for object in [private, public] {
                if let Err(left) = keys.session.destroy_object(object) {
                    tracing::error!(id = %new.id, token = keys.token, %left, "a refused new key could not be destroyed");
                }
            }
            Err(error)
        }
    }
}

pub(crate) fn generate_data_key(
    keys: &Keys<'_>,
    id: KeyId,
    label: &str,
    lifetime: Lifetime,
) -> Result<ObjectHandle> {
    refuse_taken(keys, id)?;
    let cannot = |reason: String| Error::CannotGenerate {
        token: keys.token.to_owned(),
        algorithm: "aes-256".to_owned(),
        reason,
    };
    if let Some(reason) = keys.quirks.cannot_generate {
        return Err(cannot(reason.to_owned()));
    }
    if !keys.mechanisms.offers(MechanismType::AES_KEY_GEN) {
        return Err(cannot(format!("it lacks {}", MechanismType::AES_KEY_GEN)));
    }
    // It encrypts data keys that the host holds; CKA_WRAP would let it carry other keys out of the token.
    let template = [
        Attribute::Token(lifetime == Lifetime::Token),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
        Attribute::ValueLen(32_u64.into()),
        Attribute::Id(id.as_bytes().to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
    ];
    let key = keys.session.generate_key(&Mechanism::AesKeyGen, &template)?;
    if let Err(error) = attributes::check(keys.session, keys.token, id, key) {
        if let Err(left) = keys.session.destroy_object(key) {
            tracing::error!(%id, token = keys.token, %left, "a refused new key could not be destroyed");
        }
        return Err(error);
    }
    Ok(key)
}

/// The pair with this id, checked; `None` if neither half is there.
pub(crate) fn find_pair(keys: &Keys<'_>, id: KeyId, algorithm: KeyAlgorithm) -> Result<Option<CheckedPair>> {
    let private = only(keys, id, ObjectClass::PRIVATE_KEY, PRIVATE)?;
    let public = only(keys, id, ObjectClass::PUBLIC_KEY, PUBLIC)?;
    let missing = |class| Error::KeyMissing {
        token: keys.token.to_owned(),
        id,
        class,
    };
    let (private, public) = match (private, public) {
        (Some(private), Some(public)) => (private, public),
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(missing(PRIVATE)),
        (Some(_), None) => return Err(missing(PUBLIC)),
    };
    attributes::check(keys.session, keys.token, id, private)?;
    let public_key = public_key::read(keys.session, keys.token, id, algorithm, public)?;
    Ok(Some(CheckedPair {
        id,
        public_key,
        private,
    }))
}

/// The data key with this id, checked.
pub(crate) fn find_data_key(keys: &Keys<'_>, id: KeyId) -> Result<Option<ObjectHandle>> {
    let found = only(keys, id, ObjectClass::SECRET_KEY, SECRET)?;
    if let Some(key) = found {
        attributes::check(keys.session, keys.token, id, key)?;
    }
    Ok(found)
}

/// The key of an inventory entry: there, ours, and the one meant.
pub(crate) fn check(keys: &Keys<'_>, entry: &KeyEntry) -> Result<Found> {
    let missing = |class| Error::KeyMissing {
        token: keys.token.to_owned(),
        id: entry.id,
        class,
    };
    match entry.material {
        Material::Pair {
            algorithm,
            public_key_sha256,
            ..
        } => {
            let pair = find_pair(keys, entry.id, algorithm)?.ok_or_else(|| missing(PRIVATE))?;
            let found = pair.public_key.fingerprint();
            if found != public_key_sha256 {
                return Err(Error::KeyMismatch {
                    name: entry.name.clone(),
                    token: keys.token.to_owned(),
                    expected_by: "the inventory".to_owned(),
                    expected: hex(&public_key_sha256),
                    found: hex(&found),
                });
            }
            Ok(Found {
                handle: pair.private,
                pair: Some(pair),
            })
        }
        Material::Aes256 => {
            let handle = find_data_key(keys, entry.id)?.ok_or_else(|| missing(SECRET))?;
            Ok(Found { pair: None, handle })
        }
    }
}

/// Destroys every object with this id.
pub(crate) fn destroy(session: &Session, id: KeyId) -> Result<usize> {
    let objects = session.find_objects(&[Attribute::Id(id.as_bytes().to_vec())])?;
    for object in &objects {
        session.destroy_object(*object)?;
    }
    Ok(objects.len())
}

/// At most one object of this id and class: labels are not unique and neither are ids, so it is counted.
fn only(keys: &Keys<'_>, id: KeyId, class: ObjectClass, name: &'static str) -> Result<Option<ObjectHandle>> {
    let found = keys
        .session
        .find_objects(&[Attribute::Id(id.as_bytes().to_vec()), Attribute::Class(class)])?;
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        several => Err(Error::KeyAmbiguous {
            token: keys.token.to_owned(),
            id,
            class: name,
            hits: several.len(),
        }),
    }
}

fn refuse_taken(keys: &Keys<'_>, id: KeyId) -> Result<()> {
    let taken = keys
        .session
        .find_objects(&[Attribute::Id(id.as_bytes().to_vec())])?;
    if taken.is_empty() {
        Ok(())
    } else {
        Err(Error::KeyExists {
            token: keys.token.to_owned(),
            id,
        })
    }
}

/// The mechanism that makes such a key, or the name of the one that is missing.
fn generation_mechanism(
    keys: &Keys<'_>,
    algorithm: KeyAlgorithm,
) -> std::result::Result<Mechanism<'static>, String> {
    let standard = match algorithm {
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::EcdsaP521 => {
            Mechanism::EccKeyPairGen
        }
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => Mechanism::RsaPkcsKeyPairGen,
        KeyAlgorithm::Ed25519 => Mechanism::EccEdwardsKeyPairGen,
        KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => Mechanism::MlDsaKeyPairGen,
    };
    if keys.mechanisms.offers(standard.mechanism_type()) {
        return Ok(standard);
    }
    match keys
        .quirks
        .rsa_generation_mechanism()
        .filter(|_| algorithm.modulus_bits().is_some())
    {
        Some(vendor) => Ok(Mechanism::VendorDefined(
            cryptoki::mechanism::vendor_defined::VendorDefinedMechanism::new::<()>(vendor, None),
        )),
        None => Err(standard.mechanism_type().to_string()),
    }
}

fn private_template(new: &NewPair<'_>, token: bool) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Token(token),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Id(new.id.as_bytes().to_vec()),
        Attribute::Label(new.label.as_bytes().to_vec()),
    ];
    // A signing key does nothing else; some tokens would allow the rest by default.
    match new.algorithm {
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
            template.extend([Attribute::Decrypt(false), Attribute::Unwrap(false)]);
        }
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::EcdsaP521 => {
            template.push(Attribute::Derive(false));
        }
        KeyAlgorithm::Ed25519 | KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => {}
    }
    template
}

fn public_template(keys: &Keys<'_>, new: &NewPair<'_>, token: bool) -> Vec<Attribute> {
    vec![
        Attribute::Token(token),
        Attribute::Private(keys.quirks.private_public_keys),
        Attribute::Verify(true),
        Attribute::Id(new.id.as_bytes().to_vec()),
        Attribute::Label(new.label.as_bytes().to_vec()),
    ]
}

/// What names curve or size, in each form that tokens are known to take, best first.
fn parameters(algorithm: KeyAlgorithm) -> Vec<Vec<Attribute>> {
    match algorithm {
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::EcdsaP521 => algorithm
            .curve()
            .map(|curve| vec![Attribute::EcParams(write::object_identifier(curve))])
            .into_iter()
            .collect(),
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
            // Unwrap: a modulus has at most 4096 bits.
            let bits = algorithm
                .modulus_bits()
                .and_then(|bits| u64::try_from(bits).ok())
                .unwrap_or_default();
            vec![vec![
                Attribute::KeyType(KeyType::RSA),
                Attribute::ModulusBits(bits.into()),
                Attribute::PublicExponent(vec![1, 0, 1]),
            ]]
        }
        // The curve's name, its object identifier of RFC 8410, and GnuPG's older one (PKCS#11 v3.1 section 6.3.4
        // allows name and identifier).
        KeyAlgorithm::Ed25519 => vec![
            vec![Attribute::EcParams(write::value(
                tag::PRINTABLE_STRING,
                b"edwards25519",
            ))],
            vec![Attribute::EcParams(write::object_identifier(
                pki::oid::algorithm::ED25519,
            ))],
            vec![Attribute::EcParams(vec![
                6, 9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1,
            ])],
        ],
        KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => {
            public_key::ml_dsa_set(algorithm)
                .map(|set| vec![Attribute::ParameterSet(set.into())])
                .into_iter()
                .collect()
        }
    }
}
