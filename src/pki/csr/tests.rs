//! Tests of certificate requests: foreign ones, hostile ones, round trips.

use der::{Decode as _, Encode as _};

use super::*;
use crate::algorithm::KeyAlgorithm;
use crate::asn1::Reader;
use crate::aws_lc::{AwsLc, SoftwareKey};
use crate::digest::hex;
use crate::extension::Extension;
use crate::name;
use crate::oid;
use crate::signing::Signer as _;

const ACCEPTED: [(&str, &str, SignatureAlgorithm); 19] = [
    (
        "openssl-p256",
        include_str!("../testdata/csr/openssl-p256.csr"),
        SignatureAlgorithm::EcdsaSha256,
    ),
    (
        "openssl-p384-sha256",
        include_str!("../testdata/csr/openssl-p384-sha256.csr"),
        SignatureAlgorithm::EcdsaSha256,
    ),
    (
        "openssl-p521-sha512",
        include_str!("../testdata/csr/openssl-p521-sha512.csr"),
        SignatureAlgorithm::EcdsaSha512,
    ),
    (
        "openssl-rsa2048",
        include_str!("../testdata/csr/openssl-rsa2048.csr"),
        SignatureAlgorithm::RsaPkcs1Sha256,
    ),
    (
        "openssl-rsa-pss",
        include_str!("../testdata/csr/openssl-rsa-pss.csr"),
        SignatureAlgorithm::RsaPssSha256,
    ),
    (
        "openssl-ed25519",
        include_str!("../testdata/csr/openssl-ed25519.csr"),
        SignatureAlgorithm::Ed25519,
    ),
    (
        "openssl-attributes",
        include_str!("../testdata/csr/openssl-attributes.csr"),
        SignatureAlgorithm::EcdsaSha256,
    ),
    (
        "certtool-p384",
        include_str!("../testdata/csr/certtool-p384.csr"),
        SignatureAlgorithm::EcdsaSha384,
    ),
    (
        "certtool-rsa3072",
        include_str!("../testdata/csr/certtool-rsa3072.csr"),
        SignatureAlgorithm::RsaPkcs1Sha256,
    ),
    (
        "keytool-rsa",
        include_str!("../testdata/csr/keytool-rsa.csr"),
        SignatureAlgorithm::RsaPkcs1Sha256,
    ),
    (
        "keytool-ec",
        include_str!("../testdata/csr/keytool-ec.csr"),
        SignatureAlgorithm::EcdsaSha256,
    ),
    (
        "keytool-ed25519",
        include_str!("../testdata/csr/keytool-ed25519.csr"),
        SignatureAlgorithm::Ed25519,
    ),
    (
        "keytool-pss",
        include_str!("../testdata/csr/keytool-pss.csr"),
        SignatureAlgorithm::RsaPssSha256,
    ),
    (
        "pyca-mldsa65",
        include_str!("../testdata/csr/pyca-mldsa65.csr"),
        SignatureAlgorithm::MlDsa65,
    ),
    (
        "openssl-p256-sha384",
        include_str!("../testdata/csr/openssl-p256-sha384.csr"),
        SignatureAlgorithm::EcdsaSha384,
    ),
    (
        "openssl-p256-sha512",
        include_str!("../testdata/csr/openssl-p256-sha512.csr"),
        SignatureAlgorithm::EcdsaSha512,
    ),
    (
        "openssl-p384-sha512",
        include_str!("../testdata/csr/openssl-p384-sha512.csr"),
        SignatureAlgorithm::EcdsaSha512,
    ),
    (
        "openssl-p521-sha256",
        include_str!("../testdata/csr/openssl-p521-sha256.csr"),
        SignatureAlgorithm::EcdsaSha256,
    ),
    (
        "openssl-p521-sha384",
        include_str!("../testdata/csr/openssl-p521-sha384.csr"),
        SignatureAlgorithm::EcdsaSha384,
    ),
];

fn key() -> SoftwareKey {
    let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pkcs8 = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    SoftwareKey::from_pkcs8(KeyAlgorithm::EcdsaP256, pkcs8.as_ref()).unwrap()
}

