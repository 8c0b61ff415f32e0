//! One log line for each request: of the public listener at level debug, because nothing about strangers is kept; of
//! the private one at level info, with the serial number of the operator's certificate and no name.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use super::private::operator::Operator;

/// For the public listener.
pub(crate) async fn public(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let begun = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    tracing::debug!(%method, path, status, duration_us = microseconds(begun), "answered");
    response
}

/// For the private listener.
pub(crate) async fn private(request: Request, next: Next) -> Response {
    let operator = request
        .extensions()
        .get::<Operator>()
        .map(|operator| operator.serial.clone());
    let operator = operator.unwrap_or_default();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let begun = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    tracing::info!(%method, path, status, duration_us = microseconds(begun), %operator, "answered an operator");
    response
}

fn microseconds(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}
