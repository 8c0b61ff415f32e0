//! subjectKeyIdentifier and authorityKeyIdentifier (RFC 5280 sections 4.2.1.2 and 4.2.1.1): how chains are found.

use const_oid::ObjectIdentifier;

use super::content::{Wrong, broken, implicit, list_of, list_with_tag, read_value};
use super::{ExtensionContent, oid};
use crate::Result;
use crate::asn1::{Reader, tag, write};
use crate::general_name::GeneralName;
use crate::public_key::PublicKey;
use crate::serial::Serial;

/// No key identifier in use is longer than a SHA-512 digest.
const LONGEST: usize = 64;

/// The identifier of the certified key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectKeyIdentifier(pub Vec<u8>);

impl SubjectKeyIdentifier {
    /// The identifier that this project gives a key ([`PublicKey::key_identifier`]).
    pub fn of(key: &PublicKey) -> Self {
        Self(key.key_identifier().to_vec())
    }
}

impl ExtensionContent for SubjectKeyIdentifier {
    const OID: ObjectIdentifier = oid::SUBJECT_KEY_IDENTIFIER;
    const CRITICAL: bool = false;
    const NAME: &'static str = "subjectKeyIdentifier";

    fn to_value(&self) -> Result<Vec<u8>> {
        check_length::<Self>(&self.0)?;
        Ok(write::octet_string(&self.0))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, |reader| {
            Ok(Self(reader.expect(tag::OCTET_STRING)?.value.to_vec()))
        })?;
        check_length::<Self>(&read.0)?;
        Ok(read)
    }
}

/// Which key the issuer signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityKeyIdentifier {
    /// The subjectKeyIdentifier of the issuer's certificate, byte for byte.
    pub key_identifier: Option<Vec<u8>>,
    /// The issuer of the issuer's certificate and that certificate's serial number.
    pub issuer_and_serial: Option<(Vec<GeneralName>, Serial)>,
}

impl AuthorityKeyIdentifier {
    /// The only form we write: the issuer's subjectKeyIdentifier and nothing else, so that the issuer's
    /// certificate can be renewed with the same key.
    pub const fn of(key_identifier: Vec<u8>) -> Self {
        Self {
            key_identifier: Some(key_identifier),
            issuer_and_serial: None,
        }
    }

    fn check(&self) -> Result<()> {
        if let Some(identifier) = &self.key_identifier {
            check_length::<Self>(identifier)?;
        }
        match &self.issuer_and_serial {
            Some((issuer, _)) if issuer.is_empty() => Err(broken::<Self>(
                "authorityCertIssuer must hold at least one name (RFC 5280 section 4.2.1.6)",
            )),
            None if self.key_identifier.is_none() => Err(broken::<Self>(
                "neither a key identifier nor an issuer and serial is given (RFC 5280 section 4.2.1.1)",
            )),
            _ => Ok(()),
        }
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = reader.sequence()?;
        let key_identifier = inside.optional(tag::context(0))?;
        let issuer = inside.optional(tag::context_constructed(1))?;
        let serial = inside.optional(tag::context(2))?;
        inside.finish()?;
        let issuer_and_serial = match (issuer, serial) {
            (None, None) => None,
            (Some(issuer), Some(serial)) => {
                let names = list_of(issuer.reader(), |names| Ok(GeneralName::read(names)?))?;
                Some((names, Serial::from_element(serial)?))
            }
            _ => {
                return Err(Wrong::Rule(
                    "authorityCertIssuer and authorityCertSerialNumber must be both present or both absent (RFC 5280 section 4.2.1.1)",
                ));
            }
        };
        Ok(Self {
            key_identifier: key_identifier.map(|element| element.value.to_vec()),
            issuer_and_serial,
        })
    }
}

impl ExtensionContent for AuthorityKeyIdentifier {
    const OID: ObjectIdentifier = oid::AUTHORITY_KEY_IDENTIFIER;
    const CRITICAL: bool = false;
    const NAME: &'static str = "authorityKeyIdentifier";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let identifier = self
            .key_identifier
            .as_deref()
            .map(|octets| write::value(tag::context(0), octets));
        let (issuer, serial) = match &self.issuer_and_serial {
            None => (Vec::new(), Vec::new()),
            Some((names, serial)) => {
                let names: Vec<Vec<u8>> = names.iter().map(GeneralName::to_der).collect();
                (
                    list_with_tag(tag::context_constructed(1), &names),
                    implicit(tag::context(2), serial.to_der()),
                )
            }
        };
        Ok(write::sequence(&[
            &identifier.unwrap_or_default(),
            &issuer,
            &serial,
        ]))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, Self::read)?;
        read.check()?;
        Ok(read)
    }
}

fn check_length<T: ExtensionContent>(identifier: &[u8]) -> Result<()> {
    if identifier.is_empty() || identifier.len() > LONGEST {
        return Err(broken::<T>(
            "a key identifier has 1 to 64 octets; 20 are customary (RFC 7093 section 2)",
        ));
    }
    Ok(())
}
