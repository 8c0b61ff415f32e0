//! How many signatures a token makes in a second, by session count.

use std::time::{Duration, Instant};

use cryptoki::session::Session;
use serde::Serialize;

use super::ProbeOptions;
use crate::Result;
use crate::mechanism::Recipe;
use crate::token::{CheckedPair, Token};

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Speed {
    /// Sessions, each on a thread of its own.
    pub sessions: usize,
    /// Signatures per second, all sessions together.
    pub per_second: f64,
    /// The slowest single signature.
    pub slowest_ms: f64,
    /// Signatures that failed, which ended their session's part.
    pub failed: usize,
}

/// Measures each session count that the token allows.
pub(super) fn measure(
    token: &Token,
    pair: &CheckedPair,
    recipe: Recipe,
    options: &ProbeOptions,
) -> Vec<Speed> {
    let mut speeds = Vec::new();
    for count in &options.sessions {
        // Opened before, so that opening is not measured; a token that allows fewer ends the series.
        let opened: Result<Vec<Session>> = (0..*count).map(|_| token.another_session()).collect();
        match opened {
            Ok(sessions) => speeds.push(measure_one(&sessions_of(sessions), pair, recipe, options.time)),
            Err(error) => {
                tracing::info!(sessions = count, %error, "the token allows no more sessions");
                break;
            }
        }
    }
    speeds
}

/// What one session did.
#[derive(Default)]
struct Done {
    signatures: u32,
    slowest: Duration,
    failed: usize,
}

/// Sessions may move to a thread but not be shared, so each waits here for its own.
fn sessions_of(sessions: Vec<Session>) -> Vec<std::sync::Mutex<Session>> {
    sessions.into_iter().map(std::sync::Mutex::new).collect()
}

fn measure_one(
    sessions: &[std::sync::Mutex<Session>],
    pair: &CheckedPair,
    recipe: Recipe,
    time: Duration,
) -> Speed {
    let begun = Instant::now();
    let done: Vec<Done> = std::thread::scope(|threads| {
        let running: Vec<_> = sessions
            .iter()
            .map(|session| threads.spawn(move || sign_until(session, pair, recipe, begun + time)))
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_default())
            .collect()
    });
    let seconds = begun.elapsed().as_secs_f64();
    let signatures: f64 = done.iter().map(|done| f64::from(done.signatures)).sum();
    let slowest = done.iter().map(|done| done.slowest).max().unwrap_or_default();
    Speed {
        sessions: sessions.len(),
        per_second: round(signatures / seconds),
        slowest_ms: round(slowest.as_secs_f64() * 1000.0),
        failed: done.iter().map(|done| done.failed).sum(),
    }
}

fn sign_until(session: &std::sync::Mutex<Session>, pair: &CheckedPair, recipe: Recipe, end: Instant) -> Done {
    let session = session.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut done = Done::default();
    let mut message = *b"a message that the probe signs with a throw-away key: 0000";
    loop {
        let before = Instant::now();
        if before >= end {
            return done;
        }
        // Not the same message each time, in case something remembers.
        for (octet, fresh) in message.iter_mut().rev().zip(done.signatures.to_le_bytes()) {
            *octet = fresh;
        }
        let signed = recipe.sign(&session, pair.private, pair.public_key.algorithm(), &message);
        if signed.is_err() {
            done.failed += 1;
            return done;
        }
        done.signatures += 1;
        done.slowest = done.slowest.max(before.elapsed());
    }
}

/// One digit after the point: more would pretend.
fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
