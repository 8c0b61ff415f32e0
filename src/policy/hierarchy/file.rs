//! The file as it is written, and its translation into checked types. No other module sees these structs.
//!
//! Stored: `ca-policies/hierarchy.toml`, format 1. A change of meaning is a new format number.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::values::{Source, Text};
use super::{
    Authority, Budget, FORMAT, Hierarchy, Leaf, Office, Period, Service, ServiceCertificate, ServicePurpose,
    Token, rules,
};
use crate::{Result, strict};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: Spanned<u32>,
    office: RawOffice,
    #[serde(default)]
    token: BTreeMap<Text, RawToken>,
    #[serde(default)]
    authority: BTreeMap<Text, RawAuthority>,
    #[serde(default)]
    service: BTreeMap<Text, RawService>,
    listener: Option<RawLeaf>,
    operator: Option<RawLeaf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOffice {
    name: Text,
    place: Text,
    subject: Spanned<Vec<String>>,
    public_base: Text,
    policy_arc: Text,
    cps: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawToken {
    offline: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAuthority {
    issuer: Option<Text>,
    subject: Spanned<Vec<String>>,
    token: Text,
    key: Text,
    signature: Option<Text>,
    validity_days: Spanned<u32>,
    path_length: Spanned<u8>,
    #[serde(default)]
    extended_key_usage: Vec<Text>,
    #[serde(default)]
    policies: Vec<Text>,
    name_constraints: Option<RawNameConstraints>,
    crl_days: Spanned<u32>,
    budget: Option<RawBudget>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawService {
    purpose: Text,
    authority: Option<Text>,
    subject: Option<Spanned<Vec<String>>>,
    token: Text,
    key: Text,
    signature: Option<Text>,
    validity_days: Option<Spanned<u32>>,
    #[serde(default)]
    policies: Vec<Text>,
    budget: Option<RawBudget>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLeaf {
    authority: Text,
    validity_days: Spanned<u32>,
    #[serde(default)]
    policies: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBudget {
    signatures: Spanned<u64>,
    per: Period,
}

/// Which names an authority may certify, each list by its kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNameConstraints {
    #[serde(default)]
    pub(super) permitted_dns: Vec<Text>,
    #[serde(default)]
    pub(super) permitted_ip: Vec<Text>,
    #[serde(default)]
    pub(super) permitted_email: Vec<Text>,
    #[serde(default)]
    pub(super) permitted_uri: Vec<Text>,
    #[serde(default)]
    pub(super) excluded_dns: Vec<Text>,
    #[serde(default)]
    pub(super) excluded_ip: Vec<Text>,
    #[serde(default)]
    pub(super) excluded_email: Vec<Text>,
    #[serde(default)]
    pub(super) excluded_uri: Vec<Text>,
}

/// Translates value by value, then has the whole checked; the first fault ends it.
pub(super) fn read(source: Source<'_>) -> Result<Hierarchy> {
    let file: File = strict::parse(source.file, source.text)?;
    if *file.format.get_ref() != FORMAT {
        return Err(source.wrong(
            file.format.span(),
            "format",
            format!("this program reads format {FORMAT}; take the program that wrote the file, or rewrite the file as ca-policies/README.md says"),
        ));
    }
    let reader = FileReader {
        office: read_office(source, &file.office)?,
        subject: file.office.subject.get_ref().clone(),
        source,
    };
    let mut hierarchy = Hierarchy {
        office: reader.office.clone(),
        tokens: BTreeMap::new(),
        authorities: BTreeMap::new(),
        services: BTreeMap::new(),
        listener: None,
        operator: None,
    };
    for (label, token) in &file.token {
        let (label, offline) = (label.get_ref().clone(), token.offline);
        hierarchy.tokens.insert(label.clone(), Token { label, offline });
    }
    let mut places = rules::Places::default();
    for (name, raw) in &file.authority {
        let authority = reader.authority(name, raw)?;
        places.add(&format!("authority.{}", authority.name), &raw.spans());
        hierarchy.authorities.insert(authority.name.clone(), authority);
    }
    for (name, raw) in &file.service {
        let service = reader.service(name, raw)?;
        places.add(&format!("service.{}", service.name), &raw.spans(name));
        hierarchy.services.insert(service.name.clone(), service);
    }
    for (key, raw, leaf) in [
        ("listener", &file.listener, &mut hierarchy.listener),
        ("operator", &file.operator, &mut hierarchy.operator),
    ] {
        if let Some(raw) = raw {
            *leaf = Some(reader.leaf(key, raw)?);
            places.add(
                key,
                &[
                    ("authority", raw.authority.span()),
                    ("policies", of_list(&raw.policies, &raw.authority)),
                ],
            );
        }
    }
    rules::check(&hierarchy, source, &places)?;
    Ok(hierarchy)
}

fn read_office(source: Source<'_>, raw: &RawOffice) -> Result<Office> {
    Ok(Office {
        name: source.words(&raw.name, "office.name")?,
        place: source.words(&raw.place, "office.place")?,
        subject: source.subject(&[], &raw.subject, "office.subject")?,
        public_base: source.address(&raw.public_base, "office.public_base")?,
        policy_arc: source.arc(&raw.policy_arc, "office.policy_arc")?,
        cps: raw
            .cps
            .as_ref()
            .map(|cps| source.address(cps, "office.cps"))
            .transpose()?,
    })
}

/// What every entry's translation needs.
struct FileReader<'a> {
    source: Source<'a>,
    office: Office,
    subject: Vec<String>,
}

impl FileReader<'_> {
    fn authority(&self, name: &Text, raw: &RawAuthority) -> Result<Authority> {
        let source = self.source;
        let at = |key: &str| format!("authority.{}.{key}", name.get_ref());
        let key = source.key_algorithm(&raw.key, &at("key"))?;
        Ok(Authority {
            name: source.short_name(name, "authority")?,
            issuer: raw.issuer.as_ref().map(|issuer| issuer.get_ref().clone()),
            subject: source.subject(&self.subject, &raw.subject, &at("subject"))?,
            token: raw.token.get_ref().clone(),
            key,
            signature: source.signature(raw.signature.as_ref(), key, &at("signature"))?,
            validity_days: source.days(&raw.validity_days, &at("validity_days"))?,
            path_length: *raw.path_length.get_ref(),
            extended_key_usage: source.usages(&raw.extended_key_usage, &at("extended_key_usage"))?,
            policies: source.policies(&self.office, &raw.policies, &at("policies"))?,
            name_constraints: raw
                .name_constraints
                .as_ref()
                .map(|constraints| source.name_constraints(constraints, &at("name_constraints")))
                .transpose()?,
            crl_days: source.days(&raw.crl_days, &at("crl_days"))?,
            budget: self.budget(raw.budget.as_ref(), &at("budget"))?,
        })
    }

    fn service(&self, name: &Text, raw: &RawService) -> Result<Service> {
        let source = self.source;
        let at = |key: &str| format!("service.{}.{key}", name.get_ref());
        let purpose = source.purpose(&raw.purpose, &at("purpose"))?;
        Ok(Service {
            name: source.short_name(name, "service")?,
            purpose,
            token: raw.token.get_ref().clone(),
            key: source.service_key(
                &raw.key,
                raw.signature.as_ref(),
                &format!("service.{}", name.get_ref()),
            )?,
            budget: self.budget(raw.budget.as_ref(), &at("budget"))?,
            certificate: self.service_certificate(purpose, name, raw)?,
        })
    }

    /// A certified purpose demands the keys of a certificate, the others forbid them.
    fn service_certificate(
        &self,
        purpose: ServicePurpose,
        name: &Text,
        raw: &RawService,
    ) -> Result<Option<ServiceCertificate>> {
        let source = self.source;
        let at = |key: &str| format!("service.{}.{key}", name.get_ref());
        match (&raw.authority, &raw.subject, &raw.validity_days) {
            (Some(authority), Some(subject), Some(days)) if purpose.has_certificate() => {
                Ok(Some(ServiceCertificate {
                    authority: authority.get_ref().clone(),
                    subject: source.subject(&self.subject, subject, &at("subject"))?,
                    validity_days: source.days(days, &at("validity_days"))?,
                    policies: source.policies(&self.office, &raw.policies, &at("policies"))?,
                }))
            }
            (None, None, None) if !purpose.has_certificate() && raw.policies.is_empty() => Ok(None),
            _ => {
                let rule = if purpose.has_certificate() {
                    "a key of this purpose is certified: give authority, subject and validity_days"
                } else {
                    "a key of this purpose has no certificate: remove authority, subject, validity_days and policies"
                };
                Err(source.wrong(raw.purpose.span(), at("purpose"), rule))
            }
        }
    }

    fn leaf(&self, key: &str, raw: &RawLeaf) -> Result<Leaf> {
        Ok(Leaf {
            authority: raw.authority.get_ref().clone(),
            validity_days: self
                .source
                .days(&raw.validity_days, &format!("{key}.validity_days"))?,
            policies: self
                .source
                .policies(&self.office, &raw.policies, &format!("{key}.policies"))?,
        })
    }

    fn budget(&self, raw: Option<&RawBudget>, key: &str) -> Result<Option<Budget>> {
        let Some(raw) = raw else { return Ok(None) };
        if *raw.signatures.get_ref() == 0 {
            let rule = "a budget of nothing forbids every signature; remove the budget, or give at least 1";
            return Err(self.source.wrong(raw.signatures.span(), key, rule));
        }
        Ok(Some(Budget {
            signatures: *raw.signatures.get_ref(),
            per: raw.per,
        }))
    }
}

type Spans = Vec<(&'static str, std::ops::Range<usize>)>;

impl RawAuthority {
    fn spans(&self) -> Spans {
        let issuer = self.issuer.as_ref().unwrap_or(&self.token).span();
        vec![
            ("issuer", issuer),
            ("subject", self.subject.span()),
            ("token", self.token.span()),
            ("key", self.key.span()),
            ("validity_days", self.validity_days.span()),
            ("path_length", self.path_length.span()),
            (
                "extended_key_usage",
                of_list(&self.extended_key_usage, &self.token),
            ),
            ("policies", of_list(&self.policies, &self.token)),
            ("crl_days", self.crl_days.span()),
        ]
    }
}

impl RawService {
    fn spans(&self, name: &Text) -> Spans {
        let subject = self.subject.as_ref().map_or(name.span(), Spanned::span);
        vec![
            ("name", name.span()),
            ("authority", self.authority.as_ref().unwrap_or(&self.token).span()),
            ("subject", subject),
            ("token", self.token.span()),
            ("key", self.key.span()),
            ("policies", of_list(&self.policies, &self.token)),
        ]
    }
}

/// Where a list stands; a missing one is reported where its entry's other value stands.
fn of_list(list: &[Text], fallback: &Text) -> std::ops::Range<usize> {
    list.first().unwrap_or(fallback).span()
}
