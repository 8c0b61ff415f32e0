//! The private listener's TLS certificate and key: one file in the state folder, issued at the first start,
//! renewed before it ends, exchanged while connections go on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pki::aws_lc::AwsLc;
use pki::certificate::Certificate;
use pki::extension::SubjectAltName;
use pki::general_name::GeneralName;
use pki::signing::{SignedStructure as _, Signer as _};
use pki::time::Time;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use crate::clock::SharedClock;
use crate::config::StateFolder;
use crate::error::Error;
use crate::http::health::{Health, Reason};
use crate::http::private::tls::{CurrentCertificate, InUse};
use crate::issuing::Issuing;
use crate::private_file;
use crate::software_key::{self, StoredKey};
use crate::stop::Stop;

/// How often the dates are looked at.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// Renewed when less than this part of its life is left.
const DUE_PART: i64 = 3;

/// A certificate, its key, and what goes with it in a handshake.
pub(crate) struct Identity {
    leaf: Certificate,
    chain: Vec<Certificate>,
    stored: StoredKey,
}

/// Everything that is needed to have a certificate at all times.
pub(crate) struct Keeper {
    /// Who issues it.
    pub(crate) issuing: Issuing,
    /// The names in it.
    pub(crate) names: Vec<String>,
    /// Where it is kept.
    pub(crate) state: StateFolder,
    /// What time it is.
    pub(crate) clock: SharedClock,
    /// Where it is told that there is none in force.
    pub(crate) health: Health,
}

impl Keeper {
    /// The certificate on disk if it will do, else a new one.
    pub(crate) async fn obtain(&self) -> Result<Identity, Error> {
        let now = self.clock.now();
        match read(&self.state) {
            Ok(Some(identity)) if self.due(&identity, now).is_none() => Ok(identity),
            Ok(_) => self.issue(now).await,
            Err(error) => {
                tracing::warn!(%error, "the listener's certificate cannot be used; a new one is issued");
                self.issue(now).await
            }
        }
    }

    /// Looks at the dates until the order to stop, and exchanges the certificate when it is due.
    pub(crate) async fn keep(
        self,
        mut identity: Identity,
        current: Arc<CurrentCertificate>,
        provider: Arc<CryptoProvider>,
        mut stop: Stop,
    ) {
        while !stop.ordered_within(LOOK_AGAIN).await {
            self.look(&mut identity, &current, &provider).await;
        }
    }

    /// One look: renews if it is due, and tells health how things stand.
    async fn look(&self, identity: &mut Identity, current: &CurrentCertificate, provider: &CryptoProvider) {
        let now = self.clock.now();
        if let Some(reason) = self.due(identity, now) {
            let renewed = self.issue(now).await.and_then(|renewed| {
                current.replace(renewed.in_use(provider)?);
                Ok(renewed)
            });
            match renewed {
                Ok(renewed) => {
                    let until = renewed.until();
                    tracing::info!(%until, reason, "the listener's certificate was renewed");
                    *identity = renewed;
                }
                Err(error) => tracing::warn!(%error, reason, "the listener's certificate was not renewed"),
            }
        }
        let in_force = identity.leaf.content().validity.contains(now);
        self.health.set(Reason::ListenerCertificate, !in_force);
    }

    /// Why a new one is needed, if it is.
    fn due(&self, identity: &Identity, now: Time) -> Option<&'static str> {
        let content = identity.leaf.content();
        let issuer = &self.issuing.chosen.certificate.content().public_key;
        let life = content.validity.not_after.unix_seconds() - content.validity.not_before.unix_seconds();
        let left = content.validity.not_after.unix_seconds() - now.unix_seconds();
        if names(&identity.leaf) != self.names {
            Some("other names are configured")
        } else if identity.leaf.verify_signature(issuer, &AwsLc).is_err() {
            Some("its authority has another key")
        } else if now < content.validity.not_before {
            Some("it is not valid yet")
        } else if left < life / DUE_PART {
            Some("it ends soon")
        } else {
            None
        }
    }

    async fn issue(&self, now: Time) -> Result<Identity, Error> {
        let stored = software_key::generate()?;
        let signed = self
            .issuing
            .listener(&self.names, stored.key.public_key(), now)
            .await?;
        let identity = Identity {
            leaf: signed.into_value(),
            chain: self.issuing.chosen.chain.clone(),
            stored,
        };
        identity.write(&self.state)?;
        Ok(identity)
    }
}

impl Identity {
    /// The certificate's last second.
    pub(crate) fn until(&self) -> Time {
        self.leaf.content().validity.not_after
    }

    /// The form that the TLS library takes.
    pub(crate) fn in_use(&self, provider: &CryptoProvider) -> Result<InUse, Error> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.stored.pkcs8.to_vec()));
        let key = provider.key_provider.load_private_key(key)?;
        let chain = std::iter::once(&self.leaf)
            .chain(&self.chain)
            .map(|certificate| CertificateDer::from(certificate.der().to_vec()))
            .collect();
        Ok(InUse {
            certified: Arc::new(CertifiedKey::new(chain, key)),
            until: self.until(),
        })
    }

    /// Key and chain go into one file: two files could be of two minds after a crash.
    fn write(&self, state: &StateFolder) -> Result<(), Error> {
        private_file::create_folder(&state.listener())?;
        let mut text = Zeroizing::new(pki::pem::encode("PRIVATE KEY", &self.stored.pkcs8)?);
        for certificate in std::iter::once(&self.leaf).chain(&self.chain) {
            text.push_str(&certificate.to_pem()?);
        }
        private_file::replace(&path(state), text.as_bytes())
    }
}

fn path(state: &StateFolder) -> PathBuf {
    state.listener().join("identity.pem")
}

fn read(state: &StateFolder) -> Result<Option<Identity>, Error> {
    let path = path(state);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("cannot read", &path)(error)),
    };
    let incomplete = || Error::Content {
        path: path.clone(),
        problem: "it does not hold a key and its certificate; remove it, and a new one is made".to_owned(),
    };
    let keys = pki::pem::decode_all("PRIVATE KEY", &text)?;
    let key = keys
        .into_iter()
        .next()
        .map(Zeroizing::new)
        .ok_or_else(incomplete)?;
    let stored = software_key::read(key)?;
    let mut chain = Vec::new();
    for der in pki::pem::decode_all("CERTIFICATE", &text)? {
        chain.push(Certificate::parse(&der)?);
    }
    if chain.is_empty() {
        return Err(incomplete());
    }
    let leaf = chain.remove(0);
    if leaf.content().public_key != *stored.key.public_key() {
        return Err(incomplete());
    }
    Ok(Some(Identity { leaf, chain, stored }))
}

/// The names in the certificate on disk, if there is one that can be read.
pub(crate) fn certified_names(state: &StateFolder) -> Option<Vec<String>> {
    read(state).ok().flatten().map(|identity| names(&identity.leaf))
}

/// The DNS names and addresses in a certificate, in its order.
fn names(certificate: &Certificate) -> Vec<String> {
    let listed = certificate.content().extensions.typed::<SubjectAltName>();
    let Some(SubjectAltName(names)) = listed.ok().flatten() else {
        return Vec::new();
    };
    names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
            GeneralName::IpAddress(address) => Some(address.to_string()),
            GeneralName::OtherName(_)
            | GeneralName::Rfc822Name(_)
            | GeneralName::X400Address(_)
            | GeneralName::DirectoryName(_)
            | GeneralName::EdiPartyName(_)
            | GeneralName::Uri(_)
            | GeneralName::RegisteredId(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
