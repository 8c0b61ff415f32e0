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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// What is read on what: text and tags on their grounds.
    const PAIRS: [(&str, &str); 14] = [
        ("text", "ground"),
        ("text", "card"),
        ("text", "warning-ground"),
        ("text", "code"),
        ("quiet", "ground"),
        ("quiet", "card"),
        ("quiet", "code"),
        ("accent", "ground"),
        ("accent", "card"),
        ("accent-strong", "code"),
        ("good", "good-ground"),
        ("warning", "warning-ground"),
        ("bad", "bad-ground"),
        ("bad", "card"),
    ];

    fn colours(block: &str) -> BTreeMap<&str, f64> {
        let variables = block
            .lines()
            .filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'));
        variables
            .filter_map(|(name, value)| Some((name, luminance(value.trim().trim_end_matches(';'))?)))
            .collect()
    }

    /// Relative luminance (WCAG 2.2, definitions).
    fn luminance(hex: &str) -> Option<f64> {
        let digits = hex.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        Some(0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4))
    }

    #[test]
    fn every_text_can_be_read_on_its_ground_in_light_and_in_dark() {
        let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").unwrap();
        let dark = dark.split_once("\n}\n").unwrap().0;
        for (mode, block) in [("light", light), ("dark", dark)] {
            let colours = colours(block);
            for (text, ground) in PAIRS {
                let (a, b) = (colours[text], colours[ground]);
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 4.5, "{mode}: {text} on {ground} has {contrast:.2}:1");
            }
        }
    }
}
