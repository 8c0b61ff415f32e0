//! The keys of the inventory as the signer knows them: allowed purposes, budget, and whether they are usable.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use pki::certificate::Certificate;
use pki::name::Name;
use pki::public_key::PublicKey;
use pki::signing::SignedStructure as _;
use pki::statement::Owner;

use super::token::TokenSlot;
use crate::inventory::{Inventory, KeyEntry};
use crate::key::hex;
use crate::pool::PoolKey;
use crate::signer::budget::Bucket;
use crate::signer::protocol::{BudgetStatus, KeyState, KeyStatus};
use crate::signer::{lock, rule};
use crate::{Error, Result};

/// A key of the inventory.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) entry: KeyEntry,
    /// `None` where the token is not configured: an offline one, whose keys sign elsewhere.
    pub(super) token: Option<Arc<TokenSlot>>,
    /// Set once, when the key was found and compared.
    ready: OnceLock<Ready>,
    /// Why it is not ready.
    problem: Mutex<String>,
    certificate: Option<Result<Certificate>>,
    pub(super) bucket: Option<Bucket>,
    pub(super) max_message_bytes: usize,
}

/// What is known of a key that was found on its token.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) key: PoolKey,
    pub(super) owner: Owner,
}

/// All keys, by name and in the order of the inventory.
#[derive(Debug)]
pub(super) struct Keyring {
    by_name: HashMap<String, Arc<Key>>,
    in_order: Vec<Arc<Key>>,
}

impl Keyring {
    /// Takes the inventory over; certificates are read now, because their files are out of reach later.
    pub(super) fn new(inventory: Inventory, folder: &Path, tokens: &[Arc<TokenSlot>], now: Instant) -> Self {
        let mut in_order = Vec::new();
        for entry in inventory.keys {
            let token = tokens.iter().find(|token| token.label() == entry.token).cloned();
            let problem = if token.is_some() {
                "its token is being opened".to_owned()
            } else {
                tracing::info!(
                    "key {}: token {} is not configured here; it stays unused",
                    entry.name,
                    entry.token
                );
                format!("its token {} is not configured here", entry.token)
            };
            in_order.push(Arc::new(Key {
                ready: OnceLock::new(),
                problem: Mutex::new(problem),
                certificate: entry
                    .certificate
                    .as_deref()
                    .map(|path| read_certificate(&folder.join(path))),
                bucket: entry.budget.map(|budget| Bucket::full(budget, now)),
                max_message_bytes: rule::max_message_bytes(&entry.purposes),
                entry,
                token,
            }));
        }
        let by_name = in_order
            .iter()
            .map(|key| (key.entry.name.clone(), Arc::clone(key)))
            .collect();
        Self { by_name, in_order }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Key>> {
        self.by_name.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.in_order.iter()
    }
}

impl Key {
    /// What is needed to sign, or why the key does not.
    pub(super) fn ready(&self) -> std::result::Result<&Ready, String> {
        self.ready.get().ok_or_else(|| lock(&self.problem).clone())
    }

    /// Compares the key found on the token with its certificate and, if they belong together, makes it usable.
    pub(super) fn found(&self, key: PoolKey, public_key: &PublicKey) {
        match self.name_under(public_key) {
            Ok(name) => {
                let Some(signature) = self.entry.signature() else {
                    return self.unusable(&Error::NotASigningKey {
                        name: self.entry.name.clone(),
                    });
                };
                let owner = Owner::new(public_key.clone(), signature, name);
                tracing::info!("{}", self.describe(&owner));
                // A second start of the pool would find the same key: the first answer stays.
                let _ = self.ready.set(Ready { key, owner });
            }
            Err(error) => self.unusable(&error),
        }
    }

    /// Notes why the key is not usable; says so once.
    pub(super) fn unusable(&self, reason: &Error) {
        let reason = reason.to_string();
        let mut problem = lock(&self.problem);
        if *problem != reason {
            tracing::error!("key {}: NOT usable: {reason}", self.entry.name);
            *problem = reason;
        }
    }

    /// A data key is there to wrap, not to sign.
    pub(super) fn is_data_key(&self) -> bool {
        self.entry.algorithm().is_none()
    }

    pub(super) fn status(&self, now: Instant) -> KeyStatus {
        let ready = self.ready.get();
        KeyStatus {
            name: self.entry.name.clone(),
            token: self.entry.token.clone(),
            algorithm: self.entry.algorithm().zip(self.entry.signature()),
            purposes: self.entry.purposes.clone(),
            public_key: ready
                .map(|ready| ready.owner.public_key().spki_der().to_vec())
                .unwrap_or_default(),
            state: match self.ready() {
                Ok(_) => KeyState::Ready,
                Err(_) if self.is_data_key() && self.token.as_ref().is_some_and(|token| token.is_open()) => {
                    KeyState::Ready
                }
                Err(reason) => KeyState::Unusable { reason },
            },
            budget: self.bucket.as_ref().map(|bucket| BudgetStatus {
                limit: bucket.budget().signatures,
                per: bucket.budget().per,
                left: bucket.left(now),
            }),
        }
    }

    /// The subject of the key's certificate, which must be the certificate of this very key.
    fn name_under(&self, found: &PublicKey) -> Result<Option<Name>> {
        let certificate = match &self.certificate {
            None => return Ok(None),
            Some(Ok(certificate)) => certificate.content(),
            Some(Err(error)) => return Err(error.clone()),
        };
        if certificate.public_key == *found {
            return Ok(Some(certificate.subject.clone()));
        }
        Err(Error::KeyMismatch {
            name: self.entry.name.clone(),
            token: self.entry.token.clone(),
            expected_by: "its certificate".to_owned(),
            expected: hex(&certificate.public_key.fingerprint()),
            found: hex(&found.fingerprint()),
        })
    }

    /// One line for people.
    fn describe(&self, owner: &Owner) -> String {
        let purposes: Vec<&str> = self.entry.purposes.iter().map(|purpose| purpose.name()).collect();
        let budget = self.entry.budget.map_or_else(
            || "no budget".to_owned(),
            |budget| format!("at most {} per {}", budget.signatures, budget.per.name()),
        );
        format!(
            "key {}: {} on token {}, signs {} with {}, {budget}, certificate {}",
            self.entry.name,
            owner.public_key().algorithm(),
            self.entry.token,
            purposes.join(" and "),
            owner.signature(),
            owner
                .name()
                .map_or_else(|| "none yet".to_owned(), |name| format!("of {name}")),
        )
    }
}

fn read_certificate(path: &Path) -> Result<Certificate> {
    let failed = |reason: String| Error::File {
        path: path.to_owned(),
        action: "read the certificate",
        reason,
    };
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let parsed = match std::str::from_utf8(&bytes) {
        Ok(text) if text.contains("-----BEGIN") => Certificate::from_pem(text),
        _ => Certificate::parse(&bytes),
    };
    parsed.map_err(|error| failed(error.to_string()))
}
