//! signedDocumentBinding (draft-ietf-lamps-one-signature-certs): the one document that the key will ever sign.
//!
//! A draft, so opt-in: its syntax is held by the tests here, and a profile must ask for it by name.

use const_oid::ObjectIdentifier;

use super::content::{Wrong, broken, read_value};
use super::{ExtensionContent, oid};
use crate::Result;
use crate::asn1::{Fault, Reader, tag, write};
use crate::digest::DigestAlgorithm;
use crate::oid::algorithm as known;

/// The hash of the data to be signed, and how that data is made from the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDocumentBinding {
    /// How the data was hashed.
    pub algorithm: DigestAlgorithm,
    /// The hash.
    pub hash: Vec<u8>,
    /// How the data to be signed is made from the document, such as `cades` or `xades`; none for exactly the
    /// bytes that the signature format hashes.
    pub binding_type: Option<String>,
}

impl SignedDocumentBinding {
    fn check(&self) -> Result<()> {
        if self.hash.len() != self.algorithm.length_bytes() {
            return Err(broken::<Self>(
                "the hash has not the length of its algorithm (draft-ietf-lamps-one-signature-certs)",
            ));
        }
        let plain =
            |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if self.binding_type.as_deref().is_some_and(|text| !plain(text)) {
            return Err(broken::<Self>(
                "a binding type is 1 to 64 visible ASCII characters, such as cades or xades",
            ));
        }
        Ok(())
    }

    const fn digest_oid(&self) -> ObjectIdentifier {
        match self.algorithm {
            DigestAlgorithm::Sha256 => known::SHA_256,
            DigestAlgorithm::Sha384 => known::SHA_384,
            DigestAlgorithm::Sha512 => known::SHA_512,
        }
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = reader.sequence()?;
        let hash = inside.expect(tag::OCTET_STRING)?.value.to_vec();
        let mut identifier = inside.sequence()?;
        let algorithm = match identifier.object_identifier()? {
            known::SHA_256 => DigestAlgorithm::Sha256,
            known::SHA_384 => DigestAlgorithm::Sha384,
            known::SHA_512 => DigestAlgorithm::Sha512,
            _ => return Err(Wrong::Rule("the hash must be SHA-256, SHA-384 or SHA-512")),
        };
        if !identifier.is_empty() {
            return Err(Wrong::Rule(
                "a SHA-2 algorithm must have no parameters (RFC 5754 section 2)",
            ));
        }
        let binding_type = inside.optional(tag::UTF8_STRING)?;
        inside.finish()?;
        let text = |octets: &[u8]| {
            String::from_utf8(octets.to_vec()).map_err(|_| Fault::NotCanonical("a UTF8String is not UTF-8"))
        };
        let binding_type = binding_type.map(|element| text(element.value)).transpose()?;
        Ok(Self {
            algorithm,
            hash,
            binding_type,
        })
    }
}

impl ExtensionContent for SignedDocumentBinding {
    const OID: ObjectIdentifier = oid::SIGNED_DOCUMENT_BINDING;
    const CRITICAL: bool = false;
    const NAME: &'static str = "signedDocumentBinding";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let text = self.binding_type.as_ref();
        let text = text.map(|text| write::value(tag::UTF8_STRING, text.as_bytes()));
        Ok(write::sequence(&[
            &write::octet_string(&self.hash),
            &write::sequence(&[&write::object_identifier(self.digest_oid())]),
            &text.unwrap_or_default(),
        ]))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, Self::read)?;
        read.check()?;
        Ok(read)
    }
}
