//! Compares the transcript of a rehearsal with that of the real ceremony.
//!
//! What cannot be the same twice (times, serial numbers, keys, digests, nonces, signatures, which of the custodians
//! agreed) is taken out of both; lifetimes stay. Everything else must be equal, down to every extension of every
//! certificate.

use std::fmt;

use pki::certificate::{Content, parse_tbs};
use pki::oid::extension as oid;
use serde_json::{Map, Value, json};

use crate::canonical::{Hex, time};
use crate::transcript::{Entry, Transcript};
use crate::{Error, Result};

/// One thing that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where, as in `step 3, intent, not_after`.
    pub place: String,
    /// What the first transcript says.
    pub first: String,
    /// What the second one says.
    pub second: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\n  - {}\n  + {}", self.place, self.first, self.second)
    }
}

/// What stands for a value that is another one every time.
const VARIES: &str = "(varies)";
const NOTHING: &str = "(nothing)";

/// Every difference between two transcripts, in their order; none if the one was a rehearsal of the other.
pub fn diff(first: &Transcript, second: &Transcript) -> Result<Vec<Difference>> {
    let (left, right) = (normalised(first)?, normalised(second)?);
    let mut differences = Vec::new();
    for at in 0..left.len().max(right.len()) {
        let nothing = (NOTHING.to_owned(), Value::Null);
        let (place, one) = left.get(at).unwrap_or(&nothing);
        let (other_place, other) = right.get(at).unwrap_or(&nothing);
        if place == other_place {
            compare(place, one, other, &mut differences);
        } else {
            differences.push(Difference {
                place: format!("entry {at}"),
                first: place.clone(),
                second: other_place.clone(),
            });
        }
    }
    Ok(differences)
}

/// Each record's place and what is left of it. Notes come last: an interruption shifts nothing else.
fn normalised(transcript: &Transcript) -> Result<Vec<(String, Value)>> {
    let (mut acts, mut notes) = (Vec::new(), Vec::new());
    for record in transcript.records() {
        let (place, is_note) = match &record.entry {
            Entry::Opening(_) => ("opening".to_owned(), false),
            Entry::Intent { step, .. } => (format!("step {step}, intent"), false),
            Entry::Approval(approval) => (format!("step {}, approval", approval.statement.step), false),
            Entry::Done(done) => (format!("step {}, result", done.step), false),
            Entry::Note { step, .. } => (format!("step {step}, note"), true),
        };
        let mut value = serde_json::to_value(&record.entry).map_err(Error::not_canonical)?;
        normalise("", &mut value);
        if is_note {
            notes.push((place, value));
        } else {
            acts.push((place, value));
        }
    }
    acts.append(&mut notes);
    Ok(acts)
}

fn normalise(key: &str, value: &mut Value) {
    match value {
        Value::Object(members) => normalise_members(members),
        Value::Array(items) => items.iter_mut().for_each(|item| normalise(key, item)),
        Value::String(text) => {
            if let Some(replacement) = replacement(key, text) {
                *value = replacement;
            }
        }
        Value::Bool(_) if key == "rehearsal" => *value = Value::from(VARIES),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn normalise_members(members: &mut Map<String, Value>) {
    for (name, from, to) in [
        ("lifetime_seconds", "not_before", "not_after"),
        ("lifetime_seconds", "this_update", "next_update"),
    ] {
        let moment = |key: &str| members.get(key).and_then(Value::as_str).and_then(time::parse);
        if let (Some(from), Some(to)) = (moment(from), moment(to)) {
            members.insert(name.to_owned(), json!(to.unix_seconds() - from.unix_seconds()));
        }
    }
    for (key, member) in members.iter_mut() {
        normalise(key, member);
    }
}

/// What stands for a text, if it varies by nature.
fn replacement(key: &str, text: &str) -> Option<Value> {
    match key {
        // The same files must have governed both; the custodians' keys are others in a rehearsal.
        "script" | "hierarchy" => None,
        "tbs" => Some(to_be_signed(text)),
        "custodian" | "ceremony" | "answered_by" => Some(Value::from(VARIES)),
        _ => {
            let is_hex = text.len() >= 32
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            (is_hex || time::parse(text).is_some()).then(|| Value::from(VARIES))
        }
    }
}

/// What a certificate will say, without what varies. Requests and CRLs are told by the fields beside them.
fn to_be_signed(text: &str) -> Value {
    let Some(content) = text.parse::<Hex>().ok().and_then(|tbs| parse_tbs(&tbs.0).ok()) else {
        return Value::from(VARIES);
    };
    certificate(&content)
}

fn certificate(content: &Content) -> Value {
    let extension = |extension: &pki::extension::Extension| {
        let varies = [oid::SUBJECT_KEY_IDENTIFIER, oid::AUTHORITY_KEY_IDENTIFIER].contains(&extension.oid);
        let value = if varies {
            VARIES.to_owned()
        } else {
            Hex(extension.value.clone()).to_string()
        };
        json!({ "oid": extension.oid.to_string(), "critical": extension.critical, "value": value })
    };
    json!({
        "issuer": content.issuer.to_string(),
        "subject": content.subject.to_string(),
        "key": content.public_key.algorithm().to_string(),
        "signature": content.signature.to_string(),
        "extensions": content.extensions.iter().map(extension).collect::<Vec<_>>(),
    })
}

/// Goes down until something differs, so that the difference is named and not the whole record.
fn compare(place: &str, one: &Value, other: &Value, differences: &mut Vec<Difference>) {
    match (one, other) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let (one, other) = (
                    left.get(key).unwrap_or(&Value::Null),
                    right.get(key).unwrap_or(&Value::Null),
                );
                compare(&format!("{place}, {key}"), one, other, differences);
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            for at in 0..left.len().max(right.len()) {
                let (one, other) = (
                    left.get(at).unwrap_or(&Value::Null),
                    right.get(at).unwrap_or(&Value::Null),
                );
                compare(&format!("{place} {}", at + 1), one, other, differences);
            }
        }
        _ if one == other => {}
        _ => differences.push(Difference {
            place: place.to_owned(),
            first: shown(one),
            second: shown(other),
        }),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
