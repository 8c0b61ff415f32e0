//! Certificate serial numbers.

use std::fmt;
use std::str::FromStr;

use crate::asn1::{Element, write};
use crate::{Error, Result};

/// A positive serial number of at most 20 octets (RFC 5280 section 4.1.2.2).
///
/// Stored: as its magnitude without leading zeros, and shown as lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// Makes a serial number of 159 random bits from 20 random octets.
    ///
    /// The top bit is cleared so that the number is positive in 20 octets, and the next is set so that every
    /// serial has the same length and none is zero.
    pub fn from_random(mut octets: [u8; 20]) -> Self {
        octets[0] = (octets[0] & 0x7f) | 0x40;
        Self(octets.to_vec())
    }

    /// Reads the magnitude; leading zeros are dropped, zero and more than 20 octets are refused.
    pub fn from_magnitude(magnitude: &[u8]) -> Result<Self> {
        let rule = |rule| Error::Rule {
            structure: "serialNumber",
            rule,
        };
        let first = magnitude.iter().position(|octet| *octet != 0);
        let significant = first.and_then(|at| magnitude.get(at..)).ok_or(rule(
            "the serial number must be positive (RFC 5280 section 4.1.2.2)",
        ))?;
        let sign_octet = usize::from(significant.first().is_some_and(|octet| octet & 0x80 != 0));
        if significant.len() + sign_octet > 20 {
            return Err(rule(
                "the serial number must not be longer than 20 octets (RFC 5280 section 4.1.2.2)",
            ));
        }
        Ok(Self(significant.to_vec()))
    }

    /// Reads an INTEGER element.
    pub(crate) fn from_element(element: Element<'_>) -> Result<Self> {
        Self::from_magnitude(element.unsigned().map_err(Error::malformed("serialNumber"))?)
    }

    /// The magnitude without leading zeros.
    pub fn magnitude(&self) -> &[u8] {
        &self.0
    }

    /// The INTEGER.
    pub fn to_der(&self) -> Vec<u8> {
        write::unsigned(&self.0)
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(out, "{octet:02x}"))
    }
}

impl FromStr for Serial {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::Text {
            kind: "serial number",
            text: text.chars().take(48).collect(),
            rule: "hexadecimal digits, at most 40, colons allowed between octets",
        };
        let digits: String = text.chars().filter(|character| *character != ':').collect();
        let padded = if digits.len() % 2 == 1 {
            format!("0{digits}")
        } else {
            digits
        };
        if !padded.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let octets: Option<Vec<u8>> = padded
            .as_bytes()
            .chunks(2)
            .map(|pair| {
                std::str::from_utf8(pair)
                    .ok()
                    .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            })
            .collect();
        Self::from_magnitude(&octets.ok_or_else(wrong)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_serial_is_positive_and_twenty_octets_long() {
        for octets in [[0; 20], [0xff; 20]] {
            let der = Serial::from_random(octets).to_der();
            assert_eq!((der.len(), der[2] & 0x80), (22, 0));
        }
    }

    #[test]
    fn zero_and_overlong_serials_are_refused() {
        assert!(Serial::from_magnitude(&[0, 0]).is_err());
        assert!(
            Serial::from_magnitude(&[0x80; 20]).is_err(),
            "needs a 21st octet for its sign"
        );
        assert!(Serial::from_magnitude(&[0x7f; 20]).is_ok());
        assert_eq!("0A:ff".parse::<Serial>().unwrap().to_string(), "0aff");
        assert!("zz".parse::<Serial>().is_err());
    }
}
