//! `/aia/{authority}.cer` and `/crl/{authority}.crl`: bytes as they were signed.

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::PublicSite;
use crate::authority::Authority;
use crate::http::caching::{self, Published};
use crate::http::problem::Refusal;

/// A CRL larger than this is not read into memory for every reader; an offline root's has a few entries.
const MAX_CRL_BYTES: u64 = 16 * 1024 * 1024;

/// The last part of the path; what is not UTF-8 names nothing, and is refused in our own form.
type NamedFile = Result<Path<String>, PathRejection>;

/// An authority's certificate (RFC 5280 section 4.2.2.1: DER, `application/pkix-cert`).
pub(super) async fn certificate(
    State(site): State<PublicSite>,
    file: NamedFile,
    headers: HeaderMap,
) -> Response {
    let Ok(Path(file)) = file else {
        return Refusal::NotFound.answer(&headers);
    };
    let Some(authority) = named(&site, &file, ".cer") else {
        return Refusal::NotFound.answer(&headers);
    };
    let published = Published {
        media_type: "application/pkix-cert",
        // The bytes under this name change only when the authority's certificate is renewed.
        cache_control: "public, max-age=86400, no-transform",
        bytes: authority.der.clone(),
        file_name: Some(file),
    };
    caching::answer(&headers, published)
}

/// The CRL that the ceremony left for an authority (RFC 5280 section 4.2.1.13: DER, `application/pkix-crl`).
pub(super) async fn crl(State(site): State<PublicSite>, file: NamedFile, headers: HeaderMap) -> Response {
    let Ok(Path(file)) = file else {
        return Refusal::NotFound.answer(&headers);
    };
    let Some(authority) = named(&site, &file, ".crl") else {
        return Refusal::NotFound.answer(&headers);
    };
    match read(&authority.crl).await {
        Ok(bytes) => {
            let published = Published {
                media_type: "application/pkix-crl",
                cache_control: "public, max-age=3600, no-transform",
                bytes: Bytes::from(bytes),
                file_name: Some(file),
            };
            caching::answer(&headers, published)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Refusal::NoCrl.answer(&headers),
        Err(error) => {
            tracing::error!(file = %authority.crl.display(), %error, "a CRL could not be read");
            Refusal::Internal.answer(&headers)
        }
    }
}

/// The authority whose file this is. The name is looked up in the list, never joined to a path.
fn named<'a>(site: &'a PublicSite, file: &str, ending: &str) -> Option<&'a Authority> {
    site.authorities.find(file.strip_suffix(ending)?)
}

async fn read(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let length = tokio::fs::metadata(path).await?.len();
    if length > MAX_CRL_BYTES {
        return Err(std::io::Error::other(format!("{length} bytes are too many")));
    }
    tokio::fs::read(path).await
}
