//! Tests of the recognition of what is about to be signed.

use super::*;
use crate::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use crate::asn1::write;
use crate::name::{Attribute, Name};
use crate::oid;
use crate::public_key::PublicKey;
use crate::time::Time;

const SIGNATURE: SignatureAlgorithm = SignatureAlgorithm::EcdsaSha256;

fn key(filler: u8) -> PublicKey {
    let point = [&[4][..], &[filler; 64]].concat();
    PublicKey::from_ec_point(KeyAlgorithm::EcdsaP256, &point).unwrap()
}

fn name(common_name: &str) -> Name {
    Name::from_attributes(&[Attribute::from_key("CN", common_name).unwrap()]).unwrap()
}

fn owner() -> Owner {
    Owner::new(key(7), SIGNATURE, Some(name("Authority")))
}

fn time(seconds: i64) -> Time {
    Time::from_unix_seconds(1_790_000_000 + seconds).unwrap()
}

fn extensions() -> Vec<u8> {
    let one = write::sequence(&[
        &write::object_identifier(oid::extension::KEY_USAGE),
        &write::boolean(true),
        &write::octet_string(&[3, 2, 7, 0x80]),
    ]);
    write::sequence(&[&one])
}

fn certificate(issuer: &Name, signature: SignatureAlgorithm) -> Vec<u8> {
    write::sequence(&[
        &write::explicit(0, &write::small_unsigned(2)),
        &write::unsigned(&[9; 20]),
        signature.identifier_der(),
        issuer.der(),
        &write::sequence(&[&time(0).to_der(), &time(60).to_der()]),
        name("Somebody").der(),
        key(9).spki_der(),
        &write::explicit(3, &extensions()),
    ])
}

fn crl(issuer: &Name, signature: SignatureAlgorithm) -> Vec<u8> {
    let entry = write::sequence(&[&write::unsigned(&[5; 20]), &time(0).to_der()]);
    write::sequence(&[
        &write::small_unsigned(1),
        signature.identifier_der(),
        issuer.der(),
        &time(0).to_der(),
        &time(60).to_der(),
        &write::sequence(&[&entry]),
        &write::explicit(0, &extensions()),
    ])
}

fn request(public_key: &PublicKey) -> Vec<u8> {
    write::sequence(&[
        &write::small_unsigned(0),
        name("Authority").der(),
        public_key.spki_der(),
        &write::value(tag::context_constructed(0), &[]),
    ])
}

fn response(responder: &[u8]) -> Vec<u8> {
    let id = write::sequence(&[
        &write::sequence(&[&write::object_identifier(oid::algorithm::SHA_256)]),
        &write::octet_string(&[1; 32]),
        &write::octet_string(&[2; 32]),
        &write::unsigned(&[9; 20]),
    ]);
    let single = write::sequence(&[
        &id,
        &write::value(tag::context(0), &[]),
        &time(0).to_generalized_der(),
        &write::explicit(0, &time(60).to_generalized_der()),
    ]);
    write::sequence(&[
        responder,
        &time(0).to_generalized_der(),
        &write::sequence(&[&single]),
    ])
}

fn by_key(public_key: &PublicKey) -> Vec<u8> {
    use sha1::Digest as _;
    write::explicit(
        2,
        &write::octet_string(&sha1::Sha1::digest(public_key.key_bits())),
    )
}

fn attribute(kind: const_oid::ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    write::sequence(&[
        &write::object_identifier(kind),
        &write::constructed(tag::SET, &[value]),
    ])
}

fn signed_attributes(content: const_oid::ObjectIdentifier) -> Vec<u8> {
    write::set_of(vec![
        attribute(oid::attribute::CONTENT_TYPE, &write::object_identifier(content)),
        attribute(oid::attribute::MESSAGE_DIGEST, &write::octet_string(&[3; 32])),
    ])
}

const CHECKPOINT: &str =
    "1cartorio.example/register\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

/// One well-formed statement of each kind, all of them the owner's own.
fn one_of_each() -> [(Kind, Vec<u8>); 7] {
    let issuer = name("Authority");
    [
        (Kind::Certificate, certificate(&issuer, SIGNATURE)),
        (Kind::Crl, crl(&issuer, SIGNATURE)),
        (Kind::Request, request(&key(7))),
        (Kind::OcspResponse, response(&write::explicit(1, issuer.der()))),
        (Kind::TimeStamp, signed_attributes(oid::content::TST_INFO)),
        (Kind::DocumentSignature, signed_attributes(oid::content::DATA)),
        (Kind::RegisterCheckpoint, CHECKPOINT.as_bytes().to_vec()),
    ]
}

#[test]
fn each_kind_is_recognised_as_itself_and_as_nothing_else() {
    for (kind, bytes) in one_of_each() {
        let statement = recognise(&bytes).unwrap();
        assert_eq!(statement.kind(), kind);
        assert_eq!(statement.check_owner(&owner()), Ok(()), "{kind}");
        // No reader of another structure accepts the same bytes.
        let accepted = [
            authority::read_certificate(&bytes).is_ok(),
            authority::read_crl(&bytes).is_ok(),
            authority::read_request(&bytes).is_ok(),
            responder::read(&bytes).is_ok(),
            attributes::read(&bytes).is_ok(),
            checkpoint::read(&bytes).is_ok(),
        ];
        assert_eq!(accepted.iter().filter(|yes| **yes).count(), 1, "{kind}");
    }
}

