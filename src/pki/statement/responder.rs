//! What an OCSP responder's key signs (RFC 6960 section 4.2.1).

use super::authority::read_extensions;
use crate::asn1::{Element, Fault, Reader, tag};
use crate::name;
use crate::time::Time;

/// What the signer asks a ResponseData.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseData<'a> {
    /// Who answers.
    pub responder: ResponderId<'a>,
}

/// Who answers, in one of the two ways a response may say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponderId<'a> {
    /// The responder's name, as DER.
    ByName(&'a [u8]),
    /// SHA-1 over the responder's key bits.
    ByKey(&'a [u8]),
}

/// Reads a ResponseData of version 1, every single response of it.
pub(super) fn read(bytes: &[u8]) -> Result<ResponseData<'_>, Fault> {
    let mut inside = Element::only_tagged(bytes, tag::SEQUENCE)?.reader();
    // The version is [0] DEFAULT v1: DER forbids writing it, and there is no other.
    let responder = read_responder(&mut inside)?;
    read_time(&mut inside)?;
    let mut responses = inside.sequence()?;
    if responses.is_empty() {
        return Err(Fault::NotCanonical("there is no single response"));
    }
    while !responses.is_empty() {
        read_single(responses.sequence()?)?;
    }
    if let Some(extensions) = inside.optional(tag::context_constructed(1))? {
        read_extensions(extensions.value)?;
    }
    inside.finish()?;
    Ok(ResponseData { responder })
}

fn read_responder<'a>(inside: &mut Reader<'a>) -> Result<ResponderId<'a>, Fault> {
    if let Some(explicit) = inside.optional(tag::context_constructed(1))? {
        let name = Element::only_tagged(explicit.value, tag::SEQUENCE)?;
        name::check(name.reader())?;
        return Ok(ResponderId::ByName(name.raw));
    }
    let explicit = inside.expect(tag::context_constructed(2))?;
    let hash = Element::only_tagged(explicit.value, tag::OCTET_STRING)?.value;
    if hash.len() != 20 {
        return Err(Fault::NotCanonical("the responder's key hash is not 20 octets"));
    }
    Ok(ResponderId::ByKey(hash))
}

fn read_single(mut single: Reader<'_>) -> Result<(), Fault> {
    read_certificate_id(single.sequence()?)?;
    read_status(single.any()?)?;
    let this_update = read_time(&mut single)?;
    if let Some(explicit) = single.optional(tag::context_constructed(0))? {
        let mut inner = explicit.reader();
        let next_update = read_time(&mut inner)?;
        inner.finish()?;
        if next_update < this_update {
            return Err(Fault::NotCanonical("nextUpdate is before thisUpdate"));
        }
    }
    if let Some(extensions) = single.optional(tag::context_constructed(1))? {
        read_extensions(extensions.value)?;
    }
    single.finish()
}

fn read_certificate_id(mut id: Reader<'_>) -> Result<(), Fault> {
    let mut algorithm = id.sequence()?;
    algorithm.object_identifier()?;
    // Clients write NULL or nothing, and the answer repeats what they wrote.
    algorithm.optional(tag::NULL)?;
    algorithm.finish()?;
    id.expect(tag::OCTET_STRING)?;
    id.expect(tag::OCTET_STRING)?;
    id.expect(tag::INTEGER)?.integer()?;
    id.finish()
}

/// good `[0] NULL`, revoked `[1] RevokedInfo`, unknown `[2] NULL`, all implicit.
fn read_status(status: Element<'_>) -> Result<(), Fault> {
    const GOOD: u8 = tag::context(0);
    const REVOKED: u8 = tag::context_constructed(1);
    const UNKNOWN: u8 = tag::context(2);
    match (status.tag, status.value) {
        (GOOD | UNKNOWN, []) => Ok(()),
        (REVOKED, _) => {
            let mut revoked = status.reader();
            read_time(&mut revoked)?;
            if let Some(reason) = revoked.optional(tag::context_constructed(0))? {
                Element::only_tagged(reason.value, tag::ENUMERATED)?.integer()?;
            }
            revoked.finish()
        }
        _ => Err(Fault::NotCanonical(
            "a certificate's status is not good, revoked or unknown",
        )),
    }
}

fn read_time(reader: &mut Reader<'_>) -> Result<Time, Fault> {
    Time::from_generalized_element(reader.expect(tag::GENERALIZED_TIME)?)
        .map_err(|_| Fault::NotCanonical("a time is not written as YYYYMMDDHHMMSSZ"))
}
