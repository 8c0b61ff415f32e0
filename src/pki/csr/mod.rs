//! PKCS#10 certification requests (RFC 2986): the content to build and the request that was read.
//!
//! Reading a request proves nothing. [`CertificationRequest::check_proof_of_possession`] turns it into a
//! [`ProvenRequest`]: its key is none that is known to be weak, and whoever sent it holds the private half.
//! What may be issued is decided elsewhere, from facts; nothing of a request is ever copied unseen.

mod attribute;
#[cfg(test)]
mod tests;

pub use attribute::{Attribute, Attributes};

use std::fmt;
use std::ops::Range;

use crate::algorithm::SignatureAlgorithm;
use crate::asn1::{Element, Limits, check, tag, write};
use crate::certificate::Frame;
use crate::extension::Extensions;
use crate::name::Name;
use crate::public_key::PublicKey;
use crate::signing::{SignedStructure, Unsigned, Verifier};
use crate::weakness::{self, Blocklist};
use crate::{Error, Result, pem};

/// The label of RFC 7468 section 7.
const LABEL: &str = "CERTIFICATE REQUEST";
/// The label that Java's keytool and old tools write; RFC 7468 section 7 lets a reader accept it.
const OLD_LABEL: &str = "NEW CERTIFICATE REQUEST";

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestContent {
    /// Whose certificate it shall be; may be empty when the extensions name the subject.
    pub subject: Name,
    /// The key to be certified, which also signs the request.
    pub public_key: PublicKey,
    /// The extensions asked for; none is possible.
    pub extensions: Extensions,
}

impl RequestContent {
    /// Encodes the CertificationRequestInfo, to be signed as keys of this kind sign by default.
    pub fn prepare(&self) -> Result<Unsigned<CertificationRequest>> {
        self.prepare_for(self.public_key.algorithm().default_signature())
    }

    /// Encodes the CertificationRequestInfo, to be signed with this algorithm.
    pub fn prepare_for(&self, signature: SignatureAlgorithm) -> Result<Unsigned<CertificationRequest>> {
        if !signature.suits(self.public_key.algorithm()) {
            return Err(Error::AlgorithmMismatch {
                key: self.public_key.algorithm(),
                signature,
            });
        }
        // The field stands there even when it is empty (RFC 2986 section 4.1).
        let attributes = if self.extensions.is_empty() {
            Vec::new()
        } else {
            Attribute::extension_request_der(&self.extensions)
        };
        let info = write::sequence(&[
            &write::small_unsigned(0),
            self.subject.der(),
            self.public_key.spki_der(),
            &write::value(tag::context_constructed(0), &attributes),
        ]);
        Ok(Unsigned::new(info, signature))
    }
}

/// A request that was read: the exact bytes and what they say. Its signature is not yet verified.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificationRequest {
    der: Vec<u8>,
    info: Range<usize>,
    content: RequestContent,
    attributes: Attributes,
    signature_algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

impl CertificationRequest {
    /// What is asked for.
    pub const fn content(&self) -> &RequestContent {
        &self.content
    }

