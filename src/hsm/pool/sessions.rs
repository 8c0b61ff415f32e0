//! Opening a session on the pool's token: select, log in, find the keys once and share their handles.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::public_key::PublicKey;

use crate::inventory::{KeyEntry, Material};
use crate::mechanism::{Mechanisms, Recipe};
use crate::module::{Lease, Module};
use crate::pin::PinSource;
use crate::quirks::Quirks;
use crate::token::{self, Caution, Keys, TokenInfo, TokenSettings};
use crate::{Error, Result};

/// How long to wait for others to leave the module.
pub(super) const RESTART_PATIENCE: Duration = Duration::from_secs(2);

/// Before a key that was not there is sought again; a search asks the token for every object it has.
const SEEK_AGAIN: Duration = Duration::from_secs(1);

/// A key of the pool.
pub(super) struct Key {
    pub(super) entry: KeyEntry,
    /// `None` for a data key, which is checked and signs nothing.
    pub(super) signing: Option<Signing>,
}

/// How a key signs.
pub(super) struct Signing {
    pub(super) kind: KeyAlgorithm,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) recipe: Recipe,
    pub(super) public_key: PublicKey,
}

/// The token that a pool serves, and what is known of it. Selected once, then held to its serial number.
pub(super) struct Place {
    module: Module,
    token: TokenInfo,
    pin: PinSource,
    quirks: Quirks,
    mechanisms: Mechanisms,
    keys: Vec<Key>,
    handles: Mutex<Arc<Handles>>,
}

/// Handles of the keys, found by one session and used by all: a handle is valid for every session of the process
/// (PKCS#11 v3.1 section 4.4), until a login or a restart.
pub(super) struct Handles {
    epoch: Epoch,
    restarts: u64,
    found: Instant,
    /// In the order of [`Place::keys`].
    keys: Vec<Result<ObjectHandle>>,
}

/// One finding of the handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Epoch(u64);

/// An open, logged-in session and the handles that go with it. The session is dropped before the lease.
pub(super) struct Live {
    pub(super) session: Session,
    handles: Arc<Handles>,
    _lease: Lease,
}

impl Live {
    /// The handle of a key, or why it could not be found.
    pub(super) fn handle(&self, key: usize) -> std::result::Result<ObjectHandle, Unfound> {
        let found = self.handles.keys.get(key);
        match found {
            Some(Ok(handle)) => Ok(*handle),
            Some(Err(error)) => Err(Unfound {
                error: Box::new(error.clone()),
                seek_again: self.handles.found.elapsed() > SEEK_AGAIN,
            }),
            None => {
                let error = Error::UnknownKey {
                    name: format!("number {key}"),
                    known: Vec::new(),
                };
                Err(Unfound {
                    error: Box::new(error),
                    seek_again: false,
                })
            }
        }
    }

    /// Which finding its handles come from.
    pub(super) fn epoch(&self) -> Epoch {
        self.handles.epoch
    }
}

/// A key that was not found as it should be.
pub(super) struct Unfound {
    pub(super) error: Box<Error>,
    /// It was sought long enough ago to look again.
    pub(super) seek_again: bool,
}

impl Place {
    /// Opens the first session and checks every key; any fault of any key refuses the start.
    pub(super) fn open(
        settings: &TokenSettings,
        keys: &[KeyEntry],
        caution: Caution,
    ) -> Result<(Self, Live)> {
        let module = Module::load(&settings.module)?;
        let first = Self::try_open(&module, settings, keys, caution);
        let unseen = matches!(&first, Err(failure) if failure.may_be_unseen());
        let opened = if unseen {
            module.restart(RESTART_PATIENCE)?;
            Self::try_open(&module, settings, keys, caution)
        } else {
            first
        };
        opened.map_err(|failure| *failure.error)
    }

    fn try_open(
        module: &Module,
        settings: &TokenSettings,
        entries: &[KeyEntry],
        caution: Caution,
    ) -> std::result::Result<(Self, Live), Failure> {
        let module_info = module.info()?;
        let lease = module.lease();
        let (slot, token) = token::select(&lease, &settings.label, settings.serial.as_deref())?;
        let quirks = Quirks::of(&module_info, &token);
        if quirks.login_alone {
            module.demand_lonely_logins();
        }
        let fail = |error: Error| Failure {
            error: Box::new(error),
            quirks,
        };
        let mechanisms: Mechanisms = lease
            .library()
            .get_mechanism_list(slot)
            .map_err(|error| fail(error.into()))?
            .into_iter()
            .collect();
        let session = token::open_session(&lease, slot, &quirks).map_err(fail)?;
        let pin = token::PinOnce::new(&settings.pin);
        token::log_in(&lease, slot, &session, &pin, caution).map_err(fail)?;
        let at = Keys {
            session: &session,
            token: &token.label,
            mechanisms: &mechanisms,
            quirks: &quirks,
        };
        let mut keys = Vec::new();
        let mut handles = Vec::new();
        for entry in entries.iter().filter(|entry| entry.token == token.label) {
            let (key, handle) = check(&at, entry).map_err(fail)?;
            keys.push(key);
            handles.push(Ok(handle));
        }
        let handles = Arc::new(Handles {
            epoch: Epoch(0),
            restarts: module.restarts(),
            found: Instant::now(),
            keys: handles,
        });
        // Kept for logging in again after a reset; a token with its own keypad is asked again.
        let pin = pin
            .into_read()
            .map_or_else(|| settings.pin.clone(), PinSource::Given);
        let place = Self {
            module: module.clone(),
            token,
            pin,
            quirks,
            mechanisms,
            keys,
            handles: Mutex::new(Arc::clone(&handles)),
        };
        Ok((
            place,
            Live {
                session,
                handles,
                _lease: lease,
            },
        ))
    }

