//! The rules between extensions of one certificate, which no content can check alone.

use const_oid::ObjectIdentifier;

use super::{
    AuthorityInfoAccess, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
    CrlDistributionPoints, ExtendedKeyUsage, ExtensionContent, Extensions, FreshestCrl, InhibitAnyPolicy,
    KeyUsage, KeyUsageBit, NameConstraints, NoRevAvail, OcspNoCheck, PolicyConstraints, PolicyMappings,
    QcStatements, SignedDocumentBinding, SubjectAltName, SubjectKeyIdentifier, ValidityAssuredShortTerm, oid,
};
use crate::general_name::GeneralName;
use crate::icp_brasil::Identity;
use crate::name::Name;
use crate::oid::{access, usage};
use crate::{Error, Result};

const fn broken<T: ExtensionContent>(rule: &'static str) -> Error {
    Error::Rule {
        structure: T::NAME,
        rule,
    }
}

impl Extensions {
    /// Checks the extensions of a certificate: each that is known here by its own rules, and all together by
    /// the rules between them. An extension that is not known here is left alone.
    pub fn check_consistency(&self) -> Result<()> {
        self.check_each()?;
        self.check_criticality()?;
        let basic = self
            .typed::<BasicConstraints>()?
            .unwrap_or(BasicConstraints::END_ENTITY);
        let usage = self.typed::<KeyUsage>()?;
        if basic.ca {
            self.check_authority(usage.as_ref())?;
        } else {
            self.check_end_entity(usage.as_ref())?;
        }
        self.check_purposes()?;
        self.check_revocation(basic)?;
        self.check_identities()
    }

    /// Checks what the subject field demands of the extensions.
    pub fn check_subject(&self, subject: &Name) -> Result<()> {
        let is_authority = self.typed::<BasicConstraints>()?.is_some_and(|basic| basic.ca);
        if !subject.is_empty() {
            return Ok(());
        }
        if is_authority {
            return Err(broken::<BasicConstraints>(
                "an authority must have a name in its subject field (RFC 5280 section 4.1.2.6)",
            ));
        }
        if self
            .find(oid::SUBJECT_ALT_NAME)
            .is_none_or(|names| !names.critical)
        {
            return Err(broken::<SubjectAltName>(
                "with an empty subject it must be present and critical (RFC 5280 section 4.2.1.6)",
            ));
        }
        Ok(())
    }

    fn has<T: ExtensionContent>(&self) -> bool {
        self.find(T::OID).is_some()
    }

    /// Reads every known content, so that none is signed that breaks its own rules.
    fn check_each(&self) -> Result<()> {
        self.typed::<SubjectKeyIdentifier>()?;
        self.typed::<AuthorityKeyIdentifier>()?;
        self.typed::<ExtendedKeyUsage>()?;
        self.typed::<SubjectAltName>()?;
        self.typed::<CertificatePolicies>()?;
        self.typed::<PolicyMappings>()?;
        self.typed::<PolicyConstraints>()?;
        self.typed::<InhibitAnyPolicy>()?;
        self.typed::<NameConstraints>()?;
        self.typed::<AuthorityInfoAccess>()?;
        self.typed::<CrlDistributionPoints>()?;
        self.typed::<FreshestCrl>()?;
        self.typed::<OcspNoCheck>()?;
        self.typed::<NoRevAvail>()?;
        self.typed::<QcStatements>()?;
        self.typed::<ValidityAssuredShortTerm>()?;
        self.typed::<SignedDocumentBinding>()?;
        if self.iter().any(|extension| CRL_ONLY.contains(&extension.oid)) {
            return Err(Error::Rule {
                structure: "certificate extensions",
                rule: "an extension of CRLs stands in a certificate (RFC 5280 section 5.2)",
            });
        }
        Ok(())
    }

    fn check_criticality(&self) -> Result<()> {
        for (oid, critical, structure, rule) in CRITICALITY {
            if self.find(oid).is_some_and(|found| found.critical != critical) {
                return Err(Error::Rule { structure, rule });
            }
        }
        Ok(())
    }

    fn check_authority(&self, usage: Option<&KeyUsage>) -> Result<()> {
        if self
            .find(oid::BASIC_CONSTRAINTS)
            .is_some_and(|basic| !basic.critical)
        {
            return Err(broken::<BasicConstraints>(
                "it must be critical in an authority's certificate (RFC 5280 section 4.2.1.9)",
            ));
        }
        if !usage.is_some_and(|usage| usage.contains(KeyUsageBit::KeyCertSign)) {
            return Err(broken::<KeyUsage>(
                "an authority must be allowed keyCertSign (RFC 5280 sections 4.2.1.3 and 4.2.1.9)",
            ));
        }
        if !self.has::<SubjectKeyIdentifier>() {
            return Err(broken::<SubjectKeyIdentifier>(
                "an authority's certificate must have it (RFC 5280 section 4.2.1.2)",
            ));
        }
        Ok(())
    }

    fn check_end_entity(&self, usage: Option<&KeyUsage>) -> Result<()> {
        if usage.is_some_and(|usage| usage.contains(KeyUsageBit::KeyCertSign)) {
            return Err(broken::<KeyUsage>(
                "keyCertSign is for authorities; set cA or leave the bit out (RFC 5280 section 4.2.1.9)",
            ));
        }
        for (oid, structure, rule) in AUTHORITY_ONLY {
            if self.find(oid).is_some() {
                return Err(Error::Rule { structure, rule });
            }
        }
        Ok(())
    }

