//! Looks at a finished certificate content before it is signed, and shares nothing with what built it.
//!
//! These rules hold for every certificate of ours, whatever the hierarchy says. A fault here is a fault of the
//! program or of the hierarchy's author; either way nothing is signed.

use pki::certificate::{Certificate, Content};
use pki::extension::{
    AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, ExtendedKeyUsage, ExtensionContent,
    KeyUsage, KeyUsageBit, NameConstraints, SubjectAltName, SubjectKeyIdentifier,
};
use pki::general_name::{GeneralName, Subtree};
use pki::oid::usage;

use crate::{Error, Result};

/// Checks a certificate against its issuer's, or against itself if it signs itself.
pub fn check(content: &Content, issuer: Option<&Certificate>) -> Result<()> {
    let lint = Lint { content };
    lint.form()?;
    lint.authority_or_not()?;
    lint.purposes()?;
    match issuer {
        Some(issuer) => lint.under(issuer),
        None => lint.self_signed(),
    }
}

struct Lint<'a> {
    content: &'a Content,
}

impl Lint<'_> {
    fn fail(&self, rule: &'static str) -> Error {
        Error::Lint {
            subject: self.content.subject.to_string(),
            rule,
        }
    }

    fn demand(&self, holds: bool, rule: &'static str) -> Result<()> {
        if holds { Ok(()) } else { Err(self.fail(rule)) }
    }

    fn form(&self) -> Result<()> {
        let content = self.content;
        let broken = |source| Error::Encoding {
            name: content.subject.to_string(),
            source,
        };
        content.extensions.check_consistency().map_err(broken)?;
        content
            .extensions
            .check_subject(&content.subject)
            .map_err(broken)?;
        self.demand(
            content.serial.to_der().len() >= 10,
            "a serial number must have at least 64 random bits (CA/Browser Forum 7.1)",
        )?;
        self.demand(
            content.validity.not_before <= content.validity.not_after,
            "the validity ends before it begins (RFC 5280 section 4.1.2.5)",
        )?;
        self.demand(
            !content.subject.is_empty(),
            "the subject must not be empty (RFC 5280 section 4.1.2.6)",
        )?;
        let identifier = typed::<SubjectKeyIdentifier>(content)?;
        self.demand(
            identifier.is_some(),
            "a subjectKeyIdentifier must be present (RFC 5280 section 4.2.1.2)",
        )
    }

    fn authority_or_not(&self) -> Result<()> {
        let constraints = typed::<BasicConstraints>(self.content)?;
        let key_usage = typed::<KeyUsage>(self.content)?
            .ok_or_else(|| self.fail("a keyUsage must be present (RFC 5280 section 4.2.1.3)"))?;
        let signs_certificates = key_usage.contains(KeyUsageBit::KeyCertSign);
        let is_authority = constraints.is_some_and(|constraints| constraints.ca);
        self.demand(
            signs_certificates == is_authority,
            "keyCertSign and cA must be set together (RFC 5280 sections 4.2.1.3 and 4.2.1.9)",
        )?;
        self.demand(
            !is_authority || key_usage.contains(KeyUsageBit::CrlSign),
            "an authority must be able to sign its CRL",
        )?;
        for critical in [BasicConstraints::OID, KeyUsage::OID] {
            let found = self.content.extensions.find(critical);
            self.demand(
                found.is_none_or(|extension| extension.critical),
                "basicConstraints and keyUsage must be critical (RFC 5280 sections 4.2.1.3 and 4.2.1.9)",
            )?;
        }
        Ok(())
    }

    /// A time-stamping key is for nothing else (RFC 3161 section 2.3), and a responder's for nothing else.
    fn purposes(&self) -> Result<()> {
        let Some(purposes) = typed::<ExtendedKeyUsage>(self.content)? else {
            return Ok(());
        };
        self.demand(
            !purposes.contains(usage::ANY),
            "anyExtendedKeyUsage says nothing; name the purposes",
        )?;
        let is_authority = typed::<BasicConstraints>(self.content)?.is_some_and(|constraints| constraints.ca);
        if is_authority {
            return Ok(());
        }
        let alone = purposes.0.len() == 1;
        let critical = self
            .content
            .extensions
            .find(ExtendedKeyUsage::OID)
            .is_some_and(|extension| extension.critical);
        let stamps = purposes.contains(usage::TIME_STAMPING);
        self.demand(
            !stamps || (alone && critical),
            "timeStamping must be the only purpose and critical (RFC 3161 section 2.3)",
        )?;
        self.demand(
            !purposes.contains(usage::OCSP_SIGNING) || alone,
            "a responder's certificate must be for nothing else",
        )
    }

    fn self_signed(&self) -> Result<()> {
        self.demand(
            self.content.issuer == self.content.subject,
            "a certificate without issuer must name itself as issuer",
        )?;
        let authority = typed::<BasicConstraints>(self.content)?.is_some_and(|constraints| constraints.ca);
        self.demand(authority, "only an authority signs itself")
    }

    fn under(&self, issuer: &Certificate) -> Result<()> {
        let above = issuer.content();
        self.demand(
            self.content.issuer.der() == above.subject.der(),
            "the issuer's name must be the bytes of the issuer's subject (RFC 5280 section 4.1.2.4)",
        )?;
        let outer = above.validity;
        self.demand(
            outer.contains(self.content.validity.not_before)
                && outer.contains(self.content.validity.not_after),
            "the validity must lie inside the issuer's",
        )?;
        self.demand(
            self.content.signature.suits(above.public_key.algorithm()),
            "the signature algorithm must suit the issuer's key",
        )?;
        self.identifiers(above)?;
        self.path_length(above)?;
        self.purposes_within(above)?;
        self.policies_within(above)?;
        self.names_within(above)
    }

    fn identifiers(&self, above: &Content) -> Result<()> {
        let authority =
            typed::<AuthorityKeyIdentifier>(self.content)?.and_then(|authority| authority.key_identifier);
        let subject = typed::<SubjectKeyIdentifier>(above)?.map(|subject| subject.0);
        self.demand(
            authority.is_some() && authority == subject,
            "the authorityKeyIdentifier must be the issuer's subjectKeyIdentifier (RFC 5280 section 4.2.1.1)",
        )
    }

    fn path_length(&self, above: &Content) -> Result<()> {
        let issuer = typed::<BasicConstraints>(above)?.filter(|constraints| constraints.ca);
        let issuer = issuer.ok_or_else(|| self.fail("the issuer's certificate is not an authority's"))?;
        let own = typed::<BasicConstraints>(self.content)?.filter(|constraints| constraints.ca);
        let fits = match (issuer.path_length, own.map(|own| own.path_length)) {
            // An end entity adds nothing to the path; a self-issued certificate is not counted either.
            (_, None) | (None, _) => true,
            (Some(outer), Some(Some(inner))) => {
                inner < outer || (self.content.issuer == self.content.subject && inner <= outer)
            }
            (Some(_), Some(None)) => false,
        };
        self.demand(
            fits,
            "the path length must be less than the issuer's (RFC 5280 section 4.2.1.9)",
        )
    }

    /// Purposes nest, as every large verifier expects; a responder is excepted, its issuer vouches directly
    /// (RFC 6960 section 4.2.2.2).
    fn purposes_within(&self, above: &Content) -> Result<()> {
        let (Some(own), Some(outer)) = (
            typed::<ExtendedKeyUsage>(self.content)?,
            typed::<ExtendedKeyUsage>(above)?,
        ) else {
            return Ok(());
        };
        let nested = own
            .0
            .iter()
            .all(|purpose| outer.contains(*purpose) || *purpose == usage::OCSP_SIGNING);
        self.demand(nested, "an extended key usage is not among the issuer's")
    }

    fn policies_within(&self, above: &Content) -> Result<()> {
        let Some(outer) = typed::<CertificatePolicies>(above)? else {
            return Ok(());
        };
        let Some(own) = typed::<CertificatePolicies>(self.content)? else {
            return Ok(());
        };
        let within = own
            .0
            .iter()
            .all(|information| outer.allows(information.identifier));
        self.demand(
            within,
            "a policy is not among the issuer's (RFC 5280 section 6.1.3)",
        )
    }

    fn names_within(&self, above: &Content) -> Result<()> {
        let Some(constraints) = typed::<NameConstraints>(above)? else {
            return Ok(());
        };
        let names = typed::<SubjectAltName>(self.content)?
            .map(|names| names.0)
            .unwrap_or_default();
        for name in &names {
            let same_kind = |subtree: &&Subtree| {
                std::mem::discriminant(&kind(name)) == std::mem::discriminant(&kind_of(subtree))
            };
            let mut permitted = constraints.permitted.iter().filter(same_kind).peekable();
            let allowed = permitted.peek().is_none() || permitted.any(|subtree| lies_in(name, subtree));
            let excluded = constraints.excluded.iter().any(|subtree| lies_in(name, subtree));
            self.demand(allowed && !excluded, "a subjectAltName lies outside the name constraints of the issuer (RFC 5280 section 4.2.1.10); the issuer's are in the hierarchy under name_constraints")?;
        }
        Ok(())
    }
}

