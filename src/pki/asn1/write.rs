//! A small DER writer: pieces that are already DER are joined; nothing is decoded or reordered.
//!
//! The functions that answer with bytes are for small values; what every certificate passes through goes into one
//! growing buffer by [`push`] and [`nested`], because memory is asked for more often than bytes are written.

use super::tag;

/// Writes one value: tag, shortest length, content.
pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    constructed(tag, &[content])
}

/// Writes one value whose content is these pieces, one after the other.
pub fn constructed(tag: u8, pieces: &[&[u8]]) -> Vec<u8> {
    let length = pieces.iter().map(|piece| piece.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    push_length(&mut out, length);
    for piece in pieces {
        out.extend_from_slice(piece);
    }
    out
}

/// Appends one value: tag, shortest length, content.
pub fn push(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    push_length(out, content.len());
    out.extend_from_slice(content);
}

/// Appends one value whose content is what `inside` appends.
///
/// One octet is kept free for the length; a content that needs more is moved up once it is known.
pub fn nested<T>(out: &mut Vec<u8>, tag: u8, inside: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    out.push(tag);
    let length_at = out.len();
    out.push(0);
    let answer = inside(out);
    let length = out.len() - length_at - 1;
    match (u8::try_from(length), out.get_mut(length_at)) {
        (Ok(short), Some(octet)) if short < 0x80 => *octet = short,
        _ => {
            let mut octets = Vec::with_capacity(9);
            push_length(&mut octets, length);
            out.splice(length_at..=length_at, octets);
        }
    }
    answer
}

/// Identifier and length of a value whose content follows from elsewhere: what is large is not copied twice.
pub fn header(tag: u8, length: usize) -> Vec<u8> {
    let mut out = vec![tag];
    push_length(&mut out, length);
    out
}

/// A SEQUENCE of these pieces.
pub fn sequence(pieces: &[&[u8]]) -> Vec<u8> {
    constructed(tag::SEQUENCE, pieces)
}

/// A SET OF these pieces, in the order DER demands (X.690 section 11.6).
pub fn set_of(mut pieces: Vec<Vec<u8>>) -> Vec<u8> {
    pieces.sort();
    let refs: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    constructed(tag::SET, &refs)
}

/// `[number] EXPLICIT` around a value that is already DER.
pub fn explicit(number: u8, inner: &[u8]) -> Vec<u8> {
    value(tag::context_constructed(number), inner)
}

/// An INTEGER that is not negative, from its big-endian magnitude.
pub fn unsigned(magnitude: &[u8]) -> Vec<u8> {
    let first = magnitude.iter().position(|byte| *byte != 0);
    let significant = first.and_then(|at| magnitude.get(at..)).unwrap_or(&[0]);
    let needs_zero = significant.first().is_some_and(|byte| byte & 0x80 != 0);
    let zero: &[u8] = if needs_zero { &[0] } else { &[] };
    constructed(tag::INTEGER, &[zero, significant])
}

/// An INTEGER that is not negative.
pub fn small_unsigned(number: u64) -> Vec<u8> {
    unsigned(&number.to_be_bytes())
}

/// A BOOLEAN.
pub fn boolean(truth: bool) -> Vec<u8> {
    value(tag::BOOLEAN, &[if truth { 0xff } else { 0x00 }])
}

/// An OCTET STRING.
pub fn octet_string(octets: &[u8]) -> Vec<u8> {
    value(tag::OCTET_STRING, octets)
}

/// A BIT STRING of whole octets.
pub fn bit_string(octets: &[u8]) -> Vec<u8> {
    constructed(tag::BIT_STRING, &[&[0], octets])
}

/// A BIT STRING used as a list of named bits: trailing zero bits removed (X.690 section 11.2.2).
pub fn named_bits(bits: &[bool]) -> Vec<u8> {
    let used = bits.iter().rposition(|bit| *bit).map_or(0, |last| last + 1);
    let mut octets = vec![0_u8; used.div_ceil(8)];
    for (octet, chunk) in octets.iter_mut().zip(bits.chunks(8)) {
        for (position, bit) in chunk.iter().enumerate() {
            *octet |= u8::from(*bit) << (7 - position);
        }
    }
    let unused = u8::try_from(octets.len() * 8 - used).unwrap_or(0);
    constructed(tag::BIT_STRING, &[&[unused], &octets])
}

/// An OBJECT IDENTIFIER.
pub fn object_identifier(oid: const_oid::ObjectIdentifier) -> Vec<u8> {
    value(tag::OBJECT_IDENTIFIER, oid.as_bytes())
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let skip = octets.iter().take_while(|octet| **octet == 0).count();
            // Unwrap: usize has at most 8 octets, so the count fits into seven bits.
            out.push(0x80 | u8::try_from(octets.len() - skip).unwrap_or(8));
            out.extend(octets.into_iter().skip(skip));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::Element;

    #[test]
    fn what_is_written_reads_back_strictly() {
        for length in [0_usize, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let written = octet_string(&vec![7; length]);
            let read = Element::only(&written).unwrap();
            assert_eq!((read.tag, read.value.len()), (tag::OCTET_STRING, length));
        }
        for magnitude in [&[0_u8][..], &[0x7f], &[0x80], &[0, 0, 1], &[0xff, 0xff]] {
            let written = unsigned(magnitude);
            assert!(
                Element::only(&written).unwrap().unsigned().is_ok(),
                "{written:02x?}"
            );
        }
    }

    #[test]
    fn named_bits_lose_their_trailing_zeros() {
        assert_eq!(named_bits(&[true, false, false]), [3, 2, 7, 0x80]);
        assert_eq!(named_bits(&[false; 9]), [3, 1, 0]);
        let crl_sign_and_decipher_only = [false, false, false, false, false, false, true, false, true];
        assert_eq!(named_bits(&crl_sign_and_decipher_only), [3, 3, 7, 0x02, 0x80]);
    }
}
