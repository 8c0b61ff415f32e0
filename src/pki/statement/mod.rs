//! What a run of to-be-signed bytes is: the signer process looks here before a key is used.
//!
//! [`recognise`] reads strictly and borrows everything: no byte is copied, no depth or count is unbounded, and
//! the same bytes are never two kinds of statement, because the kinds part at the first tag inside the
//! outermost value and a checkpoint's text contains no byte that DER needs. Whether a recognised statement may
//! be signed by a given key is [`Statement::check_owner`] (its own names, its own public key) and the purposes
//! declared for the key (crate `hsm`). What a statement ought to say is not asked here: lint and policy did.
//!
//! Room is left for XML: text that begins with `<` is nothing today and must never become a checkpoint.

mod attributes;
mod authority;
mod checkpoint;
mod owner;
mod responder;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::asn1::{Element, Fault, Limits, check, tag};
use crate::{Error, Result};

pub use attributes::SignedAttributes;
pub use authority::{RequestInfo, TbsCertList, TbsCertificate};
pub use checkpoint::Checkpoint;
pub use owner::{NotOwner, Owner};
pub use responder::{ResponderId, ResponseData};

/// One recognised statement, borrowing from the bytes it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement<'a> {
    /// A TBSCertificate (RFC 5280 section 4.1).
    Certificate(TbsCertificate<'a>),
    /// A TBSCertList (RFC 5280 section 5.1).
    Crl(TbsCertList<'a>),
    /// A CertificationRequestInfo (RFC 2986 section 4.1).
    Request(RequestInfo<'a>),
    /// A ResponseData (RFC 6960 section 4.2.1).
    OcspResponse(ResponseData<'a>),
    /// CMS signed attributes over a TSTInfo (RFC 3161 section 2.4.2).
    TimeStamp(SignedAttributes<'a>),
    /// CMS signed attributes over any other content (RFC 5652 section 5.4).
    DocumentSignature(SignedAttributes<'a>),
    /// The text of a transparency-log checkpoint (C2SP tlog-checkpoint).
    RegisterCheckpoint(Checkpoint<'a>),
}

/// The kinds of statement, without their content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// See [`Statement::Certificate`].
    Certificate,
    /// See [`Statement::Crl`].
    Crl,
    /// See [`Statement::Request`].
    Request,
    /// See [`Statement::OcspResponse`].
    OcspResponse,
    /// See [`Statement::TimeStamp`].
    TimeStamp,
    /// See [`Statement::DocumentSignature`].
    DocumentSignature,
    /// See [`Statement::RegisterCheckpoint`].
    RegisterCheckpoint,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Certificate,
        Self::Crl,
        Self::Request,
        Self::OcspResponse,
        Self::TimeStamp,
        Self::DocumentSignature,
        Self::RegisterCheckpoint,
    ];

    /// The name used in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Crl => "CRL",
            Self::Request => "certification request",
            Self::OcspResponse => "OCSP response",
            Self::TimeStamp => "time-stamp",
            Self::DocumentSignature => "document signature",
            Self::RegisterCheckpoint => "register checkpoint",
        }
    }

    /// How large such a statement may be. A CRL of a million entries is 40 MB; the others are small by nature.
    pub const fn limits(self) -> Limits {
        match self {
            Self::Certificate | Self::Request => Limits::CERTIFICATE,
            Self::Crl => Limits {
                bytes: 64 * 1024 * 1024,
                depth: 16,
                values: 16 * 1024 * 1024,
            },
            Self::OcspResponse => Limits {
                bytes: 64 * 1024,
                depth: 16,
                values: 8192,
            },
            Self::TimeStamp | Self::DocumentSignature => Limits {
                bytes: 64 * 1024,
                depth: 24,
                values: 8192,
            },
            Self::RegisterCheckpoint => Limits {
                bytes: 8 * 1024,
                depth: 0,
                values: 0,
            },
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl Statement<'_> {
    /// Which kind this is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Certificate(_) => Kind::Certificate,
            Self::Crl(_) => Kind::Crl,
            Self::Request(_) => Kind::Request,
            Self::OcspResponse(_) => Kind::OcspResponse,
            Self::TimeStamp(_) => Kind::TimeStamp,
            Self::DocumentSignature(_) => Kind::DocumentSignature,
            Self::RegisterCheckpoint(_) => Kind::RegisterCheckpoint,
        }
    }
}

/// Says what these to-be-signed bytes are, or refuses them.
///
/// The kind is decided by at most three tags, then that kind's reader must accept every byte; there is no
/// second try as another kind.
pub fn recognise(bytes: &[u8]) -> Result<Statement<'_>> {
    match bytes {
        [tag::SEQUENCE, ..] if !checkpoint::may_be_text(bytes) => recognise_sequence(bytes),
        [tag::SET, ..] if !checkpoint::may_be_text(bytes) => {
            let attributes = within(
                bytes,
                Kind::DocumentSignature,
                "signed attributes",
                attributes::read,
            )?;
            Ok(if attributes.is_time_stamp() {
                Statement::TimeStamp(attributes)
            } else {
                Statement::DocumentSignature(attributes)
            })
        }
        _ => checkpoint::read(bytes).map(Statement::RegisterCheckpoint),
    }
}

/// Four structures are SEQUENCEs. Their first tags differ: `[0]` is a certificate's version, `[1]` or `[2]` an
/// OCSP responder's identity, and the INTEGER is 0 in a request and 1 in a CRL.
fn recognise_sequence(bytes: &[u8]) -> Result<Statement<'_>> {
    const CERTIFICATE: u8 = tag::context_constructed(0);
    const BY_NAME: u8 = tag::context_constructed(1);
    const BY_KEY: u8 = tag::context_constructed(2);
    let first = Element::only_tagged(bytes, tag::SEQUENCE)
        .and_then(|outer| outer.reader().any())
        .map_err(Error::malformed("to-be-signed bytes"))?;
    match (first.tag, first.value) {
        (CERTIFICATE, _) => within(
            bytes,
            Kind::Certificate,
            "TBSCertificate",
            authority::read_certificate,
        )
        .map(Statement::Certificate),
        (BY_NAME | BY_KEY, _) => {
            within(bytes, Kind::OcspResponse, "ResponseData", responder::read).map(Statement::OcspResponse)
        }
        (tag::INTEGER, [0]) => within(
            bytes,
            Kind::Request,
            "CertificationRequestInfo",
            authority::read_request,
        )
        .map(Statement::Request),
        (tag::INTEGER, [1]) => {
            within(bytes, Kind::Crl, "TBSCertList", authority::read_crl).map(Statement::Crl)
        }
        _ => Err(Error::Rule {
            structure: "to-be-signed bytes",
            rule: "must be a version 3 TBSCertificate, a version 2 TBSCertList, a CertificationRequestInfo, a ResponseData, CMS signed attributes or a checkpoint",
        }),
    }
}

/// Checks the kind's limits and the strict DER of everything, then reads.
fn within<'a, T>(
    bytes: &'a [u8],
    kind: Kind,
    structure: &'static str,
    read: fn(&'a [u8]) -> std::result::Result<T, Fault>,
) -> Result<T> {
    check(bytes, kind.limits())
        .and_then(|()| read(bytes))
        .map_err(Error::malformed(structure))
}
