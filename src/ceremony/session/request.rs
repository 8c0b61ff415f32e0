//! Requests for certificates: a key of this machine signs for itself.

use pki::aws_lc::AwsLc;
use pki::csr::{CertificationRequest, RequestContent, parse_info};
use pki::extension::Extensions;
use pki::name::Name;
use pki::signing::{Signed, SignedStructure as _, Unsigned};
use pki::weakness::Blocklist;

use super::{At, Session};
use crate::block_on::block_on;
use crate::canonical::{Hash, Hex};
use crate::key_name::KeyName;
use crate::ring::HeldKey;
use crate::script::KeyReference;
use crate::transcript::act::{Act, MakeRequest};
use crate::transcript::{Done, Note};
use crate::{Error, Result, storage};

impl Session<'_> {
    pub(super) fn plan_request(&self, at: At, key: &KeyReference) -> Result<Act> {
        let held = self.ring.resolve(key)?;
        let is_root = self
            .hierarchy
            .authority(&held.name.name)
            .is_ok_and(|authority| authority.issuer.is_none());
        if is_root {
            return Err(at.refuse(format!(
                "{} is a root and signs its own certificate; use self-sign",
                held.name
            )));
        }
        self.request_of(held)
    }

    /// A renewal: a root signs itself again, everything else asks its issuer.
    pub(super) fn plan_renewal(&self, at: At, key: &KeyReference) -> Result<Act> {
        let held = self.ring.resolve(key)?;
        if self.certificate(&held.name.to_string())?.is_none() {
            return Err(at.refuse(format!(
                "key {} has no certificate that could be renewed",
                held.name
            )));
        }
        match self.hierarchy.authority(&held.name.name) {
            Ok(authority) if authority.issuer.is_none() => self.plan_root(held, authority),
            _ => self.request_of(held),
        }
    }

    fn request_of(&self, held: &HeldKey) -> Result<Act> {
        let pair = held.pair()?;
        let content = RequestContent {
            subject: self.subject_of(&held.name)?,
            public_key: held.public_key(self.means.tokens)?,
            extensions: Extensions::default(),
        };
        let unsigned = content
            .prepare_for(pair.signature)
            .map_err(Error::pki(format!("request for {}", held.name)))?;
        Ok(Act::MakeRequest(MakeRequest {
            key: held.name.clone(),
            subject: content.subject.to_string(),
            public_key: pair.public_key,
            signature: pair.signature,
            tbs: Hex(unsigned.tbs_der().to_vec()),
        }))
    }

    /// The subject that the hierarchy gives to a key.
    pub(super) fn subject_of(&self, key: &KeyName) -> Result<Name> {
        if let Ok(authority) = self.hierarchy.authority(&key.name) {
            return Ok(authority.subject.name(key.generation)?);
        }
        let service = self.hierarchy.service(&key.name)?;
        let certificate = service.certificate.as_ref().ok_or_else(|| Error::NoCertificate {
            name: key.to_string(),
        })?;
        Ok(certificate.subject.name(key.generation)?)
    }

    pub(super) fn make_request(&mut self, at: At, act: &MakeRequest) -> Result<Done> {
        let unsigned = self.same_request(at, act)?;
        let request = match self.finished_request(&act.key, &act.tbs)? {
            Some(request) => {
                self.note(at.step, Note::FileAdopted)?;
                request
            }
            None => self.sign_request_with(act, unsigned)?,
        };
        let name = act.key.to_string();
        let pem = request.to_pem().map_err(Error::pki("certification request"))?;
        let files = self.write_both("requests", &name, ("csr", request.der()), &pem)?;
        Ok(at.done(files))
    }

    /// The bytes that the intent recorded, and no others.
    fn same_request(&self, at: At, act: &MakeRequest) -> Result<Unsigned<CertificationRequest>> {
        let differs = || self.cannot_continue(at.step, "the recorded request cannot be built again");
        let (content, _) = parse_info(&act.tbs.0).map_err(|_| differs())?;
        let unsigned = content.prepare_for(act.signature).map_err(|_| differs())?;
        if unsigned.tbs_der() == act.tbs.0 {
            Ok(unsigned)
        } else {
            Err(differs())
        }
    }

    fn sign_request_with(
        &self,
        act: &MakeRequest,
        unsigned: Unsigned<CertificationRequest>,
    ) -> Result<CertificationRequest> {
        let key = self.ring.key(&act.key)?.open(self.means.tokens)?;
        let what = format!("request for {}", act.key);
        self.disk.guarded(&format!("sign request {}", act.key), || {
            block_on(unsigned.sign(&key, &AwsLc))
                .map(Signed::into_value)
                .map_err(Error::pki(what))
        })
    }

    /// A request that an interrupted run finished writing.
    fn finished_request(&self, key: &KeyName, tbs: &Hex) -> Result<Option<CertificationRequest>> {
        let path = self.folder.join(format!("requests/{key}.csr"));
        if !path.exists() {
            return Ok(None);
        }
        let request = CertificationRequest::parse(&storage::read(&path)?).ok();
        Ok(request
            .filter(|request| request.tbs_der() == tbs.0 && request.verify_self_signature(&AwsLc).is_ok()))
    }

    /// The newest request of this name that this ceremony made or took in, proven.
    pub(super) fn request_named(&self, at: At, name: &str) -> Result<(KeyName, CertificationRequest)> {
        let mut names: Vec<KeyName> = Vec::new();
        for (act, _) in self.transcript().acts_done() {
            match act {
                Act::MakeRequest(act) => names.push(act.key.clone()),
                Act::ImportRequests(act) => {
                    names.extend(
                        act.requests
                            .iter()
                            .filter_map(|request| request.name.parse().ok()),
                    );
                }
                _ => {}
            }
        }
        let newest = names
            .into_iter()
            .filter(|key| key.name == name)
            .max_by_key(|key| key.generation);
        let key = newest.ok_or_else(|| {
            at.refuse(format!(
                "this ceremony has no request for {name}; make-request or import-request comes before"
            ))
        })?;
        let der = storage::read(&self.folder.join(format!("requests/{key}.csr")))?;
        let request = self.acceptable_request(&key, &der)?;
        Ok((key, request))
    }

    /// A request is accepted when its sender holds the key, the key is not known to be weak, and it asks for
    /// exactly what the hierarchy says of this name.
    pub(super) fn acceptable_request(&self, key: &KeyName, der: &[u8]) -> Result<CertificationRequest> {
        let what = || Error::pki(format!("request for {key}"));
        let proven = CertificationRequest::parse(der)
            .and_then(|request| request.check_proof_of_possession(&Blocklist::published(), &AwsLc))
            .map_err(what())?;
        let request = proven.into_request();
        let content = request.content();
        let refuse = |rule| Error::RequestContent {
            name: key.to_string(),
            rule,
        };
        if content.subject != self.subject_of(key)? {
            return Err(refuse(
                "its subject is not the one that the hierarchy gives to this name; make it again with the same hierarchy file",
            ));
        }
        if !content.extensions.is_empty() {
            return Err(refuse(
                "it asks for extensions; what a certificate says comes from the hierarchy alone",
            ));
        }
        Ok(request)
    }
}

/// SHA-256 over a request's DER.
pub(super) fn hash_of(request: &CertificationRequest) -> Hash {
    Hash::of(request.der())
}
