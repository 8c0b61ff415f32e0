//! One worker: a thread, a session, and what it does with the jobs it takes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use pki::aws_lc::AwsLc;
use pki::signing::{SignError, Verifier};

use super::sessions::{Epoch, Live, RESTART_PATIENCE, Unfound};
use super::{Job, Message, Replies, Shared, recovery};
use crate::mechanism::SignFault;
use crate::return_value::{Loss, ReturnValue};
use crate::token::{self, TokenInfo};
use crate::{Error, Result};

/// Before a worker without a session, whose colleagues have one, tries to open its own again.
const EXTRA_SESSION_EVERY: Duration = Duration::from_secs(2);
/// Before a worker asks again what its colleague found.
const MOMENT: Duration = Duration::from_millis(10);
/// How often one signature is tried: two faults may meet in one job, such as a logout and then a restart.
const ATTEMPTS: u32 = 3;
/// What a keep-alive asks of the token's random source. Some answer no request below eight octets.
const KEEP_ALIVE_OCTETS: u32 = 8;

pub(super) struct Worker<T: Send + 'static, R: Replies<T>> {
    pub(super) index: usize,
    pub(super) shared: Arc<Shared>,
    pub(super) jobs: Receiver<Message<T>>,
    pub(super) stopped: Receiver<()>,
    pub(super) replies: R,
    pub(super) live: Option<Live>,
    /// Dropped at the end, which tells the pool.
    pub(super) _exit: Sender<()>,
}

/// What an outage or a stop answers.
pub(super) fn stopping() -> SignError {
    SignError::Unavailable {
        reason: "the signer is stopping".to_owned(),
    }
}

