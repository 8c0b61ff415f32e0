//! Distinguished names: kept as the exact DER they were read as or built as.

use std::fmt;

use const_oid::ObjectIdentifier;
use der::Decode as _;

use crate::asn1::{Element, tag, write};
use crate::{Error, Result, oid};

/// A distinguished name. Two names are equal when their bytes are; an issuer is never rebuilt, only copied.
///
/// Stored: as DER.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Vec<u8>);

impl Name {
    /// Reads a name; it must be a strict `RDNSequence`.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        Element::only_tagged(der, tag::SEQUENCE)
            .and_then(|sequence| check(sequence.reader()))
            .map_err(Error::malformed("Name"))?;
        Ok(Self(der.to_vec()))
    }

    /// Builds a name, one attribute in each RDN, in this order.
    pub fn from_attributes(attributes: &[Attribute]) -> Result<Self> {
        let mut out = Vec::with_capacity(256);
        write::nested(&mut out, tag::SEQUENCE, |out| {
            attributes
                .iter()
                .try_for_each(|attribute| attribute.push_rdn_to(out))
        })?;
        Ok(Self(out))
    }

    /// The name without any attribute, legal for a subject whose SAN is critical.
    pub fn empty() -> Self {
        Self(write::sequence(&[]))
    }

    /// Whether there is no attribute.
    pub fn is_empty(&self) -> bool {
        self.0 == [tag::SEQUENCE, 0]
    }

    /// The exact DER.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// Every attribute in the order of the bytes: type and value as text. A value that is not text is skipped.
    pub fn attributes(&self) -> Vec<(ObjectIdentifier, String)> {
        let Ok(parsed) = x509_cert::name::Name::from_der(&self.0) else {
            return Vec::new();
        };
        let text = |value: &der::Any| {
            let bytes = der::Tagged::tag(value);
            match bytes {
                der::Tag::BmpString => None,
                _ => std::str::from_utf8(value.value()).ok().map(str::to_owned),
            }
        };
        parsed
            .iter()
            .filter_map(|attribute| Some((attribute.oid, text(&attribute.value)?)))
            .collect()
    }

    /// The last commonName, if there is one.
    pub fn common_name(&self) -> Option<String> {
        let common_name = |(kind, _): &(ObjectIdentifier, String)| *kind == oid::attribute::COMMON_NAME;
        self.attributes()
            .into_iter()
            .rfind(common_name)
            .map(|(_, value)| value)
    }
}

/// Checks the content of an `RDNSequence` without keeping it.
pub(crate) fn check(mut sequence: crate::asn1::Reader<'_>) -> std::result::Result<(), crate::asn1::Fault> {
    while !sequence.is_empty() {
        read_relative_name(&mut sequence)?;
    }
    Ok(())
}

fn read_relative_name(sequence: &mut crate::asn1::Reader<'_>) -> std::result::Result<(), crate::asn1::Fault> {
    use crate::asn1::Fault;
    let mut set = sequence.expect(tag::SET)?.reader();
    if set.is_empty() {
        return Err(Fault::NotCanonical(
            "a relative distinguished name has no attribute",
        ));
    }
    let mut previous: &[u8] = &[];
    while !set.is_empty() {
        let attribute = set.expect(tag::SEQUENCE)?;
        // Unsorted sets exist in old certificates; we never write them and never accept them as ours.
        if attribute.raw <= previous {
            return Err(Fault::NotCanonical(
                "a relative distinguished name is not sorted (X.690 section 11.6)",
            ));
        }
        previous = attribute.raw;
        let mut inside = attribute.reader();
        inside.object_identifier()?;
        inside.any()?;
        inside.finish()?;
    }
    Ok(())
}

/// RFC 4514, as people read it: the most specific attribute first.
impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match x509_cert::name::Name::from_der(&self.0) {
            Ok(parsed) => write!(out, "{parsed}"),
            Err(_) => self.0.iter().try_for_each(|octet| write!(out, "{octet:02x}")),
        }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Name({self})")
    }
}

/// One attribute of a name that is being built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    kind: ObjectIdentifier,
    value: String,
}

impl Attribute {
    /// An attribute by its type; the value's string type and upper bound follow from it.
    pub fn new(kind: ObjectIdentifier, value: impl Into<String>) -> Self {
        Self {
            kind,
            value: value.into(),
        }
    }

    /// An attribute by the short name that hierarchy and profile files use.
    pub fn from_key(key: &str, value: &str) -> Result<Self> {
        let (_, kind) = KEYS.iter().find(|(known, _)| *known == key).ok_or_else(|| Error::Text {
            kind: "name attribute",
            text: key.chars().take(40).collect(),
            rule: "one of C, O, OU, CN, L, ST, street, DC, UID, serialNumber, organizationIdentifier, GN, SN, title, pseudonym, emailAddress",
        })?;
        Ok(Self::new(*kind, value))
    }

