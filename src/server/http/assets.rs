//! Style and icon, part of the binary: the server needs no files beside it, and pages load nothing from elsewhere.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::caching::{self, Published};

const STYLE: &str = include_str!("../../../web/sinete.css");
const ICON: &str = include_str!("../../../web/sinete.svg");

/// The style sheet.
pub(crate) async fn style(headers: HeaderMap) -> Response {
    asset(&headers, "text/css; charset=utf-8", STYLE)
}

/// The icon, which is the picture at the top of the pages too.
pub(crate) async fn icon(headers: HeaderMap) -> Response {
    asset(&headers, "image/svg+xml", ICON)
}

fn asset(request: &HeaderMap, media_type: &'static str, text: &'static str) -> Response {
    let body = Published {
        media_type,
        cache_control: "public, max-age=3600",
        bytes: axum::body::Bytes::from_static(text.as_bytes()),
        file_name: None,
    };
    caching::answer(request, body)
}

/// Browsers ask for it whatever the page says.
pub(crate) async fn favicon() -> Response {
    (
        StatusCode::MOVED_PERMANENTLY,
        [(header::LOCATION, "/assets/sinete.svg")],
    )
        .into_response()
}
