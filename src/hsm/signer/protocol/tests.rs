//! Tests of what both sides of the signer's socket say: round trips, limits, and frames of strangers.

use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use proptest::prelude::*;

use super::*;
use crate::inventory::Period;
use crate::key::Purpose;

fn status() -> Status {
    Status {
        uptime_seconds: 77,
        sandbox: "no new privileges".to_owned(),
        queue: QueueStatus {
            waiting: 1,
            capacity: 1024,
            connections: 2,
            longest_call_ms: 3,
            signatures: u64::MAX,
        },
        tokens: vec![TokenStatus {
            label: "sinete-online".to_owned(),
            ready: true,
            state: "SoftHSM".to_owned(),
            sessions: 8,
        }],
        keys: vec![
            KeyStatus {
                name: "tls".to_owned(),
                token: "sinete-online".to_owned(),
                algorithm: Some((KeyAlgorithm::EcdsaP256, SignatureAlgorithm::EcdsaSha256)),
                purposes: vec![Purpose::Certificate, Purpose::Crl],
                public_key: vec![1; 91],
                state: KeyState::Ready,
                budget: Some(BudgetStatus {
                    limit: 5,
                    per: Period::Hour,
                    left: 4,
                }),
            },
            KeyStatus {
                name: "data".to_owned(),
                token: "sinete-online".to_owned(),
                algorithm: None,
                purposes: vec![Purpose::Data],
                public_key: Vec::new(),
                state: KeyState::Unusable {
                    reason: "not found".to_owned(),
                },
                budget: None,
            },
        ],
    }
}

fn failures() -> Vec<Failure> {
    vec![
        Failure::Busy { waiting: 9 },
        Failure::Deadline,
        Failure::Unavailable {
            reason: "é".to_owned(),
        },
        Failure::UnknownKey,
        Failure::Refused {
            rule: "no".to_owned(),
        },
        Failure::Budget {
            limit: 3,
            per: Period::Day,
        },
        Failure::Token {
            reason: "CKR_DEVICE_ERROR".to_owned(),
        },
    ]
}

fn answers() -> Vec<Answer<'static>> {
    let mut all = vec![
        Answer::Welcome(Welcome {
            version: 1,
            max_frame_bytes: 70_000_000,
            max_in_flight: 256,
            process_id: 4711,
        }),
        Answer::Signature {
            id: 1,
            signature: &[9; 71],
        },
        Answer::Pong {
            id: 2,
            waiting: 3,
            longest_call_ms: 4,
        },
        Answer::Status {
            id: 5,
            status: status(),
        },
    ];
    all.extend(
        failures()
            .into_iter()
            .map(|failure| Answer::Failure { id: 6, failure }),
    );
    all.extend(Goodbye::ALL.map(|reason| Answer::Goodbye { reason }));
    all
}

fn requests() -> Vec<Request<'static>> {
    vec![
        Request::Sign(SignRequest {
            header: SignHeader {
                id: u64::MAX,
                deadline_ms: 5000,
                key: "ocsp",
            },
            message: b"to be signed",
        }),
        Request::Ping { id: 1 },
        Request::Status { id: 2 },
    ]
}

/// The bodies of the frames in the buffer.
fn bodies(mut buffer: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(start) = read_frame_start(buffer, u32::MAX).unwrap() {
        all.push(buffer[LENGTH_BYTES..start.frame_bytes()].to_vec());
        buffer = &buffer[start.frame_bytes()..];
    }
    assert!(buffer.is_empty());
    all
}

#[test]
fn everything_that_is_said_is_understood() {
    let mut buffer = Vec::new();
    for request in requests() {
        Encoder::new(&mut buffer).request(&request).unwrap();
    }
    for (body, request) in bodies(&buffer).iter().zip(requests()) {
        assert_eq!(decode_request(body), Ok(request));
    }
    buffer.clear();
    for answer in answers() {
        Encoder::new(&mut buffer).answer(&answer).unwrap();
    }
    for (body, answer) in bodies(&buffer).iter().zip(answers()) {
        assert_eq!(decode_answer(body), Ok(answer));
    }
    buffer.clear();
    let hello = Hello { oldest: 1, newest: 3 };
    Encoder::new(&mut buffer).hello(hello).unwrap();
    assert_eq!(decode_hello(&bodies(&buffer)[0]), Ok(hello));
}

