//! What a register's key signs: the text of a checkpoint (C2SP tlog-checkpoint, a C2SP signed-note).

use super::Kind;
use crate::{Error, Result};

/// What the signer asks a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint<'a> {
    /// The log's name.
    pub origin: &'a str,
    /// How many leaves the tree has.
    pub tree_size: u64,
    /// The tree's SHA-256 root hash.
    pub root_hash: [u8; 32],
}

/// Whether the bytes could be text at all: control characters and broken UTF-8 are impossible in a signed note.
///
/// Every DER structure of this module fails here within its first five octets: the length octets 81..84 and the
/// tags a0..a2 are UTF-8 continuations without a lead, and the INTEGER tag (02) and the OBJECT IDENTIFIER tag
/// (06) are control characters. So no bytes are both, and a log may be named "1cartorio.example".
pub(super) fn may_be_text(bytes: &[u8]) -> bool {
    let start = bytes.first_chunk::<8>().map_or(bytes, <[u8; 8]>::as_slice);
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // A character cut by the end of the chunk is no fault.
        Err(error) if error.error_len().is_none() => start
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok())
            .unwrap_or_default(),
        Err(_) => return false,
    };
    !text.contains(is_forbidden)
}

/// Reads origin, tree size, root hash and extension lines, each ended by a newline, and nothing else.
pub(super) fn read(bytes: &[u8]) -> Result<Checkpoint<'_>> {
    let rule = |rule| Error::Rule {
        structure: "checkpoint",
        rule,
    };
    let limit = Kind::RegisterCheckpoint.limits().bytes;
    if bytes.len() > limit {
        return Err(Error::malformed("checkpoint")(crate::asn1::Fault::TooLarge {
            size: bytes.len(),
            limit,
        }));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| rule("must be UTF-8 (C2SP signed-note)"))?;
    let body = text
        .strip_suffix('\n')
        .ok_or(rule("must end in a newline (C2SP signed-note)"))?;
    if text.contains(is_forbidden) {
        return Err(rule(
            "must not contain control characters other than newline (C2SP signed-note)",
        ));
    }
    let mut lines = body.split('\n');
    let mut line = || lines.next().filter(|line| !line.is_empty());
    let origin = line().filter(|origin| is_origin(origin)).ok_or(rule(
        "the first line must be the origin, without spaces and plus signs",
    ))?;
    let tree_size = line().and_then(parse_size).ok_or(rule(
        "the second line must be the tree size in decimal, without leading zeros",
    ))?;
    let root_hash = line()
        .and_then(parse_root_hash)
        .ok_or(rule("the third line must be the SHA-256 root hash in base64"))?;
    if lines.any(str::is_empty) {
        return Err(rule("extension lines must not be empty (C2SP tlog-checkpoint)"));
    }
    Ok(Checkpoint {
        origin,
        tree_size,
        root_hash,
    })
}

fn is_forbidden(character: char) -> bool {
    character != '\n' && (character < ' ' || character == '\u{7f}')
}

/// A signed note's key name is the origin, so it obeys that rule; `<` is kept free for XML.
fn is_origin(text: &str) -> bool {
    !text.starts_with('<') && !text.contains(|character: char| character.is_whitespace() || character == '+')
}

fn parse_size(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// 43 characters of the standard alphabet and one `=`: 258 bits, of which the last two must be zero.
fn parse_root_hash(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_suffix('=').filter(|digits| digits.len() == 43)?;
    let mut hash = [0_u8; 32];
    let mut octets = hash.iter_mut();
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for byte in digits.bytes() {
        buffer = (buffer << 6) | u32::from(sextet(byte)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            *octets.next()? = u8::try_from(buffer >> bits).ok()?;
            buffer &= (1 << bits) - 1;
        }
    }
    (buffer == 0 && octets.next().is_none()).then_some(hash)
}

const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
