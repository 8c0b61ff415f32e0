//! Rules that hold between entries of the file, and what is legal but should not stay.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use const_oid::ObjectIdentifier;
use pki::algorithm::KeyAlgorithm;
use pki::oid::usage;

use super::values::Source;
use super::{Authority, Hierarchy, Leaf, Service, ServiceKey, ServicePurpose};
use crate::Result;

/// Where each entry's values stand, for messages.
#[derive(Default)]
pub(super) struct Places(BTreeMap<String, Range<usize>>);

impl Places {
    pub(super) fn add(&mut self, entry: &str, spans: &[(&'static str, Range<usize>)]) {
        for (key, span) in spans {
            self.0.insert(format!("{entry}.{key}"), span.clone());
        }
    }
}

/// One look over the whole: every rule names the key it is about.
struct Check<'a> {
    hierarchy: &'a Hierarchy,
    source: Source<'a>,
    places: &'a Places,
}

/// Checks everything that needs more than one entry.
pub(super) fn check(hierarchy: &Hierarchy, source: Source<'_>, places: &Places) -> Result<()> {
    let check = Check {
        hierarchy,
        source,
        places,
    };
    if !hierarchy
        .authorities()
        .any(|authority| authority.issuer.is_none())
    {
        return Err(source.wrong(
            0..0,
            "authority",
            "there is no root: one authority must have no issuer",
        ));
    }
    hierarchy
        .authorities()
        .try_for_each(|authority| check.authority(authority))?;
    hierarchy
        .services()
        .try_for_each(|service| check.service(service))?;
    check.leaf("listener", hierarchy.listener(), usage::SERVER_AUTH)?;
    check.leaf("operator", hierarchy.operator(), usage::CLIENT_AUTH)?;
    check.distinct_subjects()
}

impl Check<'_> {
    fn refuse(&self, entry: &str, key: &str, rule: impl Into<String>) -> Result<()> {
        let full = format!("{entry}.{key}");
        let span = self.places.0.get(&full).cloned().unwrap_or(0..0);
        Err(self.source.wrong(span, full, rule))
    }

    fn authority(&self, authority: &Authority) -> Result<()> {
        let entry = format!("authority.{}", authority.name);
        self.token(&entry, &authority.token)?;
        if authority.key == KeyAlgorithm::Rsa2048 {
            return self.refuse(&entry, "key", "an authority lives longer than a 2048-bit RSA key should (NIST SP 800-57: until 2030); use rsa-3072, rsa-4096 or an elliptic curve");
        }
        if !authority.subject.has_generation() {
            return self.refuse(&entry, "subject", "put {generation} into the CN: a new key gets a new name, so that verifiers never meet two keys under one");
        }
        if authority.crl_days > authority.validity_days {
            return self.refuse(
                &entry,
                "crl_days",
                "a CRL cannot be valid longer than its authority",
            );
        }
        match &authority.issuer {
            None => self.root(&entry, authority),
            Some(issuer) => match self.hierarchy.authority(issuer) {
                Ok(issuer) => self.below(&entry, authority, issuer),
                Err(error) => self.refuse(&entry, "issuer", error.to_string()),
            },
        }
    }

    fn root(&self, entry: &str, root: &Authority) -> Result<()> {
        if !root.extended_key_usage.is_empty() || !root.policies.is_empty() || root.name_constraints.is_some()
        {
            return self.refuse(entry, "token", "a root is trusted as it is and verifiers ignore its limits (RFC 5280 section 6.1): put extended_key_usage, policies and name_constraints into the authorities below it");
        }
        Ok(())
    }

    fn below(&self, entry: &str, authority: &Authority, issuer: &Authority) -> Result<()> {
        self.reaches_a_root(entry, authority)?;
        if authority.path_length >= issuer.path_length {
            let rule = format!(
                "must be less than {}, the path_length of its issuer {} (RFC 5280 section 4.2.1.9)",
                issuer.path_length, issuer.name
            );
            return self.refuse(entry, "path_length", rule);
        }
        if authority.validity_days > issuer.validity_days {
            let rule = format!(
                "must not be more than the {} days of its issuer {}",
                issuer.validity_days, issuer.name
            );
            return self.refuse(entry, "validity_days", rule);
        }
        if authority.extended_key_usage.is_empty() {
            return self.refuse(
                entry,
                "extended_key_usage",
                "name what certificates below may be for; only a root may leave it open",
            );
        }
        if authority.policies.is_empty() {
            return self.refuse(entry, "policies", "name the policies that certificates below may be issued under; only a root may leave them open");
        }
        self.within(
            entry,
            "extended_key_usage",
            &authority.extended_key_usage,
            &issuer.extended_key_usage,
        )?;
        self.within(entry, "policies", &authority.policies, &issuer.policies)
    }