    fn check_purposes(&self) -> Result<()> {
        let purposes = self.typed::<ExtendedKeyUsage>()?;
        let has = |purpose| purposes.as_ref().is_some_and(|list| list.contains(purpose));
        let alone = purposes.as_ref().is_some_and(|list| list.0.len() == 1);
        let is_critical = self
            .find(oid::EXTENDED_KEY_USAGE)
            .is_some_and(|found| found.critical);
        // An authority's list bounds what is below it; RFC 3161 speaks of the time-stamping unit's own.
        let is_authority = self.typed::<BasicConstraints>()?.is_some_and(|basic| basic.ca);
        if has(usage::TIME_STAMPING) && !is_authority && !(alone && is_critical) {
            return Err(broken::<ExtendedKeyUsage>(
                "timeStamping must be the only purpose, and critical (RFC 3161 section 2.3)",
            ));
        }
        if self.has::<OcspNoCheck>() && !has(usage::OCSP_SIGNING) {
            return Err(broken::<OcspNoCheck>(
                "it is for OCSP responders, whose purpose is OCSPSigning (RFC 6960 section 4.2.2.2.1)",
            ));
        }
        Ok(())
    }

    /// noRevAvail says that nothing will be published: no pointer may say otherwise, and no authority may say it.
    fn check_revocation(&self, basic: BasicConstraints) -> Result<()> {
        if !self.has::<NoRevAvail>() {
            return Ok(());
        }
        if basic.ca {
            return Err(broken::<NoRevAvail>(
                "an authority's certificate must be revocable (RFC 9608 section 3)",
            ));
        }
        let access = self.typed::<AuthorityInfoAccess>()?;
        let responder = |list: AuthorityInfoAccess| list.0.iter().any(|place| place.method == access::OCSP);
        if self.has::<CrlDistributionPoints>() || self.has::<FreshestCrl>() || access.is_some_and(responder) {
            return Err(broken::<NoRevAvail>(
                "neither cRLDistributionPoints nor freshestCRL nor an OCSP address may stand beside it (RFC 9608 section 3)",
            ));
        }
        Ok(())
    }

    /// Identities of ICP-Brasil are read strictly here only, so that foreign certificates stay readable.
    fn check_identities(&self) -> Result<()> {
        let names = self.typed::<SubjectAltName>()?;
        for name in names.iter().flat_map(|names| &names.0) {
            if let GeneralName::OtherName(name) = name {
                Identity::from_other_name(name)?;
            }
        }
        Ok(())
    }
}

/// Extensions of CRLs and their entries.
const CRL_ONLY: [ObjectIdentifier; 6] = [
    oid::CRL_NUMBER,
    oid::DELTA_CRL_INDICATOR,
    oid::ISSUING_DISTRIBUTION_POINT,
    oid::REASON_CODE,
    oid::INVALIDITY_DATE,
    oid::CERTIFICATE_ISSUER,
];

/// Which extension must (true) or must not (false) be critical, its name, and the rule.
const CRITICALITY: [(ObjectIdentifier, bool, &str, &str); 9] = [
    (
        oid::NAME_CONSTRAINTS,
        true,
        NameConstraints::NAME,
        "it must be critical (RFC 5280 section 4.2.1.10)",
    ),
    (
        oid::POLICY_CONSTRAINTS,
        true,
        PolicyConstraints::NAME,
        "it must be critical (RFC 5280 section 4.2.1.11)",
    ),
    (
        oid::INHIBIT_ANY_POLICY,
        true,
        InhibitAnyPolicy::NAME,
        "it must be critical (RFC 5280 section 4.2.1.14)",
    ),
    (
        oid::SUBJECT_KEY_IDENTIFIER,
        false,
        SubjectKeyIdentifier::NAME,
        "it must not be critical (RFC 5280 section 4.2.1.2)",
    ),
    (
        oid::AUTHORITY_KEY_IDENTIFIER,
        false,
        AuthorityKeyIdentifier::NAME,
        "it must not be critical (RFC 5280 section 4.2.1.1)",
    ),
    (
        oid::AUTHORITY_INFO_ACCESS,
        false,
        AuthorityInfoAccess::NAME,
        "it must not be critical (RFC 5280 section 4.2.2.1)",
    ),
    (
        oid::FRESHEST_CRL,
        false,
        FreshestCrl::NAME,
        "it must not be critical (RFC 5280 section 4.2.1.15)",
    ),
    (
        oid::NO_REV_AVAIL,
        false,
        NoRevAvail::NAME,
        "it must not be critical (RFC 9608 section 2)",
    ),
    (
        oid::QC_STATEMENTS,
        false,
        QcStatements::NAME,
        "it must not be critical (EN 319 412-5 section 4.1)",
    ),
];

/// Extensions that only an authority's certificate may have, their names, and the rule.
const AUTHORITY_ONLY: [(ObjectIdentifier, &str, &str); 4] = [
    (
        oid::NAME_CONSTRAINTS,
        NameConstraints::NAME,
        "it must stand in an authority's certificate only (RFC 5280 section 4.2.1.10)",
    ),
    (
        oid::POLICY_MAPPINGS,
        PolicyMappings::NAME,
        "it is for authorities' certificates (RFC 5280 section 4.2.1.5)",
    ),
    (
        oid::POLICY_CONSTRAINTS,
        PolicyConstraints::NAME,
        "it is for authorities' certificates (RFC 5280 section 4.2.1.11)",
    ),
    (
        oid::INHIBIT_ANY_POLICY,
        InhibitAnyPolicy::NAME,
        "it is for authorities' certificates (RFC 5280 section 4.2.1.14)",
    ),
];
