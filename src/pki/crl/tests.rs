//! Tests of revocation lists: built, read, held against hostile bytes.

use der::{Decode as _, Encode as _};

use super::*;
use crate::algorithm::KeyAlgorithm;
use crate::aws_lc::{AwsLc, SoftwareKey};
use crate::certificate::Certificate;
use crate::extension::{DistributionPointName, ReasonCode};
use crate::name::Attribute;
use crate::signing::{Signed, Signer as _};

fn key() -> SoftwareKey {
    let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pkcs8 = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    SoftwareKey::from_pkcs8(KeyAlgorithm::EcdsaP256, pkcs8.as_ref()).unwrap()
}

fn now() -> Time {
    Time::from_unix_seconds(1_795_000_000).unwrap()
}

/// What the root's first list says.
fn content() -> CrlContent {
    CrlContent {
        signature: SignatureAlgorithm::EcdsaSha256,
        issuer: Name::from_attributes(&[Attribute::from_key("CN", "AC Raiz").unwrap()]).unwrap(),
        this_update: now(),
        next_update: now().plus_days(180),
        authority_key_identifier: AuthorityKeyIdentifier::of(vec![7; 20]),
        number: CrlNumber::new(1),
        base: None,
        issuing_distribution_point: None,
        freshest_crl: None,
    }
}

fn revoked(serial: u32, reason: ReasonCode) -> RevokedCertificate {
    RevokedCertificate {
        serial: Serial::from_magnitude(&serial.to_be_bytes()).unwrap(),
        revoked_at: now().plus_seconds(-60),
        reason,
        invalid_since: None,
    }
}

/// One entry for each reason that a full list may give.
fn one_of_each() -> Vec<RevokedCertificate> {
    let reasons = ReasonCode::ALL
        .into_iter()
        .filter(|reason| *reason != ReasonCode::RemoveFromCrl);
    let mut entries: Vec<_> = (0x8000_0000..)
        .zip(reasons)
        .map(|(serial, reason)| revoked(serial, reason))
        .collect();
    entries[1].invalid_since = Some(now().plus_days(1));
    entries[0].invalid_since = Some(now().plus_seconds(-86_400));
    entries
}

fn sign(content: &CrlContent, entries: Vec<RevokedCertificate>) -> Signed<Crl> {
    let key = key();
    let unsigned = content.prepare(entries).unwrap();
    let signature = key.sign_now(unsigned.tbs_der()).unwrap();
    unsigned.join(key.public_key(), &signature, &AwsLc).unwrap()
}

/// A complete list around these to-be-signed pieces; its signature is none.
fn unsigned_list(pieces: &[&[u8]]) -> Vec<u8> {
    let algorithm = SignatureAlgorithm::EcdsaSha256.identifier_der();
    write::sequence(&[&write::sequence(pieces), algorithm, &write::bit_string(&[0; 8])])
}

fn refusal(der: &[u8]) -> String {
    Crl::parse(der).expect_err("must be refused").to_string()
}

/// The pieces of a sound list, to be changed one at a time.
fn pieces() -> Vec<Vec<u8>> {
    let unsigned = content().prepare(one_of_each()).unwrap();
    let mut inside = Reader::new(unsigned.tbs_der()).sequence().unwrap();
    let mut pieces = Vec::new();
    while !inside.is_empty() {
        pieces.push(inside.any().unwrap().raw.to_vec());
    }
    pieces
}

fn with(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut pieces = pieces();
    change(&mut pieces);
    let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    unsigned_list(&pieces)
}

#[test]
fn the_roots_first_list_is_empty_and_has_no_list() {
    let signed = sign(&content(), Vec::new());
    let crl = signed.value();
    assert_eq!(crl.content(), &content());
    assert_eq!(crl.entries().count(), 0);
    assert!(crl.is_current(now()) && crl.is_current(now().plus_days(180)));
    assert!(!crl.is_current(now().plus_seconds(-1)) && !crl.is_current(now().plus_days(181)));
    let pieces = pieces().len();
    assert_eq!(
        pieces, 7,
        "version, algorithm, issuer, two times, entries, extensions"
    );
    let second_opinion =
        x509_cert::crl::CertificateList::<x509_cert::certificate::Rfc5280>::from_der(crl.der()).unwrap();
    assert_eq!(second_opinion.tbs_cert_list.revoked_certificates, None);
    assert_eq!(second_opinion.to_der().unwrap(), crl.der());
}