    /// Follows the issuers upwards; there are no more steps than authorities unless they form a ring.
    fn reaches_a_root(&self, entry: &str, authority: &Authority) -> Result<()> {
        let mut current = authority;
        for _ in self.hierarchy.authorities() {
            match current
                .issuer
                .as_deref()
                .map(|issuer| self.hierarchy.authority(issuer))
            {
                Some(Ok(issuer)) => current = issuer,
                // At a root, or at a name that does not exist, which is reported where it stands.
                None | Some(Err(_)) => return Ok(()),
            }
        }
        self.refuse(entry, "issuer", "the issuers form a ring and never reach a root")
    }

    fn service(&self, service: &Service) -> Result<()> {
        let entry = format!("service.{}", service.name);
        self.token(&entry, &service.token)?;
        if self.hierarchy.authority(&service.name).is_ok() {
            return self.refuse(
                &entry,
                "name",
                "an authority has this name already; keys of both stand in one inventory",
            );
        }
        self.service_key(&entry, service)?;
        let Some(certificate) = &service.certificate else {
            return Ok(());
        };
        if !certificate.subject.has_generation() {
            return self.refuse(
                &entry,
                "subject",
                "put {generation} into the CN: a new key gets a new name",
            );
        }
        let issuer = match self.hierarchy.authority(&certificate.authority) {
            Ok(issuer) => issuer,
            Err(error) => return self.refuse(&entry, "authority", error.to_string()),
        };
        self.within(&entry, "policies", &certificate.policies, &issuer.policies)?;
        match service.purpose {
            ServicePurpose::Ocsp => self.responder(&entry, service, &issuer.name, certificate.validity_days),
            ServicePurpose::Timestamp => self.within(
                &entry,
                "authority",
                &[usage::TIME_STAMPING],
                &issuer.extended_key_usage,
            ),
            ServicePurpose::Register | ServicePurpose::Data => Ok(()),
        }
    }

    fn service_key(&self, entry: &str, service: &Service) -> Result<()> {
        let is_pair = matches!(service.key, ServiceKey::Pair { .. });
        match (service.purpose, service.key) {
            (ServicePurpose::Data, ServiceKey::Pair { .. }) => self.refuse(
                entry,
                "key",
                "a data key wraps other keys and never signs; write aes-256",
            ),
            (ServicePurpose::Register, ServiceKey::Pair { algorithm, .. })
                if !matches!(algorithm, KeyAlgorithm::Ed25519 | KeyAlgorithm::EcdsaP256) =>
            {
                self.refuse(
                    entry,
                    "key",
                    "checkpoints are signed notes, whose verifiers know ed25519 and ecdsa-p256",
                )
            }
            (ServicePurpose::Data, ServiceKey::Aes256) => Ok(()),
            _ if is_pair => Ok(()),
            _ => self.refuse(
                entry,
                "key",
                "an aes-256 key cannot sign; only purpose data takes it",
            ),
        }
    }

    fn responder(&self, entry: &str, service: &Service, issuer: &str, validity_days: u32) -> Result<()> {
        // Its certificate carries id-pkix-ocsp-nocheck, so it cannot be revoked (RFC 6960 section 4.2.2.2.1).
        if validity_days > 397 {
            return self.refuse(entry, "authority", "a responder's certificate cannot be revoked and must be short-lived: at most 397 days, 30 where the authority is online");
        }
        let other = self
            .hierarchy
            .responder_of(issuer)
            .filter(|other| other.name != service.name);
        match other {
            Some(other) => self.refuse(
                entry,
                "authority",
                format!("{} answers for {issuer} already", other.name),
            ),
            None => Ok(()),
        }
    }

