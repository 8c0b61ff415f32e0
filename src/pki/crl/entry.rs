//! One entry of a CRL: which certificate was revoked, when and why (RFC 5280 sections 5.1.2.6 and 5.3).

use const_oid::ObjectIdentifier;

use crate::asn1::{Fault, Reader, tag, write};
use crate::extension::{Extension, ExtensionContent as _, InvalidityDate, ReasonCode};
use crate::serial::Serial;
use crate::time::Time;
use crate::{Error, Result, oid};

const ENTRY: &str = "revokedCertificate";

/// The most extensions one entry may carry; the standard knows three.
const MAX_EXTENSIONS: usize = 16;

/// A certificate that was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// The certificate's serial number.
    pub serial: Serial,
    /// When it was revoked.
    pub revoked_at: Time,
    /// Why. `Unspecified` is never written: the standard wants no reason instead (section 5.3.1).
    pub reason: ReasonCode,
    /// Since when it may have been misused, if that is known.
    pub invalid_since: Option<Time>,
}

impl RevokedCertificate {
    /// `removeFromCRL` belongs into deltas only.
    pub(super) fn check(&self, is_delta: bool) -> Result<()> {
        if self.reason == ReasonCode::RemoveFromCrl && !is_delta {
            return Err(Error::Rule {
                structure: ENTRY,
                rule: "removeFromCRL must only stand in a delta CRL (RFC 5280 section 5.3.1); leave the entry out of the full one",
            });
        }
        Ok(())
    }

    /// The entry.
    pub(super) fn to_der(&self) -> Result<Vec<u8>> {
        let reason = match self.reason {
            ReasonCode::Unspecified => Vec::new(),
            reason => reason.to_extension()?.to_der(),
        };
        let date = match self.invalid_since {
            None => Vec::new(),
            Some(time) => InvalidityDate(time).to_extension()?.to_der(),
        };
        let extensions = if reason.is_empty() && date.is_empty() {
            Vec::new()
        } else {
            write::sequence(&[&reason, &date])
        };
        Ok(write::sequence(&[
            &self.serial.to_der(),
            &self.revoked_at.to_der(),
            &extensions,
        ]))
    }

    /// Reads the next entry. A critical extension that is not understood refuses the whole list: to overlook
    /// it could mean to take the entry for another certificate's (RFC 5280 section 5.3).
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let fault = || Error::malformed(ENTRY);
        let mut inside = reader.sequence().map_err(fault())?;
        let serial = Serial::from_element(inside.expect(tag::INTEGER).map_err(fault())?)?;
        let revoked_at = Time::from_element(inside.any().map_err(fault())?)?;
        let mut entry = Self {
            serial,
            revoked_at,
            reason: ReasonCode::Unspecified,
            invalid_since: None,
        };
        if !inside.is_empty() {
            entry.read_extensions(inside.sequence().map_err(fault())?)?;
        }
        inside.finish().map_err(fault())?;
        Ok(entry)
    }

    fn read_extensions(&mut self, mut list: Reader<'_>) -> Result<()> {
        let wrong = Error::malformed(ENTRY);
        if list.is_empty() {
            return Err(wrong(Fault::NotCanonical("Extensions is present but empty")));
        }
        let mut seen: Vec<ObjectIdentifier> = Vec::new();
        while !list.is_empty() {
            let extension = Extension::read(&mut list).map_err(Error::malformed(ENTRY))?;
            if seen.contains(&extension.oid) {
                return Err(Error::DuplicateExtension {
                    oid: extension.oid.to_string(),
                });
            }
            if seen.len() == MAX_EXTENSIONS {
                return Err(wrong(Fault::TooManyValues {
                    limit: MAX_EXTENSIONS,
                }));
            }
            seen.push(extension.oid);
            match extension.oid {
                oid::extension::REASON_CODE => self.reason = ReasonCode::from_value(&extension.value)?,
                oid::extension::INVALIDITY_DATE => {
                    self.invalid_since = Some(InvalidityDate::from_value(&extension.value)?.0);
                }
                other if extension.critical => {
                    return Err(Error::UnknownCriticalExtension {
                        structure: ENTRY,
                        oid: other.to_string(),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}
