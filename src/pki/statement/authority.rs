//! What an authority's key signs: certificates, CRLs and its own requests.

use crate::algorithm::SignatureAlgorithm;
use crate::asn1::{Element, Fault, Reader, tag};
use crate::name;
use crate::public_key::PublicKey;
use crate::time::Time;

/// The most extensions one structure may carry; comparing them pairwise stays cheap.
const MAX_EXTENSIONS: usize = 64;

/// What the signer asks a TBSCertificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TbsCertificate<'a> {
    /// The signature algorithm announced inside.
    pub signature: SignatureAlgorithm,
    /// The issuer's name, as DER.
    pub issuer: &'a [u8],
    /// The subject's name, as DER.
    pub subject: &'a [u8],
    /// The certified key's SubjectPublicKeyInfo.
    pub public_key: &'a [u8],
}

/// What the signer asks a TBSCertList.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TbsCertList<'a> {
    /// The signature algorithm announced inside.
    pub signature: SignatureAlgorithm,
    /// The issuer's name, as DER.
    pub issuer: &'a [u8],
}

/// What the signer asks a CertificationRequestInfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestInfo<'a> {
    /// The subject asked for, as DER.
    pub subject: &'a [u8],
    /// The requested key's SubjectPublicKeyInfo.
    pub public_key: &'a [u8],
}

/// Reads a TBSCertificate of version 3, all of it.
pub(super) fn read_certificate(bytes: &[u8]) -> Result<TbsCertificate<'_>, Fault> {
    let mut inside = Element::only_tagged(bytes, tag::SEQUENCE)?.reader();
    if inside.expect(tag::context_constructed(0))?.value != [tag::INTEGER, 1, 2] {
        return Err(Fault::NotCanonical(
            "the version is not 3 (RFC 5280 section 4.1.2.1)",
        ));
    }
    read_serial(&mut inside)?;
    let signature = read_algorithm(&mut inside)?;
    let issuer = read_name(&mut inside)?;
    let mut validity = inside.sequence()?;
    let (not_before, not_after) = (read_time(&mut validity)?, read_time(&mut validity)?);
    validity.finish()?;
    if not_after < not_before {
        return Err(Fault::NotCanonical("notAfter is before notBefore"));
    }
    let subject = read_name(&mut inside)?;
    let public_key = read_public_key(&mut inside)?;
    // The unique identifiers [1] and [2] are not read: conforming CAs never write them (section 4.1.2.8).
    read_extensions(inside.expect(tag::context_constructed(3))?.value)?;
    inside.finish()?;
    Ok(TbsCertificate {
        signature,
        issuer,
        subject,
        public_key,
    })
}

/// Reads a TBSCertList of version 2, every entry of it.
pub(super) fn read_crl(bytes: &[u8]) -> Result<TbsCertList<'_>, Fault> {
    let mut inside = Element::only_tagged(bytes, tag::SEQUENCE)?.reader();
    if inside.small_unsigned()? != 1 {
        return Err(Fault::NotCanonical(
            "the version is not 2 (RFC 5280 section 5.1.2.1)",
        ));
    }
    let signature = read_algorithm(&mut inside)?;
    let issuer = read_name(&mut inside)?;
    let this_update = read_time(&mut inside)?;
    // nextUpdate is optional in ASN.1 and demanded by RFC 5280 section 5.1.2.5.
    if read_time(&mut inside)? < this_update {
        return Err(Fault::NotCanonical("nextUpdate is before thisUpdate"));
    }
    if let Some(revoked) = inside.optional(tag::SEQUENCE)? {
        read_revoked(revoked.reader())?;
    }
    read_extensions(inside.expect(tag::context_constructed(0))?.value)?;
    inside.finish()?;
    Ok(TbsCertList { signature, issuer })
}

/// The list must be absent rather than empty (RFC 5280 section 5.1.2.6).
fn read_revoked(mut entries: Reader<'_>) -> Result<(), Fault> {
    if entries.is_empty() {
        return Err(Fault::NotCanonical("revokedCertificates is present but empty"));
    }
    while !entries.is_empty() {
        let mut entry = entries.sequence()?;
        read_serial(&mut entry)?;
        read_time(&mut entry)?;
        if !entry.is_empty() {
            read_extensions(entry.expect(tag::SEQUENCE)?.raw)?;
        }
        entry.finish()?;
    }
    Ok(())
}

