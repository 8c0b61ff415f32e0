//! Reasons for revoking: as a set of flags in distribution points, and as a code in entries of a CRL.

use std::collections::BTreeSet;

use super::content::implicit;
use crate::asn1::{Element, Fault, write};

/// One reason in a set of flags, in the order of the bits; bit 0 is unused (RFC 5280 section 4.2.1.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReasonFlag {
    /// The subject's key is in other hands.
    KeyCompromise,
    /// The authority's key is in other hands.
    CaCompromise,
    /// The subject's name or other data changed.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// It is suspended.
    CertificateHold,
    /// A right in it was withdrawn.
    PrivilegeWithdrawn,
    /// The attribute authority's key is in other hands.
    AaCompromise,
}

impl ReasonFlag {
    /// All, in the order of the bits from bit 1 on.
    pub const ALL: [Self; 8] = [
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];
}

/// The reasons that a CRL covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonFlags(BTreeSet<ReasonFlag>);

impl ReasonFlags {
    /// The set of these reasons.
    pub fn new(reasons: impl IntoIterator<Item = ReasonFlag>) -> Self {
        Self(reasons.into_iter().collect())
    }

    /// Whether this reason is covered.
    pub fn contains(&self, reason: ReasonFlag) -> bool {
        self.0.contains(&reason)
    }

    /// Whether no reason is covered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The named bits under an implicit tag.
    pub(super) fn to_der(&self, tag: u8) -> Vec<u8> {
        let bits: Vec<bool> = std::iter::once(false)
            .chain(ReasonFlag::ALL.map(|reason| self.contains(reason)))
            .collect();
        implicit(tag, write::named_bits(&bits))
    }

    pub(super) fn from_element(element: Element<'_>) -> Result<Self, Fault> {
        let bits = element.named_bits(ReasonFlag::ALL.len() + 1)?;
        if bits.first() == Some(&true) {
            return Err(Fault::NotCanonical("the unused bit 0 of a set of reasons is set"));
        }
        let set = ReasonFlag::ALL.into_iter().zip(bits.into_iter().skip(1));
        Ok(Self(
            set.filter_map(|(reason, set)| set.then_some(reason)).collect(),
        ))
    }
}
