//! Who is at the other end of a private connection: read from the certificate that the handshake proved.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;
use pki::certificate::Certificate;
use pki::signing::SignedStructure as _;
use pki::time::Time;

use super::PrivateSite;
use crate::http::problem::Refusal;

/// An operator whose certificate and key were checked by the handshake.
///
/// A handler that takes one as an argument is never reached without: the permission is in the type.
#[derive(Debug, Clone)]
pub(crate) struct Operator {
    /// The name in the certificate.
    pub(crate) name: Arc<str>,
    /// The serial number of the certificate.
    pub(crate) serial: Arc<str>,
    /// The certificate's last second.
    pub(crate) until: Time,
}

impl Operator {
    /// Reads the certificate of a connection whose handshake is over.
    pub(crate) fn of_connection(connection: &rustls::ServerConnection) -> Option<Self> {
        let der = connection.peer_certificates()?.first()?;
        Certificate::parse(der)
            .ok()
            .map(|certificate| Self::of(&certificate))
    }

    fn of(certificate: &Certificate) -> Self {
        let content = certificate.content();
        let name = content.subject.common_name();
        Self {
            name: name.unwrap_or_else(|| content.subject.to_string()).into(),
            serial: content.serial.to_string().into(),
            until: content.validity.not_after,
        }
    }
}

impl FromRequestParts<PrivateSite> for Operator {
    type Rejection = Response;

    /// The dates are looked at again: a connection may stay open past its certificate's last second.
    async fn from_request_parts(parts: &mut Parts, site: &PrivateSite) -> Result<Self, Response> {
        let operator = parts.extensions.get::<Self>().cloned();
        operator
            .filter(|operator| site.clock.now() <= operator.until)
            .ok_or_else(|| Refusal::CertificateExpired.answer(&parts.headers))
    }
}
