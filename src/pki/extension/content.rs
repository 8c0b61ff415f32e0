//! What every typed extension content shares: the trait, the gate before its parser, and small pieces of DER.
//!
//! A content is checked against its rules in both directions: what breaks one is neither built nor read.

use std::collections::BTreeSet;

use const_oid::ObjectIdentifier;

use super::Extension;
use crate::asn1::{Element, Fault, Limits, Reader, check, tag, write};
use crate::{Error, Result};

/// The typed content of one kind of extension.
///
/// Reading is strict: what [`Self::from_value`] accepts, [`Self::to_value`] writes back byte for byte.
pub trait ExtensionContent: Sized {
    /// Which extension.
    const OID: ObjectIdentifier;
    /// The criticality that the standard demands or, where it leaves the choice, recommends.
    const CRITICAL: bool;
    /// The standard's name, for messages.
    const NAME: &'static str;

    /// The DER inside the OCTET STRING, if the content keeps its rules.
    fn to_value(&self) -> Result<Vec<u8>>;

    /// Reads the DER inside the OCTET STRING and checks the content's rules.
    fn from_value(value: &[u8]) -> Result<Self>;

    /// The extension with its default criticality; [`Extension::new`] takes another one.
    fn to_extension(&self) -> Result<Extension> {
        Ok(Extension::new(Self::OID, Self::CRITICAL, self.to_value()?))
    }
}

/// How much of one extension's content is looked at: room for thousands of names, and twice the depth that
/// the deepest of our contents has.
const LIMITS: Limits = Limits {
    bytes: 128 * 1024,
    depth: 16,
    values: 16_384,
};

/// Why a content was not read, before its name is attached.
#[derive(Debug)]
pub(super) enum Wrong {
    Fault(Fault),
    Rule(&'static str),
    Inside(Error),
}

impl Wrong {
    fn named(self, structure: &'static str) -> Error {
        match self {
            Self::Fault(fault) => Error::Malformed { structure, fault },
            Self::Rule(rule) => Error::Rule { structure, rule },
            Self::Inside(error) => error,
        }
    }
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Inside(error)
    }
}

/// The error of a content that breaks a rule.
pub(super) const fn broken<T: ExtensionContent>(rule: &'static str) -> Error {
    Error::Rule {
        structure: T::NAME,
        rule,
    }
}

/// Applies the limits, lets `read` take the value apart, and demands that nothing is left.
pub(super) fn read_value<T: ExtensionContent>(
    value: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> std::result::Result<T, Wrong>,
) -> Result<T> {
    let whole = || -> std::result::Result<T, Wrong> {
        check(value, LIMITS)?;
        let mut reader = Reader::new(value);
        let content = read(&mut reader)?;
        reader.finish()?;
        Ok(content)
    };
    whole().map_err(|wrong| wrong.named(T::NAME))
}

/// Reads items until nothing is left.
pub(super) fn list_of<'a, T>(
    mut inside: Reader<'a>,
    mut item: impl FnMut(&mut Reader<'a>) -> std::result::Result<T, Wrong>,
) -> std::result::Result<Vec<T>, Wrong> {
    let mut list = Vec::new();
    while !inside.is_empty() {
        list.push(item(&mut inside)?);
    }
    Ok(list)
}

/// Reads the value of `[number] EXPLICIT` if it comes next: exactly one value fills it.
pub(super) fn optional_explicit<'a>(
    reader: &mut Reader<'a>,
    number: u8,
) -> std::result::Result<Option<Element<'a>>, Fault> {
    reader
        .optional(tag::context_constructed(number))?
        .map(|outer| Element::only(outer.value))
        .transpose()
}

/// Reads a BOOLEAN DEFAULT FALSE, universal or implicitly tagged: when present it must be TRUE, because DER
/// leaves a default out (X.690 section 11.5).
pub(super) fn default_false(reader: &mut Reader<'_>, tag: u8) -> std::result::Result<bool, Fault> {
    match reader.optional(tag)? {
        None => Ok(false),
        Some(flag) if flag.boolean()? => Ok(true),
        Some(_) => Err(Fault::NotCanonical(
            "a default FALSE is written out, which DER forbids",
        )),
    }
}

/// A SEQUENCE of pieces that are already DER.
pub(super) fn sequence_of(pieces: &[Vec<u8>]) -> Vec<u8> {
    list_with_tag(tag::SEQUENCE, pieces)
}

/// The same under another tag: a SEQUENCE OF that is implicitly tagged.
pub(super) fn list_with_tag(tag: u8, pieces: &[Vec<u8>]) -> Vec<u8> {
    let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    write::constructed(tag, &pieces)
}

/// Puts an implicit tag over a value's own (X.690 section 8.14.3); lengths and content stay.
pub(super) fn implicit(tag: u8, mut der: Vec<u8>) -> Vec<u8> {
    if let Some(first) = der.first_mut() {
        *first = tag;
    }
    der
}

/// Whether an item is there twice. Sorted, not compared in pairs: a request may name thousands.
pub(super) fn repeated<T: Ord>(list: &[T]) -> bool {
    let mut seen = BTreeSet::new();
    !list.iter().all(|item| seen.insert(item))
}