impl<T: Send + 'static, R: Replies<T>> Worker<T, R> {
    pub(super) fn run(mut self) {
        if self.live.is_some() {
            self.shared.serving.fetch_add(1, Ordering::Relaxed);
        }
        loop {
            let goes_on = if self.live.is_some() {
                self.serve()
            } else {
                self.recover()
            };
            if !goes_on {
                break;
            }
        }
        self.lose();
    }

    /// Takes one message; false when the pool is gone and every job was answered.
    fn serve(&mut self) -> bool {
        match self.next() {
            Ok(Message::Job(job, since)) => self.answer(job, since),
            Ok(Message::Look) => self.look(),
            Err(RecvTimeoutError::Timeout) => self.keep_alive(),
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        if self.shared.place.module().restart_wanted() {
            self.give_way();
        }
        true
    }

    fn next(&mut self) -> std::result::Result<Message<T>, RecvTimeoutError> {
        match self.jobs.try_recv() {
            Ok(message) => Ok(message),
            Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => {
                self.replies.idle();
                let quirk = self.shared.place.quirks().keep_alive.unwrap_or(Duration::MAX);
                self.jobs.recv_timeout(self.shared.options.keep_alive.min(quirk))
            }
        }
    }

    fn answer(&mut self, job: Job<T>, since: Instant) {
        let Job {
            key,
            message,
            deadline,
            tag,
        } = job;
        let late = || {
            let allowed = deadline.saturating_duration_since(since).as_millis();
            SignError::Deadline {
                milliseconds: u64::try_from(allowed).unwrap_or(u64::MAX),
            }
        };
        let outcome = if Instant::now() >= deadline {
            Err(late())
        } else {
            self.begin_call();
            let outcome = self.sign(key.0, &message, || (Instant::now() >= deadline).then(late));
            self.end_call();
            outcome
        };
        let counter = if outcome.is_ok() {
            &self.shared.signed
        } else {
            &self.shared.failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.replies.reply(tag, outcome);
    }

    /// Signs; a lost session is opened again and the signature tried once more. That is safe: whatever an earlier
    /// attempt made was thrown away.
    fn sign(
        &mut self,
        key: usize,
        message: &[u8],
        late: impl Fn() -> Option<SignError>,
    ) -> std::result::Result<Vec<u8>, SignError> {
        let mut attempts_left = ATTEMPTS;
        loop {
            let fault = match self.attempt(key, message) {
                Ok(signature) => return Ok(signature),
                Err(fault) => fault,
            };
            if fault.loss == Loss::Nothing {
                return Err(fault.error.to_sign_error());
            }
            tracing::warn!(worker = self.index, error = %fault.error, "the session is lost; opening another");
            // A handle may be unknown because somebody logged the token out: a new session finds out.
            let stale = self
                .live
                .as_ref()
                .map(Live::epoch)
                .filter(|_| fault.loss == Loss::Handles);
            self.lose();
            attempts_left -= 1;
            if attempts_left == 0 || !self.reopen(stale) {
                return Err(fault.error.to_sign_error());
            }
            if let Some(late) = late() {
                return Err(late);
            }
        }
    }

    /// Opens a session at once; false when that is not possible now.
    fn reopen(&mut self, stale: Option<Epoch>) -> bool {
        self.let_others_restart();
        match recovery::reopen_at_once(&self.shared.place, stale) {
            Ok(live) => self.gain(live),
            Err(error) => self.shared.recovery.lost(&error),
        }
        self.live.is_some()
    }

    fn attempt(&self, key: usize, message: &[u8]) -> std::result::Result<Vec<u8>, Fault> {
        let unknown = || Error::UnknownKey {
            name: key.to_string(),
            known: Vec::new(),
        };
        let live = self.live.as_ref().ok_or_else(unknown)?;
        let keys = self.shared.place.keys();
        let signing = keys
            .get(key)
            .and_then(|key| key.signing.as_ref())
            .ok_or_else(unknown)?;
        let handle = live.handle(key)?;
        let call = self.shared.place.module().during_call();
        let signature = signing
            .recipe
            .sign(&live.session, handle, signing.kind, message)?;
        drop(call);
        if self.shared.options.verify
            && !AwsLc.verify(&signing.public_key, signing.algorithm, message, &signature)
        {
            let token = self.shared.place.token().label.clone();
            return Err(Error::SignatureWrong {
                token,
                algorithm: signing.algorithm,
            }
            .into());
        }
        Ok(signature)
    }

    /// Uses the session for a moment, so that neither token nor network closes it, and finds out if they did.
    fn keep_alive(&mut self) {
        self.begin_call();
        let place = &self.shared.place;
        let call = place.module().during_call();
        let alive = self
            .live
            .as_ref()
            .map_or(Ok(()), |live| check_alive(live, place.token()));
        drop(call);
        if let Err(error) = alive {
            tracing::warn!(worker = self.index, %error, "an idle session is lost; opening another");
            self.lose();
            self.reopen(None);
        }
        self.end_call();
    }

    /// Somebody lost the token or wants to restart the module.
    fn look(&mut self) {
        if !self.shared.place.module().restart_wanted() {
            self.keep_alive();
        }
    }

    /// Closes the session so that the module can be restarted, and opens another afterwards.
    fn give_way(&mut self) {
        self.lose();
        self.let_others_restart();
        match self.shared.place.reopen(None) {
            Ok(live) => self.gain(live),
            Err(error) => self.shared.recovery.lost(&error),
        }
        self.end_call();
    }

    /// Without a session: looks for the token when it is this worker's turn, answers jobs with the reason if no
    /// colleague can serve them, waits. False when the pool is gone.
    fn recover(&mut self) -> bool {
        self.let_others_restart();
        let opened = if self.shared.serving.load(Ordering::Relaxed) > 0 {
            Some(self.shared.place.reopen(None))
        } else {
            self.shared.recovery.scout(&self.shared.place)
        };
        self.end_call();
        match opened {
            Some(Ok(live)) => {
                self.gain(live);
                return true;
            }
            Some(Err(error)) => tracing::debug!(worker = self.index, %error, "still without a session"),
            None => {}
        }
        if self.shared.serving.load(Ordering::Relaxed) > 0 {
            return self.rests(EXTRA_SESSION_EVERY);
        }
        // Not known to be an outage: a colleague is opening a session at this moment.
        let momentary = self.shared.recovery.reason().is_none() && self.rests(MOMENT);
        momentary || self.refuse_jobs()
    }

    /// Waits without taking jobs; false when the pool is gone.
    fn rests(&self, time: Duration) -> bool {
        // The channel carries nothing: it times out, or its sender is gone.
        self.stopped.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
    }

    /// Answers whatever waits with the reason of the outage, until it is time to look again.
    fn refuse_jobs(&mut self) -> bool {
        let until = Instant::now() + self.shared.recovery.pause();
        loop {
            match self.jobs.recv_deadline(until) {
                Ok(Message::Job(job, _)) => {
                    let error = self.shared.recovery.reason().map_or_else(stopping, |reason| {
                        SignError::Unavailable {
                            reason: reason.to_string(),
                        }
                    });
                    self.shared.failed.fetch_add(1, Ordering::Relaxed);
                    self.replies.reply(job.tag, Err(error));
                }
                Ok(Message::Look) => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.replies.idle();
                    return true;
                }
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            if self.shared.serving.load(Ordering::Relaxed) > 0 {
                return true;
            }
        }
    }

    /// Waits while somebody wants to restart the module. That is no token call: the watchdog must not mistake it for
    /// one that hangs.
    fn let_others_restart(&self) {
        self.end_call();
        self.shared.place.module().await_restart(RESTART_PATIENCE * 2);
        self.begin_call();
    }

    fn gain(&mut self, live: Live) {
        self.live = Some(live);
        self.shared.serving.fetch_add(1, Ordering::Relaxed);
        self.shared.reopened.fetch_add(1, Ordering::Relaxed);
        self.shared.recovery.found();
    }

    fn lose(&mut self) {
        let call = self.shared.place.module().during_call();
        if self.live.take().is_some() {
            self.shared.serving.fetch_sub(1, Ordering::Relaxed);
        }
        drop(call);
    }

    fn begin_call(&self) {
        if let Some(call) = self.shared.calls.get(self.index) {
            call.store(self.shared.nanoseconds(), Ordering::Relaxed);
        }
    }

    fn end_call(&self) {
        if let Some(call) = self.shared.calls.get(self.index) {
            call.store(0, Ordering::Relaxed);
        }
    }
}

/// Why an attempt made no signature, and what it says is lost.
struct Fault {
    error: Box<Error>,
    loss: Loss,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self {
            error: Box::new(error),
            loss: Loss::Nothing,
        }
    }
}

impl From<Unfound> for Fault {
    fn from(unfound: Unfound) -> Self {
        Self {
            error: unfound.error,
            loss: if unfound.seek_again {
                Loss::Handles
            } else {
                Loss::Nothing
            },
        }
    }
}

impl From<SignFault> for Fault {
    fn from(fault: SignFault) -> Self {
        let loss = fault.return_value().map_or(Loss::Nothing, ReturnValue::loss);
        Self {
            error: Box::new(fault.into()),
            loss,
        }
    }
}

/// A round trip to the token where it has a random source; else at least the module's own view of the session.
fn check_alive(live: &Live, token: &TokenInfo) -> Result<()> {
    if !token::is_logged_in(&live.session, token)? {
        return Err(Error::LoggedOut {
            token: token.label.clone(),
        });
    }
    if token.has_random {
        live.session.generate_random_vec(KEEP_ALIVE_OCTETS)?;
    }
    Ok(())
}
