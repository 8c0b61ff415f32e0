//! The strict DER reader and the gate before every parser: what passes has exactly one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::asn1::{Element, Limits, Reader, check, write};

const SMALL: Limits = Limits {
    bytes: 512,
    depth: 6,
    values: 40,
};

fuzz_target!(|bytes: &[u8]| {
    let verdict = check(bytes, Limits::CERTIFICATE);
    assert_eq!(
        verdict,
        check(bytes, Limits::CERTIFICATE),
        "the same bytes, the same answer"
    );
    if check(bytes, SMALL).is_ok() {
        assert_eq!(verdict, Ok(()), "what passes small limits passes large ones");
        assert!(bytes.len() <= SMALL.bytes && depth(bytes) <= SMALL.depth);
    }
    if verdict.is_ok() {
        let rewritten = rewrite(&Element::only(bytes).expect("one value"));
        assert_eq!(rewritten, bytes, "DER: one value, one encoding");
    }
    accessors(bytes);
});

/// Takes a value apart down to its leaves and writes it again with the writer, which shares nothing with the
/// reader.
fn rewrite(element: &Element<'_>) -> Vec<u8> {
    if element.tag & 0x20 == 0 {
        return write::value(element.tag, element.value);
    }
    let mut inside = element.reader();
    let mut content = Vec::new();
    while !inside.is_empty() {
        content.extend(rewrite(&inside.any().expect("checked before")));
    }
    write::value(element.tag, &content)
}

fn depth(bytes: &[u8]) -> usize {
    let mut reader = Reader::new(bytes);
    let mut deepest = 0;
    while let Ok(element) = reader.any() {
        if element.tag & 0x20 != 0 {
            deepest = deepest.max(1 + depth(element.value));
        }
    }
    deepest
}

/// Every typed reader over every value of the first level: they answer, and agree with the writer.
fn accessors(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    while let Ok(element) = reader.any() {
        assert_eq!(&write::value(element.tag, element.value), element.raw);
        if let Ok(magnitude) = element.unsigned() {
            assert_eq!(&write::unsigned(magnitude)[1..], &element.raw[1..]);
        }
        if let Ok(number) = element.small_unsigned() {
            assert_eq!(&write::small_unsigned(number)[1..], &element.raw[1..]);
        }
        if let Ok(truth) = element.boolean() {
            assert_eq!(&write::boolean(truth)[1..], &element.raw[1..]);
        }
        if let Ok(octets) = element.bit_string_octets() {
            assert_eq!(&write::bit_string(octets)[1..], &element.raw[1..]);
        }
        if let Ok(bits) = element.named_bits(32) {
            assert_eq!(&write::named_bits(&bits)[1..], &element.raw[1..]);
        }
        if let Ok(oid) = Reader::new(element.raw).object_identifier() {
            assert_eq!(write::object_identifier(oid), element.raw);
        }
    }
}
