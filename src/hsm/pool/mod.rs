//! Many signatures at once: a few threads, one token session each, behind a bounded queue.
//!
//! The threads are the pool's own, never those of an async runtime, because a PKCS#11 call blocks for as long as
//! the token likes. What does not fit into the queue is refused at once ([`Rejected`]); what waited past its
//! deadline never reaches the token. A session that was lost is opened again and the request tried once more; a
//! token that is gone makes requests fail at once, with the reason, until it is back (`recovery`).
//!
//! Answers go from the worker thread straight to the caller's [`Replies`], without a box or a channel between.

mod recovery;
mod sessions;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use pki::algorithm::SignatureAlgorithm;
use pki::public_key::PublicKey;
use pki::signing::SignError;

use crate::inventory::KeyEntry;
use crate::module::Bell;
use crate::token::{Caution, TokenInfo, TokenSettings};
use crate::{Error, Result};

use recovery::Recovery;
use sessions::Place;
use worker::Worker;

/// How long dropping a pool waits for its threads.
const DROP_PATIENCE: Duration = Duration::from_secs(2);

/// How a pool is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOptions {
    /// Sessions, and so threads; less where the token allows less.
    pub sessions: usize,
    /// Requests that may wait.
    pub queue: usize,
    /// A session idle for longer is used for a moment, so that nobody closes it.
    pub keep_alive: Duration,
    /// Verify each signature before it is handed out. Costs as much as many tokens' signature; whoever uses the
    /// signature verifies it anyway.
    pub verify: bool,
    /// Whether the PIN may be tried although there are signs of wrong ones.
    pub caution: Caution,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            sessions: 8,
            queue: 1024,
            keep_alive: Duration::from_mins(1),
            verify: false,
            caution: Caution::Careful,
        }
    }
}

/// Where a worker thread puts its answers. Each worker has its own.
///
/// Contract: called on the worker's thread, which signs nothing meanwhile; it must not block for long. Every
/// submitted job is answered exactly once, unless the process ends while the vendor's module hangs.
pub trait Replies<T>: Send + 'static {
    /// The answer to one job.
    fn reply(&mut self, tag: T, outcome: std::result::Result<Vec<u8>, SignError>);
    /// Nothing waits right now: write out what was held back to be written together.
    fn idle(&mut self) {}
}

/// One of the pool's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolKey(usize);

/// A signature that somebody waits for.
#[derive(Debug)]
pub struct Job<T> {
    /// The key to sign with.
    pub key: PoolKey,
    /// The message, not its digest.
    pub message: Vec<u8>,
    /// After this nobody waits any more.
    pub deadline: Instant,
    /// Given back with the answer.
    pub tag: T,
}

/// A job that was not taken.
#[derive(Debug)]
pub struct Rejected<T> {
    /// The job's tag.
    pub tag: T,
    /// Why: [`SignError::Busy`], or [`SignError::Unavailable`] when the pool has stopped.
    pub error: SignError,
}

/// How a pool is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Threads.
    pub workers: usize,
    /// Threads that have a session right now.
    pub serving: usize,
    /// Jobs waiting.
    pub waiting: usize,
    /// Signatures made.
    pub signed: u64,
    /// Jobs that got no signature.
    pub failed: u64,
    /// How often a session was opened again.
    pub reopened: u64,
    /// How long no thread has had a session, and why.
    pub outage: Option<Outage>,
}

/// A time without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// How long it has lasted.
    pub duration: Duration,
    /// What the last attempt to end it met.
    pub reason: Error,
}

/// The sessions of one token, ready to sign. Dropping it finishes the jobs that wait and ends the threads, for which
/// it waits a moment; [`Pool::stop`] says whether they ended.
pub struct Pool<T: Send + 'static> {
    jobs: Sender<Message<T>>,
    /// Disconnects when the pool goes away; nothing is ever sent.
    stop: Sender<()>,
    /// Kept for the module, which holds it weakly.
    _bell: Arc<Bell>,
    shared: Arc<Shared>,
    token: TokenInfo,
    /// Dropped last: what is above tells the threads to end, and this waits for them.
    threads: Threads,
}

