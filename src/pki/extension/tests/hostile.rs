//! Contents that break DER or a rule of their standard are refused, in both directions.

use super::super::*;
use super::{for_every_content, unhex};
use crate::asn1::write;
use crate::digest::DigestAlgorithm;
use crate::general_name::{GeneralName, Subtree};
use crate::name::Name;

/// Each content and words of the reason, so that none is refused for another one.
#[track_caller]
fn refused<T: ExtensionContent + std::fmt::Debug>(contents: &[(&str, &str)]) {
    for (hex, reason) in contents {
        match T::from_value(&unhex(hex)) {
            Err(error) => assert!(error.to_string().contains(reason), "{hex}: {error}"),
            Ok(read) => panic!("{hex} was read as {read:?}"),
        }
    }
}

#[test]
fn empty_cut_and_continued_contents_are_refused() {
    macro_rules! run {
        ($($content:ident),*) => {
            $(
                for hex in ["", "30", "3001", "30800000", "308100", "0500 00", "3000 3000", "1f8100"] {
                    assert!($content::from_value(&unhex(hex)).is_err(), "{hex}");
                }
            )*
        };
    }
    for_every_content!(run);
}

#[test]
fn nesting_and_size_are_bounded_before_work_is_done() {
    let deep = (0..40).fold(Vec::new(), |inner, _| write::sequence(&[&inner]));
    let wide = write::sequence(&[&[5, 0].repeat(20_000)]);
    let long = write::octet_string(&vec![0; 200_000]);
    macro_rules! run {
        ($($content:ident),*) => {
            $(
                for value in [&deep, &wide, &long] {
                    assert!($content::from_value(value).is_err());
                }
            )*
        };
    }
    for_every_content!(run);
}

#[test]
fn broken_basic_constraints_are_refused() {
    refused::<BasicConstraints>(&[
        ("3003 010100", "a default FALSE is written out"),
        ("3003 010101", "a BOOLEAN is neither 00 nor ff"),
        ("3006 010100 020100", "a default FALSE is written out"),
        ("3003 020100", "a path length is given without cA"),
        ("3006 0101ff 0201ff", "an INTEGER is negative"),
        ("3007 0101ff 02020100", "a path length above 255 is not supported"),
        (
            "3007 0101ff 02020001",
            "an INTEGER has a superfluous leading zero",
        ),
        ("3006 020100 0101ff", "3 unexpected bytes follow"),
        ("3009 0101ff 020100 020100", "3 unexpected bytes follow"),
        ("3100", "tag 0x31 where 0x30 is demanded"),
    ]);
    let length_without_ca = BasicConstraints {
        ca: false,
        path_length: Some(0),
    };
    assert!(length_without_ca.to_value().is_err());
}

#[test]
fn broken_key_usages_are_refused() {
    refused::<KeyUsage>(&[
        ("030100", "at least one bit must be set"),
        ("03020780 00", "1 unexpected bytes follow"),
        ("030200 80", "a list of named bits ends in zero bits"),
        ("030207 00", "a list of named bits ends in zero bits"),
        ("030307 0000", "a list of named bits ends in zero bits"),
        ("030306 0040", "a bit is set that has no name"),
        ("030207 01", "a list of named bits ends in zero bits"),
        ("030207 81", "a list of named bits ends in zero bits"),
        (
            "0303070080",
            "encipherOnly and decipherOnly mean nothing without keyAgreement",
        ),
        (
            "0302 0001",
            "encipherOnly and decipherOnly mean nothing without keyAgreement",
        ),
        ("040100", "tag 0x04 where 0x03 is demanded"),
    ]);
    assert!(KeyUsage::new([]).to_value().is_err());
    assert!(KeyUsage::new([KeyUsageBit::EncipherOnly]).to_value().is_err());
    let both = [
        KeyUsageBit::KeyAgreement,
        KeyUsageBit::EncipherOnly,
        KeyUsageBit::DecipherOnly,
    ];
    assert!(KeyUsage::new(both).to_value().is_err());
    assert!("sign".parse::<KeyUsageBit>().is_err());
    refused::<ExtendedKeyUsage>(&[
        ("3000", "at least one purpose must be named"),
        ("3006 06022a03 06022a03", "2 unexpected bytes follow"),
        ("3008 06022a03 06022a03", "a purpose is named twice"),
        ("3003 060180", "not in its shortest form"),
        ("3002 0500", "tag 0x05 where 0x06 is demanded"),
    ]);
    assert!(ExtendedKeyUsage(vec![]).to_value().is_err());
    assert!(purpose("signing").is_err());
}