fn read(pem: &str) -> Result<ProvenRequest> {
    CertificationRequest::from_pem(pem)?.check_proof_of_possession(&Blocklist::published(), &AwsLc)
}

/// A request whose information is these pieces, truly signed: what is refused is refused for its content.
fn signed(key: &SoftwareKey, pieces: &[&[u8]]) -> Vec<u8> {
    let info = write::sequence(pieces);
    let signature = key.sign_now(&info).unwrap();
    write::sequence(&[
        &info,
        key.algorithm().identifier_der(),
        &write::bit_string(&signature),
    ])
}

/// The pieces of a sound request before its attributes.
fn with_attributes(key: &SoftwareKey, attributes: &[&[u8]]) -> Vec<u8> {
    let field = write::constructed(tag::context_constructed(0), attributes);
    let pieces: [&[u8]; 4] = [&[2, 1, 0], &[0x30, 0], key.public_key().spki_der(), &field];
    signed(key, &pieces)
}

fn attribute(dotted: &str, values: &[&[u8]]) -> Vec<u8> {
    let oid = const_oid::ObjectIdentifier::new(dotted).unwrap();
    let set = write::constructed(tag::SET, values);
    write::sequence(&[&write::object_identifier(oid), &set])
}

fn san(dns: &str) -> Extension {
    let names = write::sequence(&[&write::value(0x82, dns.as_bytes())]);
    Extension::new(oid::extension::SUBJECT_ALT_NAME, false, names)
}

fn refusal(der: &[u8]) -> String {
    CertificationRequest::parse(der)
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn requests_of_common_tools_are_understood_and_their_possession_is_proven() {
    for (name, pem, algorithm) in ACCEPTED {
        let proven = read(pem).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let request = proven.request();
        assert_eq!(request.signature_algorithm(), algorithm, "{name}");
        assert!(request.content().subject.to_string().contains("CN="), "{name}");
        assert_eq!(
            &CertificationRequest::parse(request.der()).unwrap(),
            request,
            "{name}"
        );
        assert_eq!(
            &CertificationRequest::from_pem(&request.to_pem().unwrap()).unwrap(),
            request
        );
    }
}

#[test]
fn what_a_tool_asked_for_is_all_there() {
    let request = CertificationRequest::from_pem(ACCEPTED[6].1).unwrap();
    assert_eq!(
        request.content().subject.to_string(),
        "CN=openssl-repeated,OU=Dois,OU=Um,DC=example,DC=br",
        "repeated attributes keep their place"
    );
    assert!(request.attributes().has_challenge_password());
    let types: Vec<String> = request
        .attributes()
        .iter()
        .map(|attribute| attribute.oid().to_string())
        .collect();
    assert_eq!(types.len(), 3);
    assert!(
        types.contains(&"1.2.840.113549.1.9.2".to_owned()),
        "unstructuredName is listed: {types:?}"
    );
    let constraints = request
        .content()
        .extensions
        .find(oid::extension::BASIC_CONSTRAINTS)
        .unwrap();
    assert!(constraints.critical);
    assert!(
        !format!("{request:?}").contains("segredo"),
        "the challenge password is not printed"
    );
    let octets = format!("{:?}", b"segredo");
    assert!(!format!("{request:?}").contains(octets.trim_matches(['[', ']'])));

    let certtool = CertificationRequest::from_pem(ACCEPTED[7].1).unwrap();
    let wanted = [
        oid::extension::SUBJECT_ALT_NAME,
        oid::extension::BASIC_CONSTRAINTS,
        oid::extension::KEY_USAGE,
        oid::extension::EXTENDED_KEY_USAGE,
    ];
    assert!(
        wanted
            .iter()
            .all(|oid| certtool.content().extensions.find(*oid).is_some())
    );
}

#[test]
fn requests_of_rcgen_are_understood() {
    let pair = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec!["cartorio.example".to_owned()]).unwrap();
    parameters
        .distinguished_name
        .push(rcgen::DnType::CommonName, "rcgen");
    let request = parameters.serialize_request(&pair).unwrap();
    let proven = read(&request.pem().unwrap()).unwrap();
    let asked = &proven.request().content().extensions;
    assert_eq!(
        asked.find(oid::extension::SUBJECT_ALT_NAME),
        Some(&san("cartorio.example"))
    );
}

