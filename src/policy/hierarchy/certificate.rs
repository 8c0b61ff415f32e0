//! From the hierarchy to what a certificate says: one function per kind, all of them pure.
//!
//! The issuer's name and key identifier are copied from the issuer's certificate, never rebuilt; serial number,
//! time and key are arguments. Signing, and deciding whether to sign, is the caller's business.

use const_oid::ObjectIdentifier;
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::certificate::{Certificate, Content, Validity};
use pki::extension::{
    AuthorityInfoAccess, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
    CrlDistributionPoints, ExtendedKeyUsage, Extension, ExtensionContent as _, Extensions, KeyUsage,
    KeyUsageBit, NameConstraints, OcspNoCheck, PolicyInformation, SubjectKeyIdentifier,
};
use pki::name::Name;
use pki::oid::usage;
use pki::public_key::PublicKey;
use pki::serial::Serial;
use pki::time::Time;

use super::{Authority, Hierarchy, Service, ServiceKey, ServicePurpose, published_name};
use crate::{Error, Result};

/// What only the moment of issuing knows.
#[derive(Debug, Clone)]
pub struct Particulars<'a> {
    /// The key that is certified.
    pub key: &'a PublicKey,
    /// Which key of its owner this is, counted from one.
    pub generation: u32,
    /// The serial number.
    pub serial: Serial,
    /// The first second of the validity.
    pub not_before: Time,
}

/// The issuer: its entry in the hierarchy, which of its keys signs, and that key's certificate.
#[derive(Debug, Clone, Copy)]
pub struct Issuer<'a> {
    /// Its entry.
    pub authority: &'a Authority,
    /// Which key, counted from one.
    pub generation: u32,
    /// Its certificate.
    pub certificate: &'a Certificate,
}

/// A certificate authority that is certified a second time, by another issuer.
#[derive(Debug, Clone)]
pub struct CrossTerms<'a> {
    /// The certificate whose subject and key are taken over.
    pub certificate: &'a Certificate,
    /// The serial number.
    pub serial: Serial,
    /// The first second of the validity.
    pub not_before: Time,
    /// How long, unless issuer or subject end before.
    pub validity_days: u32,
    /// How many authorities may follow below it.
    pub path_length: u8,
}

/// Where verifiers find what one generation of an authority publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Its certificate.
    pub ca_issuers: String,
    /// Its revocation list.
    pub crl: String,
    /// Its responder, if the hierarchy has one.
    pub ocsp: Option<String>,
}

impl Hierarchy {
    /// The service that answers OCSP for this authority.
    pub fn responder_of(&self, authority: &str) -> Option<&Service> {
        let answers = |service: &&Service| {
            let issued_by = service
                .certificate
                .as_ref()
                .map(|certificate| certificate.authority.as_str());
            service.purpose == ServicePurpose::Ocsp && issued_by == Some(authority)
        };
        self.services().find(answers)
    }

    /// The addresses of one generation of an authority.
    pub fn addresses(&self, authority: &str, generation: u32) -> Addresses {
        let base = &self.office.public_base;
        let name = published_name(authority, generation);
        Addresses {
            ca_issuers: format!("{base}/aia/{name}.cer"),
            crl: format!("{base}/crl/{name}.crl"),
            ocsp: self
                .responder_of(authority)
                .map(|_| format!("{base}/ocsp/{name}")),
        }
    }

    /// A root: signed by the key that it certifies.
    pub fn root_certificate(&self, root: &Authority, particulars: &Particulars<'_>) -> Result<Content> {
        if root.issuer.is_some() {
            return Err(misuse(
                &root.name,
                "it has an issuer in the hierarchy, so it must not sign itself",
            ));
        }
        expect_kind(&root.name, root.key, particulars.key)?;
        let subject = root.subject.name(particulars.generation)?;
        let extensions = encode(&root.name, || {
            Ok(vec![
                BasicConstraints::authority(Some(root.path_length)).to_extension()?,
                KeyUsage::new([KeyUsageBit::KeyCertSign, KeyUsageBit::CrlSign]).to_extension()?,
                SubjectKeyIdentifier::of(particulars.key).to_extension()?,
            ])
        })?;
        Ok(Content {
            serial: particulars.serial.clone(),
            signature: root.signature,
            issuer: subject.clone(),
            validity: span(particulars.not_before, root.validity_days),
            subject,
            public_key: particulars.key.clone(),
            extensions,
        })
    }

