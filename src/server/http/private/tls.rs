//! TLS of the private listener: version 1.3 only, no resumption, the certificate exchanged while connections go on.

use std::sync::{Arc, PoisonError, RwLock};

use pki::time::Time;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;

use super::verifier::OperatorVerifier;
use crate::clock::SharedClock;

/// The certificate in use. New connections take the newest; open ones keep what they began with.
#[derive(Debug)]
pub(crate) struct CurrentCertificate(RwLock<InUse>);

/// A certificate with its key, and its last second.
#[derive(Debug, Clone)]
pub(crate) struct InUse {
    /// Certificate, chain and key.
    pub(crate) certified: Arc<CertifiedKey>,
    /// The certificate's last second.
    pub(crate) until: Time,
}

impl CurrentCertificate {
    /// Begins with this one.
    pub(crate) const fn new(first: InUse) -> Self {
        Self(RwLock::new(first))
    }

    /// Exchanges it.
    pub(crate) fn replace(&self, next: InUse) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// The last second of the one in use.
    pub(crate) fn until(&self) -> Time {
        self.0.read().unwrap_or_else(PoisonError::into_inner).until
    }
}

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let in_use = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&in_use.certified))
    }
}

/// The cryptography of our TLS.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The whole configuration.
pub(crate) fn configuration(
    provider: Arc<CryptoProvider>,
    verifier: OperatorVerifier,
    certificate: Arc<CurrentCertificate>,
    clock: SharedClock,
) -> Result<ServerConfig, rustls::Error> {
    let mut configuration = ServerConfig::builder_with_details(provider, Arc::new(OurTime(clock)))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(certificate);
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed session would not look at the operator's certificate again.
    configuration.session_storage = Arc::new(NoServerSessionStorage {});
    configuration.send_tls13_tickets = 0;
    Ok(configuration)
}

/// The clock as rustls asks for it.
struct OurTime(SharedClock);

impl std::fmt::Debug for OurTime {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("OurTime")
    }
}

impl TimeProvider for OurTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().unix_seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            seconds,
        )))
    }
}