/// What travels to the workers.
enum Message<T> {
    /// A job, and when it was handed in.
    Job(Job<T>, Instant),
    /// Look whether the session is still good and whether the module wants to restart.
    Look,
}

/// What the workers share.
struct Shared {
    place: Place,
    options: PoolOptions,
    workers: usize,
    started: Instant,
    /// For each worker: when its running token call began, in nanoseconds since `started` plus one; 0 for none.
    calls: Vec<AtomicU64>,
    serving: AtomicUsize,
    signed: AtomicU64,
    failed: AtomicU64,
    reopened: AtomicU64,
    recovery: Recovery,
}

impl<T: Send + 'static> Pool<T> {
    /// Opens the token, checks every key of the list that belongs to it (there, not extractable, the public half
    /// announced), and starts the threads. `replies` makes one receiver of answers per thread.
    pub fn start<R: Replies<T>>(
        settings: &TokenSettings,
        keys: &[KeyEntry],
        options: PoolOptions,
        mut replies: impl FnMut(usize) -> R,
    ) -> Result<Self> {
        let (place, first) = Place::open(settings, keys, options.caution)?;
        let token = place.token().clone();
        let workers = place.sessions(options.sessions);
        let (jobs, waiting) = bounded(options.queue.max(1));
        let (stop, stopped) = bounded::<()>(0);
        let (exit, exited) = bounded::<()>(workers);
        let shared = Arc::new(Shared::new(place, options, workers));
        let bell = make_bell(&jobs, workers);
        shared.place.module().add_bell(Arc::downgrade(&bell));
        shared.recovery.set_bell(Arc::downgrade(&bell));
        let mut pool = Self {
            jobs,
            stop,
            _bell: bell,
            shared: Arc::clone(&shared),
            token,
            threads: Threads {
                handles: Vec::with_capacity(workers),
                exited,
            },
        };
        let mut first = Some(first);
        for index in 0..workers {
            let worker = Worker {
                index,
                shared: Arc::clone(&shared),
                jobs: waiting.clone(),
                stopped: stopped.clone(),
                replies: replies(index),
                live: first.take(),
                _exit: exit.clone(),
            };
            let thread = std::thread::Builder::new().name(format!("token-{index}"));
            let started = thread.spawn(move || worker.run());
            pool.threads.handles.push(started.map_err(|error| Error::Thread {
                reason: error.to_string(),
            })?);
        }
        Ok(pool)
    }

    /// The signing key of this name.
    pub fn key(&self, name: &str) -> Option<PoolKey> {
        let keys = self.shared.place.keys();
        keys.iter()
            .position(|key| key.entry.name == name && key.signing.is_some())
            .map(PoolKey)
    }

    /// The inventory entry of a key.
    pub fn entry(&self, key: PoolKey) -> Option<&KeyEntry> {
        Some(&self.shared.place.keys().get(key.0)?.entry)
    }

    /// The public half of a key, as the token showed it at the start.
    pub fn public_key(&self, key: PoolKey) -> Option<&PublicKey> {
        Some(&self.shared.place.keys().get(key.0)?.signing.as_ref()?.public_key)
    }

    /// The signature that a key makes.
    pub fn algorithm(&self, key: PoolKey) -> Option<SignatureAlgorithm> {
        Some(self.shared.place.keys().get(key.0)?.signing.as_ref()?.algorithm)
    }

    /// Hands a job to the threads; never blocks.
    pub fn submit(&self, job: Job<T>) -> std::result::Result<(), Rejected<T>> {
        let (message, error) = match self.jobs.try_send(Message::Job(job, Instant::now())) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Full(message)) => (
                message,
                SignError::Busy {
                    waiting: self.jobs.len(),
                },
            ),
            Err(TrySendError::Disconnected(message)) => (message, worker::stopping()),
        };
        match message {
            Message::Job(job, _) => Err(Rejected { tag: job.tag, error }),
            // Only jobs are sent here.
            Message::Look => Ok(()),
        }
    }

    /// How many jobs wait.
    pub fn waiting(&self) -> usize {
        self.jobs.len()
    }

    /// For how long the token call that has run longest has been running. When this exceeds every deadline, the
    /// vendor's module hangs, and only ending the process frees the thread. Recovery from a lost token can make it
    /// some seconds by itself, so a watchdog allows ten more than the longest deadline.
    pub fn longest_call(&self) -> Option<Duration> {
        let now = self.shared.nanoseconds();
        let begun = self
            .shared
            .calls
            .iter()
            .map(|call| call.load(Ordering::Relaxed))
            .filter(|begun| *begun != 0);
        begun
            .min()
            .map(|begun| Duration::from_nanos(now.saturating_sub(begun)))
    }

    /// How the pool is doing.
    pub fn health(&self) -> Health {
        let serving = self.shared.serving.load(Ordering::Relaxed);
        Health {
            workers: self.shared.workers,
            serving,
            waiting: self.jobs.len(),
            signed: self.shared.signed.load(Ordering::Relaxed),
            failed: self.shared.failed.load(Ordering::Relaxed),
            reopened: self.shared.reopened.load(Ordering::Relaxed),
            outage: self.shared.recovery.outage().filter(|_| serving == 0),
        }
    }

    /// The token that the pool serves.
    pub const fn token(&self) -> &TokenInfo {
        &self.token
    }

    /// Takes no more jobs, finishes those that wait, and ends the threads.
    pub fn stop(self, patience: Duration) -> Result<()> {
        let Self {
            jobs,
            stop,
            _bell: bell,
            mut threads,
            ..
        } = self;
        drop((jobs, stop, bell));
        threads.end(patience)
    }
}

