//! Certificates: contents from the hierarchy, looked at by the lint, signed with the bytes that were announced.

use pki::aws_lc::AwsLc;
use pki::certificate::{Certificate, Content, parse_tbs};
use pki::signing::{Signed, SignedStructure as _, Unsigned};
use policy::hierarchy::Authority;
use policy::hierarchy::certificate::{CrossTerms, Issuer, Particulars};
use policy::lint;

use super::{At, Session};
use crate::block_on::block_on;
use crate::canonical::{Hash, Hex};
use crate::key_name::KeyName;
use crate::ring::HeldKey;
use crate::script::{CrossCertify, CrossSubject, KeyReference};
use crate::tokens::new_serial;
use crate::transcript::act::{Act, CertificateKind, SignCertificate};
use crate::transcript::{Done, Note};
use crate::{Error, Result, storage};

/// An issuer of this machine: its key, its entry and its certificate.
struct OwnIssuer<'a> {
    held: &'a HeldKey,
    authority: &'a Authority,
    certificate: Certificate,
}

impl OwnIssuer<'_> {
    fn as_issuer(&self) -> Issuer<'_> {
        Issuer {
            authority: self.authority,
            generation: self.held.name.generation,
            certificate: &self.certificate,
        }
    }
}

impl Session<'_> {
    pub(super) fn plan_self_sign(&self, at: At, authority: &str) -> Result<Act> {
        let entry = self.hierarchy.authority(authority)?;
        let held = self.ring.resolve(&KeyReference::newest(authority))?;
        if self.certificate(&held.name.to_string())?.is_some() {
            return Err(at.refuse(format!(
                "{} has a certificate already; a new one for the same key is made by renew-same-key",
                held.name
            )));
        }
        self.plan_root(held, entry)
    }

    pub(super) fn plan_root(&self, held: &HeldKey, authority: &Authority) -> Result<Act> {
        let public_key = held.public_key(self.means.tokens)?;
        let particulars = Particulars {
            key: &public_key,
            generation: held.name.generation,
            serial: new_serial(&*self.means.tokens.token(&held.token)?)?,
            not_before: self.means.clock.now(),
        };
        let content = self.hierarchy.root_certificate(authority, &particulars)?;
        announce(
            held.name.to_string(),
            CertificateKind::Root,
            &held.name,
            &content,
            None,
        )
    }

    pub(super) fn plan_sign_request(
        &self,
        at: At,
        request: &str,
        issuer: Option<&KeyReference>,
    ) -> Result<Act> {
        let (key, request) = self.request_named(at, request)?;
        let public_key = &request.content().public_key;
        if let Ok(authority) = self.hierarchy.authority(&key.name) {
            let above = authority
                .issuer
                .as_deref()
                .ok_or_else(|| at.refuse(format!("{key} is a root; nobody signs for it")))?;
            let issuer = self.own_issuer(at, above, issuer)?;
            let particulars = self.particulars(&key, public_key, &issuer)?;
            let content =
                self.hierarchy
                    .authority_certificate(authority, &particulars, &issuer.as_issuer())?;
            return announce(
                key.to_string(),
                CertificateKind::Authority,
                &issuer.held.name,
                &content,
                Some(&issuer.certificate),
            );
        }
        self.plan_service(at, &key, public_key, issuer)
    }

    pub(super) fn plan_service_certificate(
        &self,
        at: At,
        service: &KeyReference,
        issuer: Option<&KeyReference>,
    ) -> Result<Act> {
        let held = self.ring.resolve(service)?;
        let public_key = held.public_key(self.means.tokens)?;
        self.plan_service(at, &held.name, &public_key, issuer)
    }

    fn plan_service(
        &self,
        at: At,
        key: &KeyName,
        public_key: &pki::public_key::PublicKey,
        issuer: Option<&KeyReference>,
    ) -> Result<Act> {
        let service = self.hierarchy.service(&key.name)?;
        let terms = service
            .certificate
            .as_ref()
            .ok_or_else(|| at.refuse(format!("{key} is a key without a certificate")))?;
        let issuer = self.own_issuer(at, &terms.authority, issuer)?;
        let particulars = self.particulars(key, public_key, &issuer)?;
        let content = self
            .hierarchy
            .service_certificate(service, &particulars, &issuer.as_issuer())?;
        announce(
            key.to_string(),
            CertificateKind::Service,
            &issuer.held.name,
            &content,
            Some(&issuer.certificate),
        )
    }

    pub(super) fn plan_cross(&self, at: At, cross: &CrossCertify) -> Result<Act> {
        let issuer = self.own_issuer(at, &cross.issuer.name, Some(&cross.issuer))?;
        let (certificate, name) = self.cross_subject(at, &cross.subject)?;
        if certificate.content().public_key == issuer.certificate.content().public_key {
            return Err(at.refuse("issuer and subject are the same key; a bridge joins two"));
        }
        let above = issuer.authority.path_length;
        let path_length = cross
            .path_length
            .or(above.checked_sub(1))
            .filter(|length| *length < above)
            .ok_or_else(|| at.refuse(format!("path_length must be less than {above}, the issuer's")))?;
        let terms = CrossTerms {
            certificate: &certificate,
            serial: new_serial(&*self.means.tokens.token(&issuer.held.token)?)?,
            not_before: self.means.clock.now(),
            validity_days: cross.validity_days,
            path_length,
        };
        let content = self.hierarchy.cross_certificate(&terms, &issuer.as_issuer())?;
        let name = format!("{name}-by-{}", issuer.held.name);
        announce(
            name,
            CertificateKind::Cross,
            &issuer.held.name,
            &content,
            Some(&issuer.certificate),
        )
    }

    /// Our own authority's certificate, or the foreign root that the script names by its digest.
    fn cross_subject(&self, at: At, subject: &CrossSubject) -> Result<(Certificate, String)> {
        match subject {
            CrossSubject::Own(reference) => {
                let held = self.ring.resolve(reference)?;
                Ok((self.certificate_of(&held.name)?, held.name.to_string()))
            }
            CrossSubject::Foreign { file, sha256 } => {
                let path = self.office.exchange.join(file);
                let der = storage::read(&path)?;
                let der = match std::str::from_utf8(&der) {
                    Ok(pem) => pki::pem::decode("CERTIFICATE", pem).map_err(Error::pki(file.clone()))?,
                    Err(_) => der,
                };
                if Hash::of(&der) != *sha256 {
                    return Err(at.refuse(format!(
                        "{} has SHA-256 {}, the script names {sha256}; put the right certificate there",
                        path.display(),
                        Hash::of(&der)
                    )));
                }
                let certificate = Certificate::parse(&der).map_err(Error::pki(file.clone()))?;
                check_foreign_root(&certificate).map_err(Error::pki(file.clone()))?;
                let short: String = sha256.to_string().chars().take(8).collect();
                Ok((certificate, format!("foreign-{short}")))
            }
        }
    }

    fn own_issuer(&self, at: At, name: &str, chosen: Option<&KeyReference>) -> Result<OwnIssuer<'_>> {
        if let Some(other) = chosen.filter(|chosen| chosen.name != name) {
            return Err(at.refuse(format!(
                "the hierarchy names {name} as issuer, not {}",
                other.name
            )));
        }
        let newest = KeyReference::newest(name);
        let held = self.ring.resolve(chosen.unwrap_or(&newest))?;
        Ok(OwnIssuer {
            held,
            authority: self.hierarchy.authority(name)?,
            certificate: self.certificate_of(&held.name)?,
        })
    }

    fn particulars<'a>(
        &self,
        key: &KeyName,
        public_key: &'a pki::public_key::PublicKey,
        issuer: &OwnIssuer<'_>,
    ) -> Result<Particulars<'a>> {
        Ok(Particulars {
            key: public_key,
            generation: key.generation,
            serial: new_serial(&*self.means.tokens.token(&issuer.held.token)?)?,
            not_before: self.means.clock.now(),
        })
    }

    pub(super) fn sign_certificate(&mut self, at: At, act: &SignCertificate) -> Result<Done> {
        let unsigned = self.same_certificate(at, act)?;
        let certificate = match self.finished_certificate(act)? {
            Some(certificate) => {
                self.note(at.step, Note::FileAdopted)?;
                certificate
            }
            None => self.sign_certificate_with(act, unsigned)?,
        };
        let pem = certificate.to_pem().map_err(Error::pki("certificate"))?;
        let files = self.write_both("certificates", &act.name, ("cer", certificate.der()), &pem)?;
        Ok(at.done(files))
    }

    /// The bytes that the intent recorded, and no others; looked at once more, because the file could have been
    /// changed together with its hashes by somebody who also had the custodians' approval of something else.
    fn same_certificate(&self, at: At, act: &SignCertificate) -> Result<Unsigned<Certificate>> {
        let differs = || self.cannot_continue(at.step, "the recorded certificate cannot be built again");
        let content = parse_tbs(&act.tbs.0).map_err(|_| differs())?;
        match act.kind {
            CertificateKind::Root => lint::check(&content, None)?,
            CertificateKind::Authority | CertificateKind::Service | CertificateKind::Cross => {
                lint::check(&content, Some(&self.certificate_of(&act.issuer)?))?;
            }
        }
        let unsigned = content.prepare().map_err(|_| differs())?;
        let same = unsigned.tbs_der() == act.tbs.0 && content.serial == act.serial;
        if same { Ok(unsigned) } else { Err(differs()) }
    }

    fn sign_certificate_with(
        &self,
        act: &SignCertificate,
        unsigned: Unsigned<Certificate>,
    ) -> Result<Certificate> {
        let key = self.ring.key(&act.issuer)?.open(self.means.tokens)?;
        self.disk.guarded(&format!("sign certificate {}", act.name), || {
            block_on(unsigned.sign(&key, &AwsLc))
                .map(Signed::into_value)
                .map_err(Error::pki(format!("certificate {}", act.name)))
        })
    }

    /// A certificate that an interrupted run finished writing: the same bytes, with a signature that verifies.
    fn finished_certificate(&self, act: &SignCertificate) -> Result<Option<Certificate>> {
        let path = self.folder.join(format!("certificates/{}.cer", act.name));
        if !path.exists() {
            return Ok(None);
        }
        let issuer = self.ring.key(&act.issuer)?.public_key(self.means.tokens)?;
        let certificate = Certificate::parse(&storage::read(&path)?).ok();
        Ok(certificate.filter(|certificate| {
            certificate.tbs_der() == act.tbs.0 && certificate.verify_signature(&issuer, &AwsLc).is_ok()
        }))
    }
}