#[test]
fn broken_key_identifiers_are_refused() {
    refused::<SubjectKeyIdentifier>(&[
        ("0400", "a key identifier has 1 to 64 octets"),
        ("030100", "tag 0x03 where 0x04 is demanded"),
        ("2404 04020102", "tag 0x24 where 0x04 is demanded"),
    ]);
    assert!(SubjectKeyIdentifier(vec![0; 65]).to_value().is_err());
    refused::<AuthorityKeyIdentifier>(&[
        (
            "3000",
            "neither a key identifier nor an issuer and serial is given",
        ),
        ("3002 8000", "a key identifier has 1 to 64 octets"),
        (
            "3003 820101",
            "authorityCertIssuer and authorityCertSerialNumber must be both present or both absent",
        ),
        (
            "3002 a100",
            "authorityCertIssuer and authorityCertSerialNumber must be both present or both absent",
        ),
        (
            "3005 a100 820101",
            "authorityCertIssuer must hold at least one name",
        ),
        ("3009 a104 82026162 820100", "the serial number must be positive"),
        ("3009 820101 a104 82026162", "6 unexpected bytes follow"),
        ("3004 a002 0400", "4 unexpected bytes follow"),
    ]);
}

#[test]
fn broken_alternative_names_are_refused() {
    refused::<SubjectAltName>(&[
        ("3000", "at least one name must be given"),
        ("3002 8200", "labels of 1 to 63 characters between single dots"),
        ("3002 8100", "a local part"),
        ("3002 8600", "an absolute URI with a scheme"),
        ("3002 8700", "an address has 4 or 16 octets"),
        ("3002 8800", "an object identifier is not valid"),
        ("3004 a402 3000", "an empty directory name is no name"),
        ("3007 8705 0102030405", "an address has 4 or 16 octets"),
        ("3003 8201 20", "letters"),
        ("3003 8201 e3", "an IA5String holds a byte above 127"),
        (
            "3006 8204 612e622e",
            "labels of 1 to 63 characters between single dots",
        ),
        ("3008 82026162 82026162", "a name is given twice"),
        (
            "3005 2203 820161",
            "a general name has a tag that is none of its nine kinds",
        ),
        (
            "3003 8901 61",
            "a general name has a tag that is none of its nine kinds",
        ),
        (
            "3003 0201 01",
            "a general name has a tag that is none of its nine kinds",
        ),
        ("3006 8804 80010203", "not in its shortest form"),
        ("3009 a007 06022a03 a00100", "the bytes end before the value does"),
        (
            "300b a009 06022a03 a0030500 00",
            "the bytes end before the value does",
        ),
        ("300a a008 06022a03 a0020500 0500", "2 unexpected bytes follow"),
    ]);
    let empty = GeneralName::DirectoryName(Name::empty());
    assert!(SubjectAltName(vec![empty]).to_value().is_err());
    assert!(SubjectAltName(vec![]).to_value().is_err());
    let twice = vec![GeneralName::dns("a.example").unwrap(); 2];
    assert!(SubjectAltName(twice).to_value().is_err());
    assert!(GeneralName::ip("192.0.2.0/24").is_err());
    assert!(GeneralName::email("joão@são.example").is_err());
}

