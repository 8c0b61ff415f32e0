//! One connection and the requests waiting on it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pki::signing::SignError;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

use super::{Pong, link};
use crate::signer::lock;
use crate::signer::protocol::{Encoder, Failure, MAX_SIGN_HEADER_BYTES, Request, Status, Welcome};

/// What may wait to be written; beyond it the signer is busy enough.
const MAX_UNSENT_BYTES: usize = 160 * 1024 * 1024;

/// One connection that is kept up in the background.
#[derive(Debug)]
pub(super) struct Lane {
    shared: Arc<Shared>,
}

/// What the requests and the connection's task share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) socket: PathBuf,
    state: Mutex<State>,
    /// There is something to write.
    pub(super) unsent: Notify,
    /// A connection came or went.
    changed: Notify,
    /// The lane is given up.
    pub(super) closed: Notify,
}

#[derive(Debug)]
struct State {
    /// The limits of the connection; `None` while there is none.
    welcome: Option<Welcome>,
    /// Why there is none, in words.
    reason: String,
    unsent: Vec<u8>,
    waiting: HashMap<u64, oneshot::Sender<Result<Reply, SignError>>>,
    next_id: u64,
    closed: bool,
}

/// An answer of the signer to one request.
#[derive(Debug)]
pub(super) enum Reply {
    Signature(Vec<u8>),
    Pong(Pong),
    Status(Box<Status>),
    Failure(Failure),
}

impl Lane {
    pub(super) fn start(socket: PathBuf) -> Self {
        let shared = Arc::new(Shared {
            socket,
            state: Mutex::new(State {
                welcome: None,
                reason: "not connected yet".to_owned(),
                unsent: Vec::new(),
                waiting: HashMap::new(),
                next_id: 0,
                closed: false,
            }),
            unsent: Notify::new(),
            changed: Notify::new(),
            closed: Notify::new(),
        });
        tokio::spawn(link::keep_up(Arc::clone(&shared)));
        Self { shared }
    }

    /// Sends a request as soon as there is a connection and waits for its answer, both before the deadline.
    pub(super) async fn ask<'r>(
        &self,
        message_bytes: usize,
        deadline: Instant,
        request: impl Fn(u64) -> Request<'r>,
    ) -> Result<Reply, SignError> {
        let asked = Instant::now();
        loop {
            // Enabled before looking, so that a connection made in between is not missed.
            let changed = self.shared.changed.notified();
            if let Some(waiting) = self.shared.enqueue(message_bytes, &request)? {
                return waiting.answer(asked, deadline).await;
            }
            if timeout_at(deadline, changed).await.is_err() {
                return Err(self.shared.unavailable());
            }
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        lock(&self.shared.state).closed = true;
        self.shared.closed.notify_one();
    }
}

impl Shared {
    /// Puts a request into the outgoing bytes; `None` while there is no connection.
    fn enqueue<'r>(
        self: &Arc<Self>,
        message_bytes: usize,
        request: &impl Fn(u64) -> Request<'r>,
    ) -> Result<Option<Waiting>, SignError> {
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        let Some(welcome) = state.welcome else {
            return Ok(None);
        };
        let in_flight = state.waiting.len();
        if in_flight >= usize::try_from(welcome.max_in_flight).unwrap_or(usize::MAX)
            || state.unsent.len() + message_bytes > MAX_UNSENT_BYTES
        {
            return Err(SignError::Busy { waiting: in_flight });
        }
        let limit = usize::try_from(welcome.max_frame_bytes).unwrap_or(usize::MAX);
        if message_bytes + MAX_SIGN_HEADER_BYTES > limit {
            return Err(SignError::Refused {
                key: String::new(),
                rule: format!("{message_bytes} bytes are more than the signer reads at once ({limit})"),
            });
        }
        let id = state.next_id;
        state.next_id += 1;
        let was_empty = state.unsent.is_empty();
        Encoder::new(&mut state.unsent)
            .request(&request(id))
            .map_err(|error| SignError::Unavailable {
                reason: error.to_string(),
            })?;
        let (sender, receiver) = oneshot::channel();
        state.waiting.insert(id, sender);
        drop(guard);
        if was_empty {
            self.unsent.notify_one();
        }
        Ok(Some(Waiting {
            shared: Arc::clone(self),
            id,
            receiver,
        }))
    }

    /// Takes what is to be written; leaves an empty buffer that was used before.
    pub(super) fn take_unsent(&self, into: &mut Vec<u8>) {
        into.clear();
        std::mem::swap(&mut lock(&self.state).unsent, into);
    }

    /// Opens the lane for requests.
    pub(super) fn connected(&self, welcome: Welcome) {
        lock(&self.state).welcome = Some(welcome);
        self.changed.notify_waiters();
    }

    /// Closes the lane for requests and fails those under way.
    pub(super) fn disconnected(&self, reason: &str) {
        let mut state = lock(&self.state);
        state.welcome = None;
        reason.clone_into(&mut state.reason);
        state.unsent = Vec::new();
        let abandoned = std::mem::take(&mut state.waiting);
        drop(state);
        for sender in abandoned.into_values() {
            // Nobody waits any more: nothing to tell.
            let _ = sender.send(Err(SignError::Unavailable {
                reason: reason.to_owned(),
            }));
        }
    }

    /// Hands answers to whoever waits for them; late ones are dropped.
    pub(super) fn deliver(&self, answers: &mut Vec<(u64, Reply)>) {
        let mut state = lock(&self.state);
        for (id, reply) in answers.drain(..) {
            if let Some(sender) = state.waiting.remove(&id) {
                let _ = sender.send(Ok(reply));
            }
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    fn unavailable(&self) -> SignError {
        SignError::Unavailable {
            reason: lock(&self.state).reason.clone(),
        }
    }
}

/// A request under way; dropping it forgets the answer.
struct Waiting {
    shared: Arc<Shared>,
    id: u64,
    receiver: oneshot::Receiver<Result<Reply, SignError>>,
}

impl Waiting {
    async fn answer(mut self, asked: Instant, deadline: Instant) -> Result<Reply, SignError> {
        match timeout_at(deadline, &mut self.receiver).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(self.shared.unavailable()),
            Err(_) => Err(SignError::Deadline {
                milliseconds: milliseconds(deadline.duration_since(asked)),
            }),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // An answered request is no longer in the table, and the common way out costs no lock.
        if !self.receiver.is_terminated() {
            lock(&self.shared.state).waiting.remove(&self.id);
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