    fn push_rdn_to(&self, out: &mut Vec<u8>) -> Result<()> {
        use oid::attribute as known;
        let printable = matches!(self.kind, known::COUNTRY_NAME | known::SERIAL_NUMBER);
        let ia5 = matches!(self.kind, known::DOMAIN_COMPONENT | known::EMAIL_ADDRESS);
        let string_tag = match (printable, ia5) {
            (true, _) => tag::PRINTABLE_STRING,
            (_, true) => tag::IA5_STRING,
            _ => tag::UTF8_STRING,
        };
        self.check(printable, ia5)?;
        write::nested(out, tag::SET, |out| {
            write::nested(out, tag::SEQUENCE, |out| {
                write::push(out, tag::OBJECT_IDENTIFIER, self.kind.as_bytes());
                write::push(out, string_tag, self.value.as_bytes());
            });
        });
        Ok(())
    }

    /// Upper bounds of RFC 5280 appendix A.1 and the alphabets of the string types.
    fn check(&self, printable: bool, ia5: bool) -> Result<()> {
        use oid::attribute as known;
        let wrong = |rule| Error::Text {
            kind: "name attribute value",
            text: self.value.chars().take(40).collect(),
            rule,
        };
        let length = self.value.chars().count();
        if length == 0 || self.value.chars().any(char::is_control) {
            return Err(wrong("at least one character and no control characters"));
        }
        let upper_bound = match self.kind {
            known::COUNTRY_NAME if length != 2 => {
                return Err(wrong("a country is two letters (ISO 3166)"));
            }
            known::COMMON_NAME
            | known::ORGANIZATION_NAME
            | known::ORGANIZATIONAL_UNIT_NAME
            | known::SERIAL_NUMBER
            | known::TITLE => 64,
            known::LOCALITY_NAME
            | known::STATE_OR_PROVINCE_NAME
            | known::STREET_ADDRESS
            | known::PSEUDONYM => 128,
            known::EMAIL_ADDRESS => 255,
            _ => 32_768,
        };
        if length > upper_bound {
            return Err(wrong(
                "shorter than the upper bound of RFC 5280 appendix A.1 (64 for most, 128 for places)",
            ));
        }
        let is_printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
        if printable && !self.value.chars().all(is_printable) {
            return Err(wrong("letters, digits and '()+,-./:=? only (PrintableString)"));
        }
        if ia5 && !self.value.is_ascii() {
            return Err(wrong("ASCII only (IA5String)"));
        }
        Ok(())
    }
}

/// The short names of files, in no particular order.
const KEYS: [(&str, ObjectIdentifier); 16] = {
    use oid::attribute as known;
    [
        ("C", known::COUNTRY_NAME),
        ("O", known::ORGANIZATION_NAME),
        ("OU", known::ORGANIZATIONAL_UNIT_NAME),
        ("CN", known::COMMON_NAME),
        ("L", known::LOCALITY_NAME),
        ("ST", known::STATE_OR_PROVINCE_NAME),
        ("street", known::STREET_ADDRESS),
        ("DC", known::DOMAIN_COMPONENT),
        ("UID", known::USER_ID),
        ("serialNumber", known::SERIAL_NUMBER),
        ("organizationIdentifier", known::ORGANIZATION_IDENTIFIER),
        ("GN", known::GIVEN_NAME),
        ("SN", known::SURNAME),
        ("title", known::TITLE),
        ("pseudonym", known::PSEUDONYM),
        ("emailAddress", known::EMAIL_ADDRESS),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_attributes_stay_where_they_were() {
        let parts = [
            "DC=com",
            "DC=example",
            "OU=Um",
            "OU=Dois",
            "CN=Tabelionato São João",
        ];
        let attributes: Vec<_> = parts
            .iter()
            .map(|part| part.split_once('=').unwrap())
            .map(|(key, value)| Attribute::from_key(key, value).unwrap())
            .collect();
        let name = Name::from_attributes(&attributes).unwrap();
        assert_eq!(
            name.to_string(),
            "CN=Tabelionato São João,OU=Dois,OU=Um,DC=example,DC=com"
        );
        assert_eq!(Name::from_der(name.der()), Ok(name.clone()));
        assert_eq!(name.common_name().as_deref(), Some("Tabelionato São João"));
    }

    #[test]
    fn values_outside_their_bounds_are_refused() {
        let build = |key, value: &str| Name::from_attributes(&[Attribute::from_key(key, value).unwrap()]);
        assert!(build("C", "BRA").is_err());
        assert!(build("CN", &"x".repeat(65)).is_err());
        assert!(build("CN", "").is_err());
        assert!(build("CN", "a\u{0}b").is_err());
        assert!(build("serialNumber", "12_34").is_err());
        assert!(build("DC", "são").is_err());
        assert!(Attribute::from_key("XX", "y").is_err());
    }
}
