//! Writing frames. Nothing here can fail but on a frame of more than 4 GiB, which its caller's limits exclude.

use super::{
    Answer, Failure, Goodbye, Hello, LENGTH_BYTES, MAGIC, MAX_TEXT_BYTES, Malformed, Request, SignHeader,
    Status, Welcome, failure_code, kind,
};
use crate::inventory::Period;

/// Appends whole frames to a buffer.
#[derive(Debug)]
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Encoder<'a> {
    /// Appends to this buffer.
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Appends the client's greeting.
    pub fn hello(&mut self, hello: Hello) -> Result<(), Malformed> {
        self.frame(|out| {
            out.push(kind::HELLO);
            out.extend_from_slice(&MAGIC);
            put_u16(out, hello.oldest);
            put_u16(out, hello.newest);
        })
    }

    /// Appends a request.
    pub fn request(&mut self, request: &Request<'_>) -> Result<(), Malformed> {
        match request {
            Request::Sign(sign) => self.frame(|out| {
                encode_sign_header(out, &sign.header);
                out.extend_from_slice(sign.message);
            }),
            Request::Ping { id } => self.numbered(kind::PING, *id),
            Request::Status { id } => self.numbered(kind::STATUS_REQUEST, *id),
        }
    }

    /// Appends an answer.
    pub fn answer(&mut self, answer: &Answer<'_>) -> Result<(), Malformed> {
        self.frame(|out| match answer {
            Answer::Welcome(welcome) => put_welcome(out, *welcome),
            Answer::Signature { id, signature } => {
                out.push(kind::SIGNATURE);
                put_u64(out, *id);
                out.extend_from_slice(signature);
            }
            Answer::Pong {
                id,
                waiting,
                longest_call_ms,
            } => {
                out.push(kind::PONG);
                put_u64(out, *id);
                put_u32(out, *waiting);
                put_u32(out, *longest_call_ms);
            }
            Answer::Status { id, status } => {
                out.push(kind::STATUS);
                put_u64(out, *id);
                Status::put(status, out);
            }
            Answer::Failure { id, failure } => {
                out.push(kind::FAILURE);
                put_u64(out, *id);
                put_failure(out, failure);
            }
            Answer::Goodbye { reason } => {
                out.push(kind::GOODBYE);
                out.push(goodbye_code(*reason));
            }
        })
    }

    fn numbered(&mut self, kind: u8, id: u64) -> Result<(), Malformed> {
        self.frame(|out| {
            out.push(kind);
            put_u64(out, id);
        })
    }

    /// Leaves room for the length, lets the body be written, and fills the length in.
    fn frame(&mut self, body: impl FnOnce(&mut Vec<u8>)) -> Result<(), Malformed> {
        let start = self.out.len();
        self.out.extend_from_slice(&[0; LENGTH_BYTES]);
        body(self.out);
        let length = self.out.len() - start - LENGTH_BYTES;
        let Ok(octets) = u32::try_from(length).map(u32::to_be_bytes) else {
            self.out.truncate(start);
            return Err(Malformed::Length {
                length: u32::MAX,
                limit: u32::MAX,
            });
        };
        for (place, octet) in self.out.iter_mut().skip(start).zip(octets) {
            *place = octet;
        }
        Ok(())
    }
}

/// Appends what precedes the message of a signing request, without the frame's length.
pub fn encode_sign_header(out: &mut Vec<u8>, header: &SignHeader<'_>) {
    out.push(kind::SIGN);
    put_u64(out, header.id);
    put_u32(out, header.deadline_ms);
    // A name that does not fit its octet is nobody's; the cut one is unknown to the signer.
    let name = header.key.as_bytes();
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    out.push(length);
    out.extend(name.iter().take(usize::from(length)));
}

fn put_welcome(out: &mut Vec<u8>, welcome: Welcome) {
    out.push(kind::WELCOME);
    out.extend_from_slice(&MAGIC);
    put_u16(out, welcome.version);
    put_u32(out, welcome.max_frame_bytes);
    put_u32(out, welcome.max_in_flight);
    put_u32(out, welcome.process_id);
}

fn put_failure(out: &mut Vec<u8>, failure: &Failure) {
    match failure {
        Failure::Busy { waiting } => {
            out.push(failure_code::BUSY);
            put_u32(out, *waiting);
        }
        Failure::Deadline => out.push(failure_code::DEADLINE),
        Failure::Unavailable { reason } => {
            out.push(failure_code::UNAVAILABLE);
            put_text(out, reason);
        }
        Failure::UnknownKey => out.push(failure_code::UNKNOWN_KEY),
        Failure::Refused { rule } => {
            out.push(failure_code::REFUSED);
            put_text(out, rule);
        }
        Failure::Budget { limit, per } => {
            out.push(failure_code::BUDGET);
            put_u64(out, *limit);
            out.push(period_code(*per));
        }
        Failure::Token { reason } => {
            out.push(failure_code::TOKEN);
            put_text(out, reason);
        }
    }
}

pub(super) const fn period_code(period: Period) -> u8 {
    match period {
        Period::Second => 0,
        Period::Minute => 1,
        Period::Hour => 2,
        Period::Day => 3,
    }
}

pub(super) const fn goodbye_code(reason: Goodbye) -> u8 {
    match reason {
        Goodbye::NotAllowed => 0,
        Goodbye::TooManyConnections => 1,
        Goodbye::NoGreeting => 2,
        Goodbye::Version => 3,
        Goodbye::Malformed => 4,
        Goodbye::TooLarge => 5,
        Goodbye::TooSlow => 6,
        Goodbye::Stopping => 7,
        Goodbye::Hang => 8,
    }
}

/// A text behind its length, cut at a character boundary where it is too long.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    let text = text
        .get(..text.floor_char_boundary(MAX_TEXT_BYTES))
        .unwrap_or_default();
    put_u16(out, u16::try_from(text.len()).unwrap_or(0));
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn put_u16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_be_bytes());
}

pub(super) fn put_u32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_be_bytes());
}

pub(super) fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_be_bytes());
}
