//! One spelling for what is hashed and signed: JSON with sorted keys, no spaces, no fractions.
//!
//! Stored: transcripts, approvals and envelopes are made of these bytes. The rules are those of RFC 8785 for the
//! values that occur here: objects sorted by key, integers, strings with the shortest escapes.

use std::fmt;
use std::str::FromStr;

use pki::digest::sha256;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::{Error, Result};

/// The canonical bytes of a value.
pub fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let value = serde_json::to_value(value).map_err(Error::not_canonical)?;
    let mut text = String::new();
    write_value(&mut text, &value)?;
    Ok(text.into_bytes())
}

/// SHA-256 over the canonical bytes.
pub fn hash<T: Serialize>(value: &T) -> Result<Hash> {
    to_bytes(value).map(|bytes| Hash::of(&bytes))
}

fn write_value(text: &mut String, value: &Value) -> Result<()> {
    match value {
        Value::Object(members) => write_members(text, members),
        Value::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write_value(text, item)?;
            }
            text.push(']');
            Ok(())
        }
        Value::Number(number) if number.is_f64() => Err(Error::NotCanonical {
            reason: "a number has a fraction".to_owned(),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
            Ok(())
        }
    }
}

/// Sorted here, because whether the map itself is sorted depends on a feature that any crate may switch on.
fn write_members(text: &mut String, members: &serde_json::Map<String, Value>) -> Result<()> {
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    sorted.sort_by_key(|(key, _)| *key);
    text.push('{');
    for (position, (key, member)) in sorted.into_iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(key.as_str()).to_string());
        text.push(':');
        write_value(text, member)?;
    }
    text.push('}');
    Ok(())
}

/// A SHA-256 digest, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first record of a transcript has before it.
    pub const NOTHING: Self = Self([0; 32]);

    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256(bytes))
    }

    /// A digest that was computed elsewhere.
    pub const fn from_bytes(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// The octets.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Octets, written as hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

fn write_hex(out: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    octets.iter().try_for_each(|octet| write!(out, "{octet:02x}"))
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(out, &self.0)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hash({self})")
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(out, &self.0)
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hex({self})")
    }
}

impl FromStr for Hex {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::NotCanonical {
            reason: format!(
                "{:?} is not an even number of lower-case hexadecimal digits",
                text.chars().take(20).collect::<String>()
            ),
        };
        let nibble = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        if !text.len().is_multiple_of(2) {
            return Err(wrong());
        }
        let octet = |pair: &[u8]| match pair {
            [high, low] => Some((nibble(*high)? << 4) | nibble(*low)?),
            _ => None,
        };
        let octets: Option<Vec<u8>> = text.as_bytes().chunks(2).map(octet).collect();
        octets.map(Self).ok_or_else(wrong)
    }
}

impl FromStr for Hash {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let octets: Hex = text.parse()?;
        octets.0.try_into().map(Self).map_err(|_| Error::NotCanonical {
            reason: "a SHA-256 digest has 64 hexadecimal digits".to_owned(),
        })
    }
}

macro_rules! serde_as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
                String::deserialize(from)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}
serde_as_text!(Hash);
serde_as_text!(Hex);

/// For values of other crates that are written as their text: serial numbers, algorithms.
pub(crate) mod text {
    use super::{Deserialize, Deserializer, FromStr, Serializer, fmt};

    pub(crate) fn serialize<T: fmt::Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: fmt::Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// For times, written as RFC 3339 in UTC with whole seconds.
pub(crate) mod time {
    use pki::asn1::{Element, tag, write};
    use pki::time::Time;

    use super::{Deserialize, Deserializer, Serializer};

    // The reference is what serde's `with` asks for.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's with demands this signature"
    )]
    pub(crate) fn serialize<S: Serializer>(value: &Time, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("{text:?} is not a time such as 2026-11-20T12:00:00Z"))
        })
    }

    /// Reads what [`Time`] displays, and nothing else.
    pub(crate) fn parse(text: &str) -> Option<Time> {
        let digits: String = text.chars().filter(|c| !"-:T".contains(*c)).collect();
        let der = write::value(tag::GENERALIZED_TIME, digits.as_bytes());
        let time = Time::from_generalized_element(Element::only(&der).ok()?).ok()?;
        (time.to_string() == text).then_some(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_nothing_is_added() {
        let value = serde_json::json!({"b": [1, true, null], "a": {"z": "é\"\n", "y": ""}});
        let bytes = to_bytes(&value).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            r#"{"a":{"y":"","z":"é\"\n"},"b":[1,true,null]}"#
        );
    }

    #[test]
    fn a_fraction_has_no_canonical_form() {
        assert!(to_bytes(&serde_json::json!({"a": 1.5})).is_err());
    }

    #[test]
    fn digests_and_times_have_one_spelling() {
        let hash = Hash::of(b"abc");
        assert_eq!(hash.to_string().parse::<Hash>().unwrap(), hash);
        assert!(hash.to_string().to_uppercase().parse::<Hash>().is_err());
        assert!("00".parse::<Hash>().is_err());
        assert!("0".parse::<Hex>().is_err());
        let now = pki::time::Time::from_unix_seconds(1_795_000_000).unwrap();
        assert_eq!(time::parse(&now.to_string()), Some(now));
        for wrong in [
            "2026-11-20T12:00:00",
            "20261120120000Z",
            "2026-11-20T12:00:00+00:00",
            "2026-13-20T12:00:00Z",
        ] {
            assert_eq!(time::parse(wrong), None, "{wrong}");
        }
    }
}
