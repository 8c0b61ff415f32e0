//! Brazilian numbers: CPF and CNPJ with their check digits, and numbers of fixed width without.

use std::fmt;
use std::str::FromStr;

use super::broken;
use crate::{Error, Result};

/// A person's number with the federal revenue: eleven digits, the last two check the others.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cpf(String);

impl Cpf {
    /// Checks eleven digits without separators.
    pub fn new(digits: &str) -> Result<Self> {
        const RULE: &str = "a CPF has eleven digits, not all the same, and its check digits must agree";
        let values = values(digits, 11, 11).ok_or(broken(RULE))?;
        let first = values.first();
        let all_same = values.iter().all(|value| Some(value) == first);
        // The weights grow from 2 at the right without end.
        if all_same || !check_digits_agree(&values, u32::MAX) {
            return Err(broken(RULE));
        }
        Ok(Self(digits.to_owned()))
    }

    /// The eleven digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a field; all zeros are none.
    pub(super) fn from_field(field: &str) -> Result<Option<Self>> {
        known(field).then(|| Self::new(field)).transpose()
    }
}

/// A company's number with the federal revenue: twelve digits or, since July 2026, upper-case letters, and two
/// check digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cnpj(String);

impl Cnpj {
    /// Checks fourteen characters without separators.
    pub fn new(text: &str) -> Result<Self> {
        const RULE: &str = "a CNPJ has twelve digits or upper-case letters, not all zero, and two check digits that must agree";
        let values = values(text, 14, 2).ok_or(broken(RULE))?;
        // The weights grow from 2 to 9 at the right and begin again.
        if !known(text) || !check_digits_agree(&values, 9) {
            return Err(broken(RULE));
        }
        Ok(Self(text.to_owned()))
    }

    /// The fourteen characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has letters, as those given since July 2026 may.
    pub fn has_letters(&self) -> bool {
        self.0.bytes().any(|byte| byte.is_ascii_uppercase())
    }

    /// Reads a field; all zeros are none.
    pub(super) fn from_field(field: &str) -> Result<Option<Self>> {
        if field.len() == 14 && !known(field) {
            return Ok(None);
        }
        Self::new(field).map(Some)
    }
}

/// A number of fixed width without check digits that are looked at, such as NIS and CEI.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number<const DIGITS: usize>(String);

impl<const DIGITS: usize> Number<DIGITS> {
    /// Checks the digits; a shorter number is filled with zeros on the left. Zero is no number.
    pub fn new(digits: &str) -> Result<Self> {
        if digits.is_empty()
            || digits.len() > DIGITS
            || !digits.bytes().all(|byte| byte.is_ascii_digit())
            || !known(digits)
        {
            return Err(broken(
                "a number has digits only, at least one not zero, no more than its field (DOC-ICP-04 section 7.1.2)",
            ));
        }
        Ok(Self(format!("{digits:0>DIGITS$}")))
    }

    /// The digits in their full width.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a field of the full width; all zeros are none.
    pub(super) fn from_field(field: &str) -> Result<Option<Self>> {
        if field.len() != DIGITS {
            return Err(broken(
                "a number has not the width of its field (DOC-ICP-04 section 7.1.2)",
            ));
        }
        known(field).then(|| Self::new(field)).transpose()
    }

    /// The field: all zeros for none.
    pub(super) fn to_field(number: Option<&Self>) -> String {
        number.map_or_else(|| "0".repeat(DIGITS), |number| number.0.clone())
    }
}

/// Whether a field is filled: all zeros mean that the number is not known.
pub(super) fn known(field: &str) -> bool {
    field.bytes().any(|byte| byte != b'0')
}

/// The values of all characters, code less 48 (a letter A counts 17), if the text has this length and ends in
/// at least this many digits.
fn values(text: &str, length: usize, digits_at_end: usize) -> Option<Vec<u32>> {
    let allowed = |(position, byte): (usize, u8)| {
        byte.is_ascii_digit() || (position + digits_at_end < length && byte.is_ascii_uppercase())
    };
    let sound = text.len() == length && text.bytes().enumerate().all(allowed);
    sound.then(|| text.bytes().map(|byte| u32::from(byte - b'0')).collect())
}

/// Modulus 11 twice: the last but one value checks those before it, the last checks those and the other.
fn check_digits_agree(values: &[u32], highest_weight: u32) -> bool {
    let last = values.len();
    [last.saturating_sub(2), last.saturating_sub(1)]
        .into_iter()
        .all(|position| {
            let (before, rest) = values.split_at_checked(position).unwrap_or_default();
            rest.first() == Some(&check_digit(before, highest_weight))
        })
}

fn check_digit(values: &[u32], highest_weight: u32) -> u32 {
    let weights = (2..=highest_weight).cycle();
    let sum: u32 = values
        .iter()
        .rev()
        .zip(weights)
        .map(|(value, weight)| value * weight)
        .sum();
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

/// Reads what people type: separators are dropped.
fn without_separators(text: &str) -> String {
    text.chars().filter(|letter| !".-/ ".contains(*letter)).collect()
}

impl FromStr for Cpf {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::new(&without_separators(text))
    }
}

impl FromStr for Cnpj {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::new(&without_separators(text).to_ascii_uppercase())
    }
}

/// Personal data: not shown.
impl fmt::Debug for Cpf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Cpf(***)")
    }
}

/// A company's number is public, but one-person companies exist: not shown either.
impl fmt::Debug for Cnpj {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Cnpj(***)")
    }
}

impl<const DIGITS: usize> fmt::Debug for Number<DIGITS> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Number(***)")
    }
}
