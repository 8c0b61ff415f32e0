//! Writing envelopes: requests to the machine that has the issuer, certificates back.

use pki::csr::CertificationRequest;
use pki::signing::SignedStructure as _;

use super::request::hash_of;
use super::{At, Session};
use crate::canonical::{self, Hash};
use crate::envelope::{Certificates, Envelope, NamedPem, Payload, Requests};
use crate::key_name::KeyName;
use crate::script::KeyReference;
use crate::storage;
use crate::transcript::Done;
use crate::transcript::act::{Act, ExportCertificates, ExportRequests, ImportRequests, NamedHash, Question};
use crate::{Error, Result};

impl Session<'_> {
    pub(super) fn plan_export_requests(&self, at: At, requests: &[KeyReference], file: &str) -> Result<Act> {
        let mut list = Vec::new();
        for reference in requests {
            let held = self.ring.resolve(reference)?;
            let request = self.own_request(at, &held.name)?;
            list.push(NamedHash {
                name: held.name.to_string(),
                sha256: hash_of(&request),
            });
        }
        let mut nonce = [0; 32];
        self.means.random.fill(&mut nonce)?;
        let mut act = ExportRequests {
            file: file.to_owned(),
            nonce: Hash::from_bytes(nonce),
            payload: Hash::NOTHING,
            requests: list,
        };
        act.payload = canonical::hash(&self.requests_payload(at, &act)?)?;
        Ok(Act::ExportRequests(act))
    }

    fn own_request(&self, at: At, key: &KeyName) -> Result<CertificationRequest> {
        let made = self
            .transcript()
            .acts_done()
            .any(|(act, _)| matches!(act, Act::MakeRequest(act) if act.key == *key));
        if !made {
            return Err(at.refuse(format!(
                "this ceremony made no request for {key}; make-request comes before"
            )));
        }
        let der = storage::read(&self.folder.join(format!("requests/{key}.csr")))?;
        CertificationRequest::parse(&der).map_err(Error::pki(format!("request for {key}")))
    }

    /// The same payload every time: it is built from the act and from files that are done.
    fn requests_payload(&self, at: At, act: &ExportRequests) -> Result<Payload> {
        let mut requests = Vec::new();
        for item in &act.requests {
            let request = self.own_request(at, &item.name.parse()?)?;
            requests.push(NamedPem {
                name: item.name.clone(),
                pem: request.to_pem().map_err(Error::pki("certification request"))?,
            });
        }
        Ok(Payload::Requests(Requests {
            question: Question {
                ceremony: self.id.clone(),
                nonce: act.nonce,
            },
            ground: self.ground.clone(),
            requests,
        }))
    }

    pub(super) fn export_requests(&mut self, at: At, act: &ExportRequests) -> Result<Done> {
        let payload = self.requests_payload(at, act)?;
        if canonical::hash(&payload)? != act.payload {
            return Err(self.cannot_continue(at.step, "a request was exchanged after it was announced"));
        }
        self.send(at, &act.file, payload, Act::ExportRequests(act.clone()))
    }

    pub(super) fn plan_export_certificates(
        &self,
        at: At,
        authorities: &[KeyReference],
        file: &str,
    ) -> Result<Act> {
        let import = self.imported(at)?;
        let mut act = ExportCertificates {
            file: file.to_owned(),
            question: import.question.clone(),
            payload: Hash::NOTHING,
            certificates: self.answers(at, &import)?,
            authorities: Vec::new(),
            crls: Vec::new(),
        };
        let mut names = Vec::new();
        for reference in authorities {
            names.push(self.ring.resolve(reference)?.name.to_string());
        }
        for name in &names {
            act.authorities.push(self.hash_of_certificate(name)?);
            let bridges = names.iter().map(|issuer| format!("{name}-by-{issuer}"));
            for bridge in bridges {
                if self.certificate(&bridge)?.is_some() {
                    act.authorities.push(self.hash_of_certificate(&bridge)?);
                }
            }
            if let Some(crl) = self.last_crl(&name.parse()?)? {
                act.crls.push(NamedHash {
                    name: name.clone(),
                    sha256: Hash::of(crl.der()),
                });
            }
        }
        act.payload = canonical::hash(&self.certificates_payload(&act)?)?;
        Ok(Act::ExportCertificates(act))
    }

    fn imported(&self, at: At) -> Result<ImportRequests> {
        let imports = self.transcript().acts_done().filter_map(|(act, _)| match act {
            Act::ImportRequests(act) => Some(act.clone()),
            _ => None,
        });
        imports
            .last()
            .ok_or_else(|| at.refuse("this ceremony imported no requests that could be answered"))
    }

    /// Every request is answered, by a certificate of this ceremony; an envelope is never half an answer.
    fn answers(&self, at: At, import: &ImportRequests) -> Result<Vec<NamedHash>> {
        let mut answers = Vec::new();
        for request in &import.requests {
            let signed = self
                .transcript()
                .acts_done()
                .any(|(act, _)| matches!(act, Act::SignCertificate(act) if act.name == request.name));
            if !signed {
                return Err(at.refuse(format!(
                    "the request for {} was imported but not signed; add the step sign-request",
                    request.name
                )));
            }
            answers.push(self.hash_of_certificate(&request.name)?);
        }
        Ok(answers)
    }

    fn hash_of_certificate(&self, name: &str) -> Result<NamedHash> {
        let certificate = self.certificate(name)?.ok_or_else(|| Error::NoCertificate {
            name: name.to_owned(),
        })?;
        Ok(NamedHash {
            name: name.to_owned(),
            sha256: Hash::of(certificate.der()),
        })
    }

    fn certificates_payload(&self, act: &ExportCertificates) -> Result<Payload> {
        let certificates = |list: &[NamedHash]| -> Result<Vec<NamedPem>> {
            let pem = |item: &NamedHash| {
                let certificate = self
                    .certificate(&item.name)?
                    .ok_or_else(|| Error::NoCertificate {
                        name: item.name.clone(),
                    })?;
                let pem = certificate.to_pem().map_err(Error::pki("certificate"))?;
                Ok(NamedPem {
                    name: item.name.clone(),
                    pem,
                })
            };
            list.iter().map(pem).collect()
        };
        let mut crls = Vec::new();
        for item in &act.crls {
            let crl = self
                .last_crl(&item.name.parse()?)?
                .ok_or_else(|| Error::NoCertificate {
                    name: item.name.clone(),
                })?;
            let pem = crl.to_pem().map_err(Error::pki("CRL"))?;
            crls.push(NamedPem {
                name: item.name.clone(),
                pem,
            });
        }
        Ok(Payload::Certificates(Certificates {
            ceremony: self.id.clone(),
            question: act.question.clone(),
            ground: self.ground.clone(),
            certificates: certificates(&act.certificates)?,
            authorities: certificates(&act.authorities)?,
            crls,
        }))
    }

    pub(super) fn export_certificates(&mut self, at: At, act: &ExportCertificates) -> Result<Done> {
        let payload = self.certificates_payload(act)?;
        if canonical::hash(&payload)? != act.payload {
            return Err(self.cannot_continue(
                at.step,
                "a certificate or CRL was exchanged after it was announced",
            ));
        }
        self.send(at, &act.file, payload, Act::ExportCertificates(act.clone()))
    }

    /// Seals the payload with the approvals of this step; one copy stays, one goes to the exchange folder.
    fn send(&self, at: At, file: &str, payload: Payload, act: Act) -> Result<Done> {
        let statement = self
            .transcript()
            .statement(at.step)?
            .ok_or_else(|| self.no_intent(at.step))?;
        let approvals = self.transcript().approvals(at.step);
        let bytes = Envelope::seal(payload, act, statement, approvals).to_bytes()?;
        let kept = self.write(&format!("envelopes/{file}"), &bytes)?;
        if !self.office.exchange.is_dir() {
            self.disk.create_folder(&self.office.exchange)?;
        }
        self.disk.replace(&self.office.exchange.join(file), &bytes)?;
        Ok(at.done(vec![kept]))
    }
}
