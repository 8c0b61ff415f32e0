//! Opening envelopes: requests are proven, certificates are built again from the hierarchy and compared.
//!
//! The envelope is copied into the ceremony's folder before the intent is written, so that taking the memory
//! stick away changes nothing.

use std::path::{Path, PathBuf};

use pki::aws_lc::AwsLc;
use pki::certificate::Certificate;
use pki::crl::Crl;
use pki::csr::CertificationRequest;
use policy::hierarchy::certificate::{Issuer, Particulars};
use policy::lint;

use super::request::hash_of;
use super::{At, Plan, Session, crl};
use crate::canonical::{self, Hash};
use crate::envelope::{self, Certificates, Envelope, NamedPem, Payload, Refusal, Requests};
use crate::key_name::KeyName;
use crate::transcript::act::{Act, ExportRequests, ImportCertificates, ImportRequests, NamedHash};
use crate::transcript::{Done, Transcript};
use crate::{Error, Result, storage};

/// What an answer holds, read and accepted.
struct Answer {
    certificates: Vec<(String, Certificate)>,
    authorities: Vec<(String, Certificate)>,
    crls: Vec<(String, Crl)>,
}

impl Session<'_> {
    pub(super) fn plan_import_requests(&self, file: &str) -> Result<Plan> {
        let Some((path, bytes)) = self.receive(file)? else {
            return Ok(Plan::WaitForFile(self.office.exchange.join(file)));
        };
        let (requests, payload) = self.open_requests(&path, &bytes)?;
        self.refuse_replay(&path, &requests.question.nonce)?;
        let proven = self.proven_requests(&path, &requests.requests)?;
        self.keep(file, &bytes)?;
        let hash = |(name, request): (String, CertificationRequest)| NamedHash {
            name,
            sha256: hash_of(&request),
        };
        Ok(Plan::Act(Act::ImportRequests(ImportRequests {
            file: file.to_owned(),
            payload,
            question: requests.question,
            requests: proven.into_iter().map(hash).collect(),
        })))
    }

    pub(super) fn import_requests(&mut self, at: At, act: &ImportRequests) -> Result<Done> {
        let (path, bytes) = self.kept(at, &act.file)?;
        let (requests, payload) = self.open_requests(&path, &bytes)?;
        if payload != act.payload {
            return Err(self.cannot_continue(at.step, "the copy of the envelope was exchanged"));
        }
        let mut files = Vec::new();
        for (name, request) in self.proven_requests(&path, &requests.requests)? {
            let pem = request.to_pem().map_err(Error::pki("certification request"))?;
            files.extend(self.write_both("requests", &name, ("csr", request.der()), &pem)?);
        }
        Ok(at.done(files))
    }

    /// The envelope in the exchange folder, if it is there yet.
    fn receive(&self, file: &str) -> Result<Option<(PathBuf, Vec<u8>)>> {
        let path = self.office.exchange.join(file);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = storage::read(&path)?;
        Ok(Some((path, bytes)))
    }

    fn keep(&self, file: &str, bytes: &[u8]) -> Result<()> {
        self.write(&format!("envelopes/{file}"), bytes).map(drop)
    }

    fn kept(&self, at: At, file: &str) -> Result<(PathBuf, Vec<u8>)> {
        let path = self.folder.join("envelopes").join(file);
        if !path.exists() {
            return Err(self.cannot_continue(at.step, "the ceremony's copy of the envelope is gone"));
        }
        let bytes = storage::read(&path)?;
        Ok((path, bytes))
    }

    fn open(&self, path: &Path, bytes: &[u8]) -> Result<(Payload, Hash)> {
        let payload = Envelope::open(path, bytes, &self.ground, &self.custodians)?;
        let hash = canonical::hash(&payload)?;
        Ok((payload, hash))
    }

    fn open_requests(&self, path: &Path, bytes: &[u8]) -> Result<(Requests, Hash)> {
        let (payload, hash) = self.open(path, bytes)?;
        let requests = payload
            .into_requests()
            .map_err(|reason| Error::envelope(path, reason))?;
        Ok((requests, hash))
    }

    /// A nonce is taken in once on this machine. A ceremony that was given up did nothing with it.
    fn refuse_replay(&self, path: &Path, nonce: &Hash) -> Result<()> {
        for folder in storage::list(&self.office.ceremonies())? {
            let Some(transcript) = Transcript::read(&folder)? else {
                continue;
            };
            let imported = transcript
                .acts_done()
                .any(|(act, _)| matches!(act, Act::ImportRequests(act) if act.question.nonce == *nonce));
            if imported && !transcript.is_abandoned() {
                let ceremony = transcript
                    .opening()
                    .map(|opening| opening.ceremony.clone())
                    .unwrap_or_default();
                return Err(Error::envelope(path, Refusal::Replay { ceremony }));
            }
        }
        Ok(())
    }

    fn proven_requests(&self, path: &Path, list: &[NamedPem]) -> Result<Vec<(String, CertificationRequest)>> {
        let mut proven: Vec<(String, CertificationRequest)> = Vec::new();
        for item in list {
            let refuse = |reason: String| {
                Error::envelope(
                    path,
                    Refusal::Content {
                        name: item.name.clone(),
                        reason,
                    },
                )
            };
            if proven.iter().any(|(name, _)| *name == item.name) {
                return Err(refuse("it is there twice".to_owned()));
            }
            let key: KeyName = item
                .name
                .parse()
                .map_err(|error: Error| refuse(error.to_string()))?;
            let request =
                CertificationRequest::from_pem(&item.pem).map_err(|error| refuse(error.to_string()))?;
            let request = self
                .acceptable_request(&key, request.der())
                .map_err(|error| refuse(error.to_string()))?;
            proven.push((item.name.clone(), request));
        }
        Ok(proven)
    }

    pub(super) fn plan_import_certificates(&self, at: At, file: &str) -> Result<Plan> {
        let Some((path, bytes)) = self.receive(file)? else {
            return Ok(Plan::WaitForFile(self.office.exchange.join(file)));
        };
        let (answer, certificates, payload) = self.open_answer(at, &path, &bytes)?;
        self.keep(file, &bytes)?;
        let hashes = |list: &[(String, Certificate)]| {
            let hash = |(name, certificate): &(String, Certificate)| NamedHash {
                name: name.clone(),
                sha256: Hash::of(certificate.der()),
            };
            list.iter().map(hash).collect()
        };
        let crl_hash = |(name, crl): &(String, Crl)| NamedHash {
            name: name.clone(),
            sha256: Hash::of(crl.der()),
        };
        Ok(Plan::Act(Act::ImportCertificates(ImportCertificates {
            file: file.to_owned(),
            answered_by: certificates.ceremony,
            payload,
            certificates: hashes(&answer.certificates),
            authorities: hashes(&answer.authorities),
            crls: answer.crls.iter().map(crl_hash).collect(),
        })))
    }

    pub(super) fn import_certificates(&mut self, at: At, act: &ImportCertificates) -> Result<Done> {
        let (path, bytes) = self.kept(at, &act.file)?;
        let (answer, _, payload) = self.open_answer(at, &path, &bytes)?;
        if payload != act.payload {
            return Err(self.cannot_continue(at.step, "the copy of the envelope was exchanged"));
        }
        let mut files = Vec::new();
        for (name, certificate) in answer.authorities.iter().chain(&answer.certificates) {
            let pem = certificate.to_pem().map_err(Error::pki("certificate"))?;
            files.extend(self.write_both("certificates", name, ("cer", certificate.der()), &pem)?);
        }
        for (name, crl) in &answer.crls {
            let pem = crl.to_pem().map_err(Error::pki("CRL"))?;
            files.extend(self.write_both("crls", name, ("crl", crl.der()), &pem)?);
        }
        Ok(at.done(files))
    }

    /// Opens an answer and demands that it answers this ceremony, with what was asked for and nothing else.
    fn open_answer(&self, at: At, path: &Path, bytes: &[u8]) -> Result<(Answer, Certificates, Hash)> {
        let (payload, hash) = self.open(path, bytes)?;
        let refused = |reason| Error::envelope(path, reason);
        let certificates = payload.into_certificates().map_err(refused)?;
        let asked = self.asked(at, path, &certificates)?;
        let names = envelope::names(&certificates.certificates);
        let asked_names: Vec<&str> = asked
            .requests
            .iter()
            .map(|request| request.name.as_str())
            .collect();
        if names != asked_names {
            return Err(refused(Refusal::OtherNames {
                found: names.join(", "),
                asked: asked_names.join(", "),
            }));
        }
        let answer = self.accept(path, &certificates)?;
        Ok((answer, certificates, hash))
    }

    /// The request of this ceremony that the answer is for.
    fn asked(&self, at: At, path: &Path, answer: &Certificates) -> Result<ExportRequests> {
        if answer.question.ceremony != self.id {
            return Err(Error::envelope(
                path,
                Refusal::OtherCeremony {
                    found: answer.question.ceremony.clone(),
                    expected: self.id.clone(),
                },
            ));
        }
        let mut exports = self
            .transcript()
            .acts_done()
            .filter_map(|(act, _)| match act {
                Act::ExportRequests(act) => Some(act),
                _ => None,
            })
            .peekable();
        if exports.peek().is_none() {
            return Err(at.refuse("this ceremony exported no request that could have been answered"));
        }
        exports
            .find(|act| act.nonce == answer.question.nonce)
            .cloned()
            .ok_or_else(|| Error::envelope(path, Refusal::OtherNonce))
    }

    fn accept(&self, path: &Path, answer: &Certificates) -> Result<Answer> {
        let mut accepted = Answer {
            certificates: Vec::new(),
            authorities: Vec::new(),
            crls: Vec::new(),
        };
        for item in &answer.authorities {
            let certificate = self
                .accept_authority(item, &accepted.authorities)
                .map_err(|error| content(path, item, &error))?;
            accepted.authorities.push((item.name.clone(), certificate));
        }
        for item in &answer.certificates {
            let certificate = self
                .accept_certificate(item, &accepted.authorities)
                .map_err(|error| content(path, item, &error))?;
            accepted.certificates.push((item.name.clone(), certificate));
        }
        for item in &answer.crls {
            let crl = self
                .accept_crl(item, &accepted.authorities)
                .map_err(|error| content(path, item, &error))?;
            accepted.crls.push((item.name.clone(), crl));
        }
        Ok(accepted)
    }

    /// A root must be what the hierarchy says of it, signed by itself, and not exchange the key of one that is
    /// known. Anything else among the authorities is a bridge between two that came before it.
    fn accept_authority(&self, item: &NamedPem, before: &[(String, Certificate)]) -> Result<Certificate> {
        let what = || Error::pki(format!("certificate {}", item.name));
        let certificate = Certificate::from_pem(&item.pem).map_err(what())?;
        let content = certificate.content();
        pki::weakness::check(&content.public_key).map_err(what())?;
        if !certificate.is_self_issued() {
            return accept_bridge(item, certificate, before);
        }
        let key: KeyName = item.name.parse()?;
        let particulars = Particulars {
            key: &content.public_key,
            generation: key.generation,
            serial: content.serial.clone(),
            not_before: content.validity.not_before,
        };
        let expected = self
            .hierarchy
            .root_certificate(self.hierarchy.authority(&key.name)?, &particulars)?;
        lint::check(content, None)?;
        certificate
            .verify_signature(&content.public_key, &AwsLc)
            .map_err(what())?;
        if expected != *content {
            return Err(other_content(item));
        }
        match self.certificate(&item.name)? {
            Some(known) if known.content().public_key != content.public_key => Err(Error::RequestContent {
                name: item.name.clone(),
                rule: "this machine knows another key under this name; a new key of an authority has a new generation",
            }),
            _ => Ok(certificate),
        }
    }

    /// A certificate for a key of ours: built again from the hierarchy, it must be the same.
    fn accept_certificate(
        &self,
        item: &NamedPem,
        authorities: &[(String, Certificate)],
    ) -> Result<Certificate> {
        let what = || Error::pki(format!("certificate {}", item.name));
        let certificate = Certificate::from_pem(&item.pem).map_err(what())?;
        let content = certificate.content();
        let key: KeyName = item.name.parse()?;
        let held = self.ring.key(&key)?;
        if held.pair()?.public_key != Hash::from_bytes(content.public_key.fingerprint()) {
            return Err(Error::RequestContent {
                name: item.name.clone(),
                rule: "it certifies another key than the one in this machine's token",
            });
        }
        let above = find_issuer(item, &certificate, authorities)?;
        let particulars = Particulars {
            key: &content.public_key,
            generation: key.generation,
            serial: content.serial.clone(),
            not_before: content.validity.not_before,
        };
        let name: KeyName = above.0.parse()?;
        let issuer = Issuer {
            authority: self.hierarchy.authority(&name.name)?,
            generation: name.generation,
            certificate: &above.1,
        };
        let expected = match self.hierarchy.authority(&key.name) {
            Ok(authority) => self
                .hierarchy
                .authority_certificate(authority, &particulars, &issuer)?,
            Err(_) => self.hierarchy.service_certificate(
                self.hierarchy.service(&key.name)?,
                &particulars,
                &issuer,
            )?,
        };
        lint::check(content, Some(&above.1))?;
        certificate
            .verify_signature(&above.1.content().public_key, &AwsLc)
            .map_err(what())?;
        if expected == *content {
            Ok(certificate)
        } else {
            Err(other_content(item))
        }
    }

    /// An issuer's CRL: its own, current, and never older than the one that is known.
    fn accept_crl(&self, item: &NamedPem, authorities: &[(String, Certificate)]) -> Result<Crl> {
        let what = || Error::pki(format!("CRL {}", item.name));
        let crl = Crl::from_pem(&item.pem).map_err(what())?;
        let issuer = authorities.iter().find(|(name, _)| *name == item.name);
        let (_, issuer) = issuer.ok_or_else(|| Error::NoCertificate {
            name: item.name.clone(),
        })?;
        crl::check(&crl, issuer, self.means.clock.now()).map_err(what())?;
        match self.last_crl(&item.name.parse()?)? {
            Some(known) if known.content().number > crl.content().number => Err(Error::RequestContent {
                name: item.name.clone(),
                rule: "its number is less than that of the CRL that this machine has; CRL numbers never go back",
            }),
            _ => Ok(crl),
        }
    }
}