fn typed<T: ExtensionContent>(content: &Content) -> Result<Option<T>> {
    content.extensions.typed::<T>().map_err(|source| Error::Encoding {
        name: content.subject.to_string(),
        source,
    })
}

/// The kinds that constraints are written for; a name of another kind is not constrained by any of ours.
enum NameKind {
    Dns,
    Ip,
    Email,
    Uri,
    Other,
}

fn kind(name: &GeneralName) -> NameKind {
    match name {
        GeneralName::DnsName(_) => NameKind::Dns,
        GeneralName::IpAddress(_) => NameKind::Ip,
        GeneralName::Rfc822Name(_) => NameKind::Email,
        GeneralName::Uri(_) => NameKind::Uri,
        GeneralName::OtherName(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::RegisteredId(_) => NameKind::Other,
    }
}

fn kind_of(subtree: &Subtree) -> NameKind {
    match subtree {
        Subtree::DnsName(_) => NameKind::Dns,
        Subtree::IpAddress(_) => NameKind::Ip,
        Subtree::Rfc822Name(_) => NameKind::Email,
        Subtree::Uri(_) => NameKind::Uri,
        Subtree::OtherName(_)
        | Subtree::X400Address(_)
        | Subtree::DirectoryName(_)
        | Subtree::EdiPartyName(_)
        | Subtree::RegisteredId(_) => NameKind::Other,
    }
}

fn lies_in(name: &GeneralName, subtree: &Subtree) -> bool {
    match (name, subtree) {
        (GeneralName::DnsName(name), Subtree::DnsName(base)) => {
            base.is_empty() || is_host_below(name.as_str(), base) || name.as_str().eq_ignore_ascii_case(base)
        }
        (GeneralName::IpAddress(address), Subtree::IpAddress(network)) => network.contains(*address),
        (GeneralName::Rfc822Name(mailbox), Subtree::Rfc822Name(base)) => {
            let host = mailbox.as_str().rsplit_once('@').map_or("", |(_, host)| host);
            in_host_subtree(host, base) || (base.contains('@') && mailbox.as_str() == base)
        }
        (GeneralName::Uri(uri), Subtree::Uri(base)) => {
            let rest = uri.as_str().split_once("://").map_or("", |(_, rest)| rest);
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            in_host_subtree(host.split(':').next().unwrap_or_default(), base)
        }
        _ => false,
    }
}

/// Hosts of mailboxes and URIs: the host itself, or with a leading dot everything below.
fn in_host_subtree(host: &str, base: &str) -> bool {
    match base.strip_prefix('.') {
        Some(domain) => is_host_below(host, domain),
        None => host.eq_ignore_ascii_case(base),
    }
}

fn is_host_below(host: &str, domain: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host.strip_suffix(&domain.to_ascii_lowercase())
        .is_some_and(|rest| rest.ends_with('.'))
}
