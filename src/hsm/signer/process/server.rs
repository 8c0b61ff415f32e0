//! What all threads of the signer share: keys, tokens, limits, connections.

use std::os::unix::net::UnixStream;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::keyring::Keyring;
use super::outbox::Outbox;
use super::stop::Stop;
use super::token::TokenSlot;
use crate::signer::lock;
use crate::signer::protocol::{Answer, Goodbye, MAX_SIGN_HEADER_BYTES, QueueStatus, Status};

/// Everything the threads share.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) keys: Keyring,
    pub(super) tokens: Vec<Arc<TokenSlot>>,
    pub(super) limits: Limits,
    pub(super) sandbox: String,
    pub(super) started: Instant,
    pub(super) stop: Stop,
    large_bytes: Arc<AtomicUsize>,
    connections: Mutex<Vec<Weak<Connection>>>,
}

/// What the settings allow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) queue: usize,
    pub(super) longest_deadline: Duration,
    pub(super) connections: usize,
}

impl Server {
    pub(super) fn new(keys: Keyring, tokens: Vec<Arc<TokenSlot>>, limits: Limits, sandbox: String) -> Self {
        Self {
            keys,
            tokens,
            limits,
            sandbox,
            started: Instant::now(),
            stop: Stop::default(),
            large_bytes: Arc::default(),
            connections: Mutex::default(),
        }
    }

    pub(super) const fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// Bytes of large messages in memory.
    pub(super) const fn large_bytes(&self) -> &Arc<AtomicUsize> {
        &self.large_bytes
    }

    /// The largest frame that any key has reason to get.
    pub(super) fn max_frame_bytes(&self) -> u32 {
        let largest = self
            .keys
            .iter()
            .map(|key| key.max_message_bytes)
            .max()
            .unwrap_or(0);
        u32::try_from(largest + MAX_SIGN_HEADER_BYTES).unwrap_or(u32::MAX)
    }

    /// A client's wish, bounded by what is configured.
    pub(super) fn deadline(&self, wished: Duration) -> Duration {
        wished.min(self.limits.longest_deadline)
    }

    /// Whether some token has more to do than its workers have in hand, and does it fast.
    pub(super) fn is_saturated(&self) -> bool {
        self.tokens.iter().any(|token| token.pace().is_saturated())
    }

    /// Requests that wait, and milliseconds of the longest call.
    pub(super) fn load(&self) -> (u32, u32) {
        let waiting = self.tokens.iter().map(|token| token.waiting()).sum::<usize>();
        let longest = self
            .tokens
            .iter()
            .map(|token| token.longest_call())
            .max()
            .unwrap_or_default();
        let small = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
        (
            u32::try_from(waiting).unwrap_or(u32::MAX),
            small(longest.as_millis()),
        )
    }

    pub(super) fn status(&self) -> Status {
        let now = Instant::now();
        let (waiting, longest_call_ms) = self.load();
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Status {
            uptime_seconds: now.duration_since(self.started).as_secs(),
            sandbox: self.sandbox.clone(),
            queue: QueueStatus {
                waiting,
                capacity: small(self.limits.queue),
                connections: small(self.open_connections().len()),
                longest_call_ms,
                signatures: self.tokens.iter().map(|token| token.signed()).sum(),
            },
            tokens: self.tokens.iter().map(|token| token.status()).collect(),
            keys: self.keys.iter().map(|key| key.status(now)).collect(),
        }
    }

    /// Gives an accepted connection a thread, or a reason why not.
    pub(super) fn admit(self: &Arc<Self>, stream: UnixStream) {
        let mut connections = lock(&self.connections);
        connections.retain(|connection| connection.strong_count() > 0);
        if connections.len() >= self.limits.connections {
            drop(connections);
            return refuse(stream, Goodbye::TooManyConnections);
        }
        let Ok(connection) = Connection::new(Arc::clone(self), stream).map(Arc::new) else {
            return;
        };
        connections.push(Arc::downgrade(&connection));
        drop(connections);
        let outbox = Arc::clone(&connection.outbox);
        let thread = std::thread::Builder::new()
            .name("connection".to_owned())
            .stack_size(super::SMALL_STACK_BYTES)
            .spawn(move || connection.serve());
        if let Err(error) = thread {
            tracing::warn!(%error, "no thread for another connection");
            outbox.close();
        }
    }

    /// Says good-bye on every connection and closes it.
    pub(super) fn dismiss(&self, reason: Goodbye) {
        for connection in self.open_connections() {
            connection.outbox.add(&Answer::Goodbye { reason });
            connection.outbox.flush();
            connection.outbox.close();
        }
    }

    /// Whether any answer is still owed.
    pub(super) fn is_idle(&self) -> bool {
        self.tokens
            .iter()
            .all(|token| token.waiting() == 0 && token.longest_call().is_zero())
    }

    fn open_connections(&self) -> Vec<Arc<Connection>> {
        lock(&self.connections).iter().filter_map(Weak::upgrade).collect()
    }
}

/// Tells a peer why it is not served. Never blocks: a fresh socket has room for these few octets.
pub(super) fn refuse(stream: UnixStream, reason: Goodbye) {
    let outbox = Arc::new(Outbox::new(stream));
    outbox.add(&Answer::Goodbye { reason });
    outbox.flush();
    outbox.close();
}
