//! Keys on a real token: made, found, checked, refused; and how it is logged in to.

use crate::given::{entry, new_pair, open, with_pin};
use hsm::direct::TokenKey;
use hsm::inventory::{KeyEntry, Material};
use hsm::key::Purpose;
use hsm::testing::softhsm_module;
use hsm::token::{Caution, NewPair, Token, TokenSettings};
use hsm::{Error, token_test};
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::aws_lc::AwsLc;
use pki::signing::{Signer, Verifier};

token_test! {
    fn every_kind_of_key_that_softhsm_knows_is_made_found_and_signs(tokens) {
        let token = open(&tokens.add("t").unwrap());
        for algorithm in [
            KeyAlgorithm::EcdsaP256,
            KeyAlgorithm::EcdsaP384,
            KeyAlgorithm::EcdsaP521,
            KeyAlgorithm::Rsa2048,
            KeyAlgorithm::Rsa3072,
            KeyAlgorithm::Ed25519,
        ] {
            let (id, public_key) = new_pair(&token, algorithm);
            assert_eq!(public_key.algorithm(), algorithm);
            assert_eq!(token.find_pair(id, algorithm).unwrap().unwrap().public_key, public_key);
            for signature in SignatureAlgorithm::ALL.into_iter().filter(|signature| signature.suits(algorithm)) {
                let key = TokenKey::open(&token, id, algorithm, signature).unwrap();
                let made = key.sign_blocking(b"message").unwrap();
                assert!(AwsLc.verify(key.public_key(), signature, b"message", &made), "{algorithm} {signature}");
                assert!(!AwsLc.verify(key.public_key(), signature, b"another", &made), "{algorithm} {signature}");
            }
        }
    }

    fn a_data_key_is_made_found_and_signs_nothing(tokens) {
        let token = open(&tokens.add("t").unwrap());
        let id = token.new_key_id().unwrap();
        assert!(!token.has_data_key(id).unwrap());
        token.generate_data_key(id, "data").unwrap();
        assert!(token.has_data_key(id).unwrap());
        let entry = KeyEntry {
            name: "data".to_owned(),
            token: "t".to_owned(),
            id,
            material: Material::Aes256,
            purposes: vec![Purpose::Data],
            certificate: None,
            budget: None,
        };
        assert_eq!(token.check(&entry).unwrap(), None);
        assert!(matches!(TokenKey::of_entry(&token, &entry), Err(Error::NotASigningKey { .. })));
        assert_eq!(token.destroy(id).unwrap(), 1);
        assert!(matches!(token.check(&entry), Err(Error::KeyMissing { class: "secret key", .. })));
    }

    fn what_softhsm_lacks_is_refused_by_name(tokens) {
        let token = open(&tokens.add("t").unwrap());
        let id = token.new_key_id().unwrap();
        let refusal = token.generate_pair(&NewPair { id, label: "x", algorithm: KeyAlgorithm::MlDsa65 }).unwrap_err();
        assert!(refusal.to_string().contains("CKM_ML_DSA_KEY_PAIR_GEN"), "{refusal}");
        assert_eq!(token.find_pair(id, KeyAlgorithm::MlDsa65).unwrap(), None);
    }

    fn a_taken_id_is_refused_and_the_first_key_stays(tokens) {
        let token = open(&tokens.add("t").unwrap());
        let (id, public_key) = new_pair(&token, KeyAlgorithm::EcdsaP256);
        let again = NewPair { id, label: "again", algorithm: KeyAlgorithm::EcdsaP256 };
        assert!(matches!(token.generate_pair(&again), Err(Error::KeyExists { .. })));
        assert!(matches!(token.generate_data_key(id, "again"), Err(Error::KeyExists { .. })));
        assert_eq!(token.find_pair(id, KeyAlgorithm::EcdsaP256).unwrap().unwrap().public_key, public_key);
    }

    fn a_destroyed_key_is_missing_and_says_so(tokens) {
        let token = open(&tokens.add("t").unwrap());
        let (id, public_key) = new_pair(&token, KeyAlgorithm::EcdsaP256);
        assert_eq!(token.check(&entry("key", "t", id, &public_key)).unwrap(), Some(public_key.clone()));
        assert_eq!(token.destroy(id).unwrap(), 2);
        let refusal = token.check(&entry("key", "t", id, &public_key)).unwrap_err();
        assert!(matches!(&refusal, Error::KeyMissing { class: "private key", .. }), "{refusal}");
        assert!(refusal.to_string().contains(&id.to_string()), "{refusal}");
    }

    fn a_key_that_is_not_the_one_of_the_inventory_is_refused(tokens) {
        let token = open(&tokens.add("t").unwrap());
        let (id, _) = new_pair(&token, KeyAlgorithm::EcdsaP256);
        let (_, other) = new_pair(&token, KeyAlgorithm::EcdsaP256);
        let refusal = token.check(&entry("key", "t", id, &other)).unwrap_err();
        assert!(matches!(&refusal, Error::KeyMismatch { .. }), "{refusal}");
        assert!(matches!(TokenKey::of_entry(&token, &entry("key", "t", id, &other)), Err(Error::KeyMismatch { .. })));
    }

    fn a_key_that_could_leave_its_token_is_refused(tokens) {
        use cryptoki::mechanism::Mechanism;
        use cryptoki::object::Attribute;
        let settings = tokens.add("t").unwrap();
        let token = open(&settings);
        // Made behind our back, as a person with the vendor's tool would.
        let library = cryptoki::context::Pkcs11::new(softhsm_module()).unwrap();
        let slot = library.get_slots_with_initialized_token().unwrap()[0];
        let session = library.open_rw_session(slot).unwrap();
        let p256 = vec![6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        for (sensitive, extractable, attribute) in
            [(true, true, "CKA_EXTRACTABLE"), (false, false, "CKA_SENSITIVE"), (false, true, "CKA_SENSITIVE")]
        {
            let id = token.new_key_id().unwrap();
            let id_attribute = Attribute::Id(id.as_bytes().to_vec());
            session
                .generate_key_pair(
                    &Mechanism::EccKeyPairGen,
                    &[Attribute::Token(true), Attribute::EcParams(p256.clone()), id_attribute.clone()],
                    &[
                        Attribute::Token(true),
                        Attribute::Private(true),
                        Attribute::Sensitive(sensitive),
                        Attribute::Extractable(extractable),
                        Attribute::Sign(true),
                        id_attribute,
                    ],
                )
                .unwrap();
            match token.find_pair(id, KeyAlgorithm::EcdsaP256) {
                Err(Error::KeyAttribute { attribute: found, .. }) => assert_eq!(found, attribute),
                other => panic!("{other:?}"),
            }
        }
    }

    fn two_keys_of_one_id_are_refused(tokens) {
        use cryptoki::mechanism::Mechanism;
        use cryptoki::object::Attribute;
        let token = open(&tokens.add("t").unwrap());
        let (id, public_key) = new_pair(&token, KeyAlgorithm::EcdsaP256);
        let library = cryptoki::context::Pkcs11::new(softhsm_module()).unwrap();
        let slot = library.get_slots_with_initialized_token().unwrap()[0];
        let session = library.open_rw_session(slot).unwrap();
        let id_attribute = Attribute::Id(id.as_bytes().to_vec());
        let p256 = vec![6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        session
            .generate_key_pair(
                &Mechanism::EccKeyPairGen,
                &[Attribute::Token(true), Attribute::EcParams(p256), id_attribute.clone()],
                &[Attribute::Token(true), Attribute::Private(true), Attribute::Sign(true), id_attribute],
            )
            .unwrap();
        let refusal = token.check(&entry("key", "t", id, &public_key)).unwrap_err();
        assert!(matches!(&refusal, Error::KeyAmbiguous { hits: 2, .. }), "{refusal}");
        // And the repair: the id names both, so both go.
        assert_eq!(token.destroy(id).unwrap(), 4);
    }

    fn a_token_is_selected_by_label_and_serial_number(tokens) {
        let settings = tokens.add("twin").unwrap();
        tokens.add("twin").unwrap();
        tokens.add("single").unwrap();
        let refusal = Token::open(&settings, Caution::Careful).unwrap_err();
        let Error::TokenAmbiguous { serials, .. } = &refusal else { panic!("{refusal}") };
        assert_eq!(serials.len(), 2);
        for serial in serials {
            let exact = TokenSettings { serial: Some(serial.clone()), ..settings.clone() };
            assert_eq!(open(&exact).info().serial, *serial);
        }
        let wrong = TokenSettings { serial: Some("0".to_owned()), ..tokens.settings("single") };
        let refusal = Token::open(&wrong, Caution::Careful).unwrap_err();
        assert!(matches!(refusal, Error::TokenMissing { .. }));
        let absent = Token::open(&tokens.settings("absent"), Caution::Careful).unwrap_err();
        assert!(absent.to_string().contains("single ("), "{absent}");
    }

    fn a_wrong_pin_is_tried_once_and_never_again_until_it_was_corrected(tokens) {
        let good = tokens.add("t").unwrap();
        let bad = with_pin(&good, "000000");
        let refusal = |settings, caution| Token::open(settings, caution).unwrap_err();
        assert!(matches!(refusal(&bad, Caution::Careful), Error::PinWrong { .. }));
        // The token counted one attempt. From here on nothing is tried, with whatever PIN.
        assert!(matches!(refusal(&bad, Caution::Careful), Error::PinRefusedBefore { .. }));
        assert!(matches!(refusal(&good, Caution::Careful), Error::PinRefusedBefore { .. }));
        assert!(matches!(refusal(&good, Caution::Proven), Error::PinRefusedBefore { .. }));
        assert!(Token::open(&good, Caution::PinCorrected).is_ok());
        assert!(Token::open(&good, Caution::Careful).is_ok());
    }

    fn a_wrong_pin_given_by_another_process_stops_the_next_attempt(tokens) {
        let good = tokens.add("t").unwrap();
        let other = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["keys::in_another_process_a_wrong_pin_is_given", "--exact", "--include-ignored"])
            .output()
            .unwrap();
        assert!(other.status.success() && String::from_utf8_lossy(&other.stdout).contains("1 passed"));
        assert!(matches!(Token::open(&good, Caution::Careful), Err(Error::PinCountLow { .. })));
        assert!(Token::open(&good, Caution::PinCorrected).is_ok());
        assert!(Token::open(&good, Caution::Careful).is_ok());
    }

    #[ignore = "the other process of the test above"]
    fn in_another_process_a_wrong_pin_is_given(tokens) {
        let bad = with_pin(&tokens.settings("t"), "999999");
        assert!(matches!(Token::open(&bad, Caution::Careful), Err(Error::PinWrong { .. })));
    }

    fn a_second_login_of_the_process_is_a_success(tokens) {
        let settings = tokens.add("t").unwrap();
        let first = open(&settings);
        let second = open(&settings);
        let (id, _) = new_pair(&first, KeyAlgorithm::EcdsaP256);
        drop(first);
        assert!(second.find_pair(id, KeyAlgorithm::EcdsaP256).unwrap().is_some());
    }

    fn a_module_that_is_none_is_refused_with_the_remedy(tokens) {
        let mut settings = tokens.settings("t");
        for module in ["/nonexistent.so", "/etc/passwd", "/lib/x86_64-linux-gnu/libc.so.6"] {
            settings.module = module.into();
            let refusal = Token::open(&settings, Caution::Careful).unwrap_err();
            assert!(matches!(refusal, Error::ModuleLoad { .. }), "{refusal}");
            assert!(refusal.to_string().contains("module"), "{refusal}");
        }
    }

    fn a_module_restarts_when_nobody_uses_it_and_not_before(tokens) {
        let token = open(&tokens.add("t").unwrap());
        let module = token.module().clone();
        let refusal = module.restart(std::time::Duration::from_millis(20)).unwrap_err();
        assert!(matches!(refusal, Error::ModuleInUse { sessions: 1, .. }), "{refusal}");
        drop(token);
        module.restart(std::time::Duration::from_secs(1)).unwrap();
        assert_eq!(module.tokens().unwrap().iter().filter(|info| info.label == "t").count(), 1);
    }
}