/// What certreq on Windows sends: operating system, client and provider beside the extensions, among them the
/// template's name as BMPString, which nobody else writes.
#[test]
fn a_request_of_windows_with_its_template_is_understood() {
    let key = key();
    let bmp = |text: &str| {
        let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        write::value(0x1e, &octets)
    };
    let template_name = Extension::new(
        const_oid::ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2"),
        false,
        bmp("WebServer"),
    );
    let template = Extension::new(
        const_oid::ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.21.7"),
        false,
        write::sequence(&[
            &write::object_identifier(const_oid::ObjectIdentifier::new_unwrap(
                "1.3.6.1.4.1.311.21.8.1.2.3",
            )),
            &write::small_unsigned(100),
            &write::small_unsigned(7),
        ]),
    );
    let extensions = Extensions::new(vec![template_name, template, san("cartorio.example")]).unwrap();
    let version = write::value(tag::IA5_STRING, b"10.0.20348.2");
    let client = write::sequence(&[
        &write::small_unsigned(5),
        &write::value(tag::UTF8_STRING, b"pc.cartorio.example"),
        &write::value(tag::UTF8_STRING, b"CARTORIO\\joana"),
        &write::value(tag::UTF8_STRING, b"certreq.exe"),
    ]);
    let provider = write::sequence(&[
        &write::small_unsigned(0),
        &bmp("Microsoft Software Key Storage Provider"),
        &write::value(tag::BIT_STRING, &[0]),
    ]);
    for extension_request in ["1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14"] {
        let der = with_attributes(
            &key,
            &[
                &attribute("1.3.6.1.4.1.311.13.2.3", &[&version]),
                &attribute("1.3.6.1.4.1.311.21.20", &[&client]),
                &attribute(extension_request, &[&extensions.to_der()]),
                &attribute("1.3.6.1.4.1.311.13.2.2", &[&provider]),
            ],
        );
        let request = CertificationRequest::parse(&der).unwrap();
        assert_eq!(request.content().extensions, extensions, "{extension_request}");
        assert_eq!(
            request.attributes().iter().count(),
            4,
            "the others are kept and listed"
        );
        assert_eq!(
            request.attributes().iter().next().unwrap().values(),
            std::slice::from_ref(&version)
        );
        assert_eq!(request.verify_self_signature(&AwsLc), Ok(()));
    }
}

#[test]
fn absent_attributes_mean_none_although_the_field_is_mandatory() {
    let key = key();
    let der = signed(&key, &[&[2, 1, 0], &[0x30, 0], key.public_key().spki_der()]);
    let request = CertificationRequest::parse(&der).unwrap();
    assert!(request.attributes().is_empty() && request.content().extensions.is_empty());
    assert_eq!(request.verify_self_signature(&AwsLc), Ok(()));
}

#[test]
fn what_is_read_back_is_what_was_prepared() {
    let key = key();
    let subject =
        Name::from_attributes(&[name::Attribute::from_key("CN", "AC Intermediária").unwrap()]).unwrap();
    for extensions in [vec![], vec![san("cartorio.example")]] {
        let content = RequestContent {
            subject: subject.clone(),
            public_key: key.public_key().clone(),
            extensions: Extensions::new(extensions).unwrap(),
        };
        let unsigned = content.prepare().unwrap();
        assert_eq!(parse_info(unsigned.tbs_der()).unwrap().0, content);
        let signature = key.sign_now(unsigned.tbs_der()).unwrap();
        let signed = unsigned.join(key.public_key(), &signature, &AwsLc).unwrap();
        assert_eq!(signed.value().content(), &content);
        assert_eq!(signed.value().der(), signed.der());
        let second_opinion = x509_cert::request::CertReq::from_der(signed.der()).unwrap();
        assert_eq!(second_opinion.to_der().unwrap(), signed.der());
    }
    let content = RequestContent {
        subject,
        public_key: key.public_key().clone(),
        extensions: Extensions::default(),
    };
    assert!(content.prepare_for(SignatureAlgorithm::RsaPssSha256).is_err());
    assert!(
        content.prepare_for(SignatureAlgorithm::EcdsaSha384).is_err(),
        "ours are bound to the curve's digest"
    );
}

