//! A key pair on a token as a [`Signer`], without a pool or a process between: for the ceremony and for tests.

use std::sync::Arc;

use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::public_key::PublicKey;
use pki::signing::{Signer, Signing};

use crate::inventory::{KeyEntry, Material};
use crate::key::{KeyId, hex};
use crate::mechanism::Recipe;
use crate::token::{CheckedPair, Token};
use crate::{Error, Result};

/// A key pair on an open token.
///
/// Signing blocks the calling thread while the token works; callers on an async runtime use the signer process.
/// Signatures take turns on the token's one session. They are not verified here: [`pki::signing::Unsigned::sign`]
/// verifies whatever it is given.
#[derive(Debug)]
pub struct TokenKey {
    token: Arc<Token>,
    pair: CheckedPair,
    algorithm: SignatureAlgorithm,
    recipe: Recipe,
}

impl TokenKey {
    /// The pair with this id; its attributes are checked, its public half is read from the token.
    pub fn open(
        token: &Arc<Token>,
        id: KeyId,
        kind: KeyAlgorithm,
        algorithm: SignatureAlgorithm,
    ) -> Result<Self> {
        if !algorithm.suits(kind) {
            return Err(Error::AlgorithmMismatch {
                key: kind,
                signature: algorithm,
            });
        }
        let pair = token.find_pair(id, kind)?.ok_or_else(|| Error::KeyMissing {
            token: token.info().label.clone(),
            id,
            class: "private key",
        })?;
        let recipe = token.recipe(algorithm)?;
        Ok(Self {
            token: Arc::clone(token),
            pair,
            algorithm,
            recipe,
        })
    }

    /// The pair of an inventory entry; its public half must be the one that the entry announces.
    pub fn of_entry(token: &Arc<Token>, entry: &KeyEntry) -> Result<Self> {
        let Material::Pair {
            algorithm,
            signature,
            public_key_sha256,
        } = entry.material
        else {
            return Err(Error::NotASigningKey {
                name: entry.name.clone(),
            });
        };
        let key = Self::open(token, entry.id, algorithm, signature)?;
        let found = key.pair.public_key.fingerprint();
        if found == public_key_sha256 {
            Ok(key)
        } else {
            Err(Error::KeyMismatch {
                name: entry.name.clone(),
                token: token.info().label.clone(),
                expected_by: "the inventory".to_owned(),
                expected: hex(&public_key_sha256),
                found: hex(&found),
            })
        }
    }

    /// Its id on the token.
    pub const fn id(&self) -> KeyId {
        self.pair.id
    }

    /// Signs a message; the form is checked, the signature is not yet verified.
    pub fn sign_blocking(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.token.sign(&self.pair, self.recipe, message)
    }
}

impl Signer for TokenKey {
    fn public_key(&self) -> &PublicKey {
        &self.pair.public_key
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a> {
        Box::pin(async move { self.sign_blocking(message).map_err(|error| error.to_sign_error()) })
    }
}