    /// An authority below another. Refused if it would outlive its issuer.
    pub fn authority_certificate(
        &self,
        authority: &Authority,
        particulars: &Particulars<'_>,
        issuer: &Issuer<'_>,
    ) -> Result<Content> {
        if authority.issuer.as_deref() != Some(issuer.authority.name.as_str()) {
            return Err(misuse(
                &authority.name,
                "the hierarchy names another issuer for it",
            ));
        }
        expect_kind(&authority.name, authority.key, particulars.key)?;
        let constraints = BasicConstraints::authority(Some(authority.path_length));
        let mut list = encode_list(&authority.name, || {
            Ok(vec![
                constraints.to_extension()?,
                KeyUsage::new([KeyUsageBit::KeyCertSign, KeyUsageBit::CrlSign]).to_extension()?,
                ExtendedKeyUsage(authority.extended_key_usage.clone()).to_extension()?,
            ])
        })?;
        list.extend(self.policies(&authority.name, &authority.policies)?);
        list.extend(constraints_extension(
            &authority.name,
            authority.name_constraints.as_ref(),
        )?);
        list.extend(self.chain_extensions(&authority.name, particulars.key, issuer, Revocation::Both)?);
        let body = Body {
            subject: authority.subject.name(particulars.generation)?,
            validity: span(particulars.not_before, authority.validity_days),
            extensions: list,
        };
        issued(&authority.name, body, particulars, issuer)
    }

    /// The certificate of a service key. It ends with its issuer at the latest.
    pub fn service_certificate(
        &self,
        service: &Service,
        particulars: &Particulars<'_>,
        issuer: &Issuer<'_>,
    ) -> Result<Content> {
        let terms = service
            .certificate
            .as_ref()
            .filter(|terms| terms.authority == issuer.authority.name)
            .ok_or_else(|| {
                misuse(
                    &service.name,
                    "the hierarchy names another issuer for it, or no certificate at all",
                )
            })?;
        let kind = match service.key {
            ServiceKey::Pair { algorithm, .. } => algorithm,
            ServiceKey::Aes256 => return Err(misuse(&service.name, "an aes-256 key has no certificate")),
        };
        expect_kind(&service.name, kind, particulars.key)?;
        let mut list = encode_list(&service.name, || service_usage(service.purpose))?;
        list.extend(self.policies(&service.name, &terms.policies)?);
        let revocation = match service.purpose {
            // RFC 6960 section 4.2.2.2.1: a responder is not asked about itself; it is short-lived instead.
            ServicePurpose::Ocsp => Revocation::None,
            ServicePurpose::Timestamp | ServicePurpose::Register | ServicePurpose::Data => Revocation::Both,
        };
        list.extend(self.chain_extensions(&service.name, particulars.key, issuer, revocation)?);
        let body = Body {
            subject: terms.subject.name(particulars.generation)?,
            validity: clipped(
                span(particulars.not_before, terms.validity_days),
                issuer.certificate,
            ),
            extensions: list,
        };
        issued(&service.name, body, particulars, issuer)
    }