#[test]
fn weak_and_published_keys_are_refused_although_the_signature_is_good() {
    for (pem, part) in [
        (include_str!("../testdata/csr/weak-roca.csr"), "ROCA"),
        (include_str!("../testdata/csr/weak-close-primes.csr"), "Fermat"),
        (
            include_str!("../testdata/csr/weak-exponent-3.csr"),
            "exponent is below 65537",
        ),
        (
            include_str!("../testdata/csr/weak-published-key.csr"),
            "list of compromised keys",
        ),
    ] {
        let request = CertificationRequest::from_pem(pem).unwrap();
        assert_eq!(request.verify_self_signature(&AwsLc), Ok(()), "{part}");
        let message = read(pem).unwrap_err().to_string();
        assert!(
            message.contains(part) && message.contains("make a new key pair"),
            "{message}"
        );
    }
    let request = CertificationRequest::from_pem(ACCEPTED[0].1).unwrap();
    let own = Blocklist::with_hashes(&hex(&request.content().public_key.fingerprint()));
    assert!(matches!(
        request.check_proof_of_possession(&own.unwrap(), &AwsLc),
        Err(Error::BlockedKey { .. })
    ));
}

#[test]
fn keys_and_signatures_outside_the_list_are_named() {
    for (pem, part) in [
        (
            include_str!("../testdata/csr/refused-rsa-1024.csr"),
            "1024 bits is not accepted; use 2048",
        ),
        (
            include_str!("../testdata/csr/refused-secp256k1.csr"),
            "1.3.132.0.10",
        ),
        (
            include_str!("../testdata/csr/refused-explicit-curve.csr"),
            "must name its curve by object identifier",
        ),
        (
            include_str!("../testdata/csr/refused-compressed-point.csr"),
            "must be uncompressed",
        ),
        (
            include_str!("../testdata/csr/refused-sha1.csr"),
            "1.2.840.113549.1.1.5",
        ),
        (
            include_str!("../testdata/csr/refused-rsa-pss-long-salt.csr"),
            "a salt as long as the digest",
        ),
        (
            include_str!("../testdata/csr/refused-rsa-pss-key.csr"),
            "1.2.840.113549.1.1.10",
        ),
    ] {
        let message = CertificationRequest::from_pem(pem).unwrap_err().to_string();
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    for (name, pem, _) in [&ACCEPTED[0], &ACCEPTED[5], &ACCEPTED[6]] {
        let der = CertificationRequest::from_pem(pem).unwrap().der().to_vec();
        for position in 0..der.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = der.clone();
                changed[position] ^= flip;
                let outcome = CertificationRequest::parse(&changed)
                    .and_then(|request| request.check_proof_of_possession(&Blocklist::published(), &AwsLc));
                assert!(outcome.is_err(), "{name}: byte {position} ^ {flip:#04x} passed");
            }
        }
    }
}

#[test]
fn a_broken_signature_is_refused_with_its_remedy() {
    let key = key();
    let mut der = with_attributes(&key, &[]);
    let last = der.len() - 1;
    der[last] ^= 1;
    let request = CertificationRequest::parse(&der).unwrap();
    let message = request
        .check_proof_of_possession(&Blocklist::published(), &AwsLc)
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "CertificationRequest: the signature does not verify under the public key; have it signed again with the matching private key"
    );
}

#[test]
fn a_signature_of_another_kind_than_the_key_is_refused() {
    let key = key();
    let info = write::sequence(&[&[2, 1, 0], &[0x30, 0], key.public_key().spki_der(), &[0xa0, 0]]);
    let signature = key.sign_now(&info).unwrap();
    for algorithm in SignatureAlgorithm::ALL {
        let der = write::sequence(&[&info, algorithm.identifier_der(), &write::bit_string(&signature)]);
        let outcome = CertificationRequest::parse(&der)
            .and_then(|request| request.check_proof_of_possession(&Blocklist::published(), &AwsLc));
        assert_eq!(
            outcome.is_ok(),
            algorithm == SignatureAlgorithm::EcdsaSha256,
            "{algorithm}"
        );
    }
}