#[test]
fn broken_policies_are_refused() {
    refused::<CertificatePolicies>(&[
        ("3000", "at least one policy must be named"),
        ("3002 3000", "the bytes end before the value does"),
        (
            "3008 3006 06022a03 3000",
            "a list of qualifiers is present but empty",
        ),
        (
            "300c 3004 06022a03 3004 06022a03",
            "a policy must not be named twice",
        ),
        // anyPolicy with a qualifier of another standard.
        (
            "3012 3010 0604551d2000 3008 3006 06022a03 0500",
            "anyPolicy may be qualified by a practice statement and a notice only",
        ),
        // A practice statement that is no URI, and one that is no IA5String.
        (
            "3014 3012 06022a03 300c 300a 06082b06010505070201",
            "the bytes end before the value does",
        ),
        (
            "3017 3015 06022a03 300f 300d 06082b06010505070201 160161",
            "an absolute URI with a scheme",
        ),
        (
            "3017 3015 06022a03 300f 300d 06082b06010505070201 0c0161",
            "tag 0x0c where 0x16 is demanded",
        ),
    ]);
    let policy = || PolicyInformation::new(crate::oid::policy::ANY_POLICY);
    assert!(policy().with_cps("dpc.pdf").is_err());
    assert!(policy().with_notice(&"x".repeat(201)).is_err());
    assert!(CertificatePolicies(vec![policy(), policy()]).to_value().is_err());
    let mut disguised = PolicyInformation::new(crate::oid::usage::SERVER_AUTH);
    disguised.qualifiers = vec![PolicyQualifier::Other(crate::oid::policy::CPS, vec![5, 0])];
    assert!(CertificatePolicies(vec![disguised]).to_value().is_err());
    refused::<PolicyMappings>(&[
        ("3000", "at least one pair must be given"),
        ("3006 3004 06022a03", "the bytes end before the value does"),
        ("300c 300a 06022a03 0604551d2000", "anyPolicy must not be mapped"),
        ("300c 300a 0604551d2000 06022a03", "anyPolicy must not be mapped"),
        (
            "3014 3008 06022a03 06022a04 3008 06022a03 06022a04",
            "a pair is given twice",
        ),
    ]);
    refused::<PolicyConstraints>(&[
        ("3000", "it must not be empty"),
        ("3003 800180", "an INTEGER is negative"),
        ("3004 80020001", "an INTEGER has a superfluous leading zero"),
        ("3004 80020100", "a number of certificates to skip is above 255"),
        ("3006 810100 800100", "3 unexpected bytes follow"),
        ("3003 820100", "3 unexpected bytes follow"),
    ]);
    refused::<InhibitAnyPolicy>(&[
        ("0201ff", "an INTEGER is negative"),
        ("02020100", "a number of certificates to skip is above 255"),
        ("0200", "an INTEGER has no content"),
        ("0a0100", "tag 0x0a where 0x02 is demanded"),
    ]);
}

#[test]
fn broken_name_constraints_are_refused() {
    refused::<NameConstraints>(&[
        ("3000", "at least one subtree must be permitted or excluded"),
        ("3002 a000", "a list of subtrees is present but empty"),
        ("3004 a002 3000", "the bytes end before the value does"),
        // minimum 0 written out, minimum 1, maximum 1.
        ("300a a008 3006 820161 800100", "minimum must be zero"),
        ("300a a008 3006 820161 800101", "minimum must be zero"),
        ("300a a008 3006 820161 810101", "minimum must be zero"),
        // A mask with a hole, an address without mask, a leading dot, a wildcard.
        ("300e a00c 300a 8708 c0000200 ff00ff00", "a mask must be a prefix"),
        ("300a a008 3006 8704 c0000200", "a network has 8 or 32 octets"),
        (
            "3008 a006 3004 82022e61",
            "labels of 1 to 63 characters between single dots",
        ),
        ("3009 a007 3005 82032a2e61", "letters"),
        (
            "300c a105 3003 820161 a005 3003 820162",
            "2 unexpected bytes follow",
        ),
        ("300c a00a 3003 820161 3003 820161", "a subtree is given twice"),
    ]);
    assert!(NameConstraints::default().to_value().is_err());
    let unchecked = NameConstraints {
        permitted: vec![Subtree::DnsName("*.example".to_owned())],
        excluded: vec![],
    };
    assert!(unchecked.to_value().is_err());
}

#[test]
fn broken_pointers_are_refused() {
    refused::<AuthorityInfoAccess>(&[
        ("3000", "at least one place must be given"),
        // OCSP at a host name instead of a URI; a relative URI.
        (
            "300f 300d 06082b06010505073001 820161",
            "an OCSP responder's location must be a URI",
        ),
        (
            "300f 300d 06082b06010505073001 860161",
            "an absolute URI with a scheme",
        ),
        (
            "300c 300a 06082b06010505073001",
            "the bytes end before the value does",
        ),
    ]);
    assert!(CrlDistributionPoints::from_addresses(&["https://pki.example/a.crl"]).is_err());
    for empty_or_bad in [
        &[][..],
        &["ocsp.example"],
        &["http://a.example/", "http://a.example/"],
    ] {
        let access = AuthorityInfoAccess::from_addresses(empty_or_bad, &[]);
        assert!(access.and_then(|access| access.to_value()).is_err());
    }
}

