//! The keys that this machine has: those in its inventories, and those that the running ceremony made.

use std::path::Path;
use std::sync::Arc;

use hsm::direct::TokenKey;
use hsm::inventory::{Inventory, KeyEntry, Material};
use hsm::key::{KeyId, Purpose};
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::public_key::PublicKey;

use crate::canonical::Hash;
use crate::key_name::KeyName;
use crate::office::Office;
use crate::script::KeyReference;
use crate::tokens::Tokens;
use crate::transcript::Transcript;
use crate::transcript::act::{Act, GenerateKey};
use crate::{Error, Result};

/// A key in one of this machine's tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldKey {
    pub(crate) name: KeyName,
    pub(crate) token: String,
    pub(crate) id: KeyId,
    pub(crate) pair: Option<Pair>,
    pub(crate) purposes: Vec<Purpose>,
}

/// The public side of a key that signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) algorithm: KeyAlgorithm,
    pub(crate) signature: SignatureAlgorithm,
    pub(crate) public_key: Hash,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    keys: Vec<HeldKey>,
}

impl Ring {
    /// Collects the keys of both inventories and of the steps that are done.
    pub(crate) fn collect(office: &Office, transcript: &Transcript) -> Result<Self> {
        let mut ring = Self::default();
        for path in [office.inventory(), office.offline_inventory()] {
            for entry in read_inventory(&path)?.keys {
                if let Ok(name) = entry.name.parse() {
                    ring.add(of_entry(name, entry));
                }
            }
        }
        for (act, done) in transcript.acts_done() {
            if let Act::GenerateKey(act) = act {
                let public_key = done.public_key.as_ref().map(|spki| Hash::of(&spki.0));
                ring.add(of_act(act, public_key)?);
            }
        }
        Ok(ring)
    }

    /// A key that the ceremony made and recorded stands in both places.
    fn add(&mut self, key: HeldKey) {
        self.keys.retain(|known| known.name != key.name);
        self.keys.push(key);
    }

    /// The newest generation of a name, if there is any.
    pub(crate) fn newest(&self, name: &str) -> Option<&HeldKey> {
        self.keys
            .iter()
            .filter(|key| key.name.name == name)
            .max_by_key(|key| key.name.generation)
    }

    /// The key of exactly this name.
    pub(crate) fn key(&self, name: &KeyName) -> Result<&HeldKey> {
        self.keys
            .iter()
            .find(|key| key.name == *name)
            .ok_or_else(|| self.missing(&name.to_string()))
    }

    /// The key that a script means.
    pub(crate) fn resolve(&self, reference: &KeyReference) -> Result<&HeldKey> {
        let newest = self
            .newest(&reference.name)
            .ok_or_else(|| self.missing(&reference.to_string()))?;
        if !reference.previous {
            return Ok(newest);
        }
        self.keys
            .iter()
            .filter(|key| key.name.name == reference.name && key.name.generation < newest.name.generation)
            .max_by_key(|key| key.name.generation)
            .ok_or_else(|| self.missing(&reference.to_string()))
    }

    fn missing(&self, name: &str) -> Error {
        Error::NoKey {
            name: name.to_owned(),
            known: self.keys.iter().map(|key| key.name.to_string()).collect(),
        }
    }
}

impl HeldKey {
    /// The pair's public side; a data key has none.
    pub(crate) fn pair(&self) -> Result<Pair> {
        self.pair.ok_or_else(|| Error::NotAPair {
            name: self.name.to_string(),
        })
    }

    /// Opens the key in its token; it must be the one that was recorded.
    pub(crate) fn open(&self, tokens: &Tokens) -> Result<TokenKey> {
        let pair = self.pair()?;
        let token = tokens.token(&self.token)?;
        let entry = KeyEntry {
            name: self.name.to_string(),
            token: self.token.clone(),
            id: self.id,
            material: pair.to_material(),
            purposes: self.purposes.clone(),
            certificate: None,
            budget: None,
        };
        Ok(TokenKey::of_entry(&Arc::clone(&token), &entry)?)
    }

    /// The public key, read from the token.
    pub(crate) fn public_key(&self, tokens: &Tokens) -> Result<PublicKey> {
        use pki::signing::Signer as _;
        Ok(self.open(tokens)?.public_key().clone())
    }
}

impl Pair {
    pub(crate) const fn to_material(self) -> Material {
        Material::Pair {
            algorithm: self.algorithm,
            signature: self.signature,
            public_key_sha256: *self.public_key.as_bytes(),
        }
    }
}

/// An inventory that does not exist yet is empty.
pub(crate) fn read_inventory(path: &Path) -> Result<Inventory> {
    if path.exists() {
        Ok(Inventory::read(path)?)
    } else {
        Ok(Inventory::default())
    }
}

fn of_entry(name: KeyName, entry: KeyEntry) -> HeldKey {
    let pair = match entry.material {
        Material::Pair {
            algorithm,
            signature,
            public_key_sha256,
        } => Some(Pair {
            algorithm,
            signature,
            public_key: Hash::from_bytes(public_key_sha256),
        }),
        Material::Aes256 => None,
    };
    HeldKey {
        name,
        token: entry.token,
        id: entry.id,
        pair,
        purposes: entry.purposes,
    }
}

fn of_act(act: &GenerateKey, public_key: Option<Hash>) -> Result<HeldKey> {
    let pair = match (public_key, act.material()?) {
        (Some(public_key), Some((algorithm, signature))) => Some(Pair {
            algorithm,
            signature,
            public_key,
        }),
        _ => None,
    };
    Ok(HeldKey {
        name: act.key.clone(),
        token: act.token.clone(),
        id: act.id,
        pair,
        purposes: act.purposes.clone(),
    })
}

impl GenerateKey {
    /// The kind of pair, or nothing for AES.
    pub(crate) fn material(&self) -> Result<Option<(KeyAlgorithm, SignatureAlgorithm)>> {
        let wrong = |source| Error::Pki {
            what: format!("key {} in the transcript", self.key),
            source,
        };
        match &self.signature {
            None => Ok(None),
            Some(signature) => Ok(Some((
                self.kind.parse().map_err(wrong)?,
                signature.parse().map_err(wrong)?,
            ))),
        }
    }
}
