//! X.509 certificates, version 3 (RFC 5280 section 4): the content to build and the certificate that was read.

use crate::algorithm::SignatureAlgorithm;
use crate::asn1::{Element, Fault, Limits, check, tag, write};
use crate::extension::Extensions;
use crate::name::Name;
use crate::public_key::PublicKey;
use crate::serial::Serial;
use crate::signing::{SignedStructure, Unsigned, Verifier};
use crate::time::Time;
use crate::{Error, Result};

/// From when until when, both ends included (RFC 5280 section 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: Time,
    /// The last second.
    pub not_after: Time,
}

impl Validity {
    /// Whether the moment lies inside.
    pub fn contains(&self, now: Time) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

/// Everything a certificate says. Issuer and subject are exact bytes: the issuer's is copied from the issuer's
/// certificate, never rebuilt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Unique under the issuer.
    pub serial: Serial,
    /// How the issuer will sign.
    pub signature: SignatureAlgorithm,
    /// The issuer's name, byte for byte.
    pub issuer: Name,
    /// From when until when.
    pub validity: Validity,
    /// Whose certificate it is.
    pub subject: Name,
    /// The key that is certified.
    pub public_key: PublicKey,
    /// At least one in every certificate we make.
    pub extensions: Extensions,
}

impl Content {
    /// Encodes the TBSCertificate.
    pub fn prepare(&self) -> Result<Unsigned<Certificate>> {
        let rule = |rule| Error::Rule {
            structure: "TBSCertificate",
            rule,
        };
        if self.validity.not_after < self.validity.not_before {
            return Err(rule(
                "notAfter must not be before notBefore (RFC 5280 section 4.1.2.5)",
            ));
        }
        if self.extensions.is_empty() {
            return Err(rule(
                "a version 3 certificate must have extensions (RFC 5280 section 4.1.2.9)",
            ));
        }
        // Room for an RSA-4096 key with long names: the buffer grows for ML-DSA only.
        let mut tbs = Vec::with_capacity(1536);
        write::nested(&mut tbs, tag::SEQUENCE, |out| {
            write::nested(out, tag::context_constructed(0), |out| {
                write::push(out, tag::INTEGER, &[2]);
            });
            out.extend_from_slice(&self.serial.to_der());
            out.extend_from_slice(self.signature.identifier_der());
            out.extend_from_slice(self.issuer.der());
            write::nested(out, tag::SEQUENCE, |out| {
                out.extend_from_slice(&self.validity.not_before.to_der());
                out.extend_from_slice(&self.validity.not_after.to_der());
            });
            out.extend_from_slice(self.subject.der());
            out.extend_from_slice(self.public_key.spki_der());
            write::nested(out, tag::context_constructed(3), |out| {
                self.extensions.push_to(out);
            });
        });
        Ok(Unsigned::new(tbs, self.signature))
    }
}

/// A certificate that was read: the exact bytes and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: std::ops::Range<usize>,
    content: Content,
    signature: Vec<u8>,
}

impl Certificate {
    /// What the certificate says.
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// The complete DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The signature octets.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Whether issuer and subject are the same bytes.
    pub fn is_self_issued(&self) -> bool {
        self.content.issuer == self.content.subject
    }

    /// Checks the signature under the issuer's key. Names, dates and rights are path validation's business.
    pub fn verify_signature(&self, issuer: &PublicKey, verifier: &dyn Verifier) -> Result<()> {
        if verifier.verify(issuer, self.content.signature, self.tbs_der(), &self.signature) {
            Ok(())
        } else {
            Err(Error::BadSignature {
                structure: Self::NAME,
            })
        }
    }

    /// The PEM block.
    pub fn to_pem(&self) -> Result<String> {
        crate::pem::encode("CERTIFICATE", &self.der)
    }

    /// Reads one PEM block.
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::parse(&crate::pem::decode("CERTIFICATE", text)?)
    }
}

