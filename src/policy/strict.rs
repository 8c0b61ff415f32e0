//! Strict TOML: a key that is not known stops the reading, with its file, its line and the nearest known key.
//!
//! Every file that people write is read through [`parse`], so that a misspelt key is never a silent default.

use std::path::Path;

use pki::nearest::nearest;
use serde::de::DeserializeOwned;

use crate::error::Place;
use crate::{Error, Result};

/// Reads a text into a type whose structs all `deny_unknown_fields`. The file's name is for messages only.
pub fn parse<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let place = Place::of(file, text, error.span().map_or(0, |span| span.start));
        explain(place, error.message())
    })
}

/// Serde says "unknown field `a`, expected one of `b`, `c`"; people are told the nearest.
fn explain(place: Place, message: &str) -> Error {
    let names = backticked(message);
    match names.split_first() {
        Some((key, known)) if message.starts_with("unknown field ") => Error::UnknownKey {
            place,
            key: (*key).to_owned(),
            nearest: nearest(key, known).map(str::to_owned),
            known: known.iter().map(|name| (*name).to_owned()).collect(),
        },
        _ => Error::Syntax {
            place,
            message: message.trim_end().to_owned(),
        },
    }
}

fn backticked(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the reading is looked at")]
    struct Example {
        validity_days: u32,
        path_length: Option<u8>,
        inner: Option<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the reading is looked at")]
    struct Inner {
        only: u32,
    }

    fn refusal(text: &str) -> String {
        parse::<Example>(Path::new("a.toml"), text)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
        assert_eq!(
            refusal("path_length = 1\nvalidty_days = 3\n"),
            "a.toml:2: unknown key `validty_days`; did you mean `validity_days`?"
        );
        assert_eq!(
            refusal("validity_days = 1\n[inner]\nonly = 3\nonyl = 4\n"),
            "a.toml:4: unknown key `onyl`; did you mean `only`?"
        );
        assert_eq!(
            refusal("\ncolour = \"red\"\n"),
            "a.toml:2: unknown key `colour`; known here: validity_days, path_length, inner"
        );
    }

    #[test]
    fn a_wrong_type_and_broken_toml_are_placed_too() {
        let wrong = refusal("validity_days = \"many\"\n");
        assert!(wrong.starts_with("a.toml:1: invalid type"), "{wrong}");
        let broken = refusal("validity_days = 1\n[inner\n");
        assert!(broken.starts_with("a.toml:2: "), "{broken}");
        let twice = refusal("validity_days = 1\nvalidity_days = 2\n");
        assert!(twice.starts_with("a.toml:2: "), "{twice}");
        let missing = refusal("path_length = 1\n");
        assert!(missing.contains("missing field `validity_days`"), "{missing}");
    }
}