#[test]
fn duplicates_are_refused_by_name() {
    let key = key();
    let twice = write::sequence(&[&san("a.example").to_der(), &san("b.example").to_der()]);
    let message = refusal(&with_attributes(
        &key,
        &[&attribute("1.2.840.113549.1.9.14", &[&twice])],
    ));
    assert_eq!(
        message,
        "extension 2.5.29.17 appears more than once (RFC 5280 section 4.2); put it there once"
    );
    let one = attribute(
        "1.2.840.113549.1.9.14",
        &[&write::sequence(&[&san("a.example").to_der()])],
    );
    let other = attribute(
        "1.2.840.113549.1.9.14",
        &[&write::sequence(&[&san("b.example").to_der()])],
    );
    let message = refusal(&with_attributes(&key, &[&one, &other]));
    assert!(
        message.contains("attribute 1.2.840.113549.1.9.14 appears more than once"),
        "{message}"
    );
    let microsoft = attribute(
        "1.3.6.1.4.1.311.2.1.14",
        &[&write::sequence(&[&san("b.example").to_der()])],
    );
    let message = refusal(&with_attributes(&key, &[&one, &microsoft]));
    assert!(
        message.contains("must be requested in one attribute"),
        "{message}"
    );
    let list = write::sequence(&[&san("a.example").to_der()]);
    let message = refusal(&with_attributes(
        &key,
        &[&attribute("1.2.840.113549.1.9.14", &[&list, &list])],
    ));
    assert!(message.contains("exactly one value"), "{message}");
}

