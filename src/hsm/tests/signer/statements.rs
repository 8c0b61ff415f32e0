//! What the tests have signed.

use std::future::Future;
use std::task::{Context, Poll, Waker};

use hsm::direct::TokenKey;
use pki::asn1::{tag, write};
use pki::certificate::{Certificate, Content, Validity};
use pki::extension::{Extension, Extensions};
use pki::name::{Attribute, Name};
use pki::oid;
use pki::public_key::PublicKey;
use pki::serial::Serial;
use pki::signing::{Signed, Signer as _, Unsigned};
use pki::time::Time;

use crate::given::VERIFIER;

/// The name of the office's authority.
pub(crate) fn authority() -> Name {
    Name::from_attributes(&[Attribute::from_key("CN", "Test Authority").unwrap()]).unwrap()
}

/// A certificate of that authority, to be signed.
pub(crate) fn certificate(issuer: Name, subject_key: PublicKey, serial: u8) -> Unsigned<Certificate> {
    let begin = Time::from_unix_seconds(1_790_000_000).unwrap();
    let usage = Extension::new(oid::extension::KEY_USAGE, true, vec![3, 2, 1, 6]);
    Content {
        serial: Serial::from_random([serial; 20]),
        signature: pki::algorithm::SignatureAlgorithm::EcdsaSha256,
        issuer,
        validity: Validity {
            not_before: begin,
            not_after: begin.plus_days(30),
        },
        subject: authority(),
        public_key: subject_key,
        extensions: Extensions::new(vec![usage]).unwrap(),
    }
    .prepare()
    .unwrap()
}

/// The authority's own certificate.
pub(crate) fn self_signed(key: &TokenKey) -> Signed<Certificate> {
    let unsigned = certificate(authority(), key.public_key().clone(), 1);
    // A key on an open token answers at once.
    match std::pin::pin!(unsigned.sign(key, &VERIFIER)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(signed) => signed.unwrap(),
        Poll::Pending => panic!("a direct key made somebody wait"),
    }
}

/// A register's checkpoint; each number gives another.
pub(crate) fn checkpoint(number: u64) -> Vec<u8> {
    format!("log.example\n{number}\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n").into_bytes()
}

/// Signed attributes over content of this type.
pub(crate) fn signed_attributes(content: const_oid::ObjectIdentifier) -> Vec<u8> {
    let attribute = |kind, value: &[u8]| {
        write::sequence(&[
            &write::object_identifier(kind),
            &write::constructed(tag::SET, &[value]),
        ])
    };
    write::set_of(vec![
        attribute(oid::attribute::CONTENT_TYPE, &write::object_identifier(content)),
        attribute(oid::attribute::MESSAGE_DIGEST, &write::octet_string(&[3; 32])),
    ])
}

/// The to-be-signed bytes of a request for this key.
pub(crate) fn request(public_key: &PublicKey) -> Vec<u8> {
    write::sequence(&[
        &write::small_unsigned(0),
        authority().der(),
        public_key.spki_der(),
        &write::value(tag::context_constructed(0), &[]),
    ])
}

/// A CRL of the authority with this many entries.
pub(crate) fn crl(entries: u32) -> Vec<u8> {
    let time = Time::from_unix_seconds(1_790_000_000).unwrap().to_der();
    let revoked: Vec<u8> = (0..entries)
        .flat_map(|entry| {
            let serial = [&[0x40][..], &[0; 11], &entry.to_be_bytes()].concat();
            write::sequence(&[&write::unsigned(&serial), &time])
        })
        .collect();
    let number = write::sequence(&[&write::sequence(&[
        &write::object_identifier(oid::extension::CRL_NUMBER),
        &write::octet_string(&write::small_unsigned(7)),
    ])]);
    write::sequence(&[
        &write::small_unsigned(1),
        pki::algorithm::SignatureAlgorithm::EcdsaSha256.identifier_der(),
        authority().der(),
        &time,
        &time,
        &write::sequence(&[&revoked]),
        &write::explicit(0, &number),
    ])
}
