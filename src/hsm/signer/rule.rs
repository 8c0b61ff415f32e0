//! Which key may sign what: purposes on one side, recognised statements on the other.

use pki::statement::{Kind, Owner, recognise};

use crate::key::Purpose;

/// The kind of statement that a purpose is for. A data key encrypts; it signs no statement.
pub const fn statement_of(purpose: Purpose) -> Option<Kind> {
    match purpose {
        Purpose::Certificate => Some(Kind::Certificate),
        Purpose::Crl => Some(Kind::Crl),
        Purpose::Ocsp => Some(Kind::OcspResponse),
        Purpose::Timestamp => Some(Kind::TimeStamp),
        Purpose::Document => Some(Kind::DocumentSignature),
        Purpose::Register => Some(Kind::RegisterCheckpoint),
        Purpose::Data => None,
    }
}

/// The largest message that a key of these purposes can have reason to sign.
pub fn max_message_bytes(purposes: &[Purpose]) -> usize {
    let kinds = purposes.iter().filter_map(|purpose| statement_of(*purpose));
    kinds
        .chain([Kind::Request])
        .map(|kind| kind.limits().bytes)
        .max()
        .unwrap_or(0)
}

/// Looks at the bytes and says whether this key may sign them; if not, why.
///
/// Any key may sign a certification request for its own public key, because without it the key never gets the
/// certificate that its purpose needs. Everything else must be a statement of a declared purpose, about the key
/// itself where it names anybody.
pub fn check(purposes: &[Purpose], owner: &Owner, message: &[u8]) -> Result<(), String> {
    let statement = recognise(message)
        .map_err(|error| format!("the bytes are no statement that a key here signs ({error})"))?;
    let kind = statement.kind();
    let declared = purposes
        .iter()
        .any(|purpose| statement_of(*purpose) == Some(kind));
    if !declared && kind != Kind::Request {
        let purposes: Vec<&str> = purposes.iter().map(|purpose| purpose.name()).collect();
        return Err(format!(
            "it is a {kind}, and the key is only for: {}",
            purposes.join(", ")
        ));
    }
    statement
        .check_owner(owner)
        .map_err(|error| format!("it is a {kind}, but {error}"))
}

#[cfg(test)]
mod tests {
    use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
    use pki::asn1::{tag, write};
    use pki::name::{Attribute, Name};
    use pki::oid;
    use pki::public_key::PublicKey;
    use pki::time::Time;

    use super::*;

    fn key() -> PublicKey {
        PublicKey::from_ec_point(KeyAlgorithm::EcdsaP256, &[&[4][..], &[7; 64]].concat()).unwrap()
    }

    fn name() -> Name {
        Name::from_attributes(&[Attribute::from_key("CN", "Authority").unwrap()]).unwrap()
    }

    fn signed_attributes(content: const_oid::ObjectIdentifier) -> Vec<u8> {
        let attribute = |kind, value: &[u8]| {
            write::sequence(&[
                &write::object_identifier(kind),
                &write::constructed(tag::SET, &[value]),
            ])
        };
        write::set_of(vec![
            attribute(oid::attribute::CONTENT_TYPE, &write::object_identifier(content)),
            attribute(oid::attribute::MESSAGE_DIGEST, &write::octet_string(&[3; 32])),
        ])
    }

    /// One statement of each kind, each of them the key's own.
    fn statements() -> Vec<(Kind, Vec<u8>)> {
        let algorithm = SignatureAlgorithm::EcdsaSha256.identifier_der();
        let time = Time::from_unix_seconds(1_790_000_000).unwrap();
        let dates = write::sequence(&[&time.to_der(), &time.to_der()]);
        let extensions = write::sequence(&[&write::sequence(&[
            &write::object_identifier(oid::extension::KEY_USAGE),
            &write::octet_string(&[3, 2, 7, 0x80]),
        ])]);
        let (name, key) = (name(), key());
        let certificate = write::sequence(&[
            &write::explicit(0, &write::small_unsigned(2)),
            &write::small_unsigned(9),
            algorithm,
            name.der(),
            &dates,
            name.der(),
            key.spki_der(),
            &write::explicit(3, &extensions),
        ]);
        let crl = write::sequence(&[
            &write::small_unsigned(1),
            algorithm,
            name.der(),
            &time.to_der(),
            &time.to_der(),
            &write::explicit(0, &extensions),
        ]);
        let request = write::sequence(&[
            &write::small_unsigned(0),
            name.der(),
            key.spki_der(),
            &write::value(tag::context_constructed(0), &[]),
        ]);
        let single = write::sequence(&[
            &write::sequence(&[
                &write::sequence(&[&write::object_identifier(oid::algorithm::SHA_256)]),
                &write::octet_string(&[1; 32]),
                &write::octet_string(&[2; 32]),
                &write::small_unsigned(9),
            ]),
            &write::value(tag::context(0), &[]),
            &time.to_generalized_der(),
        ]);
        let response = write::sequence(&[
            &write::explicit(1, name.der()),
            &time.to_generalized_der(),
            &write::sequence(&[&single]),
        ]);
        let checkpoint = "log.example\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        vec![
            (Kind::Certificate, certificate),
            (Kind::Crl, crl),
            (Kind::Request, request),
            (Kind::OcspResponse, response),
            (Kind::TimeStamp, signed_attributes(oid::content::TST_INFO)),
            (Kind::DocumentSignature, signed_attributes(oid::content::DATA)),
            (Kind::RegisterCheckpoint, checkpoint.as_bytes().to_vec()),
        ]
    }

    #[test]
    fn a_key_signs_its_own_purpose_its_own_request_and_nothing_else() {
        let owner = Owner::new(key(), SignatureAlgorithm::EcdsaSha256, Some(name()));
        assert_eq!(statements().len(), Kind::ALL.len());
        for purpose in Purpose::ALL {
            for (kind, bytes) in statements() {
                let may = kind == Kind::Request || statement_of(purpose) == Some(kind);
                let answer = check(&[purpose], &owner, &bytes);
                assert_eq!(answer.is_ok(), may, "a {purpose} key and a {kind}: {answer:?}");
            }
        }
    }

    #[test]
    fn several_purposes_add_up() {
        let owner = Owner::new(key(), SignatureAlgorithm::EcdsaSha256, Some(name()));
        let purposes = [Purpose::Certificate, Purpose::Crl];
        let signed = statements()
            .into_iter()
            .filter(|(_, bytes)| check(&purposes, &owner, bytes).is_ok());
        let kinds: Vec<Kind> = signed.map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [Kind::Certificate, Kind::Crl, Kind::Request]);
    }

    #[test]
    fn a_refusal_names_the_statement_and_the_purposes() {
        let owner = Owner::new(key(), SignatureAlgorithm::EcdsaSha256, Some(name()));
        let refusal = check(&[Purpose::Ocsp], &owner, &statements()[0].1).unwrap_err();
        assert_eq!(refusal, "it is a certificate, and the key is only for: ocsp");
        let refusal = check(&[Purpose::Ocsp], &owner, b"anything").unwrap_err();
        assert!(refusal.starts_with("the bytes are no statement"), "{refusal}");
    }

    #[test]
    fn only_keys_that_sign_lists_take_large_messages() {
        assert!(max_message_bytes(&[Purpose::Crl]) > 40_000_000);
        for purpose in Purpose::ALL {
            if purpose != Purpose::Crl {
                assert_eq!(max_message_bytes(&[purpose]), 256 * 1024, "{purpose}");
            }
        }
    }
}
