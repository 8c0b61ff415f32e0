//! The identities of ICP-Brasil in otherNames: the first octet says which, the rest is the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::asn1::write;
use pki::general_name::OtherName;
use pki::icp_brasil::Identity;
use pki::oid::icp_brasil as known;

const KINDS: [const_oid::ObjectIdentifier; 8] = [
    known::PERSON,
    known::RESPONSIBLE_NAME,
    known::COMPANY,
    known::RESPONSIBLE,
    known::VOTER,
    known::PERSON_CEI,
    known::COMPANY_CEI,
    known::COMPANY_NAME,
];

fuzz_target!(|bytes: &[u8]| {
    let Some((selector, text)) = bytes.split_first() else {
        return;
    };
    let kind = KINDS[usize::from(selector % 8)];
    // OCTET STRING, UTF8String, PrintableString, IA5String, and one that is no text.
    let tag = [0x04, 0x0c, 0x13, 0x16, 0x05][usize::from(selector / 8 % 5)];
    let Ok(name) = OtherName::new(kind, write::value(tag, text)) else {
        return;
    };
    let Ok(identity) = Identity::from_other_name(&name) else {
        return;
    };
    let identity = identity.expect("the kind is known");
    assert_eq!(identity.type_id(), kind);
    let again = identity.to_other_name().expect("what was read can be written");
    assert_eq!(Identity::from_other_name(&again), Ok(Some(identity.clone())));
    // Runs of digits, because words of the debug form itself may be in the text.
    let shown = format!("{identity:?}");
    let mut numbers = text
        .split(|octet| !octet.is_ascii_digit())
        .filter(|run| run.len() >= 9);
    assert!(
        numbers.all(|run| !shown.contains(str::from_utf8(run).expect("digits"))),
        "personal data is not printed"
    );
});
