//! otherName: a name whose kind is an object identifier and whose value is any DER.

use std::fmt;

use const_oid::ObjectIdentifier;

use super::{excerpt, mailbox};
use crate::asn1::{Element, Fault, Reader, tag, write};
use crate::{Error, Result, oid};

/// A name of a kind that this or another standard defines.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OtherName {
    type_id: ObjectIdentifier,
    /// Exactly one DER value.
    value: Vec<u8>,
}

impl OtherName {
    /// A name of this kind; the value must be exactly one DER value.
    pub fn new(type_id: ObjectIdentifier, value: Vec<u8>) -> Result<Self> {
        Element::only(&value).map_err(Error::malformed("otherName"))?;
        let name = Self { type_id, value };
        name.check()?;
        Ok(name)
    }

    /// A name whose value is a UTF8String, such as a Kerberos or Windows principal.
    pub fn utf8(type_id: ObjectIdentifier, text: &str) -> Result<Self> {
        Self::new(type_id, write::value(tag::UTF8_STRING, text.as_bytes()))
    }

    /// A mailbox with letters outside ASCII before the `@` (RFC 9598); the host is in A-labels.
    pub fn smtp_utf8_mailbox(mailbox: &str) -> Result<Self> {
        Self::utf8(oid::other_name::SMTP_UTF8_MAILBOX, mailbox)
    }

    /// Which kind.
    pub const fn type_id(&self) -> ObjectIdentifier {
        self.type_id
    }

    /// The DER value.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The text of a value that is an OCTET STRING or a string of ASCII or UTF-8 letters.
    pub fn text(&self) -> Option<&str> {
        let element = Element::only(&self.value).ok()?;
        let text = std::str::from_utf8(element.value).ok();
        match element.tag {
            tag::OCTET_STRING | tag::UTF8_STRING => text,
            tag::PRINTABLE_STRING | tag::IA5_STRING => text.filter(|text| text.is_ascii()),
            _ => None,
        }
    }

    /// The rules of the kinds known here.
    fn check(&self) -> Result<()> {
        if self.type_id == oid::other_name::SMTP_UTF8_MAILBOX {
            return self.check_mailbox();
        }
        Ok(())
    }

    fn check_mailbox(&self) -> Result<()> {
        let element = Element::only_tagged(&self.value, tag::UTF8_STRING)
            .map_err(Error::malformed("SmtpUTF8Mailbox"))?;
        let text = std::str::from_utf8(element.value).map_err(|_| Error::Malformed {
            structure: "SmtpUTF8Mailbox",
            fault: Fault::NotCanonical("a UTF8String is not UTF-8"),
        })?;
        mailbox::check(text, |local| !local.is_ascii()).map_err(|rule| Error::Text {
            kind: "SmtpUTF8Mailbox",
            text: excerpt(text),
            rule,
        })
    }

    /// The SEQUENCE under an implicit tag.
    pub(super) fn to_der(&self, tag: u8) -> Vec<u8> {
        write::constructed(
            tag,
            &[
                &write::object_identifier(self.type_id),
                &write::explicit(0, &self.value),
            ],
        )
    }

    pub(super) fn from_element(element: Element<'_>) -> Result<Self> {
        let parts = |mut inside: Reader<'_>| -> std::result::Result<(ObjectIdentifier, Vec<u8>), Fault> {
            let type_id = inside.object_identifier()?;
            let value = inside.expect(tag::context_constructed(0))?.value.to_vec();
            inside.finish()?;
            Ok((type_id, value))
        };
        let (type_id, value) = parts(element.reader()).map_err(Error::malformed("otherName"))?;
        Self::new(type_id, value)
    }
}

/// Kind and length only: an ICP-Brasil identity is personal data, and names are shown in messages.
impl fmt::Display for OtherName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{};({} octets)", self.type_id, self.value.len())
    }
}

impl fmt::Debug for OtherName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "OtherName({self})")
    }
}
