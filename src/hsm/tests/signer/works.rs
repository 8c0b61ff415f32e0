//! What the signer does for those who ask properly.

use std::time::{Duration, Instant};

use hsm::signer::protocol::KeyState;
use pki::oid;
use pki::signing::{SignError, Signer as _, Verifier as _};
use rustix::process::Signal;
use serde_json::json;
use tokio::task::JoinSet;

use crate::given::{Office, VERIFIER};
use crate::statements;

const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_certificate_is_signed_verified_and_joined() {
    let office = Office::new(&json!({}));
    let _signer = office.signer();
    let client = office.client(LONG);
    office.runtime.block_on(async {
        let key = client.key("ca").await.unwrap();
        let unsigned = statements::certificate(statements::authority(), key.public_key().clone(), 2);
        let signed = unsigned.sign(&key, &VERIFIER).await.unwrap();
        assert!(
            signed
                .value()
                .verify_signature(key.public_key(), &VERIFIER)
                .is_ok()
        );
    });
}

#[test]
fn each_key_signs_its_purpose_and_refuses_the_rest_in_words() {
    let office = Office::new(&json!({}));
    let _signer = office.signer();
    let client = office.client(LONG);
    office.runtime.block_on(async {
        let subject = client.key("ocsp").await.unwrap().public_key().clone();
        let certificate = statements::certificate(statements::authority(), subject.clone(), 2);
        let stranger =
            pki::name::Name::from_attributes(&[pki::name::Attribute::from_key("CN", "Stranger").unwrap()])
                .unwrap();
        let foreign = statements::certificate(stranger, subject.clone(), 2);
        let time_stamp = statements::signed_attributes(oid::content::TST_INFO);
        let document = statements::signed_attributes(oid::content::DATA);
        let request = statements::request(&subject);
        for (key, message, may) in [
            ("ca", certificate.tbs_der(), true),
            ("ca", foreign.tbs_der(), false),
            ("ca", &statements::crl(2), true),
            ("ca", &time_stamp, false),
            ("ca", &request, false),
            ("ocsp", certificate.tbs_der(), false),
            ("ocsp", &request, true),
            ("tsa", &time_stamp, true),
            ("tsa", &document, false),
            ("document", &document, true),
            ("document", &time_stamp, false),
            ("register", &statements::checkpoint(1), true),
            ("register", b"anything else", false),
            ("young", certificate.tbs_der(), false),
            ("data", &statements::checkpoint(1), false),
        ] {
            match client.sign(key, message).await {
                Ok(_) => assert!(may, "{key} signed what it must not"),
                Err(SignError::Refused { key: named, rule }) => {
                    assert!(!may, "{key}: {rule}");
                    assert_eq!((named.as_str(), rule.is_empty()), (key, false));
                }
                Err(other) => panic!("{key}: {other}"),
            }
        }
        let unknown = client.sign("nobody", &request).await.unwrap_err();
        assert_eq!(
            unknown,
            SignError::UnknownKey {
                key: "nobody".to_owned()
            }
        );
    });
}

#[test]
fn a_used_up_budget_is_a_typed_answer() {
    let office = Office::new(&json!({}));
    let _signer = office.signer();
    let client = office.client(LONG);
    office.runtime.block_on(async {
        // Refusals cost nothing.
        for _ in 0..5 {
            assert!(client.sign("budgeted", b"nothing").await.is_err());
        }
        for number in 0..3 {
            client
                .sign("budgeted", &statements::checkpoint(number))
                .await
                .unwrap();
        }
        let refused = client
            .sign("budgeted", &statements::checkpoint(3))
            .await
            .unwrap_err();
        assert_eq!(
            refused,
            SignError::Budget {
                key: "budgeted".to_owned(),
                limit: 3,
                per: "hour"
            }
        );
        let status = client.status().await.unwrap();
        assert_eq!(status.key("budgeted").unwrap().budget.unwrap().left, 0);
    });
}

#[test]
fn the_status_names_every_key_and_what_is_wrong_with_it() {
    let office = Office::new(&json!({ "sessions": 3 }));
    let _signer = office.signer();
    let client = office.client(LONG);
    let status = office.runtime.block_on(client.status()).unwrap();
    let state = |name: &str| status.key(name).unwrap().state.clone();
    for name in [
        "ca", "ocsp", "tsa", "document", "register", "budgeted", "young", "data",
    ] {
        assert_eq!(state(name), KeyState::Ready, "{name}");
    }
    for (name, word) in [
        ("mistaken", "public key"),
        ("missing", "no private key"),
        ("offline", "not configured"),
    ] {
        let KeyState::Unusable { reason } = state(name) else {
            panic!("{name} is ready")
        };
        assert!(reason.contains(word), "{name}: {reason}");
        let answer = office
            .runtime
            .block_on(client.sign(name, &statements::checkpoint(1)));
        assert!(
            matches!(answer, Err(SignError::Unavailable { .. })),
            "{name}: {answer:?}"
        );
    }
    assert_eq!(status.tokens.len(), 1);
    assert!(
        status.tokens[0].ready && status.tokens[0].state.contains("SoftHSM"),
        "{:?}",
        status.tokens
    );
    assert!(status.sandbox.contains("no new privileges"), "{}", status.sandbox);
}

