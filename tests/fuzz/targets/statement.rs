//! What the signer process looks at before it uses a key: a statement is of one kind, and is really one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::certificate::parse_tbs;
use pki::csr::parse_info;
use pki::statement::{Statement, recognise};

fuzz_target!(|bytes: &[u8]| {
    let statement = recognise(bytes);
    assert_eq!(statement, recognise(bytes), "the same bytes, the same answer");
    let Ok(statement) = statement else { return };
    assert!(bytes.len() <= statement.kind().limits().bytes);
    match statement {
        Statement::Certificate(seen) => {
            let content = parse_tbs(bytes).expect("what the signer takes for a certificate is one");
            assert_eq!(seen.issuer, content.issuer.der());
            assert_eq!(seen.subject, content.subject.der());
            assert_eq!(seen.public_key, content.public_key.spki_der());
            assert_eq!(seen.signature, content.signature);
        }
        Statement::Request(seen) => {
            if let Ok((content, _)) = parse_info(bytes) {
                assert_eq!(seen.subject, content.subject.der());
                assert_eq!(seen.public_key, content.public_key.spki_der());
            }
        }
        Statement::TimeStamp(attributes) => assert!(attributes.is_time_stamp()),
        Statement::DocumentSignature(attributes) => assert!(!attributes.is_time_stamp()),
        Statement::RegisterCheckpoint(_) => assert!(bytes.ends_with(b"\n")),
        Statement::Crl(_) | Statement::OcspResponse(_) => {}
    }
});