#[test]
fn every_entry_is_read_back_as_it_was_given() {
    let signed = sign(&content(), one_of_each());
    let crl = signed.value();
    assert_eq!(crl.entries().collect::<Vec<_>>(), one_of_each());
    for entry in one_of_each() {
        assert_eq!(crl.find(&entry.serial), Some(entry));
    }
    assert_eq!(crl.find(&Serial::from_magnitude(&[1]).unwrap()), None);
    assert_eq!(Crl::from_pem(&crl.to_pem().unwrap()).as_ref(), Ok(crl));
    let second_opinion =
        x509_cert::crl::CertificateList::<x509_cert::certificate::Rfc5280>::from_der(crl.der()).unwrap();
    assert_eq!(second_opinion.to_der().unwrap(), crl.der());
    let theirs = second_opinion.tbs_cert_list.revoked_certificates.unwrap();
    assert_eq!(theirs.len(), one_of_each().len());
    assert_eq!(
        theirs[0].crl_entry_extensions.as_ref().unwrap().len(),
        1,
        "no reason is written for unspecified"
    );
}

#[test]
fn deltas_and_partial_lists_say_so_critically() {
    let point = IssuingDistributionPoint {
        name: Some(DistributionPointName::from_address("http://crl.example/users.crl").unwrap()),
        scope: crate::extension::CrlScope::UserCertificates,
        only_some_reasons: None,
        indirect_crl: false,
    };
    let delta = CrlContent {
        number: CrlNumber::new(u64::MAX),
        base: Some(CrlNumber::new(255)),
        issuing_distribution_point: Some(point),
        ..content()
    };
    let signed = sign(&delta, vec![revoked(1, ReasonCode::RemoveFromCrl)]);
    assert_eq!(signed.value().content(), &delta);
    assert!(signed.value().content().is_delta());
    let critical: Vec<_> = signed
        .value()
        .extensions()
        .iter()
        .filter(|extension| extension.critical)
        .map(|extension| extension.oid)
        .collect();
    assert_eq!(
        critical,
        [known::DELTA_CRL_INDICATOR, known::ISSUING_DISTRIBUTION_POINT]
    );
    let full = CrlContent {
        freshest_crl: Some(FreshestCrl::from_addresses(&["http://crl.example/delta.crl"]).unwrap()),
        ..content()
    };
    assert_eq!(sign(&full, Vec::new()).value().content(), &full);
}

#[test]
fn what_breaks_a_rule_is_not_prepared() {
    let refused = |content: &CrlContent, entries: Vec<RevokedCertificate>| {
        content.prepare(entries).expect_err("must be refused").to_string()
    };
    let sound = content();
    let same_time = CrlContent {
        next_update: now(),
        ..content()
    };
    assert!(refused(&same_time, vec![]).contains("nextUpdate must be after"));
    let nameless = CrlContent {
        issuer: Name::empty(),
        ..content()
    };
    assert!(refused(&nameless, vec![]).contains("must have a name"));
    let own_base = CrlContent {
        base: Some(CrlNumber::new(1)),
        ..content()
    };
    assert!(refused(&own_base, vec![]).contains("greater than that of its base"));
    let freshest = FreshestCrl::from_addresses(&["http://crl.example/delta.crl"]).unwrap();
    let pointing = CrlContent {
        number: CrlNumber::new(2),
        base: Some(CrlNumber::new(1)),
        freshest_crl: Some(freshest),
        ..content()
    };
    assert!(refused(&pointing, vec![]).contains("must not point to deltas"));
    let unsorted = vec![
        revoked(2, ReasonCode::Superseded),
        revoked(1, ReasonCode::Superseded),
    ];
    assert!(refused(&sound, unsorted).contains("sort them"));
    let twice = vec![
        revoked(1, ReasonCode::Superseded),
        revoked(1, ReasonCode::KeyCompromise),
    ];
    assert!(refused(&sound, twice).contains("each once"));
    assert!(refused(&sound, vec![revoked(1, ReasonCode::RemoveFromCrl)]).contains("only stand in a delta"));
}

