//! `/`: what this server is, whose, and by which fingerprints its authorities are recognised.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::{PublicSite, rendered};
use crate::http::language::Language;
use crate::http::texts::Texts;
use crate::http::view::{self, AuthorityView, Force};

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'a> {
    t: &'static Texts,
    office: &'a str,
    authorities: Vec<AuthorityView>,
    example: String,
}

/// The page.
pub(super) async fn page(State(site): State<PublicSite>, headers: HeaderMap) -> Response {
    let language = Language::of(&headers);
    let authorities = view::authorities(&site.authorities, language, site.clock.now());
    let page = Page {
        t: language.texts(),
        office: &site.office,
        example: authorities
            .first()
            .map_or_else(|| "root".to_owned(), |first| first.name.clone()),
        authorities,
    };
    let mut response = rendered(page.render(), &headers);
    language.mark(response.headers_mut());
    let minute = HeaderValue::from_static("public, max-age=60");
    response.headers_mut().insert(header::CACHE_CONTROL, minute);
    response
}
