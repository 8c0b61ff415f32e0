//! Tokens that vanish, hang and lie, and processes that are stopped and killed: typed errors within the deadline,
//! service again within five seconds, in the same client.

use std::time::{Duration, Instant};

use faulty_token::fault::{Call, Fault};
use hsm::signer::process::EXIT_HANG;
use hsm::signer::protocol::KeyState;
use hsm::signer::supervise::{State, Supervisor};
use pki::Error;
use pki::signing::{SignError, Signer as _};
use rustix::process::Signal;
use serde_json::json;

use crate::given::{Office, VERIFIER, signal_process, stop_process, until};
use crate::statements;

/// What the requirement allows for recovery.
const RECOVERY: Duration = Duration::from_secs(5);

/// A deadline that a broken signer will miss.
const SHORT: Duration = Duration::from_millis(700);

/// The process that the supervisor knows to answer. A client may notice a moment earlier that it does.
fn running(office: &Office, supervisor: &Supervisor) -> u32 {
    assert!(office.runtime.block_on(supervisor.wait_until_running(RECOVERY)));
    match *supervisor.state().borrow() {
        State::Running { process } => process,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_module_that_hangs_costs_a_restart_and_nothing_else() {
    let office = Office::new(&json!({ "faulty": true, "sessions": 2, "hang_ms": 1000 }));
    let supervisor = office.supervised();
    let first = running(&office, &supervisor);
    let client = office.client(SHORT);
    office.sign(&client).unwrap();
    office.control.fail(Some(Call::Sign), Fault::Hang, None).unwrap();
    let begun = Instant::now();
    let error = office.sign(&client).unwrap_err();
    assert!(matches!(error, SignError::Deadline { .. }), "{error}");
    assert!(
        begun.elapsed() < SHORT + Duration::from_millis(300),
        "{:?}",
        begun.elapsed()
    );
    // Whoever still waits when the process ends is told at once, long before its own deadline.
    let patient = office.client(Duration::from_secs(20));
    let begun = Instant::now();
    let error = office.sign(&patient).unwrap_err();
    assert!(matches!(error, SignError::Unavailable { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    office.control.heal().unwrap();
    assert!(office.time_until_signed(&client) < RECOVERY);
    assert_ne!(running(&office, &supervisor), first);
    office.runtime.block_on(supervisor.stop());
}

#[test]
fn a_hanging_signer_ends_with_the_documented_code() {
    let office = Office::new(&json!({ "faulty": true, "sessions": 1, "hang_ms": 300 }));
    let signer = office.signer();
    let client = office.client(Duration::from_secs(20));
    office.control.fail(Some(Call::Sign), Fault::Hang, None).unwrap();
    let error = office.sign(&client).unwrap_err();
    assert!(error.to_string().contains("started again"), "{error}");
    assert_eq!(signer.wait().code(), Some(EXIT_HANG));
}

#[test]
fn a_token_that_hangs_while_it_is_opened_does_not_hang_the_signer_for_ever() {
    let office = Office::new(&json!({ "faulty": true, "opening_ms": 500 }));
    office.control.fail(Some(Call::Login), Fault::Hang, None).unwrap();
    let (status, _) = office.failing_signer();
    assert_eq!(status.code(), Some(EXIT_HANG));
}

#[test]
fn a_token_that_vanishes_is_missed_in_words_and_found_again() {
    let office = Office::new(&json!({ "faulty": true, "sessions": 2 }));
    let _signer = office.signer();
    let client = office.client(Duration::from_secs(3));
    office.sign(&client).unwrap();
    office.control.fail(None, Fault::Gone, None).unwrap();
    for _ in 0..5 {
        let begun = Instant::now();
        let error = office.sign(&client).unwrap_err();
        assert!(
            matches!(error, SignError::Unavailable { .. } | SignError::Token { .. }),
            "{error}"
        );
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
    until("the status says so", || {
        let status = office.runtime.block_on(client.status()).unwrap();
        !status.tokens[0].ready
    });
    office.control.heal().unwrap();
    assert!(office.time_until_signed(&client) < RECOVERY);
}

#[test]
fn a_token_that_is_missing_at_the_start_is_waited_for() {
    let office = Office::new(&json!({}));
    let away = office.path().join("away");
    std::fs::rename(office.token_files(), &away).unwrap();
    std::fs::create_dir(office.token_files()).unwrap();
    let supervisor = office.supervised();
    let client = office.client(Duration::from_secs(3));
    let status = office.runtime.block_on(client.status()).unwrap();
    assert!(!status.tokens[0].ready);
    assert!(
        status.tokens[0].state.contains("not present"),
        "{}",
        status.tokens[0].state
    );
    assert!(matches!(
        status.key("ca").unwrap().state,
        KeyState::Unusable { .. }
    ));
    let error = office.sign(&client).unwrap_err();
    assert!(error.to_string().contains("not present"), "{error}");
    std::fs::remove_dir(office.token_files()).unwrap();
    std::fs::rename(&away, office.token_files()).unwrap();
    assert!(office.time_until_signed(&client) < RECOVERY);
    office.runtime.block_on(supervisor.stop());
}

#[test]
fn no_wrong_signature_passes() {
    let office = Office::new(&json!({ "faulty": true, "sessions": 1 }));
    let _signer = office.signer();
    let client = office.client(Duration::from_secs(10));
    office.runtime.block_on(async {
        let key = client.key("ca").await.unwrap();
        office
            .control
            .fail(Some(Call::Sign), Fault::Garbage, None)
            .unwrap();
        let unsigned = statements::certificate(statements::authority(), key.public_key().clone(), 2);
        let error = unsigned.clone().sign(&key, &VERIFIER).await.unwrap_err();
        assert!(matches!(error, Error::BadSignature { .. }), "{error}");
        let error = key
            .clone()
            .verifying()
            .sign(unsigned.tbs_der())
            .await
            .unwrap_err();
        assert!(matches!(error, SignError::Token { .. }), "{error}");
        office.control.fail(Some(Call::Sign), Fault::Short, None).unwrap();
        let error = key.sign(unsigned.tbs_der()).await.unwrap_err();
        assert!(matches!(error, SignError::Token { .. }), "{error}");
        office.control.heal().unwrap();
        assert!(unsigned.sign(&key.verifying(), &VERIFIER).await.is_ok());
    });
}

#[test]
fn a_wrong_pin_is_tried_once_however_often_the_signer_starts() {
    let office = Office::new(&json!({ "faulty": true, "pin": "000000" }));
    for _ in 0..3 {
        let signer = office.signer();
        let client = office.client(Duration::from_secs(3));
        let error = office.sign(&client).unwrap_err();
        assert!(error.to_string().contains("PIN"), "{error}");
        signer.signal(Signal::TERM);
        assert!(signer.wait().success());
    }
    assert_eq!(office.control.calls(Call::Login).unwrap(), 1);
}

#[test]
fn a_stopped_signer_is_killed_and_replaced() {
    let office = Office::new(&json!({}));
    let supervisor = office.supervised();
    let client = office.client(SHORT);
    office.sign(&client).unwrap();
    let first = running(&office, &supervisor);
    stop_process(first);
    let begun = Instant::now();
    let error = office.sign(&client).unwrap_err();
    assert!(matches!(error, SignError::Deadline { .. }), "{error}");
    assert!(
        begun.elapsed() < SHORT + Duration::from_millis(300),
        "{:?}",
        begun.elapsed()
    );
    office.time_until_signed(&client);
    assert!(begun.elapsed() < RECOVERY, "{:?}", begun.elapsed());
    assert_ne!(running(&office, &supervisor), first);
    office.runtime.block_on(supervisor.stop());
}

#[test]
fn a_killed_signer_is_replaced_again_and_again() {
    let office = Office::new(&json!({}));
    let supervisor = office.supervised();
    let state = supervisor.state();
    let client = office.client(SHORT);
    for _ in 0..4 {
        office.time_until_signed(&client);
        let process = running(&office, &supervisor);
        signal_process(process, Signal::KILL);
        let killed = Instant::now();
        until("the supervisor notices", || {
            let _ = office.sign(&client);
            *state.borrow() != State::Running { process }
        });
        office.time_until_signed(&client);
        assert!(killed.elapsed() < RECOVERY, "{:?}", killed.elapsed());
    }
    let process = running(&office, &supervisor);
    office.runtime.block_on(supervisor.stop());
    assert_eq!(*state.borrow(), State::Stopped);
    assert!(!office.socket().exists());
    let gone = rustix::process::Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    assert!(rustix::process::test_kill_process(gone).is_err());
}
