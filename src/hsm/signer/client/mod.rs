//! The server's end of the socket: many requests under way at once, typed errors, reconnection.
//!
//! [`SignerClient`] keeps two connections, so that a CRL of many megabytes does not stand in front of time-stamps:
//! one for ordinary requests, one, opened when first needed, for large ones. Frames are coalesced: whatever was
//! asked since the last write goes out in one. [`RemoteKey`] is a [`pki::signing::Signer`] over it.
//!
//! A request that was written is never sent again: whether something was signed is then not known. A request
//! that finds no connection waits for one until its deadline, because nothing was signed yet.

mod lane;
mod link;
mod remote_key;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pki::signing::SignError;
use tokio::time::Instant;

use super::protocol::{Request, SignHeader, SignRequest, Status};
use lane::{Lane, Reply};

pub use remote_key::RemoteKey;

/// Messages above this go over the second connection.
const LARGE_MESSAGE_BYTES: usize = 64 * 1024;

/// How long a question about the signer itself may take.
const QUESTION_DEADLINE: Duration = Duration::from_secs(2);

/// Where the signer is and how long to wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSettings {
    /// The signer's Unix socket.
    pub socket: PathBuf,
    /// The deadline of a request that does not bring its own.
    pub deadline: Duration,
}

/// What a ping brings back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pong {
    /// Requests that wait for a session.
    pub waiting: u32,
    /// How long the longest call into a token has been running.
    pub longest_call: Duration,
}

/// A connection to the signer that looks after itself. Cloning is cheap; the last clone closes it.
#[derive(Debug, Clone)]
pub struct SignerClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: ClientSettings,
    small: Lane,
    large: OnceLock<Lane>,
}

impl SignerClient {
    /// Starts connecting in the background of the current tokio runtime. Never fails: an absent signer shows in
    /// each request's error.
    pub fn start(settings: ClientSettings) -> Self {
        let small = Lane::start(settings.socket.clone());
        Self {
            inner: Arc::new(Inner {
                settings,
                small,
                large: OnceLock::new(),
            }),
        }
    }

    /// The socket this client speaks to.
    pub fn socket(&self) -> &Path {
        &self.inner.settings.socket
    }

    /// Has the message signed by the key, within the configured deadline.
    pub async fn sign(&self, key: &str, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.sign_within(key, message, self.inner.settings.deadline).await
    }

    /// Has the message signed by the key, within this time.
    pub async fn sign_within(
        &self,
        key: &str,
        message: &[u8],
        deadline: Duration,
    ) -> Result<Vec<u8>, SignError> {
        let deadline_ms = u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX);
        let request = |id| {
            let header = SignHeader { id, deadline_ms, key };
            Request::Sign(SignRequest { header, message })
        };
        let lane = if message.len() > LARGE_MESSAGE_BYTES {
            self.large()
        } else {
            &self.inner.small
        };
        let answer = lane.ask(message.len(), Instant::now() + deadline, request).await;
        match answer.map_err(|error| naming(error, key, deadline_ms))? {
            Reply::Signature(signature) => Ok(signature),
            Reply::Failure(failure) => Err(failure.into_sign_error(key, deadline_ms)),
            Reply::Pong(_) | Reply::Status(_) => Err(nonsense()),
        }
    }

    /// Asks whether the signer is alive.
    pub async fn ping(&self, within: Duration) -> Result<Pong, SignError> {
        let deadline = Instant::now() + within;
        match self
            .inner
            .small
            .ask(0, deadline, |id| Request::Ping { id })
            .await?
        {
            Reply::Pong(pong) => Ok(pong),
            Reply::Failure(failure) => Err(failure.into_sign_error("", 0)),
            Reply::Signature(_) | Reply::Status(_) => Err(nonsense()),
        }
    }

    /// Asks how the signer is: keys, tokens, queue, budgets.
    pub async fn status(&self) -> Result<Status, SignError> {
        let deadline = Instant::now() + QUESTION_DEADLINE;
        match self
            .inner
            .small
            .ask(0, deadline, |id| Request::Status { id })
            .await?
        {
            Reply::Status(status) => Ok(*status),
            Reply::Failure(failure) => Err(failure.into_sign_error("", 0)),
            Reply::Signature(_) | Reply::Pong(_) => Err(nonsense()),
        }
    }

    /// Asks the signer for a key's public half and algorithm. Whoever has them from a certificate uses
    /// [`RemoteKey::new`] instead, and so trusts nobody's word.
    pub async fn key(&self, name: &str) -> Result<RemoteKey, SignError> {
        RemoteKey::ask(self, name).await
    }

    fn large(&self) -> &Lane {
        self.inner
            .large
            .get_or_init(|| Lane::start(self.inner.settings.socket.clone()))
    }
}

/// A connection refuses what is too large without knowing whose it is, and gives up when its time comes without
/// knowing how long that was.
fn naming(error: SignError, key: &str, deadline_ms: u32) -> SignError {
    match error {
        SignError::Deadline { .. } => SignError::Deadline {
            milliseconds: u64::from(deadline_ms),
        },
        SignError::Refused { rule, .. } => SignError::Refused {
            key: key.to_owned(),
            rule,
        },
        other => other,
    }
}

/// The signer answered a question with the answer to another one.
fn nonsense() -> SignError {
    SignError::Unavailable {
        reason: "the signer answered something else than it was asked".to_owned(),
    }
}
