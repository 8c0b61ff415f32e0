//! How the server stands at one moment: what the console shows and the API answers with, from one source.

use hsm::inventory::Period;
use hsm::key::Purpose;
use hsm::signer::protocol::{KeyState, Status};
use pki::digest::hex;
use pki::time::Time;
use serde::Serialize;

use super::PrivateSite;
use crate::authority::Authority;
use crate::doctor::Finding;
use crate::http::language::Language;
use crate::signer_watch::{Phase, SignerState};

/// Everything at once.
#[derive(Debug, Serialize)]
pub(super) struct Standing {
    pub(super) office: String,
    pub(super) version: &'static str,
    #[serde(serialize_with = "as_text")]
    pub(super) as_of: Time,
    pub(super) signer: SignerStanding,
    pub(super) authorities: Vec<AuthorityStanding>,
    pub(super) keys: Vec<KeyStanding>,
    #[serde(serialize_with = "as_text")]
    pub(super) listener_certificate_until: Time,
    #[serde(serialize_with = "as_text")]
    pub(super) examined_at: Time,
    pub(super) findings: Vec<Finding>,
}

/// The signer process.
#[derive(Debug, Serialize)]
pub(super) struct SignerStanding {
    pub(super) state: &'static str,
    #[serde(skip)]
    pub(super) phase: Phase,
    #[serde(serialize_with = "as_text")]
    pub(super) since: Time,
    pub(super) reason: Option<String>,
    pub(super) restarts: u64,
    pub(super) waiting: Option<u32>,
    pub(super) capacity: Option<u32>,
    pub(super) signatures: Option<u64>,
    pub(super) sandbox: Option<String>,
    pub(super) tokens: Vec<TokenStanding>,
}

/// A token.
#[derive(Debug, Serialize)]
pub(super) struct TokenStanding {
    pub(super) label: String,
    pub(super) ready: bool,
    pub(super) state: String,
}

/// An authority.
#[derive(Debug, Serialize)]
pub(super) struct AuthorityStanding {
    pub(super) name: String,
    pub(super) subject: String,
    pub(super) root: bool,
    #[serde(serialize_with = "as_text")]
    pub(super) not_before: Time,
    #[serde(serialize_with = "as_text")]
    pub(super) not_after: Time,
    pub(super) sha256: String,
}

/// A key.
#[derive(Debug, Serialize)]
pub(super) struct KeyStanding {
    pub(super) name: String,
    pub(super) token: String,
    pub(super) algorithm: &'static str,
    pub(super) purposes: Vec<Purpose>,
    pub(super) ready: bool,
    pub(super) reason: Option<String>,
    pub(super) budget: Option<BudgetStanding>,
}

/// How far a budget is used up.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct BudgetStanding {
    pub(super) used: u64,
    pub(super) limit: u64,
    #[serde(serialize_with = "as_name")]
    pub(super) per: Period,
}

impl Standing {
    /// Asks the signer and puts everything together.
    pub(super) async fn now(site: &PrivateSite, language: Language) -> Self {
        let signer = site.signer.ask().await;
        let examined = site.examined.latest();
        Self {
            office: site.office.to_string(),
            version: env!("CARGO_PKG_VERSION"),
            as_of: site.clock.now(),
            authorities: site.authorities.iter().map(AuthorityStanding::of).collect(),
            keys: signer.status.as_ref().map(keys).unwrap_or_default(),
            signer: SignerStanding::of(signer),
            listener_certificate_until: site.certificate.until(),
            examined_at: examined.at,
            findings: examined.report.findings(language),
        }
    }
}

impl SignerStanding {
    fn of(signer: SignerState) -> Self {
        let status = signer.status;
        let queue = status.as_ref().map(|status| status.queue);
        let (state, reason) = match &signer.phase {
            Phase::Starting => ("starting", None),
            Phase::Up => ("up", None),
            Phase::Down { reason } => ("down", Some(reason.clone())),
        };
        Self {
            state,
            phase: signer.phase,
            since: signer.since,
            reason,
            restarts: signer.restarts,
            waiting: queue.map(|queue| queue.waiting),
            capacity: queue.map(|queue| queue.capacity),
            signatures: queue.map(|queue| queue.signatures),
            sandbox: status.as_ref().map(|status| status.sandbox.clone()),
            tokens: status.map(tokens).unwrap_or_default(),
        }
    }
}

impl AuthorityStanding {
    fn of(authority: &Authority) -> Self {
        let content = authority.certificate.content();
        Self {
            name: authority.name.clone(),
            subject: content.subject.to_string(),
            root: authority.is_root(),
            not_before: content.validity.not_before,
            not_after: content.validity.not_after,
            sha256: hex(&authority.fingerprint),
        }
    }
}

fn tokens(status: Status) -> Vec<TokenStanding> {
    let token = |token: hsm::signer::protocol::TokenStatus| TokenStanding {
        label: token.label,
        ready: token.ready,
        state: token.state,
    };
    status.tokens.into_iter().map(token).collect()
}

fn keys(status: &Status) -> Vec<KeyStanding> {
    status
        .keys
        .iter()
        .map(|key| {
            let reason = match &key.state {
                KeyState::Ready => None,
                KeyState::Unusable { reason } => Some(reason.clone()),
            };
            KeyStanding {
                name: key.name.clone(),
                token: key.token.clone(),
                algorithm: key.algorithm.map_or("aes-256", |(kind, _)| kind.name()),
                purposes: key.purposes.clone(),
                ready: reason.is_none(),
                reason,
                budget: key.budget.map(|budget| BudgetStanding {
                    used: budget.limit.saturating_sub(budget.left),
                    limit: budget.limit,
                    per: budget.per,
                }),
            }
        })
        .collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn as_text<S: serde::Serializer>(time: &Time, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(time)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn as_name<S: serde::Serializer>(period: &Period, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(period.name())
}
