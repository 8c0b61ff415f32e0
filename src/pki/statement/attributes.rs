//! What a time-stamping or a document-signing key signs: the signed attributes of CMS (RFC 5652 section 5.4).

use const_oid::ObjectIdentifier;

use crate::asn1::{Element, Fault, Reader, tag};
use crate::oid;

/// The most attributes a signature may carry; a real one has three to ten.
const MAX_ATTRIBUTES: usize = 64;

/// What the signer asks signed attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedAttributes<'a> {
    /// What kind of content is signed.
    pub content_type: ObjectIdentifier,
    /// The content's digest.
    pub message_digest: &'a [u8],
}

impl SignedAttributes<'_> {
    /// Whether the content is a TSTInfo: a statement about time, which only a time-stamping key may make.
    pub fn is_time_stamp(&self) -> bool {
        self.content_type == oid::content::TST_INFO
    }
}

/// Reads a `SET OF Attribute` in its explicit form: sorted, no type twice, contentType and messageDigest once.
pub(super) fn read(bytes: &[u8]) -> Result<SignedAttributes<'_>, Fault> {
    let mut set = Element::only_tagged(bytes, tag::SET)?.reader();
    let (mut content_type, mut message_digest) = (None, None);
    let mut seen: [&[u8]; MAX_ATTRIBUTES] = [&[]; MAX_ATTRIBUTES];
    let mut count = 0;
    let mut previous: &[u8] = &[];
    while !set.is_empty() {
        let attribute = set.expect(tag::SEQUENCE)?;
        if attribute.raw <= previous {
            return Err(Fault::NotCanonical(
                "the attributes are not sorted (X.690 section 11.6)",
            ));
        }
        previous = attribute.raw;
        let mut inside = attribute.reader();
        let kind = inside.clone().expect(tag::OBJECT_IDENTIFIER)?.value;
        // RFC 5652 section 5.3: SignedAttributes must not hold two of the same type.
        if seen.iter().take(count).any(|earlier| *earlier == kind) {
            return Err(Fault::NotCanonical("an attribute appears more than once"));
        }
        *seen.get_mut(count).ok_or(Fault::TooManyValues {
            limit: MAX_ATTRIBUTES,
        })? = kind;
        count += 1;
        let kind = inside.object_identifier()?;
        let values = inside.expect(tag::SET)?.reader();
        inside.finish()?;
        match kind {
            oid::attribute::CONTENT_TYPE => content_type = Some(read_content_type(values)?),
            oid::attribute::MESSAGE_DIGEST => message_digest = Some(read_message_digest(values)?),
            _ if values.is_empty() => return Err(Fault::NotCanonical("an attribute has no value")),
            _ => {}
        }
    }
    Ok(SignedAttributes {
        content_type: content_type.ok_or(Fault::NotCanonical(
            "contentType is missing (RFC 5652 section 11.1)",
        ))?,
        message_digest: message_digest.ok_or(Fault::NotCanonical(
            "messageDigest is missing (RFC 5652 section 11.2)",
        ))?,
    })
}

fn read_content_type(mut values: Reader<'_>) -> Result<ObjectIdentifier, Fault> {
    let kind = values.object_identifier()?;
    values.finish()?;
    Ok(kind)
}

/// SHA-256, SHA-384 or SHA-512; SHA-1 is too short to be signed.
fn read_message_digest(mut values: Reader<'_>) -> Result<&[u8], Fault> {
    let digest = values.expect(tag::OCTET_STRING)?.value;
    values.finish()?;
    if !matches!(digest.len(), 32 | 48 | 64) {
        return Err(Fault::NotCanonical(
            "messageDigest is not 32, 48 or 64 octets long",
        ));
    }
    Ok(digest)
}