#[test]
fn broken_distribution_points_are_refused() {
    let points = [
        ("3000", "at least one distribution point must cover all reasons"),
        (
            "3002 3000",
            "a distribution point must name its place or its CRL issuer",
        ),
        ("3004 3002 a000", "the bytes end before the value does"),
        (
            "3006 3004 a002 a000",
            "a distribution point's name must hold at least one name",
        ),
        // Reasons only; no reason; only some reasons at every place; the unused bit.
        (
            "3006 3004 81020640",
            "a distribution point must name its place or its CRL issuer",
        ),
        ("3007 3005 8103070040", "a list of named bits ends in zero bits"),
        (
            "3013 3011 a00c a00a 8608 687474703a2f2f61 810100",
            "a set of reasons must hold at least one",
        ),
        (
            "3014 3012 a00c a00a 8608 687474703a2f2f61 81020780",
            "the unused bit 0 of a set of reasons is set",
        ),
        (
            "3014 3012 a00c a00a 8608 687474703a2f2f61 8102 0640",
            "at least one distribution point must cover all reasons",
        ),
        // A CRL issuer that is a host name.
        (
            "3007 3005 a203 820161",
            "cRLIssuer must be the distinguished name of the CRL's issuer",
        ),
        // A relative name that is no attribute.
        ("3008 3006 a004 a102 0500", "tag 0x05 where 0x30 is demanded"),
    ];
    refused::<CrlDistributionPoints>(&points);
    refused::<FreshestCrl>(&points);
    refused::<IssuingDistributionPoint>(&[
        ("3000", "it must not be empty"),
        ("3003 810100", "a default FALSE is written out"),
        ("3006 8101ff 8201ff", "at most one of user"),
        ("3006 8201ff 8501ff", "at most one of user"),
        ("3003 830100", "onlySomeReasons must hold at least one"),
        ("3006 8401ff 8201ff", "3 unexpected bytes follow"),
        (
            "3004 a002 a000",
            "the distribution point's name must hold at least one name",
        ),
    ]);
    assert!(IssuingDistributionPoint::default().to_value().is_err());
}

#[test]
fn broken_markers_are_refused() {
    refused::<NoRevAvail>(&[
        ("3000", "tag 0x30 where 0x05 is demanded"),
        ("050100", "a NULL has content"),
        ("0501", "the bytes end before the value does"),
    ]);
    refused::<OcspNoCheck>(&[
        ("0400", "tag 0x04 where 0x05 is demanded"),
        ("050100", "a NULL has content"),
    ]);
}

#[test]
fn broken_qualified_statements_are_refused() {
    refused::<QcStatements>(&[
        ("3000", "at least one statement must be made"),
        ("3002 3000", "the bytes end before the value does"),
        // Compliance with content, and twice.
        ("300c 300a 060604008e460101 0500", "2 unexpected bytes follow"),
        (
            "3014 3008 060604008e460101 3008 060604008e460101",
            "a statement is made twice",
        ),
        // A type that is none of the three; two types; no type.
        (
            "3010 300e 060604008e460106 3004 06022a03",
            "a type is exactly one of signature",
        ),
        (
            "301e 301c 060604008e460106 3012 060704008e46010601 060704008e46010602",
            "9 unexpected bytes follow",
        ),
        (
            "300c 300a 060604008e460106 3000",
            "the bytes end before the value does",
        ),
        // Lower-case country; no country; country twice.
        (
            "3010 300e 060604008e460107 3004 13026272",
            "countries are upper-case codes of two letters",
        ),
        (
            "300c 300a 060604008e460107 3000",
            "countries are upper-case codes of two letters",
        ),
        (
            "3014 3012 060604008e460107 3008 13024252 13024252",
            "countries are upper-case codes of two letters",
        ),
        // No years; negative years.
        (
            "300d 300b 060604008e460103 020100",
            "a retention period is a positive number of years",
        ),
        ("300d 300b 060604008e460103 0201ff", "an INTEGER is negative"),
    ]);
}

