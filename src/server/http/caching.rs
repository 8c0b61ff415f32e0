//! Published bytes with their `ETag`, and the short answer to those who have them already (RFC 9110 section 13).

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pki::digest::{hex, sha256};

/// Bytes that may be kept by whoever read them.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    /// What they are.
    pub(crate) media_type: &'static str,
    /// For how long they may be kept.
    pub(crate) cache_control: &'static str,
    /// The bytes.
    pub(crate) bytes: Bytes,
    /// Under which name a browser saves them, where it should.
    pub(crate) file_name: Option<String>,
}

/// The bytes, or 304 for those who have them.
pub(crate) fn answer(request: &HeaderMap, body: Published) -> Response {
    let tag = etag(&body.bytes);
    let mut response = if is_known(request, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = body.bytes.into_response();
        let media_type = HeaderValue::from_static(body.media_type);
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        if let Some(name) = body.file_name
            && let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\""))
        {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(body.cache_control),
    );
    if let Ok(value) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, value);
    }
    response
}

/// A strong validator: the first 128 bits of SHA-256.
fn etag(bytes: &[u8]) -> String {
    let digest = sha256(bytes);
    let digits = hex(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
    format!("\"{digits}\"")
}

/// `If-None-Match` compares weakly (RFC 9110 section 13.1.2).
fn is_known(request: &HeaderMap, tag: &str) -> bool {
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.trim_start_matches("W/") == tag)
}