#[test]
fn another_issuers_statements_are_not_the_owners() {
    let stranger = name("Stranger");
    for (bytes, why) in [
        (certificate(&stranger, SIGNATURE), NotOwner::Issuer),
        (crl(&stranger, SIGNATURE), NotOwner::Issuer),
        (
            certificate(&name("Authority"), SignatureAlgorithm::EcdsaSha384),
            NotOwner::Algorithm,
        ),
        (
            crl(&name("Authority"), SignatureAlgorithm::RsaPssSha256),
            NotOwner::Algorithm,
        ),
        (request(&key(8)), NotOwner::PublicKey),
        (response(&write::explicit(1, stranger.der())), NotOwner::Responder),
        (response(&by_key(&key(8))), NotOwner::Responder),
    ] {
        assert_eq!(recognise(&bytes).unwrap().check_owner(&owner()), Err(why));
    }
    let own = response(&by_key(&key(7)));
    assert_eq!(recognise(&own).unwrap().check_owner(&owner()), Ok(()));
}

#[test]
fn a_key_without_certificate_signs_only_its_own_request() {
    let young = Owner::new(key(7), SIGNATURE, None);
    let refused = |bytes: &[u8]| recognise(bytes).unwrap().check_owner(&young);
    let [(_, own_certificate), (_, own_crl), (_, own_request), ..] = one_of_each();
    assert_eq!(refused(&own_certificate), Err(NotOwner::NoCertificate));
    assert_eq!(refused(&own_crl), Err(NotOwner::NoCertificate));
    assert_eq!(refused(&own_request), Ok(()));
    let nameless = Owner::new(key(7), SIGNATURE, Some(Name::empty()));
    let anonymous = certificate(&Name::empty(), SIGNATURE);
    assert_eq!(
        recognise(&anonymous).unwrap().check_owner(&nameless),
        Err(NotOwner::Issuer)
    );
}

#[test]
fn every_cut_and_every_appended_byte_is_refused() {
    for (kind, bytes) in one_of_each() {
        for length in 0..bytes.len() {
            assert!(recognise(&bytes[..length]).is_err(), "{kind} cut at {length}");
        }
        for extra in [0_u8, b'\n', 0x30] {
            let longer = [&bytes[..], &[extra]].concat();
            assert!(recognise(&longer).is_err(), "{kind} with {extra:#04x} appended");
        }
    }
}

#[test]
fn no_single_changed_byte_turns_one_kind_into_another() {
    for (kind, bytes) in one_of_each() {
        for place in 0..bytes.len() {
            for value in 0..=255_u8 {
                let mut changed = bytes.clone();
                changed[place] = value;
                if let Ok(statement) = recognise(&changed) {
                    // The two kinds of signed attributes differ by their content type alone.
                    let pair = [Kind::TimeStamp, Kind::DocumentSignature];
                    let content_type = pair.contains(&kind) && pair.contains(&statement.kind());
                    assert!(statement.kind() == kind || content_type, "{kind} at {place}");
                }
            }
        }
    }
}

#[test]
fn a_time_stamp_never_passes_as_a_document_signature() {
    let time_stamp = signed_attributes(oid::content::TST_INFO);
    assert_eq!(recognise(&time_stamp).unwrap().kind(), Kind::TimeStamp);
    let two_types = write::set_of(vec![
        attribute(
            oid::attribute::CONTENT_TYPE,
            &write::object_identifier(oid::content::TST_INFO),
        ),
        attribute(
            oid::attribute::CONTENT_TYPE,
            &write::object_identifier(oid::content::DATA),
        ),
        attribute(oid::attribute::MESSAGE_DIGEST, &write::octet_string(&[3; 32])),
    ]);
    assert!(recognise(&two_types).is_err());
    let two_values = [
        write::object_identifier(oid::content::DATA),
        write::object_identifier(oid::content::TST_INFO),
    ]
    .concat();
    let two_values = write::set_of(vec![
        attribute(oid::attribute::CONTENT_TYPE, &two_values),
        attribute(oid::attribute::MESSAGE_DIGEST, &write::octet_string(&[3; 32])),
    ]);
    assert!(recognise(&two_values).is_err());
}

#[test]
fn signed_attributes_must_be_complete_sorted_and_strong() {
    let content = attribute(
        oid::attribute::CONTENT_TYPE,
        &write::object_identifier(oid::content::DATA),
    );
    let digest = |length: usize| {
        attribute(
            oid::attribute::MESSAGE_DIGEST,
            &write::octet_string(&vec![3; length]),
        )
    };
    let set = |pieces: &[&[u8]]| write::constructed(tag::SET, pieces);
    assert!(recognise(&set(&[&content, &digest(32)])).is_ok());
    for wrong in [
        set(&[&digest(32), &content]),
        set(&[&content]),
        set(&[&digest(32)]),
        set(&[&content, &digest(20)]),
        set(&[&content, &content, &digest(32)]),
        set(&[]),
    ] {
        assert!(recognise(&wrong).is_err());
    }
    let many: Vec<Vec<u8>> = (1..=MANY)
        .map(|arc| {
            let kind = oid::content::DATA.push_arc(arc).unwrap();
            attribute(kind, &write::value(tag::NULL, &[]))
        })
        .chain([content, digest(32)])
        .collect();
    assert!(recognise(&write::set_of(many)).is_err());
}