#[test]
fn the_header_of_a_request_is_read_before_its_message_is_there() {
    let header = SignHeader {
        id: 3,
        deadline_ms: 4,
        key: "crl",
    };
    let mut start = Vec::new();
    encode_sign_header(&mut start, &header);
    assert_eq!(decode_sign_header(&start), Ok((header, &[][..])));
    assert_eq!(
        decode_sign_header(&start[..start.len() - 1]),
        Err(Malformed::Truncated)
    );
    let longest = "x".repeat(MAX_NAME_BYTES);
    start.clear();
    encode_sign_header(
        &mut start,
        &SignHeader {
            key: &longest,
            ..header
        },
    );
    assert_eq!(start.len(), MAX_SIGN_HEADER_BYTES);
    start.clear();
    let too_long = "x".repeat(MAX_NAME_BYTES + 1);
    encode_sign_header(
        &mut start,
        &SignHeader {
            key: &too_long,
            ..header
        },
    );
    assert_eq!(decode_sign_header(&start), Err(Malformed::Text));
}

#[test]
fn every_cut_and_every_appended_byte_is_refused() {
    let mut buffer = Vec::new();
    for answer in answers() {
        Encoder::new(&mut buffer).answer(&answer).unwrap();
    }
    for body in bodies(&buffer) {
        // A signature fills the rest of its frame, so its length is the frame's.
        if body[0] == kind::SIGNATURE {
            continue;
        }
        for length in 0..body.len() {
            assert!(
                decode_answer(&body[..length]).is_err(),
                "{:#x} cut at {length}",
                body[0]
            );
        }
        assert!(decode_answer(&[&body[..], &[0]].concat()).is_err());
    }
    for id in [&[kind::PING][..], &[kind::STATUS_REQUEST][..]] {
        assert!(decode_request(id).is_err());
        assert!(decode_request(&[id, &[0; 9]].concat()).is_err());
    }
}

#[test]
fn a_length_is_judged_before_it_is_believed() {
    assert_eq!(read_frame_start(&[0, 0, 0], 10), Ok(None));
    assert!(read_frame_start(&[0, 0, 0, 0], 10).is_err());
    assert_eq!(
        read_frame_start(&[0, 0, 0, 11], 10),
        Err(Malformed::Length {
            length: 11,
            limit: 10
        })
    );
    assert!(read_frame_start(&[0xff; 4], 10).is_err());
    assert!(read_frame_start(&[0, 0, 0, 10], 10).unwrap().is_some());
}

#[test]
fn a_list_that_promises_more_than_it_holds_is_refused() {
    let mut buffer = Vec::new();
    let answer = Answer::Status {
        id: 1,
        status: Status {
            tokens: Vec::new(),
            keys: Vec::new(),
            ..status()
        },
    };
    Encoder::new(&mut buffer).answer(&answer).unwrap();
    let mut body = bodies(&buffer).remove(0);
    let end = body.len();
    body[end - 2..].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(decode_answer(&body), Err(Malformed::Truncated));
}

#[test]
fn strangers_are_told_apart_by_the_first_octets() {
    assert!(decode_hello(b"GET / HTTP/1.1\r\n").is_err());
    let mut buffer = Vec::new();
    Encoder::new(&mut buffer)
        .hello(Hello { oldest: 1, newest: 1 })
        .unwrap();
    let mut body = bodies(&buffer).remove(0);
    body[1] = b's';
    assert_eq!(decode_hello(&body), Err(Malformed::Magic));
}

#[test]
fn long_texts_are_cut_at_a_character() {
    let mut buffer = Vec::new();
    let reason = format!("x{}", "é".repeat(MAX_TEXT_BYTES));
    let failure = Failure::Token { reason };
    Encoder::new(&mut buffer)
        .answer(&Answer::Failure { id: 1, failure })
        .unwrap();
    let Ok(Answer::Failure {
        failure: Failure::Token { reason },
        ..
    }) = decode_answer(&bodies(&buffer)[0])
    else {
        panic!("not a token failure")
    };
    assert_eq!(reason.len(), MAX_TEXT_BYTES - 1);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode_hello(&body);
        let _ = decode_request(&body);
        let _ = decode_answer(&body);
    }

    #[test]
    fn what_is_understood_is_said_the_same_way(kind in 0x81_u8..=0x86, rest in proptest::collection::vec(any::<u8>(), 0..60)) {
        let body = [&[kind][..], &rest].concat();
        if let Ok(answer) = decode_answer(&body) {
            let mut buffer = Vec::new();
            Encoder::new(&mut buffer).answer(&answer).unwrap();
            prop_assert_eq!(bodies(&buffer), vec![body]);
        }
    }
}
