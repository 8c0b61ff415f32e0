//! General names and subtrees: read from DER, and built from texts.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use pki::asn1::Reader;
use pki::general_name::{GeneralName, Subtree};

fuzz_target!(|bytes: &[u8]| {
    same_bytes(bytes, GeneralName::read, GeneralName::to_der);
    same_bytes(bytes, Subtree::read, Subtree::to_der);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for build in [
        GeneralName::dns,
        GeneralName::email,
        GeneralName::uri,
        GeneralName::pointer,
        GeneralName::ip,
    ] {
        survives(build(text), GeneralName::read, GeneralName::to_der);
    }
    for build in [Subtree::dns, Subtree::email, Subtree::uri, Subtree::ip] {
        survives(build(text), Subtree::read, Subtree::to_der);
    }
});

type Read<T> = fn(&mut Reader<'_>) -> pki::Result<T>;

/// What is read is written again byte for byte.
fn same_bytes<T>(bytes: &[u8], read: Read<T>, write: fn(&T) -> Vec<u8>) {
    let element = Reader::new(bytes).any();
    if let (Ok(element), Ok(name)) = (element, read(&mut Reader::new(bytes))) {
        assert_eq!(write(&name), element.raw);
    }
}

/// What is built is read again as the same.
fn survives<T: PartialEq + Debug>(built: pki::Result<T>, read: Read<T>, write: fn(&T) -> Vec<u8>) {
    if let Ok(name) = built {
        assert_eq!(read(&mut Reader::new(&write(&name))).as_ref(), Ok(&name));
    }
}
