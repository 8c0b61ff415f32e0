//! What a key is called on its token, and what it may be used for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Error, Result};

/// `CKA_ID` of a key: sixteen random octets. Labels are for people and are not unique; this is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// Length in octets.
    pub const LENGTH: usize = 16;

    /// Wraps sixteen octets that came from a random source ([`crate::token::Token::new_key_id`]).
    pub const fn from_bytes(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// The octets, as the token holds them.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        from_hex(text).map(Self).ok_or_else(|| Error::Text {
            kind: "key id",
            text: text.chars().take(40).collect(),
            rule: "32 lower-case hexadecimal digits",
        })
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// What a key may sign or encrypt. The signer process looks at the bytes and refuses everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// To-be-signed certificates.
    Certificate,
    /// Certificate revocation lists.
    Crl,
    /// OCSP responses.
    Ocsp,
    /// Time-stamp tokens.
    Timestamp,
    /// Document signatures.
    Document,
    /// Checkpoints of the register.
    Register,
    /// Wrapping data keys; such a key signs nothing.
    Data,
}

impl Purpose {
    /// Every purpose, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Certificate,
        Self::Crl,
        Self::Ocsp,
        Self::Timestamp,
        Self::Document,
        Self::Register,
        Self::Data,
    ];

    /// The word used in files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Crl => "crl",
            Self::Ocsp => "ocsp",
            Self::Timestamp => "timestamp",
            Self::Document => "document",
            Self::Register => "register",
            Self::Data => "data",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Purpose {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.name() == text)
            .ok_or_else(|| Error::Text {
                kind: "key purpose",
                text: text.chars().take(40).collect(),
                rule: "one of certificate, crl, ocsp, timestamp, document, register, data",
            })
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    octets
        .iter()
        .flat_map(|octet| [digit(octet >> 4), digit(octet & 0x0f)])
        .collect()
}

/// Exactly `N` octets from `2 * N` lower-case hexadecimal digits: one value has one spelling.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut octets = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *octet = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = KeyId::from_bytes([0x0f, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xff]);
        let text = id.to_string();
        assert_eq!(text, "0ff00102030405060708090a0b0c0dff");
        assert_eq!(text.parse(), Ok(id));
        for wrong in [
            "",
            "0ff0",
            &text.to_uppercase(),
            &text.replace('f', "g"),
            "0ff00102030405060708090a0b0c0dé",
        ] {
            assert!(wrong.parse::<KeyId>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_purpose_reads_back_as_itself() {
        for purpose in Purpose::ALL {
            assert_eq!(purpose.name().parse(), Ok(purpose));
        }
        assert!("Certificate".parse::<Purpose>().is_err());
    }
}
