//! Response headers that every page carries: nothing is loaded from elsewhere, nothing is framed, nothing is guessed.

use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// Style and pictures from this server, and nothing else: no script at all, no inline style, no forms, no frames.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const EVERYWHERE: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Two years, as the preload lists demand; only where TLS is spoken (RFC 6797 section 7.2).
const STRICT_TRANSPORT_SECURITY: &str = "max-age=63072000";

/// Adds the headers of the public listener.
pub(crate) async fn public(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add(&mut response, &EVERYWHERE);
    response
}

/// Adds the headers of the private listener: its pages are nobody's cache's business.
pub(crate) async fn private(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add(&mut response, &EVERYWHERE);
    let strict = (header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
    add(&mut response, &[strict]);
    if !response.headers().contains_key(header::CACHE_CONTROL) {
        add(&mut response, &[(header::CACHE_CONTROL, "no-store")]);
    }
    response
}

fn add(response: &mut Response, headers: &[(HeaderName, &'static str)]) {
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name.clone(), HeaderValue::from_static(value));
    }
}