impl SignedStructure for Certificate {
    const NAME: &'static str = "Certificate";

    fn parse(der: &[u8]) -> Result<Self> {
        check(der, Limits::CERTIFICATE).map_err(Error::malformed(Self::NAME))?;
        let frame = Frame::read(der).map_err(Error::malformed(Self::NAME))?;
        let content = parse_tbs(frame.tbs)?;
        if content.signature.identifier_der() != frame.algorithm {
            return Err(Error::Rule {
                structure: Self::NAME,
                rule: "the algorithm inside and outside must be the same (RFC 5280 section 4.1.1.2)",
            });
        }
        let signature = frame.signature.to_vec();
        Ok(Self {
            der: der.to_vec(),
            tbs: frame.tbs_range(),
            content,
            signature,
        })
    }

    fn tbs_der(&self) -> &[u8] {
        self.der.get(self.tbs.clone()).unwrap_or_default()
    }
}

/// The outer SEQUENCE that certificates, requests and CRLs share: bytes, algorithm, signature.
pub(crate) struct Frame<'a> {
    pub(crate) tbs: &'a [u8],
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
    header: usize,
}

impl<'a> Frame<'a> {
    pub(crate) fn read(der: &'a [u8]) -> std::result::Result<Self, Fault> {
        let outer = Element::only_tagged(der, tag::SEQUENCE)?;
        let mut inside = outer.reader();
        let tbs = inside.expect(tag::SEQUENCE)?.raw;
        let algorithm = inside.expect(tag::SEQUENCE)?.raw;
        let signature = inside.expect(tag::BIT_STRING)?.bit_string_octets()?;
        inside.finish()?;
        Ok(Self {
            tbs,
            algorithm,
            signature,
            header: der.len() - outer.value.len(),
        })
    }

    /// Where the to-be-signed bytes lie inside the whole.
    pub(crate) const fn tbs_range(&self) -> std::ops::Range<usize> {
        self.header..self.header + self.tbs.len()
    }
}

/// Reads a TBSCertificate: what a signer looks at before it uses a certificate key.
pub fn parse_tbs(tbs: &[u8]) -> Result<Content> {
    const TBS: &str = "TBSCertificate";
    let fault = || Error::malformed(TBS);
    let rule = |rule| Error::Rule { structure: TBS, rule };
    let mut inside = Element::only_tagged(tbs, tag::SEQUENCE)
        .map_err(fault())?
        .reader();
    let version = inside
        .expect(tag::context_constructed(0))
        .and_then(|explicit| Element::only_tagged(explicit.value, tag::INTEGER))
        .and_then(|integer| integer.small_unsigned())
        .map_err(fault())?;
    if version != 2 {
        return Err(rule("the version must be 3 (RFC 5280 section 4.1.2.1)"));
    }
    let serial = Serial::from_element(inside.expect(tag::INTEGER).map_err(fault())?)?;
    let algorithm = inside.expect(tag::SEQUENCE).map_err(fault())?;
    let signature = SignatureAlgorithm::from_identifier_der(algorithm.raw)?;
    let issuer = Name::from_der(inside.any().map_err(fault())?.raw)?;
    let mut dates = inside.sequence().map_err(fault())?;
    let not_before = Time::from_element(dates.any().map_err(fault())?)?;
    let not_after = Time::from_element(dates.any().map_err(fault())?)?;
    dates.finish().map_err(fault())?;
    let subject = Name::from_der(inside.any().map_err(fault())?.raw)?;
    let public_key = PublicKey::from_spki_der(inside.expect(tag::SEQUENCE).map_err(fault())?.raw)?;
    let extensions = match inside.optional(tag::context_constructed(3)).map_err(fault())? {
        Some(explicit) => Extensions::from_der(explicit.value)?,
        None => return Err(rule("extensions are missing (RFC 5280 section 4.2)")),
    };
    inside.finish().map_err(fault())?;
    let validity = Validity {
        not_before,
        not_after,
    };
    Ok(Content {
        serial,
        signature,
        issuer,
        validity,
        subject,
        public_key,
        extensions,
    })
}

