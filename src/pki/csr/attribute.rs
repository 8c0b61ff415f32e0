//! The attributes of a certification request (RFC 2986 section 4.1), read strictly where a second reader could
//! see something else, and leniently where nothing depends on it.
//!
//! Attributes are wishes: nothing here is ever copied into a certificate. What they hold is listed for policy
//! and for people; their values may be secret (a challenge password) and never appear in a debug print.

use std::fmt;

use const_oid::ObjectIdentifier;

use crate::asn1::{Element, Fault, Reader, tag, write};
use crate::extension::Extensions;
use crate::{Error, Result, oid};

const ATTRIBUTES: &str = "CertificationRequestInfo.attributes";

/// One attribute: its type and its values as they stood in the request.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    oid: ObjectIdentifier,
    values: Vec<Vec<u8>>,
}

impl Attribute {
    /// Which attribute.
    pub const fn oid(&self) -> ObjectIdentifier {
        self.oid
    }

    /// The DER of each value; at least one.
    pub fn values(&self) -> &[Vec<u8>] {
        &self.values
    }

    /// The `Attribute` that carries the requested extensions.
    pub(super) fn extension_request_der(extensions: &Extensions) -> Vec<u8> {
        write::sequence(&[
            &write::object_identifier(oid::attribute::EXTENSION_REQUEST),
            &write::set_of(vec![extensions.to_der()]),
        ])
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Fault> {
        let mut inside = reader.sequence()?;
        let oid = inside.object_identifier()?;
        let mut set = inside.expect(tag::SET)?.reader();
        inside.finish()?;
        let mut values = Vec::new();
        while !set.is_empty() {
            values.push(set.any()?.raw.to_vec());
        }
        Ok(Self { oid, values })
    }
}

/// Names the type and counts the values; never shows them.
impl fmt::Debug for Attribute {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Attribute({}, {} values)", self.oid, self.values.len())
    }
}

/// The attributes of a request in the order of the bytes, none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes(Vec<Attribute>);

impl Attributes {
    /// Reads what stands where `attributes [0]` belongs, if it stands there.
    ///
    /// Absent: RFC 2986 demands the field even when it is empty, but several libraries leave it out, OpenSSL
    /// and everybody after it accepts that, and no second reading is possible. So absent means none.
    ///
    /// Unsorted: DER sorts a SET OF, requesters often do not. Order means nothing here, and the bytes are kept
    /// and never rebuilt, so the order is not looked at.
    pub(super) fn read(field: Option<Element<'_>>) -> Result<Self> {
        let Some(field) = field else {
            return Ok(Self::default());
        };
        let mut reader = field.reader();
        let mut list: Vec<Attribute> = Vec::new();
        while !reader.is_empty() {
            let attribute = Attribute::read(&mut reader).map_err(Error::malformed(ATTRIBUTES))?;
            if list.iter().any(|earlier| earlier.oid == attribute.oid) {
                return Err(Error::DuplicateAttribute {
                    oid: attribute.oid.to_string(),
                });
            }
            check_count(&attribute)?;
            list.push(attribute);
        }
        Ok(Self(list))
    }

    /// The attribute of this type, if there is one.
    pub fn find(&self, oid: ObjectIdentifier) -> Option<&Attribute> {
        self.0.iter().find(|attribute| attribute.oid == oid)
    }

    /// All, in the order of the bytes.
    pub fn iter(&self) -> std::slice::Iter<'_, Attribute> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a challenge password came along. Its value is a secret of the requester: whoever needs it reads
    /// the attribute on purpose.
    pub fn has_challenge_password(&self) -> bool {
        self.find(oid::attribute::CHALLENGE_PASSWORD).is_some()
    }

    /// The requested extensions: from extensionRequest (RFC 2985 section 5.4.2), or from the attribute that
    /// Microsoft used before it; both hold the same `Extensions`.
    ///
    /// Both at once is refused: which of the two lists the requester means cannot be known, and a reader that
    /// looks only at the other one would see another request.
    pub(super) fn requested_extensions(&self) -> Result<Extensions> {
        let standard = self.find(oid::attribute::EXTENSION_REQUEST);
        let microsoft = self.find(oid::attribute::MICROSOFT_EXTENSION_REQUEST);
        let attribute = match (standard, microsoft) {
            (Some(_), Some(_)) => {
                return Err(Error::Rule {
                    structure: ATTRIBUTES,
                    rule: "extensions must be requested in one attribute, either extensionRequest or Microsoft's \
                           1.3.6.1.4.1.311.2.1.14; make the request again with extensionRequest alone",
                });
            }
            (found, None) | (None, found) => found,
        };
        match attribute.and_then(|attribute| attribute.values.first()) {
            Some(value) => Extensions::from_der(value),
            None => Ok(Extensions::default()),
        }
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = &'a Attribute;
    type IntoIter = std::slice::Iter<'a, Attribute>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// At least one value everywhere (RFC 2986 section 4.1); exactly one where the attribute's definition says
/// SINGLE VALUE (RFC 2985 section 5.4).
fn check_count(attribute: &Attribute) -> Result<()> {
    use oid::attribute as known;
    let single = matches!(
        attribute.oid,
        known::CHALLENGE_PASSWORD | known::EXTENSION_REQUEST | known::MICROSOFT_EXTENSION_REQUEST
    );
    let rule = match attribute.values.len() {
        0 => {
            "an attribute must have a value (RFC 2986 section 4.1); leave the attribute out or give it a value"
        }
        2.. if single => {
            "challengePassword and extensionRequest must have exactly one value (RFC 2985 section 5.4); \
             put all extensions into one list"
        }
        _ => return Ok(()),
    };
    Err(Error::Rule {
        structure: ATTRIBUTES,
        rule,
    })
}
