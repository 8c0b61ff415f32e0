//! From a worker thread back to the connection that asked.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use pki::signing::SignError;

use super::connection::Connection;
use super::work::{InFlight, LargeBytes, Owed, Pace};
use crate::inventory::Period;
use crate::pool::Replies;
use crate::signer::protocol::{Answer, Failure};

/// What travels with a job.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) id: u64,
    pub(super) connection: Arc<Connection>,
    /// Given back when the job is answered.
    pub(super) _in_flight: InFlight,
    /// Given back when the job is answered.
    pub(super) _owed: Owed,
    /// Given back when the job is answered, for a large message.
    pub(super) _bytes: Option<LargeBytes>,
}

impl Tag {
    /// Adds the answer to the connection's outgoing bytes.
    fn answer(&self, outcome: &Result<Vec<u8>, SignError>) {
        let answer = match outcome {
            Ok(signature) => Answer::Signature {
                id: self.id,
                signature,
            },
            Err(error) => Answer::Failure {
                id: self.id,
                failure: failure_of(error.clone()),
            },
        };
        self.connection.outbox.add(&answer);
    }
}

/// One worker's way of answering: what becomes ready within a moment leaves together.
///
/// Each write wakes the client, and on a busy machine waking somebody costs as much as a tenth of a P-256
/// signature. So while more waits than the workers have in hand, an answer is held back for a moment. Before the
/// work runs out everything is written, so that the client asks for more while the last signatures are made. A
/// token that needs longer than a moment for one signature is not slowed down.
#[derive(Debug)]
pub(super) struct Answers {
    pace: Arc<Pace>,
    held: Vec<Arc<Connection>>,
    count: usize,
    since: Option<Instant>,
    last: Option<Instant>,
    /// Whom this worker answered last: where new requests come from, most likely.
    recent: Weak<Connection>,
}

/// The longest that an answer is held back on purpose.
const MOMENT: Duration = Duration::from_micros(500);

/// Answers that are held back at most.
const MOST_HELD: usize = 8;

impl Answers {
    pub(super) fn new(pace: &Arc<Pace>) -> Self {
        pace.add_worker();
        Self {
            pace: Arc::clone(pace),
            held: Vec::new(),
            count: 0,
            since: None,
            last: None,
            recent: Weak::new(),
        }
    }

    fn write_held(&mut self) {
        for connection in self.held.drain(..) {
            connection.outbox.flush();
            connection.read_inline(false);
        }
        self.count = 0;
        self.since = None;
    }
}

impl Replies<Tag> for Answers {
    fn reply(&mut self, tag: Tag, outcome: Result<Vec<u8>, SignError>) {
        tag.answer(&outcome);
        if !self.held.iter().any(|held| Arc::ptr_eq(held, &tag.connection)) {
            self.held.push(Arc::clone(&tag.connection));
            self.recent = Arc::downgrade(&tag.connection);
        }
        drop(tag);
        self.count += 1;
        let now = Instant::now();
        if let Some(last) = self.last.replace(now) {
            self.pace.note(now.duration_since(last));
        }
        let since = *self.since.get_or_insert(now);
        if self.count >= MOST_HELD || now.duration_since(since) >= MOMENT || !self.pace.is_saturated() {
            self.write_held();
        }
    }

    fn idle(&mut self) {
        self.last = None;
        self.write_held();
        if let Some(recent) = self.recent.upgrade() {
            recent.read_inline(true);
        }
    }
}

/// What the wire says for an error. The client puts the key's name and its own deadline back in.
pub(super) fn failure_of(error: SignError) -> Failure {
    match error {
        SignError::Busy { waiting } => Failure::Busy {
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
        },
        SignError::Deadline { .. } => Failure::Deadline,
        SignError::Unavailable { reason } => Failure::Unavailable { reason },
        SignError::UnknownKey { .. } => Failure::UnknownKey,
        SignError::Refused { rule, .. } => Failure::Refused { rule },
        SignError::Budget { limit, per, .. } => {
            let known = Period::ALL.into_iter().find(|period| period.name() == per);
            Failure::Budget {
                limit,
                per: known.unwrap_or(Period::Day),
            }
        }
        SignError::Token { reason } => Failure::Token { reason },
        // The enum may grow; a reason in words serves until this list does.
        other => Failure::Unavailable {
            reason: other.to_string(),
        },
    }
}
