//! Tokens that vanish, hang, forget and answer garbage: SoftHSM behind the failing module.

use std::time::{Duration, Instant};

use faulty_token::Control;
use faulty_token::fault::{Call, Fault};
use hsm::pool::PoolOptions;
use hsm::testing::TokenFolder;
use hsm::token::{Caution, NewPair, Token, TokenSettings};
use hsm::{Error, token_test};
use pki::algorithm::KeyAlgorithm;
use pki::signing::SignError;

use crate::given::{Served, open, serve, until};

/// PKCS#11 return values.
const DEVICE_ERROR: u64 = 0x30;
const DEVICE_REMOVED: u64 = 0x32;
const GENERAL_ERROR: u64 = 0x05;
const KEY_HANDLE_INVALID: u64 = 0x60;
const SESSION_HANDLE_INVALID: u64 = 0xb3;
const TOKEN_NOT_PRESENT: u64 = 0xe0;
const USER_NOT_LOGGED_IN: u64 = 0x101;
const NOT_INITIALIZED: u64 = 0x190;
const PIN_INCORRECT: u64 = 0xa0;

fn faulty(tokens: &TokenFolder) -> (TokenSettings, Control) {
    let settings = TokenSettings {
        module: faulty_token::library().unwrap(),
        ..tokens.add("t").unwrap()
    };
    let control = Control::of_process().unwrap();
    control.heal().unwrap();
    (settings, control)
}

fn pool(tokens: &TokenFolder, sessions: usize, queue: usize) -> (Served, Control) {
    let (settings, control) = faulty(tokens);
    let served = serve(
        &settings,
        PoolOptions {
            sessions,
            queue,
            ..PoolOptions::default()
        },
    );
    until("all sessions are open", || {
        served.pool.health().serving == sessions
    });
    (served, control)
}

/// SoftHSM names a token's folder by an identifier whose last part is the serial number.
fn token_folder(tokens: &std::path::Path, serial: &str) -> std::path::PathBuf {
    let folders = std::fs::read_dir(tokens).into_iter().flatten().flatten();
    let plain = |path: &std::path::Path| path.display().to_string().replace('-', "");
    let found = folders
        .map(|entry| entry.path())
        .find(|path| plain(path).ends_with(serial));
    found.unwrap_or_else(|| panic!("no folder of token {serial}"))
}

