//! What the signer does with those who do not ask properly. In each test an honest client goes on being served.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use hsm::signer::client::SignerClient;
use hsm::signer::protocol::{
    Answer, Encoder, Goodbye, Hello, LENGTH_BYTES, Request, SignHeader, SignRequest, decode_answer,
    read_frame_start,
};
use serde_json::json;

use crate::given::{Office, until};
use crate::statements;

const LONG: Duration = Duration::from_secs(20);

/// A connection that says whatever the test wants.
struct Raw {
    stream: UnixStream,
    read: Vec<u8>,
}

impl Raw {
    fn connect(office: &Office) -> Self {
        let stream = UnixStream::connect(office.socket()).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        Self {
            stream,
            read: Vec::new(),
        }
    }

    fn greeted(office: &Office) -> Self {
        let mut raw = Self::connect(office);
        raw.say(&hello(1, 1));
        assert!(matches!(raw.hear(), Some(Heard::Welcome)));
        raw
    }

    fn say(&mut self, bytes: &[u8]) {
        // A signer that has closed already makes this fail, which is what some tests want.
        let _ = self.stream.write_all(bytes);
    }

    /// The next answer; `None` at the end of the connection.
    fn hear(&mut self) -> Option<Heard> {
        loop {
            if let Some(frame) = read_frame_start(&self.read, u32::MAX).unwrap()
                && self.read.len() >= frame.frame_bytes()
            {
                let rest = self.read.split_off(frame.frame_bytes());
                let frame = std::mem::replace(&mut self.read, rest);
                return Some(Heard::from(decode_answer(&frame[LENGTH_BYTES..]).unwrap()));
            }
            let mut some = [0; 4096];
            match self.stream.read(&mut some) {
                Ok(count @ 1..) => self.read.extend_from_slice(&some[..count]),
                Ok(_) | Err(_) => return None,
            }
        }
    }
}

/// What an answer was, without what it borrowed.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Welcome,
    Signature(u64),
    Failure(u64),
    Goodbye(Goodbye),
    Other,
}

impl From<Answer<'_>> for Heard {
    fn from(answer: Answer<'_>) -> Self {
        match answer {
            Answer::Welcome(_) => Self::Welcome,
            Answer::Signature { id, .. } => Self::Signature(id),
            Answer::Failure { id, .. } => Self::Failure(id),
            Answer::Goodbye { reason } => Self::Goodbye(reason),
            Answer::Pong { .. } | Answer::Status { .. } => Self::Other,
        }
    }
}

fn hello(oldest: u16, newest: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes).hello(Hello { oldest, newest }).unwrap();
    bytes
}

fn sign(id: u64, key: &str, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let header = SignHeader {
        id,
        deadline_ms: 10_000,
        key,
    };
    Encoder::new(&mut bytes)
        .request(&Request::Sign(SignRequest { header, message }))
        .unwrap();
    bytes
}

fn honest(office: &Office) -> SignerClient {
    let client = office.client(LONG);
    office.sign(&client).unwrap();
    client
}

#[test]
fn a_user_who_is_not_on_the_list_is_turned_away() {
    let me = rustix::process::geteuid().as_raw();
    let office = Office::new(&json!({ "user": me + 1 }));
    if rustix::process::geteuid().is_root() {
        let _signer = office.signer();
        let mut raw = Raw::connect(&office);
        raw.say(&hello(1, 1));
        assert_eq!(raw.hear(), Some(Heard::Goodbye(Goodbye::NotAllowed)));
        assert_eq!(raw.hear(), None);
    } else {
        // Only root may give the socket to another group; the check itself is tested beside its code.
        eprintln!("not root: the refusal over the socket was not tried");
    }
}

#[test]
fn another_user_of_the_machine_is_turned_away() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not root: nobody else can be played");
        return;
    }
    let office = Office::new(&json!({}));
    let _signer = office.signer();
    let client = honest(&office);
    // The rights that keep others out of the folder are taken away: the signer's own check must hold by itself.
    for folder in [office.path(), &office.path().join("run")] {
        std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(
        office.socket(),
        std::os::unix::fs::PermissionsExt::from_mode(0o666),
    )
    .unwrap();
    let Some(said) = office.stranger("65534", &hello(1, 1)) else {
        eprintln!("setpriv cannot be run: nobody else was played");
        return;
    };
    let mut expected = Vec::new();
    Encoder::new(&mut expected)
        .answer(&Answer::Goodbye {
            reason: Goodbye::NotAllowed,
        })
        .unwrap();
    assert_eq!(said, expected);
    office.sign(&client).unwrap();
}