/// A cross-certificate between two authorities of the same envelope.
fn accept_bridge(
    item: &NamedPem,
    certificate: Certificate,
    before: &[(String, Certificate)],
) -> Result<Certificate> {
    let (_, above) = find_issuer(item, &certificate, before)?;
    let content = certificate.content();
    lint::check(content, Some(above))?;
    certificate
        .verify_signature(&above.content().public_key, &AwsLc)
        .map_err(Error::pki(format!("certificate {}", item.name)))?;
    let joins = |(_, other): &(String, Certificate)| {
        other.content().subject == content.subject && other.content().public_key == content.public_key
    };
    if before.iter().any(joins) {
        return Ok(certificate);
    }
    Err(Error::RequestContent {
        name: item.name.clone(),
        rule: "it is neither a root nor a bridge to an authority of this envelope",
    })
}

fn find_issuer<'a>(
    item: &NamedPem,
    certificate: &Certificate,
    authorities: &'a [(String, Certificate)],
) -> Result<&'a (String, Certificate)> {
    let issued = |(_, above): &&(String, Certificate)| {
        above.content().subject == certificate.content().issuer
            && certificate
                .verify_signature(&above.content().public_key, &AwsLc)
                .is_ok()
    };
    authorities
        .iter()
        .find(issued)
        .ok_or_else(|| Error::RequestContent {
            name: item.name.clone(),
            rule: "its issuer's certificate is not in the envelope, or did not sign it",
        })
}

fn other_content(item: &NamedPem) -> Error {
    Error::RequestContent {
        name: item.name.clone(),
        rule: "it is not what the hierarchy says of this name, byte for byte",
    }
}

fn content(path: &Path, item: &NamedPem, error: &Error) -> Error {
    Error::envelope(
        path,
        Refusal::Content {
            name: item.name.clone(),
            reason: error.to_string(),
        },
    )
}
