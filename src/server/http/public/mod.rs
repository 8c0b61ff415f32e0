//! The public listener: reads only, no session, nothing about the reader is kept.

mod home;
mod published;

use std::sync::Arc;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use super::health::Health;
use super::limits::Limits;
use super::problem::Refusal;
use super::{access_log, assets, headers, health, problem};
use crate::authority::Authorities;
use crate::clock::SharedClock;

/// What the public pages know.
#[derive(Clone)]
pub(crate) struct PublicSite {
    /// Whose server this is.
    pub(crate) office: Arc<str>,
    /// What is published.
    pub(crate) authorities: Arc<Authorities>,
    /// Whether the server is ready.
    pub(crate) health: Health,
    /// What time it is.
    pub(crate) clock: SharedClock,
}

/// Every path of the public listener, inside its limits.
pub(crate) fn router(site: PublicSite, limits: &Limits) -> Router {
    let pages = Router::new()
        .route("/", get(home::page))
        .route("/aia/{file}", get(published::certificate))
        .route("/crl/{file}", get(published::crl))
        .route("/assets/sinete.css", get(assets::style))
        .route("/assets/sinete.svg", get(assets::icon))
        .route("/favicon.ico", get(assets::favicon))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(site.clone());
    // Health stands outside the limit on requests: a server under load is alive, and whoever watches must see it.
    let health = Router::new()
        .route("/health", get(health::report))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(site.health);
    within_limits(pages, limits)
        .merge(health)
        .layer(RequestBodyLimitLayer::new(limits.body_bytes))
        .layer(middleware::from_fn(problem::explain))
        .layer(middleware::from_fn(headers::public))
        .layer(middleware::from_fn(access_log::public))
}

/// Bounds the requests in work and the time of each.
pub(crate) fn within_limits(router: Router, limits: &Limits) -> Router {
    let overloaded =
        |headers: HeaderMap, _: tower::BoxError| async move { Refusal::Overloaded.answer(&headers) };
    router.layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(overloaded))
            .layer(LoadShedLayer::new())
            .layer(GlobalConcurrencyLimitLayer::new(limits.requests))
            .layer(TimeoutLayer::with_status_code(
                StatusCode::REQUEST_TIMEOUT,
                limits.request_time,
            )),
    )
}

/// A template that does not render is our mistake; the reader learns only that.
pub(crate) fn rendered(page: askama::Result<String>, request: &HeaderMap) -> Response {
    match page {
        Ok(html) => axum::response::IntoResponse::into_response(axum::response::Html(html)),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            Refusal::Internal.answer(request)
        }
    }
}

#[cfg(test)]
mod tests;