#[test]
fn lists_of_openssl_and_certtool_are_understood() {
    let authority = Certificate::from_pem(include_str!("../testdata/crl/authority.pem")).unwrap();
    for (name, pem, entries) in [
        (
            "openssl-empty",
            include_str!("../testdata/crl/openssl-empty.crl"),
            0,
        ),
        (
            "openssl-reasons",
            include_str!("../testdata/crl/openssl-reasons.crl"),
            8,
        ),
        ("openssl-idp", include_str!("../testdata/crl/openssl-idp.crl"), 8),
        (
            "openssl-delta",
            include_str!("../testdata/crl/openssl-delta.crl"),
            8,
        ),
        ("certtool", include_str!("../testdata/crl/certtool.crl"), 1),
    ] {
        let crl = Crl::from_pem(pem).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(crl.entries().count(), entries, "{name}");
        assert_eq!(crl.content().issuer, authority.content().subject, "{name}");
        assert_eq!(
            crl.verify_signature(&authority.content().public_key, &AwsLc),
            Ok(()),
            "{name}"
        );
        assert!(
            crl.verify_signature(key().public_key(), &AwsLc).is_err(),
            "{name}"
        );
        assert_eq!(crl.content().is_delta(), name == "openssl-delta");
        assert_eq!(
            crl.content().issuing_distribution_point.is_some(),
            name == "openssl-idp"
        );
    }
    let reasons = Crl::from_pem(include_str!("../testdata/crl/openssl-reasons.crl")).unwrap();
    let third = reasons.find(&Serial::from_magnitude(&[0xa3]).unwrap()).unwrap();
    assert_eq!(third.reason, ReasonCode::KeyCompromise);
    assert_eq!(third.invalid_since.unwrap().to_string(), "2025-12-31T12:00:00Z");
    assert_eq!(reasons.content().number, CrlNumber::new(18));
}

