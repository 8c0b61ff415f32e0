//! Certificates that an installation needs for itself: the private listener's and its operators'.
//!
//! They are issued by the authority that the hierarchy names under `[listener]` and `[operator]`, until
//! certificate profiles decide about them like about any other. Keys live in files, not in tokens. What leaves here
//! has passed the lint, name constraints included.

use std::net::IpAddr;

use pki::certificate::Content;
use pki::extension::{
    BasicConstraints, ExtendedKeyUsage, ExtensionContent as _, KeyUsage, KeyUsageBit, SubjectAltName,
};
use pki::general_name::GeneralName;
use pki::oid::usage;
use pki::public_key::PublicKey;
use pki::serial::Serial;
use pki::time::Time;

use crate::hierarchy::certificate::{
    Body, Issuer, Particulars, Revocation, clipped, encode_list, encoding, issued, span,
};
use crate::hierarchy::{Hierarchy, Leaf};
use crate::{Error, Result, lint};

/// The upper bound of a common name (RFC 5280 appendix A.1).
const LONGEST_COMMON_NAME: usize = 64;

/// What both kinds have in common.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The key that is certified.
    pub key: &'a PublicKey,
    /// The serial number.
    pub serial: Serial,
    /// The first second of the validity.
    pub now: Time,
}

/// The TLS certificate of the private listener, for these host names and addresses.
pub fn listener(
    hierarchy: &Hierarchy,
    names: &[String],
    facts: &Facts<'_>,
    issuer: &Issuer<'_>,
) -> Result<Content> {
    const WHAT: &str = "listener";
    let terms = terms(WHAT, hierarchy.listener(), issuer)?;
    let general: Vec<GeneralName> = names
        .iter()
        .map(|name| general_name(name))
        .collect::<pki::Result<_>>()
        .map_err(encoding(WHAT))?;
    let common_name = names
        .iter()
        .find(|name| name.len() <= LONGEST_COMMON_NAME)
        .map_or(WHAT, String::as_str);
    let kind = Kind {
        what: WHAT,
        purpose: usage::SERVER_AUTH,
        common_name,
        names: general,
    };
    kind.content(hierarchy, terms, facts, issuer)
}

/// The TLS client certificate with which an operator signs in.
pub fn operator(
    hierarchy: &Hierarchy,
    name: &str,
    facts: &Facts<'_>,
    issuer: &Issuer<'_>,
) -> Result<Content> {
    const WHAT: &str = "operator";
    let terms = terms(WHAT, hierarchy.operator(), issuer)?;
    let kind = Kind {
        what: WHAT,
        purpose: usage::CLIENT_AUTH,
        common_name: name,
        names: Vec::new(),
    };
    kind.content(hierarchy, terms, facts, issuer)
}

fn terms<'a>(what: &'static str, leaf: Option<&'a Leaf>, issuer: &Issuer<'_>) -> Result<&'a Leaf> {
    let misuse = |rule| Error::Misuse {
        name: what.to_owned(),
        rule,
    };
    let leaf = leaf.ok_or_else(|| {
        misuse("the hierarchy has no table of this name; add it with authority and validity_days")
    })?;
    if leaf.authority != issuer.authority.name {
        return Err(misuse("the hierarchy names another authority for it"));
    }
    Ok(leaf)
}

fn general_name(name: &str) -> pki::Result<GeneralName> {
    match name.parse::<IpAddr>() {
        Ok(address) => Ok(GeneralName::IpAddress(address)),
        Err(_) => GeneralName::dns(name),
    }
}

struct Kind<'a> {
    what: &'static str,
    purpose: const_oid::ObjectIdentifier,
    common_name: &'a str,
    names: Vec<GeneralName>,
}

impl Kind<'_> {
    fn content(
        &self,
        hierarchy: &Hierarchy,
        terms: &Leaf,
        facts: &Facts<'_>,
        issuer: &Issuer<'_>,
    ) -> Result<Content> {
        let subject = hierarchy.office.subject.with_common_name(self.common_name)?;
        let mut list = encode_list(self.what, || {
            let mut list = vec![
                BasicConstraints::END_ENTITY.to_extension()?,
                KeyUsage::new([KeyUsageBit::DigitalSignature]).to_extension()?,
                ExtendedKeyUsage(vec![self.purpose]).to_extension()?,
            ];
            if !self.names.is_empty() {
                list.push(SubjectAltName(self.names.clone()).to_extension_for(&subject)?);
            }
            Ok(list)
        })?;
        list.extend(hierarchy.policies(self.what, &terms.policies)?);
        list.extend(hierarchy.chain_extensions(self.what, facts.key, issuer, Revocation::Both)?);
        let particulars = Particulars {
            key: facts.key,
            generation: 1,
            serial: facts.serial.clone(),
            not_before: facts.now,
        };
        let body = Body {
            subject,
            validity: clipped(span(facts.now, terms.validity_days), issuer.certificate),
            extensions: list,
        };
        let content = issued(self.what, body, &particulars, issuer)?;
        lint::check(&content, Some(issuer.certificate))?;
        Ok(content)
    }
}
