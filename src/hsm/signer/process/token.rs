//! One token of the signer: opened at the start, tried again while it is missing, watched while it works.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use super::keyring::{Key, Keyring};
use super::reply::{Answers, Tag};
use super::stop::Stop;
use super::work::Pace;
use crate::inventory::KeyEntry;
use crate::module::Module;
use crate::pool::{Job, Pool, PoolOptions, Rejected};
use crate::quirks::Quirks;
use crate::signer::lock;
use crate::signer::protocol::TokenStatus;
use crate::token::{Caution, Token, TokenSettings};
use crate::{Error, Result};

/// Between two attempts to open a token that is missing.
const TRY_EVERY: Duration = Duration::from_millis(500);

/// Between two looks at a token whose PIN was refused: nothing is tried, a person must act.
const TRY_EVERY_PIN: Duration = Duration::from_secs(30);

/// Between two restarts of a module that others use, to find a missing token.
const RESTART_EVERY_SHARED: Duration = Duration::from_secs(30);

/// How long a restart waits for others to leave the module.
const RESTART_PATIENCE: Duration = Duration::from_secs(2);

/// A token and, once it was opened, its pool of sessions.
pub(super) struct TokenSlot {
    settings: TokenSettings,
    options: PoolOptions,
    pool: RwLock<Option<Pool<Tag>>>,
    opening: Mutex<Opening>,
    pace: Arc<Pace>,
}

#[derive(Default)]
struct Opening {
    /// When the attempt under way began.
    since: Option<Instant>,
    attempts: u64,
    problem: Option<Error>,
}

impl TokenSlot {
    pub(super) fn new(settings: TokenSettings, options: PoolOptions) -> Self {
        Self {
            settings,
            options,
            pool: RwLock::new(None),
            opening: Mutex::default(),
            pace: Arc::default(),
        }
    }

    pub(super) fn label(&self) -> &str {
        &self.settings.label
    }

    /// Opens the token, again and again until it is there, and then makes its keys usable.
    pub(super) fn open(&self, keyring: &Keyring, stop: &Stop) {
        let mut looked = Instant::now();
        while !stop.is_stopping() {
            let keys: Vec<&Arc<Key>> = keyring
                .iter()
                .filter(|key| key.entry.token == self.settings.label)
                .collect();
            lock(&self.opening).since = Some(Instant::now());
            let opened = self.start_pool(&keys);
            let mut opening = lock(&self.opening);
            opening.since = None;
            opening.attempts += 1;
            opening.problem = opened.as_ref().err().cloned();
            drop(opening);
            match opened {
                Ok(pool) => {
                    *self.pool.write().unwrap_or_else(PoisonError::into_inner) = Some(pool);
                    return self.introduce(&keys);
                }
                Err(error) => {
                    for key in keys {
                        key.unusable(&error);
                    }
                    let pause = if error.is_about_pin() {
                        TRY_EVERY_PIN
                    } else {
                        TRY_EVERY
                    };
                    stop.wait(pause);
                    if matches!(error, Error::TokenMissing { .. }) {
                        self.look_again(&mut looked);
                    }
                }
            }
        }
    }

    /// Some modules look for tokens only when they start. A restart concerns everyone who uses the module, so while
    /// others do it happens rarely.
    fn look_again(&self, looked: &mut Instant) {
        let Ok(module) = Module::load(&self.settings.module) else {
            return;
        };
        if module.in_use() && looked.elapsed() < RESTART_EVERY_SHARED {
            return;
        }
        *looked = Instant::now();
        lock(&self.opening).since = Some(*looked);
        if let Err(error) = module.restart(RESTART_PATIENCE) {
            tracing::debug!(token = self.label(), %error, "the module could not be started anew");
        }
        lock(&self.opening).since = None;
    }

    /// Whether the first attempt to open the token is over, either way.
    pub(super) fn was_tried(&self) -> bool {
        lock(&self.opening).attempts > 0
    }

    pub(super) fn is_open(&self) -> bool {
        self.pool().is_some()
    }

    /// Hands a job to the token's threads.
    pub(super) fn submit(&self, job: Job<Tag>) -> std::result::Result<(), Rejected<Tag>> {
        match &*self.pool() {
            Some(pool) => pool.submit(job),
            None => Err(Rejected {
                tag: job.tag,
                error: pki::signing::SignError::Unavailable {
                    reason: format!("token {} is not open", self.label()),
                },
            }),
        }
    }

    /// How it keeps up.
    pub(super) const fn pace(&self) -> &Arc<Pace> {
        &self.pace
    }

    /// Jobs that wait.
    pub(super) fn waiting(&self) -> usize {
        self.pool().as_ref().map_or(0, Pool::waiting)
    }

    /// Signatures made.
    pub(super) fn signed(&self) -> u64 {
        self.pool().as_ref().map_or(0, |pool| pool.health().signed)
    }