    /// A second certificate for an authority's name and key, under another issuer.
    pub fn cross_certificate(&self, terms: &CrossTerms<'_>, issuer: &Issuer<'_>) -> Result<Content> {
        let subject = terms.certificate.content();
        let name = subject.subject.to_string();
        let constraints = subject
            .extensions
            .typed::<BasicConstraints>()
            .map_err(encoding(&name))?;
        if !constraints.is_some_and(|constraints| constraints.ca) {
            return Err(misuse(
                &name,
                "it is not the certificate of an authority, so it cannot be cross-certified",
            ));
        }
        let identifier = subject
            .extensions
            .typed::<SubjectKeyIdentifier>()
            .map_err(encoding(&name))?
            .unwrap_or_else(|| SubjectKeyIdentifier::of(&subject.public_key));
        let mut list = encode_list(&name, || {
            Ok(vec![
                BasicConstraints::authority(Some(terms.path_length)).to_extension()?,
                KeyUsage::new([KeyUsageBit::KeyCertSign, KeyUsageBit::CrlSign]).to_extension()?,
            ])
        })?;
        // Above a root's policies nothing is known: whatever is valid below it stays valid through the bridge.
        list.extend(self.policies(&name, &[pki::oid::policy::ANY_POLICY])?);
        list.extend(self.issuer_extensions(&name, &identifier, issuer, Revocation::Both)?);
        let validity = span(terms.not_before, terms.validity_days);
        let particulars = Particulars {
            key: &subject.public_key,
            generation: 1,
            serial: terms.serial.clone(),
            not_before: terms.not_before,
        };
        let body = Body {
            subject: subject.subject.clone(),
            validity: clipped(clipped(validity, terms.certificate), issuer.certificate),
            extensions: list,
        };
        issued(&name, body, &particulars, issuer)
    }

    pub(crate) fn policies(&self, name: &str, policies: &[ObjectIdentifier]) -> Result<Option<Extension>> {
        if policies.is_empty() {
            return Ok(None);
        }
        let information = |policy: &ObjectIdentifier| match &self.office.cps {
            Some(address) => PolicyInformation::new(*policy).with_cps(address),
            None => Ok(PolicyInformation::new(*policy)),
        };
        let list: pki::Result<Vec<_>> = policies.iter().map(information).collect();
        list.and_then(|list| CertificatePolicies(list).to_extension())
            .map(Some)
            .map_err(encoding(name))
    }

    pub(crate) fn chain_extensions(
        &self,
        name: &str,
        key: &PublicKey,
        issuer: &Issuer<'_>,
        revocation: Revocation,
    ) -> Result<Vec<Extension>> {
        self.issuer_extensions(name, &SubjectKeyIdentifier::of(key), issuer, revocation)
    }

    fn issuer_extensions(
        &self,
        name: &str,
        subject: &SubjectKeyIdentifier,
        issuer: &Issuer<'_>,
        revocation: Revocation,
    ) -> Result<Vec<Extension>> {
        let addresses = self.addresses(&issuer.authority.name, issuer.generation);
        encode_list(name, || {
            let above = issuer.certificate.content();
            // RFC 5280 section 4.2.1.1: the identifier as the issuer's certificate has it, not as we would make it.
            let above = above
                .extensions
                .typed::<SubjectKeyIdentifier>()?
                .unwrap_or_else(|| SubjectKeyIdentifier::of(&above.public_key));
            let mut list = vec![
                subject.to_extension()?,
                AuthorityKeyIdentifier::of(above.0).to_extension()?,
            ];
            let ocsp = match revocation {
                Revocation::Both => {
                    list.push(CrlDistributionPoints::from_addresses(&[&addresses.crl])?.to_extension()?);
                    addresses.ocsp.iter().collect()
                }
                Revocation::None => Vec::new(),
            };
            list.push(AuthorityInfoAccess::from_addresses(&ocsp, &[&addresses.ca_issuers])?.to_extension()?);
            Ok(list)
        })
    }
}

/// Whether a certificate says where to ask about its revocation.
#[derive(Clone, Copy)]
pub(crate) enum Revocation {
    /// CRL and, where there is a responder, OCSP.
    Both,
    /// Nowhere.
    None,
}

