//! From a request to a job: key, size, statement, budget, queue, in this order, each with its typed answer.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::keyring::{Key, Ready};
use super::reply::{Tag, failure_of};
use super::server::Server;
use super::token::TokenSlot;
use super::work::{InFlight, LargeBytes, Owed};
use crate::pool::Job;
use crate::signer::protocol::{Answer, Failure, SignHeader};
use crate::signer::rule;

/// Who asked for what.
pub(super) struct Asked<'a> {
    pub(super) server: &'a Server,
    pub(super) connection: &'a Arc<Connection>,
    pub(super) in_flight: &'a Arc<AtomicUsize>,
    pub(super) header: &'a SignHeader<'a>,
}

/// Whether the key exists and takes messages of this size: all that can be known before the message is read.
pub(super) fn judge_size(asked: &Asked<'_>, message_bytes: usize) -> Result<(), Failure> {
    let key = asked
        .server
        .keys()
        .get(asked.header.key)
        .ok_or(Failure::UnknownKey)?;
    check_size(key, message_bytes)
}

/// Hands the message to the key's token, or answers why not. Failures are only added: the caller flushes.
pub(super) fn sign(asked: &Asked<'_>, message: Vec<u8>, bytes: Option<LargeBytes>) {
    if let Err(failure) = submit(asked, message, bytes) {
        asked.connection.outbox.add(&Answer::Failure {
            id: asked.header.id,
            failure,
        });
    }
}

fn submit(asked: &Asked<'_>, message: Vec<u8>, bytes: Option<LargeBytes>) -> Result<(), Failure> {
    let key = asked
        .server
        .keys()
        .get(asked.header.key)
        .ok_or(Failure::UnknownKey)?;
    check_size(key, message.len())?;
    let (ready, token) = usable(key)?;
    rule::check(&key.entry.purposes, &ready.owner, &message).map_err(|rule| {
        tracing::warn!("key {} refused: {rule}", key.entry.name);
        Failure::Refused { rule }
    })?;
    let waiting = || u32::try_from(token.waiting()).unwrap_or(u32::MAX);
    let in_flight = InFlight::begin(asked.in_flight).ok_or_else(|| Failure::Busy { waiting: waiting() })?;
    let now = Instant::now();
    if let Some(bucket) = &key.bucket
        && !bucket.take(now)
    {
        let budget = bucket.budget();
        return Err(Failure::Budget {
            limit: budget.signatures,
            per: budget.per,
        });
    }
    let deadline = asked
        .server
        .deadline(Duration::from_millis(u64::from(asked.header.deadline_ms)));
    let tag = Tag {
        id: asked.header.id,
        connection: Arc::clone(asked.connection),
        _in_flight: in_flight,
        _owed: Owed::new(token.pace()),
        _bytes: bytes,
    };
    token
        .submit(Job {
            key: ready.key,
            message,
            deadline: now + deadline,
            tag,
        })
        .map_err(|rejected| {
            if let Some(bucket) = &key.bucket {
                bucket.give_back();
            }
            failure_of(rejected.error)
        })
}

fn check_size(key: &Key, message_bytes: usize) -> Result<(), Failure> {
    if message_bytes <= key.max_message_bytes {
        return Ok(());
    }
    Err(Failure::Refused {
        rule: format!(
            "a message of {message_bytes} bytes is larger than anything this key has reason to sign ({} bytes)",
            key.max_message_bytes
        ),
    })
}

fn usable(key: &Key) -> Result<(&Ready, &TokenSlot), Failure> {
    if key.is_data_key() {
        return Err(Failure::Refused {
            rule: "it wraps data keys and signs nothing".to_owned(),
        });
    }
    let ready = key.ready();
    ready
        .and_then(|ready| Ok((ready, key.token.as_deref().ok_or_else(String::new)?)))
        .map_err(|reason| Failure::Unavailable { reason })
}