#[test]
fn thousands_of_requests_under_way_each_get_their_own_signature() {
    let office = Office::new(&json!({}));
    let _signer = office.signer();
    let client = office.client(LONG);
    office.runtime.block_on(async {
        let key = client.key("register").await.unwrap();
        let mut asked = JoinSet::new();
        for number in 0..900 {
            let key = key.clone();
            asked.spawn(async move {
                let message = statements::checkpoint(number);
                let signature = key.sign(&message).await.unwrap();
                VERIFIER.verify(key.public_key(), key.algorithm(), &message, &signature)
            });
        }
        let answers = asked.join_all().await;
        assert!(answers.into_iter().all(|verified| verified));
    });
}

#[test]
fn a_large_crl_is_signed_and_nothing_waits_behind_it() {
    let office = Office::new(&json!({}));
    let _signer = office.signer();
    let client = office.client(LONG);
    office.runtime.block_on(async {
        let key = client.key("ca").await.unwrap();
        let crl = statements::crl(250_000);
        assert!(crl.len() > 8_000_000);
        let checkpoint = statements::checkpoint(1);
        let (large, small) = tokio::join!(key.sign(&crl), client.sign("register", &checkpoint));
        assert!(VERIFIER.verify(key.public_key(), key.algorithm(), &crl, &large.unwrap()));
        small.unwrap();
        // The same bytes for a key that signs no lists are refused before they are read.
        let refused = client.sign("register", &crl).await.unwrap_err();
        assert!(matches!(refused, SignError::Refused { .. }), "{refused}");
        client.sign("ca", &statements::crl(10_000)).await.unwrap();
    });
}

#[test]
fn too_many_requests_are_refused_at_once_and_late_ones_do_not_reach_the_token() {
    use faulty_token::fault::{Call, Fault};
    let office = Office::new(&json!({ "faulty": true, "sessions": 1, "queue": 2 }));
    let _signer = office.signer();
    let client = office.client(LONG);
    office.runtime.block_on(async {
        client.status().await.unwrap();
        let slow = Fault::Slow(Duration::from_millis(500));
        office.control.fail(Some(Call::Sign), slow, Some(1)).unwrap();
        let before = office.control.calls(Call::Sign).unwrap();
        let mut asked = JoinSet::new();
        let mut ask = |number| {
            let client = client.clone();
            asked.spawn(async move {
                let deadline = Duration::from_millis(300);
                client
                    .sign_within("register", &statements::checkpoint(number), deadline)
                    .await
            });
        };
        ask(0);
        // Until the token has the first, it takes one of the two places in the queue.
        while client.ping(LONG).await.unwrap().longest_call < Duration::from_millis(1) {}
        (1..6).for_each(ask);
        let answers = asked.join_all().await;
        let busy = answers
            .iter()
            .filter(|answer| matches!(answer, Err(SignError::Busy { .. })))
            .count();
        let late = answers
            .iter()
            .filter(|answer| matches!(answer, Err(SignError::Deadline { .. })))
            .count();
        assert_eq!((busy, late), (3, 3), "{answers:?}");
        while let Err(error) = client.sign("register", &statements::checkpoint(7)).await {
            assert!(matches!(error, SignError::Busy { .. }), "{error}");
        }
        // The slow one and the last one; those that waited too long were dropped.
        assert_eq!(office.control.calls(Call::Sign).unwrap() - before, 2);
    });
}

#[test]
fn a_stop_answers_what_is_owed_and_leaves_nothing_behind() {
    let office = Office::new(&json!({}));
    for signal in [Some(Signal::TERM), Some(Signal::INT), None] {
        let mut signer = office.signer();
        let client = office.client(Duration::from_secs(2));
        office.sign(&client).unwrap();
        match signal {
            Some(signal) => signer.signal(signal),
            // The supervisor's end of the pipe is closed.
            None => drop(signer.0.stdin.take()),
        }
        let status = signer.wait();
        assert!(status.success(), "{signal:?}: {status}");
        assert!(!office.socket().exists(), "{signal:?}");
    }
}

#[test]
fn a_second_signer_does_not_take_the_place_of_the_first() {
    let office = Office::new(&json!({}));
    let signer = office.signer();
    let (status, said) = office.failing_signer();
    assert!(!status.success());
    assert!(said.contains("SignerRunning"), "{said}");
    let client = office.client(LONG);
    office.sign(&client).unwrap();
    // Killed without a chance to tidy up: the next one takes over the socket that was left behind.
    signer.signal(Signal::KILL);
    drop(signer);
    assert!(office.socket().exists());
    let _next = office.signer();
    assert!(office.time_until_signed(&client) < Duration::from_secs(2));
}

#[test]
fn a_client_finds_a_signer_that_comes_later() {
    let office = Office::new(&json!({}));
    let client = office.client(LONG);
    let absent = office
        .runtime
        .block_on(client.sign_within("register", b"x", Duration::from_millis(50)));
    assert!(matches!(absent, Err(SignError::Unavailable { .. })), "{absent:?}");
    let _signer = office.signer();
    let begun = Instant::now();
    office.sign(&client).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2));
}
