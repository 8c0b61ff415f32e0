//! authorityInfoAccess (RFC 5280 section 4.2.2.1): where the issuer's certificate and its OCSP responder are.

use const_oid::ObjectIdentifier;

use super::content::{Wrong, broken, list_of, read_value, repeated, sequence_of};
use super::{ExtensionContent, oid};
use crate::Result;
use crate::asn1::{Reader, write};
use crate::general_name::GeneralName;
use crate::oid::access as method;

/// One place and what is found there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessDescription {
    /// What is found there, such as id-ad-ocsp.
    pub method: ObjectIdentifier,
    /// Where.
    pub location: GeneralName,
}

/// Places in the order of preference, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityInfoAccess(pub Vec<AccessDescription>);

impl AuthorityInfoAccess {
    /// OCSP responders first, then places of the issuer's certificate: HTTP addresses without TLS.
    pub fn from_addresses<S: AsRef<str>>(ocsp: &[S], ca_issuers: &[S]) -> Result<Self> {
        let describe = |method| {
            move |address: &S| -> Result<AccessDescription> {
                let location = GeneralName::pointer(address.as_ref())?;
                Ok(AccessDescription { method, location })
            }
        };
        let ocsp = ocsp.iter().map(describe(method::OCSP));
        let ca_issuers = ca_issuers.iter().map(describe(method::CA_ISSUERS));
        ocsp.chain(ca_issuers).collect::<Result<_>>().map(Self)
    }

    /// The addresses under this method, such as [`crate::oid::access::OCSP`].
    pub fn addresses(&self, method: ObjectIdentifier) -> impl Iterator<Item = &str> {
        let under = move |description: &&AccessDescription| description.method == method;
        self.0
            .iter()
            .filter(under)
            .filter_map(|description| description.location.as_uri())
    }

    fn check(&self) -> Result<()> {
        if self.0.is_empty() {
            return Err(broken::<Self>(
                "at least one place must be given (RFC 5280 section 4.2.2.1)",
            ));
        }
        if repeated(&self.0) {
            return Err(broken::<Self>("a place is given twice; give it once"));
        }
        let ocsp_elsewhere = |description: &AccessDescription| {
            description.method == method::OCSP && description.location.as_uri().is_none()
        };
        if self.0.iter().any(ocsp_elsewhere) {
            return Err(broken::<Self>(
                "an OCSP responder's location must be a URI (RFC 6960 section 3.1)",
            ));
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        list_of(reader.sequence()?, |list| {
            let mut inside = list.sequence()?;
            let method = inside.object_identifier()?;
            let location = GeneralName::read(&mut inside)?;
            inside.finish()?;
            Ok(AccessDescription { method, location })
        })
        .map(Self)
    }
}

impl ExtensionContent for AuthorityInfoAccess {
    const OID: ObjectIdentifier = oid::AUTHORITY_INFO_ACCESS;
    const CRITICAL: bool = false;
    const NAME: &'static str = "authorityInfoAccess";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let describe = |description: &AccessDescription| {
            write::sequence(&[
                &write::object_identifier(description.method),
                &description.location.to_der(),
            ])
        };
        let descriptions: Vec<Vec<u8>> = self.0.iter().map(describe).collect();
        Ok(sequence_of(&descriptions))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, Self::read)?;
        read.check()?;
        Ok(read)
    }
}
