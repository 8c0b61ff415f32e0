//! Certificates: what is read keeps its bytes, is built again byte for byte, and means the same to others.
#![no_main]

use der::{Decode as _, Encode as _};
use libfuzzer_sys::fuzz_target;
use pki::asn1::Limits;
use pki::certificate::{Certificate, parse_tbs};
use pki::signing::SignedStructure as _;
use pki::statement::{Kind, recognise};

fuzz_target!(|bytes: &[u8]| {
    let read = Certificate::parse(bytes);
    assert_eq!(read, Certificate::parse(bytes), "the same bytes, the same answer");
    let Ok(certificate) = read else { return };
    assert!(bytes.len() <= Limits::CERTIFICATE.bytes);
    assert_eq!(certificate.der(), bytes);
    let content = certificate.content();
    assert_eq!(parse_tbs(certificate.tbs_der()).as_ref(), Ok(content));
    if let Ok(built) = content.prepare() {
        assert_eq!(built.tbs_der(), certificate.tbs_der(), "built again");
        if let Ok(statement) = recognise(built.tbs_der()) {
            assert_eq!(
                statement.kind(),
                Kind::Certificate,
                "the signer sees what was built"
            );
        }
    }
    let _ = (
        content.subject.to_string(),
        content.serial.to_string(),
        content.validity,
    );
    second_opinion(&certificate);
});

fn second_opinion(certificate: &Certificate) {
    // It refuses times before 1970 and some strings; where it reads, it must read the same.
    let Ok(theirs) = x509_cert::Certificate::from_der(certificate.der()) else {
        return;
    };
    let (tbs, ours) = (theirs.tbs_certificate(), certificate.content());
    assert_eq!(tbs.serial_number().to_der().as_ref(), Ok(&ours.serial.to_der()));
    assert_eq!(tbs.subject().to_der().as_deref(), Ok(ours.subject.der()));
    assert_eq!(tbs.issuer().to_der().as_deref(), Ok(ours.issuer.der()));
    let spki = tbs.subject_public_key_info().to_der();
    assert_eq!(spki.as_deref(), Ok(ours.public_key.spki_der()));
    assert_eq!(
        tbs.extensions().map_or(0, Vec::len),
        ours.extensions.iter().count()
    );
    let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
    let not_after = u64::try_from(ours.validity.not_after.unix_seconds());
    assert_eq!(Ok(seconds(tbs.validity().not_after)), not_after);
}