fn service_usage(purpose: ServicePurpose) -> pki::Result<Vec<Extension>> {
    let mut list = vec![
        BasicConstraints::END_ENTITY.to_extension()?,
        KeyUsage::new([KeyUsageBit::DigitalSignature]).to_extension()?,
    ];
    match purpose {
        ServicePurpose::Ocsp => {
            list.push(ExtendedKeyUsage(vec![usage::OCSP_SIGNING]).to_extension()?);
            list.push(OcspNoCheck.to_extension()?);
        }
        ServicePurpose::Timestamp => {
            // RFC 3161 section 2.3: this purpose alone, and critical.
            let mut only = ExtendedKeyUsage(vec![usage::TIME_STAMPING]).to_extension()?;
            only.critical = true;
            list.push(only);
        }
        ServicePurpose::Register | ServicePurpose::Data => {}
    }
    Ok(list)
}

fn constraints_extension(name: &str, constraints: Option<&NameConstraints>) -> Result<Option<Extension>> {
    constraints
        .map(NameConstraints::to_extension)
        .transpose()
        .map_err(encoding(name))
}

/// What is the certificate's own.
pub(crate) struct Body {
    pub(crate) subject: Name,
    pub(crate) validity: Validity,
    pub(crate) extensions: Vec<Extension>,
}

/// Puts a certificate under its issuer: name and signature are the issuer's.
pub(crate) fn issued(
    name: &str,
    body: Body,
    particulars: &Particulars<'_>,
    issuer: &Issuer<'_>,
) -> Result<Content> {
    Ok(Content {
        serial: particulars.serial.clone(),
        signature: issuer_signature(issuer)?,
        issuer: issuer.certificate.content().subject.clone(),
        validity: inside(name, body.validity, issuer.certificate)?,
        subject: body.subject,
        public_key: particulars.key.clone(),
        extensions: Extensions::new(body.extensions).map_err(encoding(name))?,
    })
}

fn issuer_signature(issuer: &Issuer<'_>) -> Result<SignatureAlgorithm> {
    let authority = issuer.authority;
    expect_kind(
        &authority.name,
        authority.key,
        &issuer.certificate.content().public_key,
    )?;
    Ok(authority.signature)
}

fn expect_kind(name: &str, kind: KeyAlgorithm, key: &PublicKey) -> Result<()> {
    if key.algorithm() == kind {
        return Ok(());
    }
    Err(misuse(
        name,
        "its key is of another kind than the hierarchy demands; make the key again or correct the hierarchy",
    ))
}

/// Whole days, both ends included (RFC 5280 section 4.1.2.5).
pub(crate) fn span(not_before: Time, days: u32) -> Validity {
    Validity {
        not_before,
        not_after: not_before.plus_days(days).plus_seconds(-1),
    }
}

/// Ends with the other certificate at the latest.
pub(crate) fn clipped(validity: Validity, other: &Certificate) -> Validity {
    Validity {
        not_before: validity.not_before,
        not_after: validity.not_after.min(other.content().validity.not_after),
    }
}

/// Never before the issuer's first second, never after its last.
fn inside(name: &str, validity: Validity, issuer: &Certificate) -> Result<Validity> {
    let outer = issuer.content().validity;
    if validity.not_before >= outer.not_before
        && validity.not_after <= outer.not_after
        && validity.not_before <= validity.not_after
    {
        return Ok(validity);
    }
    Err(Error::OutlivesIssuer {
        name: name.to_owned(),
        not_before: validity.not_before,
        not_after: validity.not_after,
        issuer_not_before: outer.not_before,
        issuer_not_after: outer.not_after,
    })
}

pub(crate) fn encode_list(
    name: &str,
    build: impl FnOnce() -> pki::Result<Vec<Extension>>,
) -> Result<Vec<Extension>> {
    build().map_err(encoding(name))
}

fn encode(name: &str, build: impl FnOnce() -> pki::Result<Vec<Extension>>) -> Result<Extensions> {
    build().and_then(Extensions::new).map_err(encoding(name))
}

pub(crate) fn encoding(name: &str) -> impl FnOnce(pki::Error) -> Error + '_ {
    move |source| Error::Encoding {
        name: name.to_owned(),
        source,
    }
}

fn misuse(name: &str, rule: &'static str) -> Error {
    Error::Misuse {
        name: name.to_owned(),
        rule,
    }
}
