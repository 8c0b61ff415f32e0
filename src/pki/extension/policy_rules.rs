//! What an authority demands of the policies below it: policyMappings, policyConstraints, inhibitAnyPolicy
//! (RFC 5280 sections 4.2.1.5, 4.2.1.11, 4.2.1.14). They belong into authorities' certificates only.

use const_oid::ObjectIdentifier;

use super::content::{Wrong, broken, implicit, list_of, read_value, repeated, sequence_of};
use super::{ExtensionContent, oid};
use crate::Result;
use crate::asn1::{Element, Fault, Reader, tag, write};
use crate::oid::policy::ANY_POLICY;

/// A policy of the issuer's that equals one of the subject's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyMapping {
    /// The policy as the issuer calls it.
    pub issuer_domain: ObjectIdentifier,
    /// The policy as the subject calls it.
    pub subject_domain: ObjectIdentifier,
}

/// Policies that are equal across two authorities, at least one pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyMappings(pub Vec<PolicyMapping>);

impl PolicyMappings {
    fn check(&self) -> Result<()> {
        if self.0.is_empty() {
            return Err(broken::<Self>(
                "at least one pair must be given (RFC 5280 section 4.2.1.5)",
            ));
        }
        let any =
            |pair: &PolicyMapping| pair.issuer_domain == ANY_POLICY || pair.subject_domain == ANY_POLICY;
        if self.0.iter().any(any) {
            return Err(broken::<Self>(
                "anyPolicy must not be mapped, neither from nor to (RFC 5280 section 4.2.1.5)",
            ));
        }
        if repeated(&self.0) {
            return Err(broken::<Self>("a pair is given twice; give it once"));
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        list_of(reader.sequence()?, |pairs| {
            let mut inside = pairs.sequence()?;
            let issuer_domain = inside.object_identifier()?;
            let subject_domain = inside.object_identifier()?;
            inside.finish()?;
            Ok(PolicyMapping {
                issuer_domain,
                subject_domain,
            })
        })
        .map(Self)
    }
}

impl ExtensionContent for PolicyMappings {
    const OID: ObjectIdentifier = oid::POLICY_MAPPINGS;
    const CRITICAL: bool = true;
    const NAME: &'static str = "policyMappings";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let pair = |pair: &PolicyMapping| {
            write::sequence(&[
                &write::object_identifier(pair.issuer_domain),
                &write::object_identifier(pair.subject_domain),
            ])
        };
        let pairs: Vec<Vec<u8>> = self.0.iter().map(pair).collect();
        Ok(sequence_of(&pairs))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, Self::read)?;
        read.check()?;
        Ok(read)
    }
}

/// After how many further certificates a rule begins to hold; at least one of the two rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyConstraints {
    /// From then on every certificate must carry an acceptable policy.
    pub require_explicit_policy: Option<u8>,
    /// From then on policies are not mapped any more.
    pub inhibit_policy_mapping: Option<u8>,
}

impl PolicyConstraints {
    fn check(self) -> Result<()> {
        if self.require_explicit_policy.is_none() && self.inhibit_policy_mapping.is_none() {
            return Err(broken::<Self>(
                "it must not be empty; leave the extension out (RFC 5280 section 4.2.1.11)",
            ));
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = reader.sequence()?;
        let mut skip = |number| {
            inside
                .optional(tag::context(number))?
                .map(skip_certificates)
                .transpose()
        };
        let require_explicit_policy = skip(0)?;
        let inhibit_policy_mapping = skip(1)?;
        inside.finish()?;
        Ok(Self {
            require_explicit_policy,
            inhibit_policy_mapping,
        })
    }
}

/// SkipCerts: a number of certificates. No chain has more than 255.
fn skip_certificates(element: Element<'_>) -> std::result::Result<u8, Fault> {
    u8::try_from(element.small_unsigned()?)
        .map_err(|_| Fault::NotCanonical("a number of certificates to skip is above 255"))
}

impl ExtensionContent for PolicyConstraints {
    const OID: ObjectIdentifier = oid::POLICY_CONSTRAINTS;
    const CRITICAL: bool = true;
    const NAME: &'static str = "policyConstraints";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let skip = |number, certificates: Option<u8>| {
            let integer = certificates.map(|count| write::small_unsigned(count.into()));
            integer.map_or_else(Vec::new, |integer| implicit(tag::context(number), integer))
        };
        Ok(write::sequence(&[
            &skip(0, self.require_explicit_policy),
            &skip(1, self.inhibit_policy_mapping),
        ]))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, Self::read)?;
        read.check()?;
        Ok(read)
    }
}

/// After how many further certificates anyPolicy stops to match every policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InhibitAnyPolicy(pub u8);

impl ExtensionContent for InhibitAnyPolicy {
    const OID: ObjectIdentifier = oid::INHIBIT_ANY_POLICY;
    const CRITICAL: bool = true;
    const NAME: &'static str = "inhibitAnyPolicy";

    fn to_value(&self) -> Result<Vec<u8>> {
        Ok(write::small_unsigned(self.0.into()))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        read_value(value, |reader| {
            Ok(Self(skip_certificates(reader.expect(tag::INTEGER)?)?))
        })
    }
}
