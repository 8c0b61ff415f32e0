//! How the signer process is, as the server sees it from outside.

use std::sync::{Arc, PoisonError, RwLock};

use hsm::signer::protocol::Status;
use pki::time::Time;

/// Whether the signer can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It was not reached yet.
    Starting,
    /// It answers.
    Up,
    /// It does not answer.
    Down {
        /// What is known of the cause.
        reason: String,
    },
}

/// What is known at one moment.
#[derive(Debug, Clone)]
pub(crate) struct SignerState {
    /// Whether it can be asked.
    pub(crate) phase: Phase,
    /// Since when.
    pub(crate) since: Time,
    /// How often it was started again.
    pub(crate) restarts: u64,
    /// What it said of itself last.
    pub(crate) status: Option<Status>,
}

/// The state, shared.
#[derive(Debug, Clone)]
pub(crate) struct SignerWatch(Arc<RwLock<SignerState>>);

impl SignerWatch {
    /// A state that stays.
    #[cfg(test)]
    pub(crate) fn fixed(state: SignerState) -> Self {
        Self(Arc::new(RwLock::new(state)))
    }

    /// The state, asked for anew where the signer answers.
    #[expect(
        clippy::unused_async,
        reason = "the question goes to the signer, whose client comes next"
    )]
    pub(crate) async fn ask(&self) -> SignerState {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