#[test]
fn lists_without_what_rfc_5280_demands_are_refused() {
    for (pem, part) in [
        (
            include_str!("../testdata/crl/refused-version-1.crl"),
            "version must be 2",
        ),
        (
            include_str!("../testdata/crl/refused-no-extensions.crl"),
            "extensions are missing",
        ),
        (
            include_str!("../testdata/crl/refused-no-key-identifier.crl"),
            "authorityKeyIdentifier is missing",
        ),
    ] {
        let message = Crl::from_pem(pem).unwrap_err().to_string();
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(refusal(&with(|pieces| pieces[0] = vec![2, 1, 0])).contains("version must be 2"));
    assert!(refusal(&with(|pieces| drop(pieces.remove(4)))).contains("nextUpdate is missing"));
    assert!(refusal(&with(|pieces| pieces.swap(3, 4))).contains("nextUpdate must be after"));
    assert!(refusal(&with(|pieces| pieces[5] = vec![0x30, 0])).contains("present but empty"));
    assert!(refusal(&with(|pieces| pieces.push(vec![5, 0]))).contains("2 unexpected bytes"));
    assert!(refusal(&with(|pieces| pieces[2] = vec![0x30, 0])).contains("must have a name"));
    let other = SignatureAlgorithm::Ed25519.identifier_der().to_vec();
    assert!(refusal(&with(|pieces| pieces[1] = other)).contains("inside and outside"));
}

#[test]
fn extensions_that_are_not_understood_or_misflagged_refuse_the_list() {
    let extensions = |list: Vec<Extension>| {
        let mut all = vec![
            AuthorityKeyIdentifier::of(vec![7; 20]).to_extension().unwrap(),
            CrlNumber::new(3).to_extension().unwrap(),
        ];
        all.extend(list);
        let all: Vec<Vec<u8>> = all.iter().map(Extension::to_der).collect();
        let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        with(|pieces| pieces[6] = write::explicit(0, &write::sequence(&all)))
    };
    let unknown = |critical| {
        Extension::new(
            const_oid::ObjectIdentifier::new_unwrap("1.2.3.4"),
            critical,
            vec![5, 0],
        )
    };
    assert!(
        Crl::parse(&extensions(vec![unknown(false)])).is_ok(),
        "what is not critical may be overlooked"
    );
    let message = refusal(&extensions(vec![unknown(true)]));
    assert!(
        message.contains("TBSCertList: the critical extension 1.2.3.4"),
        "{message}"
    );
    let mut delta = DeltaCrlIndicator(CrlNumber::new(1)).to_extension().unwrap();
    assert!(Crl::parse(&extensions(vec![delta.clone()])).is_ok());
    delta.critical = false;
    assert!(refusal(&extensions(vec![delta])).contains("must be critical"));
    let number = CrlNumber::new(4).to_extension().unwrap();
    assert!(refusal(&extensions(vec![number])).contains("2.5.29.20 appears more than once"));
}

#[test]
fn misshapen_entries_refuse_the_list() {
    let time = now().to_der();
    let extension = |dotted: &str, critical: bool, value: &[u8]| {
        Extension::new(
            const_oid::ObjectIdentifier::new(dotted).unwrap(),
            critical,
            value.to_vec(),
        )
        .to_der()
    };
    let entry = |extensions: &[&[u8]]| write::sequence(&[&[2, 1, 5], &time, &write::sequence(extensions)]);
    let reason = |code: u8| extension("2.5.29.21", false, &[0x0a, 1, code]);
    let many: Vec<Vec<u8>> = (0..17)
        .map(|last| extension(&format!("1.2.3.{last}"), false, &[5, 0]))
        .collect();
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    for (entry, part) in [
        (entry(&[&reason(7)]), "0 to 6 or 8 to 10"),
        (entry(&[&reason(11)]), "0 to 6 or 8 to 10"),
        (entry(&[&reason(8)]), "only stand in a delta"),
        (
            entry(&[&reason(1), &reason(1)]),
            "2.5.29.21 appears more than once",
        ),
        (
            entry(&[&extension("2.5.29.29", true, &[0x30, 0])]),
            "critical extension 2.5.29.29",
        ),
        (
            entry(&[&extension("2.5.29.24", false, &now().to_der())]),
            "tag 0x17",
        ),
        (entry(&[]), "present but empty"),
        (entry(&many), "more than 16 values"),
        (write::sequence(&[&[2, 1, 0], &time]), "must be positive"),
        (write::sequence(&[&[2, 1, 0xff], &time]), "negative"),
        (write::sequence(&[&[2, 1, 5]]), "end before"),
        (write::sequence(&[&[2, 1, 5], &time, &[5, 0]]), "tag 0x05"),
        (vec![5, 0], "tag 0x05"),
    ] {
        let message = refusal(&with(|pieces| pieces[5] = write::sequence(&[&entry])));
        assert!(message.contains(part), "{part}: {message}");
    }
    let written_out = with(|pieces| pieces[5] = write::sequence(&[&entry(&[&reason(0)])]));
    let read = Crl::parse(&written_out).unwrap();
    assert_eq!(
        read.entries().next().unwrap().reason,
        ReasonCode::Unspecified,
        "some authorities write it out"
    );
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let key = key();
    let unsigned = content().prepare(one_of_each()).unwrap();
    let signature = key.sign_now(unsigned.tbs_der()).unwrap();
    let der = unsigned
        .join(key.public_key(), &signature, &AwsLc)
        .unwrap()
        .der()
        .to_vec();
    for position in 0..der.len() {
        let mut changed = der.clone();
        changed[position] ^= 0x01;
        let accepted = Crl::parse(&changed).and_then(|crl| crl.verify_signature(key.public_key(), &AwsLc));
        assert!(accepted.is_err(), "byte {position} passed");
        assert!(Crl::parse(&der[..position]).is_err());
    }
}

#[test]
fn limits_hold_before_anything_is_read() {
    let small = Limits {
        bytes: 1000,
        depth: 16,
        values: 100,
    };
    let signed = sign(
        &content(),
        (1..100)
            .map(|serial| revoked(serial, ReasonCode::Superseded))
            .collect(),
    );
    let message = Crl::parse_within(signed.der(), small).unwrap_err().to_string();
    assert!(message.contains("more than the 1000 allowed"), "{message}");
    let nested = (0..40).fold(Vec::new(), |inner, _| write::sequence(&[&inner]));
    assert!(refusal(&nested).contains("deeper than 16"));
}

#[test]
fn a_hundred_thousand_entries_keep_their_order_and_their_bytes() {
    let entries = || (0x0100_0000..0x0101_86a0).map(|serial| revoked(serial, ReasonCode::KeyCompromise));
    let unsigned = content().prepare(entries()).unwrap();
    let key = key();
    let signature = key.sign_now(unsigned.tbs_der()).unwrap();
    let signed = unsigned.join(key.public_key(), &signature, &AwsLc).unwrap();
    assert!(signed.value().entries().eq(entries()));
}

proptest::proptest! {
    #[test]
    fn any_entries_are_read_back(
        serials in proptest::collection::btree_set(1_u32.., 0..40),
        reason in 0_usize..7,
        moment in 0_i64..100_000_000_000,
    ) {
        let time = Time::from_unix_seconds(moment).unwrap();
        // Octets of one length: their order is that of the numbers.
        let entries: Vec<_> = serials
            .into_iter()
            .map(|serial| RevokedCertificate {
                serial: Serial::from_magnitude(&[&[1][..], &serial.to_be_bytes()].concat()).unwrap(),
                revoked_at: time,
                reason: ReasonCode::ALL[reason],
                invalid_since: Some(time),
            })
            .collect();
        let unsigned = content().prepare(entries.clone()).unwrap();
        let algorithm = SignatureAlgorithm::EcdsaSha256.identifier_der();
        let crl = Crl::parse(&write::sequence(&[unsigned.tbs_der(), algorithm, &write::bit_string(&[0])])).unwrap();
        proptest::prop_assert_eq!(crl.entries().collect::<Vec<_>>(), entries);
        proptest::prop_assert_eq!(crl.content(), &content());
    }
}
