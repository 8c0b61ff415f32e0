//! Extensions of CRLs and their entries (RFC 5280 sections 5.2.3, 5.2.4 and 5.3): numbers, reasons, dates.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use const_oid::ObjectIdentifier;

use super::content::{broken, list_of, read_value, sequence_of};
use super::{ExtensionContent, oid};
use crate::asn1::{tag, write};
use crate::general_name::{GeneralName, excerpt};
use crate::time::Time;
use crate::{Error, Result};

/// The number of a CRL: it only grows, at most 20 octets. We count in 64 bits and read them all.
///
/// Stored: as its magnitude without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CrlNumber(Vec<u8>);

impl CrlNumber {
    /// From a counter.
    pub fn new(number: u64) -> Self {
        let octets = number.to_be_bytes();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        Self(octets.into_iter().skip(zeros).collect())
    }

    /// The counter, if it fits into 64 bits, as all of ours do.
    pub fn to_u64(&self) -> Option<u64> {
        let add = |sum: u64, octet: &u8| (sum << 8) | u64::from(*octet);
        (self.0.len() <= 8).then(|| self.0.iter().fold(0, add))
    }

    fn read<T: ExtensionContent>(value: &[u8], make: impl FnOnce(Self) -> T) -> Result<T> {
        read_value(value, |reader| {
            let integer = reader.expect(tag::INTEGER)?;
            let magnitude = integer.unsigned()?;
            if integer.value.len() > 20 {
                return Err(
                    broken::<T>("a CRL number has at most 20 octets (RFC 5280 section 5.2.3)").into(),
                );
            }
            let zero = magnitude == [0];
            Ok(make(Self(if zero { Vec::new() } else { magnitude.to_vec() })))
        })
    }
}

/// By size, not by octets.
impl Ord for CrlNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0
            .len()
            .cmp(&other.0.len())
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for CrlNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Decimal if it fits into 64 bits, else hexadecimal.
impl fmt::Display for CrlNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.to_u64() {
            return write!(out, "{number}");
        }
        out.write_str("0x")?;
        self.0.iter().try_for_each(|octet| write!(out, "{octet:02x}"))
    }
}

impl ExtensionContent for CrlNumber {
    const OID: ObjectIdentifier = oid::CRL_NUMBER;
    const CRITICAL: bool = false;
    const NAME: &'static str = "cRLNumber";

    fn to_value(&self) -> Result<Vec<u8>> {
        Ok(write::unsigned(&self.0))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        Self::read(value, |number| number)
    }
}

/// That a CRL is a delta, and the number of the full CRL that it starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeltaCrlIndicator(pub CrlNumber);

impl ExtensionContent for DeltaCrlIndicator {
    const OID: ObjectIdentifier = oid::DELTA_CRL_INDICATOR;
    const CRITICAL: bool = true;
    const NAME: &'static str = "deltaCRLIndicator";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.0.to_value()
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        CrlNumber::read(value, Self)
    }
}

/// Why a certificate was revoked (RFC 5280 section 5.3.1). OCSP uses the same codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReasonCode {
    /// 0. A CRL entry should have no reason instead (RFC 5280 section 5.3.1).
    Unspecified,
    /// 1: the subject's key is in other hands.
    KeyCompromise,
    /// 2: the authority's key is in other hands.
    CaCompromise,
    /// 3: the subject's name or other data changed.
    AffiliationChanged,
    /// 4: another certificate took its place.
    Superseded,
    /// 5: it is not needed any more.
    CessationOfOperation,
    /// 6: it is suspended.
    CertificateHold,
    /// 8: the suspension ended, or the certificate expired. In delta CRLs only.
    RemoveFromCrl,
    /// 9: a right in it was withdrawn.
    PrivilegeWithdrawn,
    /// 10: the attribute authority's key is in other hands.
    AaCompromise,
}

impl ReasonCode {
    /// All, in the order of their codes. There is no 7.
    pub const ALL: [Self; 10] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::RemoveFromCrl,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::CaCompromise => 2,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
            Self::RemoveFromCrl => 8,
            Self::PrivilegeWithdrawn => 9,
            Self::AaCompromise => 10,
        }
    }

    /// The reason with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The standard's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::RemoveFromCrl => "removeFromCRL",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for ReasonCode {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|reason| reason.name() == text);
        named.ok_or_else(|| Error::Text {
            kind: "revocation reason",
            text: excerpt(text),
            rule: "one of unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold, removeFromCRL, privilegeWithdrawn, aACompromise",
        })
    }
}

impl ExtensionContent for ReasonCode {
    const OID: ObjectIdentifier = oid::REASON_CODE;
    const CRITICAL: bool = false;
    const NAME: &'static str = "reasonCode";

    fn to_value(&self) -> Result<Vec<u8>> {
        Ok(write::value(tag::ENUMERATED, &[self.code()]))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        read_value(value, |reader| {
            let known = match reader.expect(tag::ENUMERATED)?.value {
                [code] => Self::from_code(*code),
                _ => None,
            };
            let rule = "a reason is 0 to 6 or 8 to 10 in one octet (RFC 5280 section 5.3.1)";
            Ok(known.ok_or(broken::<Self>(rule))?)
        })
    }
}

/// When the key is known or suspected to have fallen, which is before it was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidityDate(pub Time);

impl ExtensionContent for InvalidityDate {
    const OID: ObjectIdentifier = oid::INVALIDITY_DATE;
    const CRITICAL: bool = false;
    const NAME: &'static str = "invalidityDate";

    fn to_value(&self) -> Result<Vec<u8>> {
        Ok(self.0.to_generalized_der())
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        read_value(value, |reader| {
            let element = reader.expect(tag::GENERALIZED_TIME)?;
            Ok(Self(Time::from_generalized_element(element)?))
        })
    }
}

/// Whose certificate an entry of an indirect CRL is about (RFC 5280 section 5.3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateIssuer(pub Vec<GeneralName>);

impl CertificateIssuer {
    fn check(&self) -> Result<()> {
        let directory =
            |name: &GeneralName| matches!(name, GeneralName::DirectoryName(name) if !name.is_empty());
        if self.0.iter().any(directory) {
            return Ok(());
        }
        Err(broken::<Self>(
            "the issuer's distinguished name must be given (RFC 5280 section 5.3.3)",
        ))
    }
}

impl ExtensionContent for CertificateIssuer {
    const OID: ObjectIdentifier = oid::CERTIFICATE_ISSUER;
    const CRITICAL: bool = true;
    const NAME: &'static str = "certificateIssuer";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let names: Vec<Vec<u8>> = self.0.iter().map(GeneralName::to_der).collect();
        Ok(sequence_of(&names))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, |reader| {
            list_of(reader.sequence()?, |names| Ok(GeneralName::read(names)?)).map(Self)
        })?;
        read.check()?;
        Ok(read)
    }
}