/// Reads a CertificationRequestInfo of version 1 (RFC 2986 section 4.1).
pub(super) fn read_request(bytes: &[u8]) -> Result<RequestInfo<'_>, Fault> {
    let mut inside = Element::only_tagged(bytes, tag::SEQUENCE)?.reader();
    if inside.small_unsigned()? != 0 {
        return Err(Fault::NotCanonical("the version is not 1"));
    }
    let subject = read_name(&mut inside)?;
    let public_key = read_public_key(&mut inside)?;
    let mut attributes = inside.expect(tag::context_constructed(0))?.reader();
    inside.finish()?;
    while !attributes.is_empty() {
        let mut attribute = attributes.sequence()?;
        attribute.object_identifier()?;
        attribute.expect(tag::SET)?;
        attribute.finish()?;
    }
    Ok(RequestInfo { subject, public_key })
}

fn read_serial(reader: &mut Reader<'_>) -> Result<(), Fault> {
    let serial = reader.expect(tag::INTEGER)?;
    let magnitude = serial.unsigned()?;
    if serial.value.len() > 20 || magnitude == [0] {
        return Err(Fault::NotCanonical(
            "a serial number is zero or longer than 20 octets (RFC 5280 section 4.1.2.2)",
        ));
    }
    Ok(())
}

fn read_algorithm(reader: &mut Reader<'_>) -> Result<SignatureAlgorithm, Fault> {
    let identifier = reader.expect(tag::SEQUENCE)?.raw;
    SignatureAlgorithm::ALL
        .into_iter()
        .find(|algorithm| algorithm.identifier_der() == identifier)
        .ok_or(Fault::NotCanonical(
            "the signature algorithm is not one of those we make",
        ))
}

fn read_name<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Fault> {
    let name = reader.expect(tag::SEQUENCE)?;
    name::check(name.reader())?;
    Ok(name.raw)
}

fn read_time(reader: &mut Reader<'_>) -> Result<Time, Fault> {
    Time::from_element(reader.any()?).map_err(|_| Fault::NotCanonical("a time is not as RFC 5280 demands"))
}

fn read_public_key<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Fault> {
    let key = reader.expect(tag::SEQUENCE)?.raw;
    PublicKey::from_spki_der(key)
        .map_err(|_| Fault::NotCanonical("the public key is not of a kind and form we certify"))?;
    Ok(key)
}

/// Reads an `Extensions` SEQUENCE: each well-formed, none twice (RFC 5280 section 4.2).
pub(super) fn read_extensions(bytes: &[u8]) -> Result<(), Fault> {
    let mut list = Element::only_tagged(bytes, tag::SEQUENCE)?.reader();
    if list.is_empty() {
        return Err(Fault::NotCanonical("Extensions is present but empty"));
    }
    let mut seen: [&[u8]; MAX_EXTENSIONS] = [&[]; MAX_EXTENSIONS];
    for place in 0..=MAX_EXTENSIONS {
        if list.is_empty() {
            return Ok(());
        }
        let mut extension = list.sequence()?;
        let identifier = extension.clone().expect(tag::OBJECT_IDENTIFIER)?.value;
        extension.object_identifier()?;
        if let Some(critical) = extension.optional(tag::BOOLEAN)?
            && !critical.boolean()?
        {
            return Err(Fault::NotCanonical(
                "critical FALSE is written out, which DER forbids",
            ));
        }
        extension.expect(tag::OCTET_STRING)?;
        extension.finish()?;
        if seen.iter().take(place).any(|earlier| *earlier == identifier) {
            return Err(Fault::NotCanonical("an extension appears more than once"));
        }
        if let Some(free) = seen.get_mut(place) {
            *free = identifier;
        }
    }
    Err(Fault::TooManyValues {
        limit: MAX_EXTENSIONS,
    })
}
