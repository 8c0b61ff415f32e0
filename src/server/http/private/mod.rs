//! The private listener: the console and the API, for operators with a certificate.

mod console;
pub(crate) mod operator;
mod standing;
mod status;
pub(crate) mod tls;
pub(crate) mod verifier;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::get;
use tower_http::limit::RequestBodyLimitLayer;

use self::tls::CurrentCertificate;
use super::limits::Limits;
use super::public::within_limits;
use super::{access_log, assets, headers, problem};
use crate::authority::Authorities;
use crate::clock::SharedClock;
use crate::examination::Examination;
use crate::signer_watch::SignerWatch;

/// What the private pages know.
#[derive(Clone)]
pub(crate) struct PrivateSite {
    /// Whose server this is.
    pub(crate) office: Arc<str>,
    /// What is published.
    pub(crate) authorities: Arc<Authorities>,
    /// How the signer is.
    pub(crate) signer: SignerWatch,
    /// What the doctor found last.
    pub(crate) examined: Examination,
    /// The certificate of this listener.
    pub(crate) certificate: Arc<CurrentCertificate>,
    /// What time it is.
    pub(crate) clock: SharedClock,
}

/// Every path of the private listener, inside its limits. Each handler asks for an operator, and none is reached
/// without one.
pub(crate) fn router(site: PrivateSite, limits: &Limits) -> Router {
    let pages = Router::new()
        .route("/", get(console::page))
        .route("/api/v1/status", get(status::status))
        .route("/assets/sinete.css", get(assets::style))
        .route("/assets/sinete.svg", get(assets::icon))
        .route("/favicon.ico", get(assets::favicon))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(site);
    within_limits(pages, limits)
        .layer(RequestBodyLimitLayer::new(limits.body_bytes))
        .layer(middleware::from_fn(problem::explain))
        .layer(middleware::from_fn(headers::private))
        .layer(middleware::from_fn(access_log::private))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::signer as example_signer;