const MANY: u32 = 64;

#[test]
fn sloppy_certificates_and_lists_are_refused() {
    let good = certificate(&name("Authority"), SIGNATURE);
    let replaced = |from: &[u8], to: &[u8]| {
        let at = good
            .windows(from.len())
            .position(|window| window == from)
            .unwrap();
        let mut changed = good.clone();
        changed.splice(at..at + from.len(), to.iter().copied());
        changed
    };
    // Version 2, a critical FALSE, and an algorithm outside the closed list.
    assert!(recognise(&replaced(&[0xa0, 3, 2, 1, 2], &[0xa0, 3, 2, 1, 1])).is_err());
    assert!(recognise(&replaced(&[1, 1, 0xff], &[1, 1, 0])).is_err());
    assert!(recognise(&replaced(&[0xce, 0x3d, 4, 3, 2], &[0xce, 0x3d, 4, 3, 1])).is_err());
    // An extension's identifier whose last arc does not end (keyUsage is 2.5.29.15).
    assert!(recognise(&replaced(&[6, 3, 0x55, 0x1d, 0x0f], &[6, 3, 0x55, 0x1d, 0x8f])).is_err());
    let twice = write::sequence(&[&extensions()[2..], &extensions()[2..]]);
    assert!(authority::read_extensions(&twice).is_err());
    assert!(authority::read_extensions(&write::sequence(&[])).is_err());
    let no_next_update = write::sequence(&[
        &write::small_unsigned(1),
        SIGNATURE.identifier_der(),
        name("Authority").der(),
        &time(0).to_der(),
        &write::explicit(0, &extensions()),
    ]);
    assert!(recognise(&no_next_update).is_err());
}

#[test]
fn checkpoints_follow_their_text_form_exactly() {
    let Statement::RegisterCheckpoint(checkpoint) = recognise(CHECKPOINT.as_bytes()).unwrap() else {
        panic!("not a checkpoint")
    };
    assert_eq!(checkpoint.origin, "1cartorio.example/register");
    assert_eq!(checkpoint.tree_size, 20_852_163);
    assert_eq!(checkpoint.root_hash[..4], [0x0a, 0xc5, 0x18, 0x6a]);
    let hash = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let almost = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=";
    for good in [
        format!("registo.example\n0\n{hash}\n"),
        format!("registo.example\n7\n{hash}\nextension one\n— two\n"),
    ] {
        assert!(recognise(good.as_bytes()).is_ok(), "{good}");
    }
    for wrong in [
        format!("registo.example\n7\n{hash}"),
        format!("registo.example\n7\n{hash}\n\n"),
        format!("registo.example\n7\n{hash}\n\n— signature\n"),
        format!("registo.example\n07\n{hash}\n"),
        format!("registo.example\n+7\n{hash}\n"),
        format!("registo.example\n99999999999999999999\n{hash}\n"),
        format!("registo.example\n7\n{almost}\n"),
        format!("registo.example\n7\n{}\n", hash.trim_end_matches('=')),
        format!("\n7\n{hash}\n"),
        format!("two words\n7\n{hash}\n"),
        format!("a+b\n7\n{hash}\n"),
        format!("registo.example\r\n7\n{hash}\n"),
        format!("<ds:SignedInfo\n7\n{hash}\n"),
        "registo.example\n7\n".to_owned(),
        "\n".to_owned(),
        String::new(),
    ] {
        assert!(recognise(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    let long = format!("registo.example\n7\n{hash}\n{}\n", "x".repeat(9000));
    assert!(recognise(long.as_bytes()).is_err());
}

#[test]
fn hostile_shapes_are_refused_quickly() {
    let deep = (0..10_000).fold(Vec::new(), |inner, _| write::sequence(&[&inner]));
    assert!(recognise(&deep).is_err());
    let huge = write::sequence(&[
        &write::explicit(0, &write::small_unsigned(2)),
        &vec![0; 300 * 1024],
    ]);
    assert!(recognise(&huge).is_err());
    let lying = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0xa0, 3, 2, 1, 2];
    assert!(recognise(&lying).is_err());
    for first in 0..=255_u8 {
        assert!(recognise(&[first]).is_err());
        assert!(recognise(&[first, 0]).is_err());
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _ = recognise(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(which in 0_usize..7, damage in proptest::collection::vec((0_usize..600, proptest::num::u8::ANY), 1..6)) {
        let mut bytes = one_of_each()[which].1.clone();
        for (place, value) in damage {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        let _ = recognise(&bytes);
    }
}
