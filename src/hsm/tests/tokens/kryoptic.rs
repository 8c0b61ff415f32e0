//! The second token: Kryoptic, which knows every algorithm of the closed list.

use std::time::Duration;

use hsm::direct::TokenKey;
use hsm::pool::PoolOptions;
use hsm::probe::{Ability, ProbeOptions, probe};
use hsm::token::{Caution, Token};
use hsm::{Error, token_test};
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::aws_lc::AwsLc;
use pki::signing::{Signer, Verifier};

use crate::given::{entry, new_pair, open, serve, serve_keys, until, with_pin};

token_test! {
    fn every_kind_of_key_of_the_list_is_made_found_and_signs(tokens) {
        let token = open(&tokens.add_kryoptic("t").unwrap());
        for algorithm in KeyAlgorithm::ALL {
            let (id, public_key) = new_pair(&token, algorithm);
            assert_eq!(token.find_pair(id, algorithm).unwrap().unwrap().public_key, public_key);
            for signature in SignatureAlgorithm::ALL.into_iter().filter(|signature| signature.suits(algorithm)) {
                let key = TokenKey::open(&token, id, algorithm, signature).unwrap();
                let made = key.sign_blocking(b"message").unwrap();
                assert!(AwsLc.verify(key.public_key(), signature, b"message", &made), "{algorithm} {signature}");
            }
            assert_eq!(token.destroy(id).unwrap(), 2);
            assert_eq!(token.find_pair(id, algorithm).unwrap(), None);
        }
    }

    fn a_key_of_one_parameter_set_is_not_taken_for_another(tokens) {
        let token = open(&tokens.add_kryoptic("t").unwrap());
        let (id, _) = new_pair(&token, KeyAlgorithm::MlDsa44);
        let refusal = token.find_pair(id, KeyAlgorithm::MlDsa65).unwrap_err();
        assert!(matches!(&refusal, Error::PublicKey { .. }), "{refusal}");
    }

    fn a_data_key_is_made_and_found(tokens) {
        let token = open(&tokens.add_kryoptic("t").unwrap());
        let id = token.new_key_id().unwrap();
        token.generate_data_key(id, "data").unwrap();
        assert!(token.has_data_key(id).unwrap());
        assert_eq!(token.destroy(id).unwrap(), 1);
    }

    fn a_wrong_pin_is_tried_once(tokens) {
        let good = tokens.add_kryoptic("t").unwrap();
        let bad = with_pin(&good, "000000");
        let refusal = |settings| Token::open(settings, Caution::Careful).unwrap_err();
        assert!(matches!(refusal(&bad), Error::PinWrong { .. }));
        assert!(matches!(refusal(&good), Error::PinRefusedBefore { .. }));
        assert!(Token::open(&good, Caution::PinCorrected).is_ok());
        assert!(Token::open(&good, Caution::Careful).is_ok());
    }

    fn a_pool_signs_with_ml_dsa(tokens) {
        let settings = tokens.add_kryoptic("t").unwrap();
        let token = open(&settings);
        let (id, public_key) = new_pair(&token, KeyAlgorithm::MlDsa65);
        drop(token);
        let options = PoolOptions { sessions: 2, verify: true, ..PoolOptions::default() };
        let served = serve_keys(&settings, &[entry("key", "t", id, &public_key)], options).unwrap();
        for tag in 0..20 {
            served.submit(tag, Duration::from_secs(20)).unwrap();
        }
        for _ in 0..20 {
            let (tag, signature) = served.answer();
            assert_eq!(signature.unwrap().len(), 3309, "{tag}");
        }
    }

    fn a_logout_and_a_restart_cost_no_signature(tokens) {
        let settings = tokens.add_kryoptic("t").unwrap();
        let served = serve(&settings, PoolOptions { sessions: 2, ..PoolOptions::default() });
        let module = hsm::module::Module::load(&settings.module).unwrap();
        let library = cryptoki::context::Pkcs11::new(&settings.module).unwrap();
        for round in 0..3 {
            let slot = library.get_slots_with_initialized_token().unwrap()[0];
            library.open_ro_session(slot).unwrap().logout().unwrap();
            for tag in 0..20 {
                assert!(served.verifies(tag, &served.sign(tag).unwrap()), "{round}");
            }
            module.restart(Duration::from_secs(10)).unwrap();
            assert!(served.verifies(99, &served.sign(99).unwrap()), "{round}");
            until("every session is open again", || served.pool.health().serving == 2);
        }
    }

    fn the_probe_finds_every_algorithm(tokens) {
        let settings = tokens.add_kryoptic("t").unwrap();
        let options = ProbeOptions { sessions: vec![1], time: Duration::from_millis(30), ..ProbeOptions::default() };
        let report = probe(&settings, &options, |_| ()).unwrap();
        for algorithm in &report.algorithms {
            assert!(algorithm.works(), "{algorithm:?}");
            assert!(algorithm.signatures.iter().all(|signature| signature.signs.is_yes()), "{algorithm:?}");
            assert_eq!(algorithm.speed.len(), 1, "{algorithm:?}");
        }
        assert_eq!(report.data_key, Ability::Yes);
        assert!(report.verdict.suitable, "{:?}", report.verdict);
    }
}