/// Looks at a finished content and turns it into what will be announced.
fn announce(
    name: String,
    kind: CertificateKind,
    issuer: &KeyName,
    content: &Content,
    above: Option<&Certificate>,
) -> Result<Act> {
    lint::check(content, above)?;
    let unsigned = content
        .prepare()
        .map_err(Error::pki(format!("certificate {name}")))?;
    Ok(Act::SignCertificate(SignCertificate {
        name,
        kind,
        issuer: issuer.clone(),
        serial: content.serial.clone(),
        subject: content.subject.to_string(),
        not_before: content.validity.not_before,
        not_after: content.validity.not_after,
        public_key: Hash::from_bytes(content.public_key.fingerprint()),
        signature: content.signature,
        tbs: Hex(unsigned.tbs_der().to_vec()),
    }))
}

/// A foreign root proves with its own signature that somebody holds its key.
fn check_foreign_root(certificate: &Certificate) -> pki::Result<()> {
    let key = &certificate.content().public_key;
    pki::weakness::check(key)?;
    if !certificate.is_self_issued() {
        return Err(pki::Error::Rule {
            structure: "Certificate",
            rule: "only a self-signed root is cross-certified: its own signature proves possession of its key",
        });
    }
    certificate.verify_signature(key, &AwsLc)
}
