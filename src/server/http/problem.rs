//! The only file that turns what went wrong into HTTP: problem documents (RFC 9457) for programs, a small page
//! for people. What happened inside never leaves.

use askama::Template;
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;

use super::language::Language;
use super::texts::Texts;

/// What a listener refuses, each with its own code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing is published at this path.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// More requests in work than the listener takes.
    Overloaded,
    /// The request or its answer took longer than allowed.
    TooSlow,
    /// The request's body is larger than allowed.
    TooLarge,
    /// This authority has not published a CRL.
    NoCrl,
    /// The operator's certificate ended while the connection was open.
    CertificateExpired,
    /// Something broke on our side; the log says what.
    Internal,
}

impl Refusal {
    const fn status(self) -> StatusCode {
        match self {
            Self::NotFound | Self::NoCrl => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::CertificateExpired => StatusCode::FORBIDDEN,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The code that programs look at; it never changes.
    const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Overloaded => "overloaded",
            Self::TooSlow => "too-slow",
            Self::TooLarge => "too-large",
            Self::NoCrl => "no-crl",
            Self::CertificateExpired => "certificate-expired",
            Self::Internal => "internal",
        }
    }

    /// What went wrong and what to do, in the reader's language.
    const fn words(self, texts: &'static Texts) -> (&'static str, &'static str) {
        match self {
            Self::NotFound => (texts.not_found, texts.not_found_remedy),
            Self::MethodNotAllowed => (texts.method_not_allowed, texts.method_not_allowed_remedy),
            Self::Overloaded => (texts.overloaded, texts.overloaded_remedy),
            Self::TooSlow => (texts.too_slow, texts.too_slow_remedy),
            Self::TooLarge => (texts.too_large, texts.too_large_remedy),
            Self::NoCrl => (texts.no_crl, texts.no_crl_remedy),
            Self::CertificateExpired => (texts.certificate_expired, texts.certificate_expired_remedy),
            Self::Internal => (texts.internal, texts.internal_remedy),
        }
    }

    /// The answer in the form and language that the request asks for.
    pub(crate) fn answer(self, request: &HeaderMap) -> Response {
        let language = Language::of(request);
        let (title, detail) = self.words(language.texts());
        let mut response = if wants_html(request) {
            let page = Page {
                t: language.texts(),
                title,
                detail,
                status: self.status().as_u16(),
            };
            match page.render() {
                Ok(html) => Html(html).into_response(),
                Err(_) => title.into_response(),
            }
        } else {
            let mut response = Json(Problem {
                kind: "about:blank",
                title,
                status: self.status().as_u16(),
                detail,
                code: self.code(),
            })
            .into_response();
            let media_type = HeaderValue::from_static("application/problem+json");
            response.headers_mut().insert(header::CONTENT_TYPE, media_type);
            response
        };
        *response.status_mut() = self.status();
        language.mark(response.headers_mut());
        if self == Self::Overloaded {
            let soon = HeaderValue::from_static("2");
            response.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        response
    }
}

/// Browsers name HTML; programs do not, or name everything.
fn wants_html(request: &HeaderMap) -> bool {
    request
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

#[derive(Debug, Serialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
    code: &'static str,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page {
    t: &'static Texts,
    title: &'static str,
    detail: &'static str,
    status: u16,
}

/// The limits below answer with bare statuses; this gives them their words.
pub(crate) async fn explain(request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let response = next.run(request).await;
    let refusal = match response.status() {
        StatusCode::REQUEST_TIMEOUT => Refusal::TooSlow,
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge,
        _ => return response,
    };
    refusal.answer(&headers)
}

/// For every path that is not published.
pub(crate) async fn not_found(headers: HeaderMap) -> Response {
    Refusal::NotFound.answer(&headers)
}

/// For every other method on a published path. What is published is only read.
pub(crate) async fn method_not_allowed(_: Method, headers: HeaderMap) -> Response {
    let mut response = Refusal::MethodNotAllowed.answer(&headers);
    let allowed = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}
