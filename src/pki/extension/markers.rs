//! Extensions that say all by being there: their content is NULL.

use const_oid::ObjectIdentifier;

use super::content::read_value;
use super::{ExtensionContent, oid};
use crate::Result;
use crate::asn1::{Fault, tag, write};

/// id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1): this responder's own certificate is not checked for
/// revocation while it is valid, so it is short-lived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OcspNoCheck;

/// noRevAvail (RFC 9608): no revocation information will ever be published for this certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRevAvail;

/// id-etsi-ext-valassured-ST-certs (EN 319 412-1 section 5.2): validity is assured because life is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidityAssuredShortTerm;

macro_rules! marker {
    ($marker:ident, $oid:expr, $name:literal) => {
        impl ExtensionContent for $marker {
            const OID: ObjectIdentifier = $oid;
            const CRITICAL: bool = false;
            const NAME: &'static str = $name;

            fn to_value(&self) -> Result<Vec<u8>> {
                Ok(write::value(tag::NULL, &[]))
            }

            fn from_value(value: &[u8]) -> Result<Self> {
                read_value(value, |reader| match reader.expect(tag::NULL)?.value {
                    [] => Ok(Self),
                    _ => Err(Fault::NotCanonical("a NULL has content").into()),
                })
            }
        }
    };
}

marker!(OcspNoCheck, oid::OCSP_NO_CHECK, "id-pkix-ocsp-nocheck");
marker!(NoRevAvail, oid::NO_REV_AVAIL, "noRevAvail");
marker!(
    ValidityAssuredShortTerm,
    oid::VALIDITY_ASSURED_SHORT_TERM,
    "validityAssuredShortTerm"
);