#[cfg(test)]
mod tests {
    use der::{Decode as _, Encode as _};

    use super::*;
    use crate::algorithm::KeyAlgorithm;
    use crate::aws_lc::{AwsLc, SoftwareKey};
    use crate::extension::Extension;
    use crate::name::Attribute;
    use crate::oid;
    use crate::signing::Signer as _;

    fn key() -> SoftwareKey {
        let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        let random = aws_lc_rs::rand::SystemRandom::new();
        let pkcs8 = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        SoftwareKey::from_pkcs8(KeyAlgorithm::EcdsaP256, pkcs8.as_ref()).unwrap()
    }

    fn content(key: &SoftwareKey) -> Content {
        let name = Name::from_attributes(&[Attribute::from_key("CN", "Raiz de teste").unwrap()]).unwrap();
        let not_before = Time::from_unix_seconds(1_795_000_000).unwrap();
        let constraints = Extension::new(oid::extension::BASIC_CONSTRAINTS, true, vec![0x30, 3, 1, 1, 0xff]);
        Content {
            serial: Serial::from_random([7; 20]),
            signature: SignatureAlgorithm::EcdsaSha256,
            issuer: name.clone(),
            validity: Validity {
                not_before,
                not_after: not_before.plus_days(10),
            },
            subject: name,
            public_key: key.public_key().clone(),
            extensions: Extensions::new(vec![constraints]).unwrap(),
        }
    }

    fn signed(key: &SoftwareKey) -> Vec<u8> {
        let unsigned = content(key).prepare().unwrap();
        let signature = key.sign_now(unsigned.tbs_der()).unwrap();
        unsigned
            .join(key.public_key(), &signature, &AwsLc)
            .unwrap()
            .der()
            .to_vec()
    }

    #[test]
    fn what_is_read_back_is_what_was_prepared() {
        let key = key();
        let der = signed(&key);
        let read = Certificate::parse(&der).unwrap();
        assert_eq!(read.content(), &content(&key));
        assert_eq!(read.verify_signature(key.public_key(), &AwsLc), Ok(()));
        assert_eq!(Certificate::from_pem(&read.to_pem().unwrap()).unwrap().der(), der);
        assert_eq!(
            x509_cert::Certificate::from_der(&der).unwrap().to_der().unwrap(),
            der,
            "second opinion"
        );
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let key = key();
        let der = signed(&key);
        for position in 0..der.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = der.clone();
                changed[position] ^= flip;
                let accepted = Certificate::parse(&changed)
                    .and_then(|certificate| certificate.verify_signature(key.public_key(), &AwsLc));
                assert!(accepted.is_err(), "byte {position} ^ {flip:#04x} passed");
            }
        }
    }

    #[test]
    fn a_signature_by_another_key_is_never_joined() {
        let (ours, other) = (key(), key());
        let unsigned = content(&ours).prepare().unwrap();
        let signature = other.sign_now(unsigned.tbs_der()).unwrap();
        let joined = unsigned.join(ours.public_key(), &signature, &AwsLc);
        assert_eq!(
            joined,
            Err(Error::BadSignature {
                structure: "Certificate"
            })
        );
    }

    #[test]
    fn what_breaks_a_rule_is_not_prepared() {
        let key = key();
        let mut backwards = content(&key);
        backwards.validity.not_after = backwards.validity.not_before.plus_seconds(-1);
        assert!(backwards.prepare().is_err());
        let mut bare = content(&key);
        bare.extensions = Extensions::default();
        assert!(bare.prepare().is_err());
        let twice = Extension::new(oid::extension::KEY_USAGE, true, vec![3, 2, 7, 0x80]);
        assert!(Extensions::new(vec![twice.clone(), twice]).is_err());
    }
}