token_test! {
    fn what_one_call_loses_is_made_anew_and_the_signature_still_comes(tokens) {
        let (served, control) = pool(tokens, 2, 64);
        for call in [Call::SignInit, Call::Sign] {
            for fault in [
                Fault::Return(DEVICE_ERROR),
                Fault::Return(DEVICE_REMOVED),
                Fault::Return(GENERAL_ERROR),
                Fault::Return(KEY_HANDLE_INVALID),
                Fault::Return(SESSION_HANDLE_INVALID),
                Fault::Return(TOKEN_NOT_PRESENT),
                Fault::Return(USER_NOT_LOGGED_IN),
                Fault::Return(NOT_INITIALIZED),
                Fault::Return(0x8000_0001),
                Fault::Reset,
                Fault::Logout,
                Fault::Forget,
            ] {
                control.fail(Some(call), fault, Some(1)).unwrap();
                let signature = served.sign(7).unwrap_or_else(|error| panic!("{call:?} {fault:?}: {error}; {:?}", served.pool.health()));
                assert!(served.verifies(7, &signature), "{call:?} {fault:?}");
            }
        }
        assert_eq!(served.pool.health().failed, 0);
    }

    fn an_error_that_stays_is_a_typed_answer_and_ends_with_its_cause(tokens) {
        let (served, control) = pool(tokens, 2, 64);
        for value in [DEVICE_ERROR, SESSION_HANDLE_INVALID, TOKEN_NOT_PRESENT] {
            control.fail(Some(Call::Sign), Fault::Return(value), None).unwrap();
            let begun = Instant::now();
            let error = served.sign(1).unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
            assert!(matches!(&error, SignError::Token { reason } if reason.contains("CKR_")), "{error}");
            control.heal().unwrap();
            assert!(served.time_to_recover(2) < Duration::from_secs(5));
        }
    }

    fn a_token_that_is_gone_fails_jobs_at_once_and_is_served_again_when_back(tokens) {
        let (served, control) = pool(tokens, 4, 64);
        control.fail(None, Fault::Gone, None).unwrap();
        for tag in 0..20 {
            let begun = Instant::now();
            let error = served.sign(tag).unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
            assert!(matches!(error, SignError::Unavailable { .. } | SignError::Token { .. }), "{error}");
        }
        until("every worker notices", || served.pool.health().serving == 0);
        let outage = served.pool.health().outage.unwrap();
        assert!(matches!(outage.reason, Error::TokenMissing { .. }), "{:?}", outage.reason);
        let error = served.sign(99).unwrap_err();
        assert!(error.to_string().contains("not present"), "{error}");
        control.heal().unwrap();
        let recovered = served.time_to_recover(100);
        assert!(recovered < Duration::from_secs(5), "{recovered:?}");
        until("every session is open again", || served.pool.health().serving == 4);
        assert_eq!(served.pool.health().outage, None);
    }

    fn a_token_folder_that_is_taken_away_and_brought_back_is_served_again(tokens) {
        let (served, _control) = pool(tokens, 2, 64);
        let away = tokens.path().join("away");
        std::fs::rename(tokens.tokens(), &away).unwrap();
        std::fs::create_dir(tokens.tokens()).unwrap();
        until("every worker notices", || served.sign(1).is_err() && served.pool.health().serving == 0);
        std::fs::remove_dir(tokens.tokens()).unwrap();
        std::fs::rename(&away, tokens.tokens()).unwrap();
        let recovered = served.time_to_recover(2);
        assert!(recovered < Duration::from_secs(5), "{recovered:?}");
    }

    fn a_module_that_lost_its_state_is_restarted_once_for_all_workers(tokens) {
        let (served, control) = pool(tokens, 4, 64);
        let before = control.calls(Call::Initialize).unwrap();
        control.fail(Some(Call::Sign), Fault::Forget, Some(1)).unwrap();
        for tag in 0..40 {
            assert!(served.sign(tag).is_ok());
        }
        until("every session is open again", || served.pool.health().serving == 4);
        assert_eq!(control.calls(Call::Initialize).unwrap(), before + 1);
    }

    fn two_pools_of_one_module_recover_together(tokens) {
        let (settings, control) = faulty(tokens);
        let other = TokenSettings { label: "other".to_owned(), ..settings.clone() };
        tokens.add("other").unwrap();
        let options = || PoolOptions { sessions: 2, ..PoolOptions::default() };
        let pools = [serve(&settings, options()), serve(&other, options())];
        for _ in 0..3 {
            // The first pool finds the module stopped and restarts it; the second, idle, gives way.
            control.fail(Some(Call::Sign), Fault::Forget, Some(1)).unwrap();
            for served in &pools {
                let signature = served.sign(1).unwrap();
                assert!(served.verifies(1, &signature));
            }
        }
        for served in &pools {
            assert_eq!(served.pool.health().failed, 0);
        }
    }

    fn a_token_that_stays_away_does_not_take_its_neighbour_with_it(tokens) {
        let (settings, control) = faulty(tokens);
        let other = TokenSettings { label: "other".to_owned(), ..settings.clone() };
        tokens.add("other").unwrap();
        let options = || PoolOptions { sessions: 2, ..PoolOptions::default() };
        let healthy = serve(&settings, options());
        let lost = serve(&other, options());
        // The other token's folder goes; the module goes on with the first.
        let serial = lost.pool.token().serial.clone();
        let folder = token_folder(&tokens.tokens(), &serial);
        let away = tokens.path().join("away");
        std::fs::rename(&folder, &away).unwrap();
        until("the other pool notices", || lost.sign(1).is_err() && lost.pool.health().serving == 0);
        let before = control.calls(Call::Initialize).unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            assert!(healthy.verifies(2, &healthy.sign(2).unwrap()));
        }
        assert!(control.calls(Call::Initialize).unwrap() <= before + 2, "restarts disturb the neighbour");
        assert_eq!(healthy.pool.health().failed, 0);
        std::fs::rename(&away, &folder).unwrap();
    }

    fn jobs_that_waited_too_long_never_reach_the_token_and_too_many_are_refused(tokens) {
        let (served, control) = pool(tokens, 1, 3);
        control.fail(Some(Call::Sign), Fault::Slow(Duration::from_millis(600)), Some(1)).unwrap();
        served.submit(0, Duration::from_secs(10)).unwrap();
        until("the first job is with the token", || served.pool.longest_call().is_some());
        for tag in 1..4 {
            served.submit(tag, Duration::from_millis(100)).unwrap();
        }
        let busy = served.submit(4, Duration::from_secs(10)).unwrap_err();
        assert_eq!(busy, SignError::Busy { waiting: 3 });
        assert!(matches!(served.answer(), (0, Ok(_))));
        for _ in 1..4 {
            let (tag, outcome) = served.answer();
            // Counted from when the job was taken, a moment after its deadline was set.
            let Err(SignError::Deadline { milliseconds: 90..=100 }) = outcome else { panic!("{tag}: {outcome:?}") };
        }
        assert_eq!(control.calls(Call::Sign).unwrap(), 1);
    }

    fn a_call_that_hangs_is_seen_while_the_other_sessions_go_on(tokens) {
        let (served, control) = pool(tokens, 2, 64);
        assert_eq!(served.pool.longest_call(), None);
        control.fail(Some(Call::Sign), Fault::Hang, Some(1)).unwrap();
        served.submit(0, Duration::from_secs(1)).unwrap();
        until("the call hangs", || served.pool.longest_call() > Some(Duration::from_millis(200)));
        for tag in 1..10 {
            assert!(served.sign(tag).is_ok());
        }
        assert!(served.pool.longest_call() > Some(Duration::from_millis(200)));
        control.heal().unwrap();
        assert!(matches!(served.answer(), (0, Ok(_))));
        until("no call hangs", || served.pool.longest_call().is_none());
    }

    fn a_pool_with_a_hanging_call_says_so_when_it_is_stopped(tokens) {
        let (served, control) = pool(tokens, 2, 64);
        control.fail(Some(Call::Sign), Fault::Hang, Some(1)).unwrap();
        served.submit(0, Duration::from_secs(1)).unwrap();
        until("the call hangs", || served.pool.longest_call().is_some());
        let (pool, answers) = served.apart();
        assert_eq!(
            pool.stop(Duration::from_millis(300)),
            Err(Error::StillRunning { count: 1 })
        );
        control.heal().unwrap();
        assert_eq!(answers.iter().count(), 1, "the answers end when the last thread does");
    }

    fn what_is_no_signature_is_refused_by_its_form(tokens) {
        let (served, control) = pool(tokens, 1, 64);
        control.fail(Some(Call::Sign), Fault::Short, Some(1)).unwrap();
        let error = served.sign(1).unwrap_err();
        assert!(error.to_string().contains("63 bytes"), "{error}");
        assert!(served.sign(2).is_ok());
    }

    fn a_wrong_signature_is_seen_by_whoever_verifies_it(tokens) {
        let (served, control) = pool(tokens, 1, 64);
        control.fail(Some(Call::Sign), Fault::Garbage, Some(1)).unwrap();
        let garbage = served.sign(1).unwrap();
        assert!(!served.verifies(1, &garbage));
    }

    fn a_pool_that_verifies_hands_out_no_wrong_signature(tokens) {
        let (settings, control) = faulty(tokens);
        let served = serve(&settings, PoolOptions { sessions: 1, verify: true, ..PoolOptions::default() });
        control.fail(Some(Call::Sign), Fault::Garbage, Some(1)).unwrap();
        let error = served.sign(1).unwrap_err();
        assert!(error.to_string().contains("does not verify"), "{error}");
        assert!(served.sign(2).is_ok());
    }

    fn a_pin_that_is_refused_after_a_reset_is_tried_once_by_all_workers_together(tokens) {
        let (served, control) = pool(tokens, 4, 64);
        let before = control.calls(Call::Login).unwrap();
        // The PIN was changed meanwhile: from now on the token refuses it.
        control.fail(Some(Call::Login), Fault::Return(PIN_INCORRECT), None).unwrap();
        let library = cryptoki::context::Pkcs11::new(faulty_token::library().unwrap()).unwrap();
        let slot = library.get_slots_with_initialized_token().unwrap()[0];
        library.open_ro_session(slot).unwrap().logout().unwrap();
        for tag in 0..20 {
            assert!(served.sign(tag).is_err());
        }
        until("every worker notices", || served.pool.health().serving == 0);
        let waited = Instant::now();
        while waited.elapsed() < Duration::from_secs(2) {
            assert!(served.sign(99).is_err());
        }
        assert_eq!(control.calls(Call::Login).unwrap(), before + 1, "each attempt brings the token closer to locking");
        let outage = served.pool.health().outage.unwrap();
        assert!(outage.reason.is_about_pin(), "{}", outage.reason);
    }

    fn a_new_key_with_which_the_process_died_is_found_again(tokens) {
        let (settings, control) = faulty(tokens);
        control.fail(Some(Call::GenerateKeyPair), Fault::Die, None).unwrap();
        let died = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["faults::in_another_process_a_key_is_made_and_the_process_dies", "--exact", "--include-ignored"])
            .output()
            .unwrap();
        assert!(!died.status.success());
        control.heal().unwrap();
        let id = std::fs::read_to_string(tokens.path().join("id")).unwrap().parse().unwrap();
        let token = open(&settings);
        assert!(token.find_pair(id, KeyAlgorithm::EcdsaP256).unwrap().is_some());
        let again = NewPair { id, label: "again", algorithm: KeyAlgorithm::EcdsaP256 };
        assert!(matches!(token.generate_pair(&again), Err(Error::KeyExists { .. })));
    }

    #[ignore = "the other process of the test above"]
    fn in_another_process_a_key_is_made_and_the_process_dies(tokens) {
        let settings = TokenSettings { module: faulty_token::library().unwrap(), ..tokens.settings("t") };
        let token = Token::open(&settings, Caution::Careful).unwrap();
        let id = token.new_key_id().unwrap();
        std::fs::write(tokens.path().join("id"), id.to_string()).unwrap();
        let made = token.generate_pair(&NewPair { id, label: "new", algorithm: KeyAlgorithm::EcdsaP256 });
        panic!("the process should have died: {made:?}");
    }

    fn a_token_that_fails_while_a_key_is_made_leaves_none(tokens) {
        let (settings, control) = faulty(tokens);
        let token = open(&settings);
        let id = token.new_key_id().unwrap();
        control.fail(Some(Call::GenerateKeyPair), Fault::Return(DEVICE_ERROR), Some(1)).unwrap();
        let new = NewPair { id, label: "new", algorithm: KeyAlgorithm::EcdsaP256 };
        assert!(matches!(token.generate_pair(&new), Err(Error::Pkcs11 { .. })));
        assert_eq!(token.find_pair(id, KeyAlgorithm::EcdsaP256).unwrap(), None);
        assert!(token.generate_pair(&new).is_ok());
    }
}