    /// Every attribute, the requested extensions among them.
    pub const fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// How the request is signed.
    pub const fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.signature_algorithm
    }

    /// The complete DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Checks the signature under the key in the request.
    pub fn verify_self_signature(&self, verifier: &dyn Verifier) -> Result<()> {
        let key = &self.content.public_key;
        if verifier.verify(key, self.signature_algorithm, self.tbs_der(), &self.signature) {
            Ok(())
        } else {
            Err(Error::BadSignature {
                structure: Self::NAME,
            })
        }
    }

    /// Demands a key that is not known to be weak, and a signature that proves who sent it has the private half.
    ///
    /// The key is looked at first: a hostile one (an exponent of 4096 bits) makes verifying expensive.
    pub fn check_proof_of_possession(
        self,
        blocklist: &Blocklist,
        verifier: &dyn Verifier,
    ) -> Result<ProvenRequest> {
        weakness::check_against(&self.content.public_key, blocklist)?;
        self.verify_self_signature(verifier)?;
        Ok(ProvenRequest(self))
    }

    /// The PEM block.
    pub fn to_pem(&self) -> Result<String> {
        pem::encode(LABEL, &self.der)
    }

    /// Reads one PEM block, with the label of the standard or the old one.
    pub fn from_pem(text: &str) -> Result<Self> {
        // A request that would be too large as DER is not even decoded; base64 and line ends add less than half.
        let limit = Limits::CERTIFICATE.bytes.saturating_mul(3) / 2;
        if text.len() > limit {
            let fault = crate::asn1::Fault::TooLarge {
                size: text.len(),
                limit,
            };
            return Err(Error::malformed(Self::NAME)(fault));
        }
        let old = text.contains("-----BEGIN NEW ");
        Self::parse(&pem::decode(if old { OLD_LABEL } else { LABEL }, text)?)
    }
}

impl SignedStructure for CertificationRequest {
    const NAME: &'static str = "CertificationRequest";

    fn parse(der: &[u8]) -> Result<Self> {
        check(der, Limits::CERTIFICATE).map_err(Error::malformed(Self::NAME))?;
        let frame = Frame::read(der).map_err(Error::malformed(Self::NAME))?;
        let (content, attributes) = parse_info(frame.tbs)?;
        let signature_algorithm = SignatureAlgorithm::from_identifier_der(frame.algorithm)?;
        if !signature_algorithm.verifies_under(content.public_key.algorithm()) {
            return Err(Error::AlgorithmMismatch {
                key: content.public_key.algorithm(),
                signature: signature_algorithm,
            });
        }
        let signature = frame.signature.to_vec();
        Ok(Self {
            der: der.to_vec(),
            info: frame.tbs_range(),
            content,
            attributes,
            signature_algorithm,
            signature,
        })
    }

    fn tbs_der(&self) -> &[u8] {
        self.der.get(self.info.clone()).unwrap_or_default()
    }
}

/// Says who asks for what kind of key; leaves out the bytes, which may hold a challenge password.
impl fmt::Debug for CertificationRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct(Self::NAME)
            .field("content", &self.content)
            .field("attributes", &self.attributes)
            .field("signature_algorithm", &self.signature_algorithm)
            .finish_non_exhaustive()
    }
}

/// A request whose sender holds the private key, and whose key is not known to be weak. Only
/// [`CertificationRequest::check_proof_of_possession`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenRequest(CertificationRequest);

impl ProvenRequest {
    /// The request.
    pub const fn request(&self) -> &CertificationRequest {
        &self.0
    }

    /// Gives the request away; what was proven is forgotten.
    pub fn into_request(self) -> CertificationRequest {
        self.0
    }
}

/// Reads a CertificationRequestInfo: what a signer looks at before a key signs a request for itself.
pub fn parse_info(info: &[u8]) -> Result<(RequestContent, Attributes)> {
    const INFO: &str = "CertificationRequestInfo";
    let fault = || Error::malformed(INFO);
    let mut inside = Element::only_tagged(info, tag::SEQUENCE)
        .map_err(fault())?
        .reader();
    if inside.small_unsigned().map_err(fault())? != 0 {
        return Err(Error::Rule {
            structure: INFO,
            rule: "the version must be v1, which is written as 0 (RFC 2986 section 4.1); \
                   make the request with a PKCS#10 tool",
        });
    }
    let subject = Name::from_der(inside.any().map_err(fault())?.raw)?;
    let public_key = PublicKey::from_spki_der(inside.expect(tag::SEQUENCE).map_err(fault())?.raw)?;
    let attributes = Attributes::read(inside.optional(tag::context_constructed(0)).map_err(fault())?)?;
    inside.finish().map_err(fault())?;
    let extensions = attributes.requested_extensions()?;
    let content = RequestContent {
        subject,
        public_key,
        extensions,
    };
    Ok((content, attributes))
}
