//! PEM: what is decoded is encoded again to the same DER.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::pem;

const LABELS: [&str; 4] = ["CERTIFICATE", "CERTIFICATE REQUEST", "X509 CRL", "PUBLIC KEY"];

fuzz_target!(|text: &str| {
    for label in LABELS {
        if let Ok(der) = pem::decode(label, text) {
            let again = pem::encode(label, &der).expect("a good label");
            assert_eq!(pem::decode(label, &again).as_ref(), Ok(&der));
            assert_eq!(
                pem::decode_all(label, text),
                Ok(vec![der]),
                "one block is a chain of one"
            );
        }
        if let Ok(blocks) = pem::decode_all(label, text) {
            let joined: String = blocks
                .iter()
                .map(|der| pem::encode(label, der).expect("a good label"))
                .collect();
            assert_eq!(pem::decode_all(label, &joined), Ok(blocks));
        }
    }
    let _ = pki::csr::CertificationRequest::from_pem(text);
    let _ = pki::crl::Crl::from_pem(text);
    let _ = pki::certificate::Certificate::from_pem(text);
});
