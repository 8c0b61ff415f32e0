//! What client and signer say to each other over the Unix socket. Bytes in, values out; no I/O here.
//!
//! Every frame is a length (four octets, big-endian, of what follows) and a body whose first octet is its kind.
//! The client speaks first: [`Hello`]. The signer answers with its [`Welcome`], which carries the limits, or with
//! a [`Answer::Goodbye`] and closes. After that any number of requests may be under way; answers carry the
//! request's number and come in any order. Numbers are big-endian, texts are UTF-8 behind their length, a
//! message and a signature fill the rest of their frame.
//!
//! Both ends read strictly: a body that does not end where it should, an unknown kind or a text that is not
//! UTF-8 ends the connection. The other end is never trusted with an allocation: a length is compared with a
//! limit before anything of that size exists. Version 1 is the only one so far; [`VERSIONS`] says what is spoken.

mod decode;
mod encode;
mod frames;
mod status;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use pki::signing::SignError;

pub use decode::{decode_answer, decode_hello, decode_request, decode_sign_header};
pub use encode::{Encoder, encode_sign_header};
pub use frames::{FrameStart, read_frame_start};
pub use status::{BudgetStatus, KeyState, KeyStatus, QueueStatus, Status, TokenStatus};

/// The versions of the protocol that this code speaks.
pub const VERSIONS: RangeInclusive<u16> = 1..=1;

/// The octets that begin both greetings, so that a stray client is told apart at once.
pub const MAGIC: [u8; 6] = *b"SINETE";

/// Octets of the length in front of every frame.
pub const LENGTH_BYTES: usize = 4;

/// The largest body of a request that carries no message.
pub const MAX_SMALL_BYTES: usize = 64;

/// The longest key name, as the inventory has it.
pub const MAX_NAME_BYTES: usize = 64;

/// Octets in front of the message of a signing request: kind, number, deadline, length of the name, name.
pub const MAX_SIGN_HEADER_BYTES: usize = 1 + 8 + 4 + 1 + MAX_NAME_BYTES;

/// The longest text in an answer: a reason, a rule, a state.
pub const MAX_TEXT_BYTES: usize = 2048;

/// The largest answer: a status with many keys.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// The client's greeting: the versions it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hello {
    /// The oldest version.
    pub oldest: u16,
    /// The newest version.
    pub newest: u16,
}

/// The signer's greeting: the version spoken from here on, and its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Welcome {
    /// The version chosen.
    pub version: u16,
    /// The largest body the signer reads; for each key the limit of its purposes comes on top.
    pub max_frame_bytes: u32,
    /// The most requests of one connection that may be under way.
    pub max_in_flight: u32,
    /// The signer's process id, for messages.
    pub process_id: u32,
}

/// A client's request, borrowing from the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// Sign the message with the key.
    Sign(SignRequest<'a>),
    /// Answer with a [`Answer::Pong`].
    Ping {
        /// The request's number.
        id: u64,
    },
    /// Answer with a [`Answer::Status`].
    Status {
        /// The request's number.
        id: u64,
    },
}

/// The wish for one signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignRequest<'a> {
    /// What the answer belongs to.
    pub header: SignHeader<'a>,
    /// The bytes to be signed.
    pub message: &'a [u8],
}

/// What precedes the message, so that its limit is known before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignHeader<'a> {
    /// The request's number, chosen by the client.
    pub id: u64,
    /// How long the client waits, counted from when the frame is read.
    pub deadline_ms: u32,
    /// The key's name in the inventory.
    pub key: &'a str,
}

/// An answer of the signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The connection may be used.
    Welcome(Welcome),
    /// The signature asked for.
    Signature {
        /// The request's number.
        id: u64,
        /// The signature as X.509 carries it.
        signature: &'a [u8],
    },
    /// The signer's main loop is alive.
    Pong {
        /// The request's number.
        id: u64,
        /// Requests that wait for a session.
        waiting: u32,
        /// How long the longest call into a token has been running.
        longest_call_ms: u32,
    },
    /// How the signer is.
    Status {
        /// The request's number.
        id: u64,
        /// Keys, tokens, queue.
        status: Status,
    },
    /// No signature, and why.
    Failure {
        /// The request's number.
        id: u64,
        /// Why.
        failure: Failure,
    },
    /// The connection ends here.
    Goodbye {
        /// Why, for the log of the other end.
        reason: Goodbye,
    },
}