#[test]
fn misshapen_attributes_are_refused() {
    let key = key();
    let extension_request = "1.2.840.113549.1.9.14";
    let false_written_out = write::sequence(&[&write::sequence(&[
        &write::object_identifier(oid::extension::SUBJECT_ALT_NAME),
        &[1, 1, 0],
        &write::octet_string(&san("a.example").value),
    ])]);
    for (attributes, part) in [
        (attribute(extension_request, &[]), "must have a value"),
        (attribute("1.2.840.113549.1.9.2", &[]), "must have a value"),
        (attribute(extension_request, &[&[5, 0]]), "tag 0x05"),
        (attribute(extension_request, &[&[0x30, 0]]), "present but empty"),
        (
            attribute(extension_request, &[&false_written_out]),
            "FALSE is written out",
        ),
        (
            attribute("1.2.840.113549.1.9.7", &[&[0x0c, 1, 0x61], &[0x0c, 1, 0x62]]),
            "exactly one value",
        ),
        (vec![0x30, 0], "end before the value does"),
        (vec![5, 0], "tag 0x05 where 0x30"),
    ] {
        let message = refusal(&with_attributes(&key, &[&attributes]));
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn wrong_versions_and_missing_or_added_fields_are_refused() {
    let key = key();
    let spki = key.public_key().spki_der();
    let empty: &[u8] = &[0x30, 0];
    for (pieces, part) in [
        (
            vec![&[2, 1, 1][..], empty, spki, &[0xa0, 0]],
            "version must be v1",
        ),
        (vec![&[2, 1, 2], empty, spki, &[0xa0, 0]], "version must be v1"),
        (vec![&[2, 1, 0xff], empty, spki, &[0xa0, 0]], "negative"),
        (vec![&[2, 2, 0, 0], empty, spki, &[0xa0, 0]], "superfluous"),
        (vec![empty, spki, &[0xa0, 0]], "tag 0x30 where 0x02"),
        (vec![&[2, 1, 0], empty], "end before"),
        (
            vec![&[2, 1, 0], empty, spki, &[0xa0, 0], &[0xa0, 0]],
            "2 unexpected bytes",
        ),
        (vec![&[2, 1, 0], empty, spki, &[0xa1, 0]], "2 unexpected bytes"),
        (
            vec![&[2, 1, 0], &[0x31, 0], spki, &[0xa0, 0]],
            "tag 0x31 where 0x30",
        ),
        (vec![], "end before"),
    ] {
        let message = refusal(&signed(&key, &pieces));
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn trailing_bytes_and_pieces_of_requests_are_refused() {
    let der = CertificationRequest::from_pem(ACCEPTED[0].1)
        .unwrap()
        .der()
        .to_vec();
    let message = refusal(&[&der[..], &[0]].concat());
    assert_eq!(
        message,
        "CertificationRequest: 1 unexpected bytes follow; send one structure and nothing after it"
    );
    for length in 0..der.len() {
        assert!(
            CertificationRequest::parse(&der[..length]).is_err(),
            "{length} bytes"
        );
    }
}

#[test]
fn ten_megabytes_of_names_are_refused_before_they_are_read() {
    let key = key();
    let name: Vec<u8> = (0..500_000)
        .flat_map(|number: u32| write::value(0x82, format!("h{number:07}.example").as_bytes()))
        .collect();
    let list = Extension::new(oid::extension::SUBJECT_ALT_NAME, false, write::sequence(&[&name]));
    let der = with_attributes(
        &key,
        &[&attribute(
            "1.2.840.113549.1.9.14",
            &[&write::sequence(&[&list.to_der()])],
        )],
    );
    assert!(der.len() > 8_000_000);
    let message = refusal(&der);
    let expected = format!(
        "CertificationRequest: {} bytes are more than the 262144 allowed; put less into one structure",
        der.len()
    );
    assert_eq!(message, expected);
    let text = pem::encode(LABEL, &der).unwrap();
    assert!(
        CertificationRequest::from_pem(&text)
            .unwrap_err()
            .to_string()
            .contains("allowed")
    );
}

#[test]
fn many_small_values_and_absurd_depth_are_refused() {
    let key = key();
    let many = attribute("1.2.840.113549.1.9.2", &[&[5, 0].repeat(20_000)]);
    assert!(refusal(&with_attributes(&key, &[&many])).contains("more than 16384 values"));
    for depth in [25, 1000, 60_000] {
        let mut nested = Vec::new();
        // Built from the inside with a two- to five-octet header each; beyond the size limit it is cut off there.
        for _ in 0..depth {
            nested = write::sequence(&[&nested]);
            if nested.len() > 200_000 {
                break;
            }
        }
        let message = refusal(&with_attributes(
            &key,
            &[&attribute("1.2.840.113549.1.9.2", &[&nested])],
        ));
        assert!(
            message.contains("nested deeper than 24 levels"),
            "{depth}: {message}"
        );
    }
}

#[test]
fn other_labels_and_broken_pem_are_refused() {
    let pem = ACCEPTED[0].1;
    for bad in [
        pem.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
        pem.replace("-----END CERTIFICATE", "-----END NEW CERTIFICATE"),
        pem.replace('M', "*"),
        String::new(),
        pem.repeat(2),
    ] {
        assert!(CertificationRequest::from_pem(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_name_that_is_not_strict_is_refused() {
    let key = key();
    let part = |kind: &str, value: &[u8]| {
        let oid = const_oid::ObjectIdentifier::new(kind).unwrap();
        write::sequence(&[
            &write::object_identifier(oid),
            &write::value(tag::UTF8_STRING, value),
        ])
    };
    let unsorted = write::constructed(tag::SET, &[&part("2.5.4.11", b"b"), &part("2.5.4.3", b"a")]);
    let subject = write::sequence(&[&unsorted]);
    let pieces: [&[u8]; 4] = [&[2, 1, 0], &subject, key.public_key().spki_der(), &[0xa0, 0]];
    assert!(refusal(&signed(&key, &pieces)).contains("not sorted"));
    assert!(Reader::new(&subject).sequence().is_ok());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_panic_and_what_is_read_keeps_its_bytes(
        position in 0_usize..600, bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..8),
    ) {
        let mut der = CertificationRequest::from_pem(ACCEPTED[6].1).unwrap().der().to_vec();
        let at = position.min(der.len());
        let end = (at + bytes.len()).min(der.len());
        der.splice(at..end, bytes);
        if let Ok(request) = CertificationRequest::parse(&der) {
            proptest::prop_assert_eq!(request.der(), &der);
            let (content, attributes) = parse_info(request.tbs_der()).unwrap();
            proptest::prop_assert_eq!(&content, request.content());
            proptest::prop_assert_eq!(&attributes, request.attributes());
        }
    }
}
