//! Making keys: once, under an id that was recorded before, and never twice.

use hsm::direct::TokenKey;
use hsm::key::{KeyId, Purpose};
use hsm::token::{NewPair, Token};
use pki::aws_lc::AwsLc;
use pki::public_key::PublicKey;
use pki::signing::{Signer as _, Verifier as _};
use policy::hierarchy::{ServiceKey, ServicePurpose};

use super::{At, Session};
use crate::canonical::Hex;
use crate::key_name::KeyName;
use crate::transcript::act::{Act, GenerateKey};
use crate::transcript::{Done, Note};
use crate::{Error, Result};

/// What a new key signs to prove that it works: no to-be-signed structure begins like this.
const CHALLENGE: &str = "sinete proof of a new key";

impl Session<'_> {
    pub(super) fn plan_first_key(&self, at: At, key: &str) -> Result<Act> {
        if let Some(held) = self.ring.newest(key) {
            return Err(at.refuse(format!(
                "key {} exists already; a new generation is made by a script with the step re-key",
                held.name
            )));
        }
        self.plan_key(KeyName::first(key), None)
    }

    pub(super) fn plan_next_key(&self, at: At, key: &str) -> Result<Act> {
        let old = self.ring.newest(key).ok_or_else(|| {
            at.refuse(format!(
                "there is no key {key} yet; the first one is made by a script with the step generate-key"
            ))
        })?;
        self.plan_key(old.name.next(), Some(old.name.clone()))
    }

    fn plan_key(&self, key: KeyName, replaces: Option<KeyName>) -> Result<Act> {
        let terms = self.key_terms(&key.name)?;
        let token = self.means.tokens.token(&terms.token)?;
        Ok(Act::GenerateKey(GenerateKey {
            key,
            id: token.new_key_id()?,
            token: terms.token,
            kind: terms.kind,
            signature: terms.signature,
            purposes: terms.purposes,
            replaces,
        }))
    }

    /// What the hierarchy says about a key, be it an authority's or a service's.
    fn key_terms(&self, name: &str) -> Result<KeyTerms> {
        if let Ok(authority) = self.hierarchy.authority(name) {
            return Ok(KeyTerms {
                token: authority.token.clone(),
                kind: authority.key.to_string(),
                signature: Some(authority.signature.to_string()),
                purposes: vec![Purpose::Certificate, Purpose::Crl],
            });
        }
        let service = self.hierarchy.service(name)?;
        let (kind, signature) = match service.key {
            ServiceKey::Pair { algorithm, signature } => (algorithm.to_string(), Some(signature.to_string())),
            ServiceKey::Aes256 => ("aes-256".to_owned(), None),
        };
        let purpose = match service.purpose {
            ServicePurpose::Ocsp => Purpose::Ocsp,
            ServicePurpose::Timestamp => Purpose::Timestamp,
            ServicePurpose::Register => Purpose::Register,
            ServicePurpose::Data => Purpose::Data,
        };
        Ok(KeyTerms {
            token: service.token.clone(),
            kind,
            signature,
            purposes: vec![purpose],
        })
    }

    pub(super) fn generate_key(&mut self, at: At, act: &GenerateKey) -> Result<Done> {
        let token = self.means.tokens.token(&act.token)?;
        let public_key = match act.material()? {
            None => {
                self.make_data_key(at, &token, act)?;
                None
            }
            Some((algorithm, signature)) => {
                let new = NewPair {
                    id: act.id,
                    label: &act.key.to_string(),
                    algorithm,
                };
                self.make_pair(at, &token, &new)?;
                let key = TokenKey::open(&token, act.id, algorithm, signature)?;
                prove(&key, act)?;
                Some(key.public_key().clone())
            }
        };
        Ok(Done {
            step: at.step,
            public_key: public_key
                .as_ref()
                .map(PublicKey::spki_der)
                .map(|spki| Hex(spki.to_vec())),
            files: Vec::new(),
        })
    }

    /// Crash here: the token holds nothing, the whole pair, or half of one under this id. The next run takes the
    /// whole pair over if it is as it must be, and destroys everything else under the id.
    fn make_pair(&mut self, at: At, token: &Token, new: &NewPair<'_>) -> Result<()> {
        match token.find_pair(new.id, new.algorithm) {
            Ok(Some(_)) => return self.note(at.step, Note::KeyAdopted),
            Ok(None) => {}
            Err(error) => self.destroy_unusable(at, token, new.id, error)?,
        }
        self.disk.guarded(&format!("generate {}", new.label), || {
            Ok(token.generate_pair(new)?)
        })?;
        Ok(())
    }

    fn make_data_key(&mut self, at: At, token: &Token, act: &GenerateKey) -> Result<()> {
        match token.has_data_key(act.id) {
            Ok(true) => return self.note(at.step, Note::KeyAdopted),
            Ok(false) => {}
            Err(error) => self.destroy_unusable(at, token, act.id, error)?,
        }
        let label = act.key.to_string();
        self.disk.guarded(&format!("generate {label}"), || {
            Ok(token.generate_data_key(act.id, &label)?)
        })
    }

    /// Nobody knows this id but this intent, so what lies under it is ours to destroy. Errors that say nothing
    /// about the key itself (the token went away) end the run instead.
    fn destroy_unusable(&mut self, at: At, token: &Token, id: KeyId, error: hsm::Error) -> Result<()> {
        let unusable = matches!(
            error,
            hsm::Error::KeyMissing { .. }
                | hsm::Error::KeyAmbiguous { .. }
                | hsm::Error::KeyAttribute { .. }
                | hsm::Error::PublicKey { .. }
        );
        if !unusable {
            return Err(error.into());
        }
        self.disk
            .guarded("destroy unusable key", || Ok(token.destroy(id)?))?;
        self.note(
            at.step,
            Note::KeyMadeAgain {
                reason: error.to_string(),
            },
        )
    }
}

struct KeyTerms {
    token: String,
    kind: String,
    signature: Option<String>,
    purposes: Vec<Purpose>,
}

/// A key that is taken into use has signed something and is not known to be weak.
fn prove(key: &TokenKey, act: &GenerateKey) -> Result<()> {
    pki::weakness::check(key.public_key()).map_err(Error::pki(format!("key {}", act.key)))?;
    let message = format!("{CHALLENGE} {}", act.id);
    let signature = key.sign_blocking(message.as_bytes())?;
    if AwsLc.verify(key.public_key(), key.algorithm(), message.as_bytes(), &signature) {
        Ok(())
    } else {
        Err(Error::BadProof {
            name: act.key.to_string(),
        })
    }
}
