//! Whom the private listener lets in: who proves the key of a certificate that our TLS authority issued to an
//! operator. Chain, dates and purpose are checked by rustls-webpki, the operator's policy here.

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use pki::certificate::Certificate;
use pki::extension::CertificatePolicies;
use pki::signing::SignedStructure as _;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};

/// Verifies operators' certificates.
#[derive(Debug)]
pub(crate) struct OperatorVerifier {
    chain: Arc<dyn ClientCertVerifier>,
    policies: Vec<ObjectIdentifier>,
}

impl OperatorVerifier {
    /// Trusts this authority alone (not the root above it: its other children issue for other purposes), and of its
    /// certificates only those that carry one of these policies.
    pub(crate) fn new(
        provider: Arc<CryptoProvider>,
        authority: &Certificate,
        policies: Vec<ObjectIdentifier>,
    ) -> Result<Self, rustls::server::VerifierBuilderError> {
        let mut roots = RootCertStore::empty();
        // An authority that cannot be added leaves the store empty, which the builder refuses.
        let _ = roots.add(CertificateDer::from(authority.der().to_vec()));
        let chain = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        Ok(Self { chain, policies })
    }

    fn is_operator(&self, certificate: &[u8]) -> bool {
        let Ok(certificate) = Certificate::parse(certificate) else {
            return false;
        };
        let listed = certificate.content().extensions.typed::<CertificatePolicies>();
        // Each policy by its own identifier: `anyPolicy` says nothing about being an operator.
        listed.ok().flatten().is_some_and(|listed| {
            listed
                .0
                .iter()
                .any(|information| self.policies.contains(&information.identifier))
        })
    }
}

impl ClientCertVerifier for OperatorVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.chain.verify_client_cert(end_entity, intermediates, now)?;
        if self.is_operator(end_entity) {
            return Ok(verified);
        }
        tracing::warn!("a certificate of our TLS authority that is no operator's was turned away");
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