    /// For how long the call into the token that has run longest has been running.
    pub(super) fn longest_call(&self) -> Duration {
        self.pool()
            .as_ref()
            .and_then(Pool::longest_call)
            .unwrap_or_default()
    }

    /// For how long the attempt to open the token has been running.
    pub(super) fn opening_for(&self) -> Duration {
        lock(&self.opening)
            .since
            .map(|since| since.elapsed())
            .unwrap_or_default()
    }

    /// Finishes what waits and closes the sessions.
    pub(super) fn close(&self, patience: Duration) {
        let pool = self.pool.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(error)) = pool.map(|pool| pool.stop(patience)) {
            tracing::warn!(token = self.label(), %error, "the token was not closed in an orderly way");
        }
    }

    pub(super) fn status(&self) -> TokenStatus {
        let status = |ready, state, sessions: usize| TokenStatus {
            label: self.label().to_owned(),
            ready,
            state,
            sessions: u32::try_from(sessions).unwrap_or(u32::MAX),
        };
        if let Some(pool) = &*self.pool() {
            let (health, token) = (pool.health(), pool.token());
            if let Some(outage) = health.outage {
                return status(false, outage.reason.to_string(), health.serving);
            }
            let state = format!(
                "{} {} (serial number {})",
                token.manufacturer, token.model, token.serial
            );
            return status(health.serving > 0, state, health.serving);
        }
        let problem = lock(&self.opening).problem.as_ref().map(ToString::to_string);
        status(false, problem.unwrap_or_else(|| "is being opened".to_owned()), 0)
    }

    /// Starts the pool with every key. Where one key is at fault, the others must not suffer: then each is looked
    /// at by itself and the faulty ones are left out.
    fn start_pool(&self, keys: &[&Arc<Key>]) -> Result<Pool<Tag>> {
        let all: Vec<KeyEntry> = keys.iter().map(|key| key.entry.clone()).collect();
        match self.start_with(&all) {
            Err(error) if is_about_key(&error) => {}
            other => return other,
        }
        let token = Token::open(&self.settings, Caution::Careful)?;
        let mut good = Vec::new();
        for key in keys {
            match token.check(&key.entry) {
                Ok(_) => good.push(key.entry.clone()),
                Err(error) if is_about_key(&error) => key.unusable(&error),
                Err(error) => return Err(error),
            }
        }
        self.start_with(&good)
    }

    fn start_with(&self, keys: &[KeyEntry]) -> Result<Pool<Tag>> {
        let options = PoolOptions {
            sessions: self.sessions()?,
            ..self.options.clone()
        };
        Pool::start(&self.settings, keys, options, |_| Answers::new(&self.pace))
    }

    /// As many sessions as configured. A token that computes on our own processors gets no more than there are:
    /// with eight SoftHSM sessions on two processors, switching between their threads and waiting for its locks
    /// cost a quarter of the rate.
    fn sessions(&self) -> Result<usize> {
        let module = Module::load(&self.settings.module)?;
        let (about, tokens) = (module.info()?, module.tokens()?);
        let computes_here = tokens
            .iter()
            .filter(|token| token.label == self.settings.label)
            .any(|token| Quirks::of(&about, token).computes_here);
        let processors = std::thread::available_parallelism().map_or(2, |count| count.get().max(2));
        Ok(if computes_here {
            self.options.sessions.min(processors)
        } else {
            self.options.sessions
        })
    }

    /// Makes the keys usable that the pool found.
    fn introduce(&self, keys: &[&Arc<Key>]) {
        let open = self.pool();
        let Some(pool) = &*open else {
            return;
        };
        let token = pool.token();
        tracing::info!(
            "token {}: {} {}, serial number {}, {} sessions",
            self.label(),
            token.manufacturer,
            token.model,
            token.serial,
            pool.health().workers
        );
        for key in keys {
            let found = pool.key(&key.entry.name);
            if let Some((found, public_key)) = found.and_then(|found| Some((found, pool.public_key(found)?)))
            {
                key.found(found, public_key);
            } else if key.is_data_key() {
                tracing::info!(
                    "key {}: aes-256 on token {}, wraps data keys",
                    key.entry.name,
                    self.label()
                );
            }
        }
    }

    fn pool(&self) -> RwLockReadGuard<'_, Option<Pool<Tag>>> {
        self.pool.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TokenSlot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TokenSlot({:?})", self.label())
    }
}

/// Whether one key is at fault and the token as such is well.
const fn is_about_key(error: &Error) -> bool {
    matches!(
        error,
        Error::KeyMissing { .. }
            | Error::KeyAmbiguous { .. }
            | Error::KeyAttribute { .. }
            | Error::KeyMismatch { .. }
            | Error::PublicKey { .. }
            | Error::NoMechanism { .. }
            | Error::AlgorithmMismatch { .. }
    )
}
