//! Which language a reader wants (RFC 9110 section 12.5.4): English or Portuguese, English where nothing is said.

use axum::http::{HeaderMap, HeaderValue, header};

use super::texts::{ENGLISH, PORTUGUESE, Texts};

/// The languages of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    English,
    /// Brazilian Portuguese.
    Portuguese,
}

impl Language {
    /// The language that the request prefers among ours.
    pub(crate) fn of(request: &HeaderMap) -> Self {
        let mut best = (Self::English, 0.0);
        let header = request
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        for range in header.split(',') {
            let (tag, quality) = split_quality(range);
            let primary = tag.split('-').next().unwrap_or_default();
            let language = match primary.to_ascii_lowercase().as_str() {
                "pt" => Self::Portuguese,
                "en" => Self::English,
                _ => continue,
            };
            // Of equals the first one wins, as people write their lists.
            if quality > best.1 {
                best = (language, quality);
            }
        }
        best.0
    }

    /// The texts of this language.
    pub(crate) const fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::Portuguese => &PORTUGUESE,
        }
    }

    /// Says in the answer which language it is in and that another one exists.
    pub(crate) fn mark(self, headers: &mut HeaderMap) {
        let tag = HeaderValue::from_static(self.texts().language);
        headers.insert(header::CONTENT_LANGUAGE, tag);
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
    }
}

/// `pt-BR;q=0.8` as tag and quality; what is not a number counts as not wanted.
fn split_quality(range: &str) -> (&str, f32) {
    let (tag, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
    let quality = parameter
        .trim()
        .strip_prefix("q=")
        .and_then(|text| text.parse().ok());
    (
        tag.trim(),
        quality.filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(header: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(header).unwrap());
        Language::of(&headers)
    }

    #[test]
    fn the_preferred_language_of_ours_is_chosen() {
        for (header, expected) in [
            ("pt-BR,pt;q=0.9,en;q=0.8", Language::Portuguese),
            ("en-US,en;q=0.9,pt;q=0.8", Language::English),
            ("de, pt;q=0.2", Language::Portuguese),
            ("en;q=0.3, PT-br;q=0.7", Language::Portuguese),
            ("de, fr", Language::English),
            ("pt;q=0", Language::English),
            ("pt;q=nan, pt;q=7", Language::English),
            (",;;q,=", Language::English),
        ] {
            assert_eq!(asked(header), expected, "{header}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