    fn leaf(&self, entry: &str, leaf: Option<&Leaf>, purpose: ObjectIdentifier) -> Result<()> {
        let Some(leaf) = leaf else { return Ok(()) };
        match self.hierarchy.authority(&leaf.authority) {
            Ok(issuer) => {
                self.within(entry, "authority", &[purpose], &issuer.extended_key_usage)?;
                self.within(entry, "policies", &leaf.policies, &issuer.policies)
            }
            Err(error) => self.refuse(entry, "authority", error.to_string()),
        }
    }

    fn token(&self, entry: &str, label: &str) -> Result<()> {
        match self.hierarchy.token(label) {
            Ok(_) => Ok(()),
            Err(error) => self.refuse(entry, "token", error.to_string()),
        }
    }

    /// An empty list above allows everything.
    fn within(
        &self,
        entry: &str,
        key: &str,
        asked: &[ObjectIdentifier],
        allowed_above: &[ObjectIdentifier],
    ) -> Result<()> {
        let any = |oid: &ObjectIdentifier| *oid == pki::oid::policy::ANY_POLICY;
        if allowed_above.is_empty() || allowed_above.iter().any(any) {
            return Ok(());
        }
        match asked.iter().find(|oid| !allowed_above.contains(oid)) {
            Some(oid) => self.refuse(
                entry,
                key,
                format!("{oid} is not among what its issuer may certify; add it there, or remove it here"),
            ),
            None => Ok(()),
        }
    }

    fn distinct_subjects(&self) -> Result<()> {
        let mut seen = BTreeMap::new();
        let authorities = self
            .hierarchy
            .authorities()
            .map(|a| (format!("authority.{}", a.name), &a.subject));
        let certified = self.hierarchy.services().filter_map(|service| {
            let certificate = service.certificate.as_ref()?;
            Some((format!("service.{}", service.name), &certificate.subject))
        });
        for (entry, subject) in authorities.chain(certified) {
            if let Some(other) = seen.insert(subject.name(1)?, entry.clone()) {
                return self.refuse(
                    &entry,
                    "subject",
                    format!("the same subject as {other}; names must be different"),
                );
            }
        }
        Ok(())
    }
}

/// Something legal that should not stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The key in the file.
    pub key: String,
    /// What is the matter and what to do.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.key, self.message)
    }
}

/// Everything in the hierarchy that an office should change before its first real ceremony.
pub(super) fn warnings(hierarchy: &Hierarchy) -> Vec<Warning> {
    let mut list = Vec::new();
    let mut warn = |key: &str, message: String| {
        list.push(Warning {
            key: key.to_owned(),
            message,
        });
    };
    let office = &hierarchy.office;
    let arc = office.policy_arc.to_string();
    // RFC 5612 (enterprise number for documentation) and the joint arc "example".
    if ["1.3.6.1.4.1.32473", "2.999"]
        .iter()
        .any(|placeholder| is_below(&arc, placeholder))
    {
        warn(
            "office.policy_arc",
            format!(
                "{arc} is the arc set aside for examples; register a private enterprise number with IANA and put your own arc here before a real ceremony"
            ),
        );
    }
    for (key, address) in [
        ("office.public_base", Some(&office.public_base)),
        ("office.cps", office.cps.as_ref()),
    ] {
        if let Some(address) = address.filter(|address| is_private(address)) {
            warn(
                key,
                format!(
                    "{address} can be reached from this machine only, and stands in every certificate for years; put a public name here before a real ceremony"
                ),
            );
        }
    }
    for authority in hierarchy.authorities() {
        if authority.extended_key_usage.contains(&usage::OCSP_SIGNING) {
            warn(&format!("authority.{}.extended_key_usage", authority.name), "with OCSPSigning its own key counts as a responder of its issuer; responders below it do not need it there".to_owned());
        }
        if hierarchy.responder_of(&authority.name).is_none() {
            warn(
                &format!("authority.{}", authority.name),
                "no service of purpose ocsp answers for it; its certificates point to the CRL only"
                    .to_owned(),
            );
        }
    }
    list
}

fn is_below(arc: &str, placeholder: &str) -> bool {
    arc.strip_prefix(placeholder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_private(address: &str) -> bool {
    let authority = address
        .strip_prefix("http://")
        .unwrap_or(address)
        .split('/')
        .next()
        .unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let reserved = ["localhost", "example", "test", "invalid", "local"];
    let last = host.rsplit('.').next().unwrap_or_default();
    reserved.contains(&last) || host.starts_with("127.") || host == "[::1]" || host == "example.com"
}
