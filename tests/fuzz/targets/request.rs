//! Certification requests: what is read keeps its bytes, never shows its secrets, and means the same to others.
#![no_main]

use der::{Decode as _, Encode as _};
use libfuzzer_sys::fuzz_target;
use pki::asn1::Limits;
use pki::csr::{CertificationRequest, parse_info};
use pki::signing::SignedStructure as _;
use pki::statement::{Kind, recognise};

fuzz_target!(|bytes: &[u8]| {
    let read = CertificationRequest::parse(bytes);
    assert_eq!(
        read,
        CertificationRequest::parse(bytes),
        "the same bytes, the same answer"
    );
    let Ok(request) = read else { return };
    assert!(bytes.len() <= Limits::CERTIFICATE.bytes);
    assert_eq!(request.der(), bytes);
    let (content, attributes) = parse_info(request.tbs_der()).expect("read before");
    assert_eq!((&content, &attributes), (request.content(), request.attributes()));
    assert!(
        request
            .signature_algorithm()
            .verifies_under(content.public_key.algorithm())
    );
    let mut types: Vec<_> = attributes.iter().map(pki::csr::Attribute::oid).collect();
    types.sort();
    types.dedup();
    assert_eq!(types.len(), attributes.iter().count(), "no attribute twice");
    assert!(attributes.iter().all(|attribute| !attribute.values().is_empty()));

    let built = content
        .prepare()
        .expect("what was asked for can be asked for again");
    assert_eq!(parse_info(built.tbs_der()).expect("ours").0, content);
    if let Ok(statement) = recognise(built.tbs_der()) {
        assert_eq!(statement.kind(), Kind::Request, "the signer sees what was built");
    }
    let _ = format!("{request:?}");

    let Ok(theirs) = x509_cert::request::CertReq::from_der(bytes) else {
        return;
    };
    assert_eq!(theirs.info.subject.to_der().as_deref(), Ok(content.subject.der()));
    assert_eq!(
        theirs.info.public_key.to_der().as_deref(),
        Ok(content.public_key.spki_der())
    );
    assert_eq!(theirs.info.attributes.len(), attributes.iter().count());
});