#[test]
fn what_is_no_greeting_ends_the_connection() {
    let office = Office::new(&json!({}));
    let _signer = office.signer();
    let client = honest(&office);
    for (said, reason) in [
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), Goodbye::NoGreeting),
        (vec![0, 0, 0, 0], Goodbye::NoGreeting),
        (vec![0xff; 64], Goodbye::NoGreeting),
        (sign(1, "register", b"before the greeting"), Goodbye::NoGreeting),
        (hello(2, 9), Goodbye::Version),
        (hello(0, 0), Goodbye::Version),
        (Vec::new(), Goodbye::NoGreeting),
    ] {
        let mut raw = Raw::connect(&office);
        raw.say(&said);
        assert_eq!(raw.hear(), Some(Heard::Goodbye(reason)), "{said:02x?}");
        assert_eq!(raw.hear(), None);
        office.sign(&client).unwrap();
    }
}

#[test]
fn malformed_and_oversized_frames_end_their_connection_and_no_other() {
    let office = Office::new(&json!({}));
    let _signer = office.signer();
    let client = honest(&office);
    let mut overlong_name = sign(1, "register", b"x");
    overlong_name[4 + 1 + 8 + 4] = 0xff;
    for (said, reason) in [
        (vec![0, 0, 0, 1, 0x77], Goodbye::Malformed),
        (vec![0, 0, 0, 2, 0x03, 0x00], Goodbye::Malformed),
        (vec![0, 0, 0, 0], Goodbye::TooLarge),
        (vec![0xff, 0xff, 0xff, 0xff, 0x02], Goodbye::TooLarge),
        (vec![0x7f, 0, 0, 0], Goodbye::TooLarge),
        (overlong_name, Goodbye::Malformed),
        (hello(1, 1), Goodbye::Malformed),
    ] {
        let mut raw = Raw::greeted(&office);
        raw.say(&said);
        assert_eq!(raw.hear(), Some(Heard::Goodbye(reason)), "{said:02x?}");
        assert_eq!(raw.hear(), None);
        office.sign(&client).unwrap();
    }
}

#[test]
fn a_message_too_large_for_its_key_is_refused_and_the_connection_goes_on() {
    let office = Office::new(&json!({}));
    let _signer = office.signer();
    let mut raw = Raw::greeted(&office);
    let large = vec![b'x'; 600 * 1024];
    raw.say(&sign(1, "register", &large));
    assert_eq!(raw.hear(), Some(Heard::Failure(1)));
    raw.say(&sign(2, "nobody", &large));
    assert_eq!(raw.hear(), Some(Heard::Failure(2)));
    raw.say(&sign(3, "register", &statements::checkpoint(3)));
    assert_eq!(raw.hear(), Some(Heard::Signature(3)));
}

#[test]
fn frames_may_come_in_any_pieces() {
    let office = Office::new(&json!({}));
    let _signer = office.signer();
    let mut raw = Raw::greeted(&office);
    let frames = [
        sign(1, "register", &statements::checkpoint(1)),
        sign(2, "register", &statements::checkpoint(2)),
    ];
    for octet in frames.concat() {
        raw.say(&[octet]);
    }
    let mut heard = [raw.hear(), raw.hear()].map(Option::unwrap);
    heard.sort_by_key(|heard| matches!(heard, Heard::Signature(2)));
    assert_eq!(heard, [Heard::Signature(1), Heard::Signature(2)]);
}

#[test]
fn a_peer_that_does_not_read_its_answers_disturbs_nobody() {
    let office = Office::new(&json!({}));
    let _signer = office.signer();
    let client = honest(&office);
    let mut raw = Raw::greeted(&office);
    raw.stream
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    // Statuses are long: the socket is soon full, then the signer takes no more from this peer.
    let mut question = Vec::new();
    Encoder::new(&mut question)
        .request(&Request::Status { id: 1 })
        .unwrap();
    let questions = question.repeat(1000);
    let mut asked = 0;
    while asked < 200 && raw.stream.write_all(&questions).is_ok() {
        asked += 1;
    }
    assert!(
        asked < 200,
        "the signer took everything from a peer that reads nothing"
    );
    let begun = Instant::now();
    for _ in 0..50 {
        office.sign(&client).unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn connections_beyond_the_limit_are_told_so_and_the_others_are_served() {
    let office = Office::new(&json!({ "connections": 20 }));
    let _signer = office.signer();
    let client = honest(&office);
    let mut kept = Vec::new();
    let mut refused = 0;
    for _ in 0..2000 {
        let mut raw = Raw::connect(&office);
        raw.say(&hello(1, 1));
        match raw.hear() {
            Some(Heard::Welcome) => kept.push(raw),
            Some(Heard::Goodbye(Goodbye::TooManyConnections)) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(kept.len() < 20, "{}", kept.len());
    assert!(refused > 1900, "{refused}");
    office.sign(&client).unwrap();
    // Whoever leaves makes room.
    drop(kept);
    until("there is room again", || {
        let mut raw = Raw::connect(&office);
        raw.say(&hello(1, 1));
        raw.hear() == Some(Heard::Welcome)
    });
}
