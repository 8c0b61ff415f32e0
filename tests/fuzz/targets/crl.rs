//! CRLs: what is read keeps its bytes, its entries are all there, and it means the same to others.
#![no_main]

use der::{Decode as _, Encode as _};
use libfuzzer_sys::fuzz_target;
use pki::asn1::{Limits, write};
use pki::crl::{Crl, RevokedCertificate};
use pki::signing::SignedStructure as _;
use pki::statement::{Kind, recognise};
use x509_cert::certificate::Rfc5280;

const SMALL: Limits = Limits {
    bytes: 600,
    depth: 10,
    values: 100,
};

fuzz_target!(|bytes: &[u8]| {
    let read = Crl::parse(bytes);
    assert_eq!(read, Crl::parse(bytes), "the same bytes, the same answer");
    if let Ok(within) = Crl::parse_within(bytes, SMALL) {
        assert!(bytes.len() <= SMALL.bytes);
        assert_eq!(
            read.as_ref(),
            Ok(&within),
            "limits refuse, they do not change the meaning"
        );
    }
    let Ok(crl) = read else { return };
    assert_eq!(crl.der(), bytes);
    let entries: Vec<RevokedCertificate> = crl.entries().collect();
    for entry in entries.iter().take(8) {
        let first = entries.iter().find(|other| other.serial == entry.serial);
        assert_eq!(crl.find(&entry.serial).as_ref(), first);
    }
    built_again(&crl, entries.clone());
    second_opinion(&crl, &entries);
});

/// Sorted and each once, as we write them, the entries come back; the signer sees a CRL.
fn built_again(crl: &Crl, mut entries: Vec<RevokedCertificate>) {
    entries.sort_by(|one, other| one.serial.cmp(&other.serial));
    entries.dedup_by(|one, other| one.serial == other.serial);
    let built = crl
        .content()
        .prepare(entries.clone())
        .expect("what was read can be built");
    let algorithm = crl.content().signature.identifier_der();
    let whole = write::sequence(&[built.tbs_der(), algorithm, &write::bit_string(&[0])]);
    let again = Crl::parse(&whole).expect("what was built can be read");
    assert_eq!(again.content(), crl.content());
    assert!(again.entries().eq(entries));
    let statement = recognise(built.tbs_der()).expect("the signer recognises what was built");
    assert_eq!(statement.kind(), Kind::Crl);
}

fn second_opinion(crl: &Crl, entries: &[RevokedCertificate]) {
    let Ok(theirs) = x509_cert::crl::CertificateList::<Rfc5280>::from_der(crl.der()) else {
        return;
    };
    let list = theirs.tbs_cert_list;
    assert_eq!(list.issuer.to_der().as_deref(), Ok(crl.content().issuer.der()));
    let revoked = list.revoked_certificates.unwrap_or_default();
    assert_eq!(revoked.len(), entries.len());
    for (theirs, ours) in revoked.iter().zip(entries) {
        assert_eq!(theirs.serial_number.to_der().as_ref(), Ok(&ours.serial.to_der()));
    }
}
