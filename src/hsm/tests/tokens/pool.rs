//! The session pool on a healthy token.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use hsm::inventory::{KeyEntry, Material};
use hsm::key::Purpose;
use hsm::pool::{Job, PoolOptions};
use hsm::{Error, token_test};
use pki::algorithm::KeyAlgorithm;
use pki::signing::SignError;

use crate::given::{entry, new_pair, open, serve, serve_keys};

fn sessions(sessions: usize) -> PoolOptions {
    PoolOptions {
        sessions,
        ..PoolOptions::default()
    }
}

token_test! {
    fn every_job_is_answered_once_with_its_own_signature(tokens) {
        let served = serve(&tokens.add("t").unwrap(), sessions(4));
        std::thread::scope(|threads| {
            for first in [0, 1000, 2000] {
                let served = &served;
                threads.spawn(move || {
                    for tag in first..first + 100 {
                        served.submit(tag, Duration::from_secs(20)).unwrap();
                    }
                });
            }
        });
        let mut answered = BTreeSet::new();
        for _ in 0..300 {
            let (tag, signature) = served.answer();
            assert!(served.verifies(tag, &signature.unwrap()), "{tag}");
            assert!(answered.insert(tag), "{tag} was answered twice");
        }
        assert!(served.is_quiet());
        let health = served.pool.health();
        assert_eq!((health.signed, health.failed, health.outage), (300, 0, None));
        served.pool.stop(Duration::from_secs(5)).unwrap();
    }

    fn a_job_whose_deadline_has_passed_is_not_signed(tokens) {
        let served = serve(&tokens.add("t").unwrap(), sessions(1));
        served.submit(1, Duration::ZERO).unwrap();
        assert_eq!(served.answer(), (1, Err(SignError::Deadline { milliseconds: 0 })));
        assert_eq!(served.pool.health().signed, 0);
        assert!(served.sign(2).is_ok());
    }

    fn stopping_answers_what_waits(tokens) {
        let served = serve(&tokens.add("t").unwrap(), sessions(2));
        for tag in 0..50 {
            served.submit(tag, Duration::from_secs(20)).unwrap();
        }
        let (pool, answers) = served.apart();
        pool.stop(Duration::from_secs(10)).unwrap();
        assert_eq!(answers.iter().filter(|(_, outcome)| outcome.is_ok()).count(), 50);
    }

    fn a_pool_does_not_start_over_a_key_that_is_missing_or_another(tokens) {
        let settings = tokens.add("t").unwrap();
        let token = open(&settings);
        let (id, public_key) = new_pair(&token, KeyAlgorithm::EcdsaP256);
        let (_, other) = new_pair(&token, KeyAlgorithm::EcdsaP256);
        let absent = token.new_key_id().unwrap();
        drop(token);
        let refusal = |entry: &KeyEntry| {
            serve_keys(&settings, std::slice::from_ref(entry), sessions(1)).map(drop).unwrap_err()
        };
        assert!(matches!(refusal(&entry("key", "t", absent, &public_key)), Error::KeyMissing { .. }));
        assert!(matches!(refusal(&entry("key", "t", id, &other)), Error::KeyMismatch { .. }));
        assert!(serve_keys(&settings, &[entry("key", "t", id, &public_key)], sessions(1)).is_ok());
    }

    fn keys_of_other_tokens_are_passed_over_and_data_keys_do_not_sign(tokens) {
        let settings = tokens.add("t").unwrap();
        let token = open(&settings);
        let (id, public_key) = new_pair(&token, KeyAlgorithm::EcdsaP256);
        let data = token.new_key_id().unwrap();
        token.generate_data_key(data, "data").unwrap();
        drop(token);
        let keys = [
            entry("key", "t", id, &public_key),
            entry("elsewhere", "another", id, &public_key),
            KeyEntry { name: "data".to_owned(), material: Material::Aes256, purposes: vec![Purpose::Data], id: data,
                ..entry("data", "t", data, &public_key) },
        ];
        let served = serve_keys(&settings, &keys, sessions(1)).unwrap();
        assert!(served.pool.key("elsewhere").is_none());
        assert!(served.pool.key("data").is_none());
        assert_eq!(served.pool.entry(served.key).unwrap().name, "key");
    }

    fn a_logout_by_another_session_loses_no_signature(tokens) {
        let settings = tokens.add("t").unwrap();
        let served = serve(&settings, sessions(3));
        let library = cryptoki::context::Pkcs11::new(hsm::testing::softhsm_module()).unwrap();
        let slot = library.get_slots_with_initialized_token().unwrap()[0];
        for round in 0..5 {
            library.open_ro_session(slot).unwrap().logout().unwrap();
            for tag in 0..20 {
                served.submit(round * 100 + tag, Duration::from_secs(20)).unwrap();
            }
            for _ in 0..20 {
                let (tag, signature) = served.answer();
                assert!(served.verifies(tag, &signature.unwrap()));
            }
        }
        assert!(served.pool.health().reopened > 0);
        assert_eq!(served.pool.health().failed, 0);
    }

    fn an_idle_session_is_kept_alive_and_found_dead_before_it_is_needed(tokens) {
        let settings = tokens.add("t").unwrap();
        let options = PoolOptions { keep_alive: Duration::from_millis(20), ..sessions(1) };
        let served = serve(&settings, options);
        let library = cryptoki::context::Pkcs11::new(hsm::testing::softhsm_module()).unwrap();
        let slot = library.get_slots_with_initialized_token().unwrap()[0];
        library.open_ro_session(slot).unwrap().logout().unwrap();
        crate::given::until("the idle session is opened again", || served.pool.health().reopened == 1);
        assert!(served.sign(1).is_ok());
    }

    fn a_module_restart_that_somebody_asks_for_costs_no_signature(tokens) {
        let settings = tokens.add("t").unwrap();
        let served = serve(&settings, sessions(3));
        let module = hsm::module::Module::load(&settings.module).unwrap();
        std::thread::scope(|threads| {
            threads.spawn(|| {
                for _ in 0..3 {
                    module.restart(Duration::from_secs(10)).unwrap();
                }
            });
            for tag in 0..300 {
                let signature = served.sign(tag).unwrap();
                assert!(served.verifies(tag, &signature));
            }
        });
        assert_eq!(served.pool.health().failed, 0);
    }

    fn a_receiver_of_answers_is_told_when_nothing_waits(tokens) {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicUsize, Ordering};
        struct Counts(Arc<AtomicUsize>, Arc<AtomicUsize>);
        impl hsm::pool::Replies<u32> for Counts {
            fn reply(&mut self, _tag: u32, outcome: Result<Vec<u8>, SignError>) {
                assert!(outcome.is_ok());
                self.0.fetch_add(1, Ordering::SeqCst);
            }
            fn idle(&mut self) {
                // Everything that was answered so far may be written out now.
                self.1.store(self.0.load(Ordering::SeqCst), Ordering::SeqCst);
            }
        }
        let settings = tokens.add("t").unwrap();
        let token = open(&settings);
        let (id, public_key) = new_pair(&token, KeyAlgorithm::EcdsaP256);
        drop(token);
        let (answered, flushed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let keys = [entry("key", "t", id, &public_key)];
        let replies = |_| Counts(Arc::clone(&answered), Arc::clone(&flushed));
        let pool = hsm::pool::Pool::start(&settings, &keys, sessions(1), replies).unwrap();
        let key = pool.key("key").unwrap();
        for tag in 0..30 {
            let deadline = Instant::now() + Duration::from_secs(20);
            pool.submit(Job { key, message: vec![1], deadline, tag }).unwrap();
        }
        crate::given::until("every answer is written out", || flushed.load(Ordering::SeqCst) == 30);
    }

    fn a_key_of_another_pool_is_refused(tokens) {
        let settings = tokens.add("t").unwrap();
        let token = open(&settings);
        let keys: Vec<KeyEntry> = (0..2)
            .map(|number| {
                let (id, public_key) = new_pair(&token, KeyAlgorithm::EcdsaP256);
                entry(&format!("key-{number}"), "t", id, &public_key)
            })
            .collect();
        drop(token);
        let both = serve_keys(&settings, &keys, sessions(1)).unwrap();
        let one = serve_keys(&settings, &keys[..1], sessions(1)).unwrap();
        let foreign = both.pool.key("key-1").unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        one.pool.submit(Job { key: foreign, message: vec![1], deadline, tag: 9 }).unwrap();
        assert!(matches!(one.answer(), (9, Err(SignError::UnknownKey { .. }))));
    }
}