/// The worker threads, waited for when the pool goes away: a process that exits while one of them is inside the
/// vendor's module crashes in the module's own exit handlers (seen with SoftHSM).
struct Threads {
    handles: Vec<JoinHandle<()>>,
    /// Every worker holds a sender and drops it when it ends; nothing is ever sent.
    exited: Receiver<()>,
}

impl Threads {
    fn end(&mut self, patience: Duration) -> Result<()> {
        if self.exited.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            let hanging = |handle: &JoinHandle<()>| !handle.is_finished();
            let count = self.handles.drain(..).filter(hanging).count();
            return Err(Error::StillRunning { count });
        }
        for handle in self.handles.drain(..) {
            // A worker does not panic; if one did, it has said so on its own.
            let _ = handle.join();
        }
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if self.handles.is_empty() {
            return;
        }
        if let Err(error) = self.end(DROP_PATIENCE) {
            tracing::error!(%error, "a session pool was dropped");
        }
    }
}

/// Wakes every idle worker. Busy ones look by themselves between two jobs.
fn make_bell<T: Send + 'static>(jobs: &Sender<Message<T>>, workers: usize) -> Arc<Bell> {
    // A second sender would keep the workers alive; the bell only lives as long as the pool.
    let jobs = jobs.clone();
    Arc::new(move || {
        for _ in 0..workers {
            if jobs.try_send(Message::Look).is_err() {
                return;
            }
        }
    })
}

impl Shared {
    fn new(place: Place, options: PoolOptions, workers: usize) -> Self {
        Self {
            place,
            options,
            workers,
            started: Instant::now(),
            calls: (0..workers).map(|_| AtomicU64::new(0)).collect(),
            serving: AtomicUsize::new(0),
            signed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            reopened: AtomicU64::new(0),
            recovery: Recovery::default(),
        }
    }

    /// Nanoseconds since the start, plus one, so that 0 can mean "no call".
    fn nanoseconds(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    }
}
