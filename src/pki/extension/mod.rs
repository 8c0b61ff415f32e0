//! Certificate extensions: the frame here, one file per family for the typed contents.

mod access;
mod alternative_name;
mod basic_constraints;
mod certificate_policies;
mod consistency;
mod content;
mod crl_entry;
mod display_text;
mod distribution_points;
mod key_identifier;
mod key_usage;
mod markers;
mod name_constraints;
mod policy_rules;
mod qualified;
mod reasons;
mod signed_document;

use const_oid::ObjectIdentifier;

pub use access::{AccessDescription, AuthorityInfoAccess};
pub use alternative_name::SubjectAltName;
pub use basic_constraints::BasicConstraints;
pub use certificate_policies::{
    CertificatePolicies, NoticeReference, PolicyInformation, PolicyQualifier, UserNotice,
};
pub use content::ExtensionContent;
pub use crl_entry::{CertificateIssuer, CrlNumber, DeltaCrlIndicator, InvalidityDate, ReasonCode};
pub use display_text::DisplayText;
pub use distribution_points::{
    CrlDistributionPoints, CrlScope, DistributionPoint, DistributionPointName, FreshestCrl,
    IssuingDistributionPoint,
};
pub use key_identifier::{AuthorityKeyIdentifier, SubjectKeyIdentifier};
pub use key_usage::{ExtendedKeyUsage, KeyUsage, KeyUsageBit, purpose};
pub use markers::{NoRevAvail, OcspNoCheck, ValidityAssuredShortTerm};
pub use name_constraints::NameConstraints;
pub use policy_rules::{InhibitAnyPolicy, PolicyConstraints, PolicyMapping, PolicyMappings};
pub use qualified::{
    Currency, DisclosureStatement, MonetaryValue, QcStatement, QcStatements, QcType, Semantics,
};
pub use reasons::{ReasonFlag, ReasonFlags};
pub use signed_document::SignedDocumentBinding;

use crate::asn1::{Element, Fault, Reader, tag, write};
use crate::oid::extension as oid;
use crate::{Error, Result};

/// One extension: what every certificate, CRL and response carries them as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Which extension.
    pub oid: ObjectIdentifier,
    /// Whether who does not know it must refuse the certificate.
    pub critical: bool,
    /// The DER inside the OCTET STRING.
    pub value: Vec<u8>,
}

impl Extension {
    /// An extension from its DER content.
    pub const fn new(oid: ObjectIdentifier, critical: bool, value: Vec<u8>) -> Self {
        Self { oid, critical, value }
    }

    /// The `Extension` SEQUENCE. `critical` is written only when true, as DER demands of a default.
    pub fn to_der(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.value.len() + 32);
        self.push_to(&mut out);
        out
    }

    fn push_to(&self, out: &mut Vec<u8>) {
        write::nested(out, tag::SEQUENCE, |out| {
            write::push(out, tag::OBJECT_IDENTIFIER, self.oid.as_bytes());
            if self.critical {
                write::push(out, tag::BOOLEAN, &[0xff]);
            }
            write::push(out, tag::OCTET_STRING, &self.value);
        });
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Fault> {
        let mut inside = reader.sequence()?;
        let oid = inside.object_identifier()?;
        let critical = match inside.optional(tag::BOOLEAN)? {
            None => false,
            Some(flag) if flag.boolean()? => true,
            Some(_) => {
                return Err(Fault::NotCanonical(
                    "critical FALSE is written out, which DER forbids",
                ));
            }
        };
        let value = inside.expect(tag::OCTET_STRING)?.value.to_vec();
        inside.finish()?;
        Ok(Self { oid, critical, value })
    }
}

/// A list of extensions in the order of the bytes, none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions(Vec<Extension>);

impl Extensions {
    /// Checks that none appears twice (RFC 5280 section 4.2).
    pub fn new(list: Vec<Extension>) -> Result<Self> {
        for (position, extension) in list.iter().enumerate() {
            if list
                .iter()
                .take(position)
                .any(|earlier| earlier.oid == extension.oid)
            {
                return Err(Error::DuplicateExtension {
                    oid: extension.oid.to_string(),
                });
            }
        }
        Ok(Self(list))
    }

    /// Reads the `Extensions` SEQUENCE.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let fault = Error::malformed("Extensions");
        let list = read_list(der).map_err(fault)?;
        Self::new(list)
    }

    /// The `Extensions` SEQUENCE.
    pub fn to_der(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        self.push_to(&mut out);
        out
    }

    /// Appends the `Extensions` SEQUENCE.
    pub(crate) fn push_to(&self, out: &mut Vec<u8>) {
        write::nested(out, tag::SEQUENCE, |out| {
            for extension in &self.0 {
                extension.push_to(out);
            }
        });
    }

    /// The extension of this kind, if there is one.
    pub fn find(&self, oid: ObjectIdentifier) -> Option<&Extension> {
        self.0.iter().find(|extension| extension.oid == oid)
    }

    /// The typed content of this kind, if there is one; an error if it is there but breaks its rules.
    pub fn typed<T: ExtensionContent>(&self) -> Result<Option<T>> {
        let find = self.find(T::OID);
        find.map(|extension| T::from_value(&extension.value)).transpose()
    }

    /// All, in the order of the bytes.
    pub fn iter(&self) -> std::slice::Iter<'_, Extension> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Extensions {
    type Item = &'a Extension;
    type IntoIter = std::slice::Iter<'a, Extension>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn read_list(der: &[u8]) -> std::result::Result<Vec<Extension>, Fault> {
    let mut reader = Element::only_tagged(der, tag::SEQUENCE)?.reader();
    if reader.is_empty() {
        return Err(Fault::NotCanonical("Extensions is present but empty"));
    }
    let mut list = Vec::new();
    while !reader.is_empty() {
        list.push(Extension::read(&mut reader)?);
    }
    Ok(list)
}

#[cfg(test)]
mod tests;