    pub(super) const fn module(&self) -> &Module {
        &self.module
    }

    pub(super) const fn token(&self) -> &TokenInfo {
        &self.token
    }

    pub(super) const fn quirks(&self) -> &Quirks {
        &self.quirks
    }

    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// How many sessions to use: what is wished, as far as token and vendor allow.
    pub(super) fn sessions(&self, wished: usize) -> usize {
        let token = self
            .token
            .max_sessions
            .and_then(|max| usize::try_from(max).ok())
            .filter(|max| *max > 0);
        let limits = [token, self.quirks.max_sessions];
        limits.into_iter().flatten().fold(wished, usize::min).max(1)
    }

    /// A new session on the same token; the PIN was accepted before. `stale` are handles that the token did not
    /// know any more, if that was the trouble.
    pub(super) fn reopen(&self, stale: Option<Epoch>) -> Result<Live> {
        let lease = self.module.lease();
        let call = self.module.during_call();
        let (slot, _) = token::select(&lease, &self.token.label, Some(&self.token.serial))?;
        let session = token::open_session(&lease, slot, &self.quirks)?;
        drop(call);
        let pin = token::PinOnce::new(&self.pin);
        let logged_in = token::log_in(&lease, slot, &session, &pin, Caution::Proven)?;
        let mut shared = self.shared_handles();
        let _call = self.module.during_call();
        if logged_in || shared.restarts != self.module.restarts() || stale == Some(shared.epoch) {
            *shared = Arc::new(self.find(&session, shared.epoch)?);
        }
        let handles = Arc::clone(&shared);
        Ok(Live {
            session,
            handles,
            _lease: lease,
        })
    }

    /// Checks all keys again: after a reset, another token may carry the same label. A key that is not as it should
    /// be only fails itself; a call that fails says nothing about keys and fails the search.
    fn find(&self, session: &Session, last: Epoch) -> Result<Handles> {
        let at = Keys {
            session,
            token: &self.token.label,
            mechanisms: &self.mechanisms,
            quirks: &self.quirks,
        };
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            match check(&at, &key.entry) {
                Err(error @ (Error::Pkcs11 { .. } | Error::Binding { .. })) => return Err(error),
                // A private key is not seen either when somebody logged the token out during the search.
                Err(Error::KeyMissing { .. }) if !token::is_logged_in(session, &self.token)? => {
                    return Err(Error::LoggedOut {
                        token: self.token.label.clone(),
                    });
                }
                Ok((_, handle)) => keys.push(Ok(handle)),
                Err(error) => keys.push(Err(error)),
            }
        }
        Ok(Handles {
            epoch: Epoch(last.0 + 1),
            restarts: self.module.restarts(),
            found: Instant::now(),
            keys,
        })
    }

    /// Held while the keys are sought, so that they are sought once and not by every worker.
    fn shared_handles(&self) -> MutexGuard<'_, Arc<Handles>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a place could not be opened, and what is known of the token all the same.
struct Failure {
    error: Box<Error>,
    quirks: Quirks,
}

impl Failure {
    /// Whether the missing key may be there all the same, made by another process since the module started.
    fn may_be_unseen(&self) -> bool {
        self.quirks.restart_finds_keys && matches!(*self.error, Error::KeyMissing { .. })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error: Box::new(error),
            quirks: Quirks::NONE,
        }
    }
}

fn check(at: &Keys<'_>, entry: &KeyEntry) -> Result<(Key, ObjectHandle)> {
    let found = token::check(at, entry)?;
    let signing = match (entry.material, found.pair) {
        (
            Material::Pair {
                algorithm: kind,
                signature,
                ..
            },
            Some(pair),
        ) => Some(Signing {
            kind,
            algorithm: signature,
            recipe: Recipe::choose(signature, at.mechanisms, at.token)?,
            public_key: pair.public_key,
        }),
        _ => None,
    };
    Ok((
        Key {
            entry: entry.clone(),
            signing,
        },
        found.handle,
    ))
}
