//! `/health`: whether the server lives and whether it is ready, with reasons. No names of keys, no paths, no secrets.

use std::collections::BTreeSet;
use std::sync::{Arc, RwLock};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why a server that lives is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// The signer was never reached yet.
    SignerStarting,
    /// The signer does not answer; it is being restarted.
    SignerUnavailable,
    /// A token that holds our keys does not sign now.
    TokenUnavailable,
    /// The private listener has no certificate in force.
    ListenerCertificate,
    /// The order to stop was given.
    Stopping,
}

impl Reason {
    const fn words(self) -> &'static str {
        match self {
            Self::SignerStarting => "the signer process is starting",
            Self::SignerUnavailable => "the signer process does not answer and is being restarted",
            Self::TokenUnavailable => "a token is away; it is looked for until it is back",
            Self::ListenerCertificate => "the private listener has no certificate in force",
            Self::Stopping => "the server is stopping",
        }
    }
}

/// What stands in the way of being ready; everybody who knows of something writes it here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health(Arc<RwLock<BTreeSet<Reason>>>);

impl Health {
    /// Nothing stands in the way.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Says whether this reason holds now.
    pub(crate) fn set(&self, reason: Reason, holds: bool) {
        // A poisoned lock still holds a good set: nothing panics between two states of it.
        let mut reasons = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if holds {
            reasons.insert(reason);
        } else {
            reasons.remove(&reason);
        }
    }

    /// Everything that stands in the way.
    pub(crate) fn reasons(&self) -> Vec<Reason> {
        let reasons = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        reasons.iter().copied().collect()
    }
}

#[derive(Debug, Serialize)]
struct Report {
    live: bool,
    ready: bool,
    reasons: Vec<Stated>,
}

#[derive(Debug, Serialize)]
struct Stated {
    code: Reason,
    text: &'static str,
}

/// 200 when ready, 503 when only alive; who asks only for life takes any answer for yes.
pub(crate) async fn report(State(health): State<Health>) -> Response {
    let reasons: Vec<Stated> = health
        .reasons()
        .into_iter()
        .map(|code| Stated {
            code,
            text: code.words(),
        })
        .collect();
    let ready = reasons.is_empty();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let report = Report {
        live: true,
        ready,
        reasons,
    };
    (status, [no_store], Json(report)).into_response()
}