#[test]
fn broken_amounts_and_semantics_are_refused() {
    refused::<QcStatements>(&[
        // An amount in a currency of two letters; number 0; number 1000; a negative amount.
        (
            "3016 3014 060604008e460102 300a 13025252 020101 020100",
            "a currency is a code of three upper-case letters or a number from 1 to 999",
        ),
        (
            "3015 3013 060604008e460102 3009 020100 020101 020100",
            "a currency is a code of three upper-case letters or a number from 1 to 999",
        ),
        (
            "3016 3014 060604008e460102 300a 020203e8 020101 020100",
            "a currency is a code of three upper-case letters or a number from 1 to 999",
        ),
        (
            "3017 3015 060604008e460102 300b 130342524c 0201ff 020100",
            "an INTEGER is negative",
        ),
        // SemanticsInformation without content.
        (
            "300e 300c 06082b06010505070b02 3000",
            "SemanticsInformation must hold at least one of its parts",
        ),
    ]);
}

#[test]
fn statements_that_break_their_rules_are_not_written() {
    let http = DisclosureStatement {
        address: crate::general_name::Uri::new("http://pki.example/pds").unwrap(),
        language: "en".to_owned(),
    };
    let disguised = QcStatement::Other(crate::oid::qualified::COMPLIANCE, None);
    for statement in [
        QcStatement::DisclosureStatements(vec![http]),
        QcStatement::DisclosureStatements(vec![]),
        QcStatement::RetentionYears(0),
        QcStatement::Other(crate::oid::usage::SERVER_AUTH, Some(vec![5])),
        disguised,
    ] {
        assert!(QcStatements(vec![statement]).to_value().is_err());
    }
}

#[test]
fn broken_bindings_and_crl_contents_are_refused() {
    refused::<SignedDocumentBinding>(&[
        // A hash too short; an algorithm with NULL parameters; an unknown algorithm.
        (
            "3010 0401ab 300b 0609608648016503040201",
            "the hash has not the length of its algorithm",
        ),
        (
            "3012 0401ab 300d 0609608648016503040201 0500",
            "a SHA-2 algorithm must have no parameters",
        ),
        ("3009 0401ab 3004 06022a03", "the hash must be SHA-256"),
    ]);
    for binding_type in ["", "a b", "ç"] {
        let binding = SignedDocumentBinding {
            algorithm: DigestAlgorithm::Sha256,
            hash: vec![0; 32],
            binding_type: Some(binding_type.to_owned()),
        };
        assert!(binding.to_value().is_err(), "{binding_type}");
    }
    refused::<CrlNumber>(&[
        ("0201ff", "an INTEGER is negative"),
        ("02020001", "an INTEGER has a superfluous leading zero"),
        ("0200", "an INTEGER has no content"),
        (
            "0215 00ffffffffffffffffffffffffffffffffffffffff",
            "a CRL number has at most 20 octets",
        ),
    ]);
    refused::<ReasonCode>(&[
        ("0a0107", "a reason is 0 to 6 or 8 to 10 in one octet"),
        ("0a010b", "a reason is 0 to 6 or 8 to 10 in one octet"),
        ("0a020001", "a reason is 0 to 6 or 8 to 10 in one octet"),
        ("0a00", "a reason is 0 to 6 or 8 to 10 in one octet"),
        ("020101", "tag 0x02 where 0x0a is demanded"),
        ("0a01ff", "a reason is 0 to 6 or 8 to 10 in one octet"),
    ]);
    refused::<InvalidityDate>(&[
        (
            "170d 3236303130323033303430355a",
            "tag 0x17 where 0x18 is demanded",
        ),
        (
            "1811 32303236303130323033303430352e355a",
            "a time is not written as [YY]YYMMDDHHMMSSZ",
        ),
        (
            "180d 3230323630313032303330345a",
            "a time is not written as [YY]YYMMDDHHMMSSZ",
        ),
    ]);
    refused::<CertificateIssuer>(&[
        ("3000", "the issuer's distinguished name must be given"),
        ("3003 820161", "the issuer's distinguished name must be given"),
        ("3004 a402 3000", "the issuer's distinguished name must be given"),
    ]);
}