/// Why there is no signature, as it travels. Becomes a [`SignError`] on the client's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Too many requests wait. Nothing was signed.
    Busy {
        /// How many.
        waiting: u32,
    },
    /// The deadline passed in the queue or in the token.
    Deadline,
    /// The token or the signer is not available now.
    Unavailable {
        /// What is known of the cause.
        reason: String,
    },
    /// There is no key of this name.
    UnknownKey,
    /// The key must not sign this.
    Refused {
        /// The rule broken.
        rule: String,
    },
    /// The key's budget is used up.
    Budget {
        /// Signatures allowed per period.
        limit: u64,
        /// The period.
        per: crate::inventory::Period,
    },
    /// The token answered with an error.
    Token {
        /// The return value and its meaning.
        reason: String,
    },
}

impl Failure {
    /// The error that the caller of the client sees.
    pub fn into_sign_error(self, key: &str, deadline_ms: u32) -> SignError {
        let key = key.to_owned();
        match self {
            Self::Busy { waiting } => SignError::Busy {
                waiting: usize::try_from(waiting).unwrap_or(usize::MAX),
            },
            Self::Deadline => SignError::Deadline {
                milliseconds: u64::from(deadline_ms),
            },
            Self::Unavailable { reason } => SignError::Unavailable { reason },
            Self::UnknownKey => SignError::UnknownKey { key },
            Self::Refused { rule } => SignError::Refused { key, rule },
            Self::Budget { limit, per } => SignError::Budget {
                key,
                limit,
                per: per.name(),
            },
            Self::Token { reason } => SignError::Token { reason },
        }
    }
}

/// Why the signer closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Goodbye {
    /// This user may not use the signer.
    #[error("this user is not on the signer's list")]
    NotAllowed,
    /// No more connections are accepted now.
    #[error("the signer has all the connections it accepts")]
    TooManyConnections,
    /// The greeting was not one, or came too late.
    #[error("the greeting is not that of a signer's client")]
    NoGreeting,
    /// No common version.
    #[error("the signer does not speak this version of the protocol")]
    Version,
    /// A frame could not be read.
    #[error("a frame is malformed")]
    Malformed,
    /// A frame is larger than any that is accepted.
    #[error("a frame is larger than the signer accepts")]
    TooLarge,
    /// The other end does not read its answers, or stopped in the middle of a frame.
    #[error("the connection was too slow")]
    TooSlow,
    /// The signer stops in an orderly way.
    #[error("the signer is stopping")]
    Stopping,
    /// A call into the token's module does not return; the signer ends and is started again.
    #[error("the token does not answer and the signer is started again")]
    Hang,
}

impl Goodbye {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 9] = [
        Self::NotAllowed,
        Self::TooManyConnections,
        Self::NoGreeting,
        Self::Version,
        Self::Malformed,
        Self::TooLarge,
        Self::TooSlow,
        Self::Stopping,
        Self::Hang,
    ];
}

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The body ends before it should.
    #[error("a frame ends before its content does")]
    Truncated,
    /// The body goes on after its content.
    #[error("a frame goes on after its content")]
    TrailingBytes,
    /// A kind of frame that nobody sends.
    #[error("no frame is of kind {0:#04x}")]
    UnknownKind(u8),
    /// A code outside its list.
    #[error("a code is outside its list")]
    UnknownCode,
    /// A text is not UTF-8 or too long.
    #[error("a text is not UTF-8 or too long")]
    Text,
    /// A greeting without the magic octets.
    #[error("the greeting does not begin with the signer's magic octets")]
    Magic,
    /// A length of zero or above the limit.
    #[error("a frame of {length} bytes, where 1 to {limit} are accepted")]
    Length {
        /// The length found.
        length: u32,
        /// The limit in force.
        limit: u32,
    },
}

/// The first octet of every body.
pub(super) mod kind {
    pub(in crate::signer) const HELLO: u8 = 0x01;
    pub(in crate::signer) const SIGN: u8 = 0x02;
    pub(in crate::signer) const PING: u8 = 0x03;
    pub(in crate::signer) const STATUS_REQUEST: u8 = 0x04;
    pub(in crate::signer) const WELCOME: u8 = 0x81;
    pub(in crate::signer) const SIGNATURE: u8 = 0x82;
    pub(in crate::signer) const PONG: u8 = 0x83;
    pub(in crate::signer) const STATUS: u8 = 0x84;
    pub(in crate::signer) const FAILURE: u8 = 0x85;
    pub(in crate::signer) const GOODBYE: u8 = 0x86;
}

/// The octet that says which failure follows.
mod failure_code {
    pub(super) const BUSY: u8 = 1;
    pub(super) const DEADLINE: u8 = 2;
    pub(super) const UNAVAILABLE: u8 = 3;
    pub(super) const UNKNOWN_KEY: u8 = 4;
    pub(super) const REFUSED: u8 = 5;
    pub(super) const BUDGET: u8 = 6;
    pub(super) const TOKEN: u8 = 7;
}
