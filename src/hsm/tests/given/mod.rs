//! What the tests on real tokens start from.

use std::sync::Arc;

use hsm::inventory::{KeyEntry, Material};
use hsm::key::{KeyId, Purpose};
use hsm::pin::{Pin, PinSource};
use hsm::token::{Caution, NewPair, Token, TokenSettings};
use pki::algorithm::KeyAlgorithm;
use pki::public_key::PublicKey;

/// An open token.
pub(crate) fn open(settings: &TokenSettings) -> Arc<Token> {
    Arc::new(Token::open(settings, Caution::Careful).unwrap())
}

/// The same token with another PIN.
pub(crate) fn with_pin(settings: &TokenSettings, pin: &str) -> TokenSettings {
    TokenSettings {
        pin: PinSource::Given(Pin::new(Box::from(pin))),
        ..settings.clone()
    }
}

/// A new key pair.
pub(crate) fn new_pair(token: &Token, algorithm: KeyAlgorithm) -> (KeyId, PublicKey) {
    let id = token.new_key_id().unwrap();
    let new = NewPair {
        id,
        label: "test",
        algorithm,
    };
    (id, token.generate_pair(&new).unwrap())
}

/// The inventory entry of a key pair.
pub(crate) fn entry(name: &str, token: &str, id: KeyId, public_key: &PublicKey) -> KeyEntry {
    KeyEntry {
        name: name.to_owned(),
        token: token.to_owned(),
        id,
        material: Material::Pair {
            algorithm: public_key.algorithm(),
            signature: public_key.algorithm().default_signature(),
            public_key_sha256: public_key.fingerprint(),
        },
        purposes: vec![Purpose::Certificate],
        certificate: None,
        budget: None,
    }
}
