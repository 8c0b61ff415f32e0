//! Reading bodies of frames, strictly: every octet is accounted for, nothing is allocated on another's word.

use super::encode::{goodbye_code, period_code};
use super::{
    Answer, Failure, Goodbye, Hello, MAGIC, MAX_NAME_BYTES, MAX_TEXT_BYTES, Malformed, Request, SignHeader,
    SignRequest, Status, Welcome, failure_code, kind,
};
use crate::inventory::Period;

/// Reads the client's greeting.
pub fn decode_hello(body: &[u8]) -> Result<Hello, Malformed> {
    let mut fields = Fields::new(body);
    match fields.u8()? {
        kind::HELLO => {}
        other => return Err(Malformed::UnknownKind(other)),
    }
    fields.magic()?;
    let hello = Hello {
        oldest: fields.u16()?,
        newest: fields.u16()?,
    };
    fields.finish()?;
    Ok(hello)
}

/// Reads a client's request.
pub fn decode_request(body: &[u8]) -> Result<Request<'_>, Malformed> {
    let mut fields = Fields::new(body);
    let request = match fields.u8()? {
        kind::SIGN => {
            let (header, message) = decode_sign_header(body)?;
            return Ok(Request::Sign(SignRequest { header, message }));
        }
        kind::PING => Request::Ping { id: fields.u64()? },
        kind::STATUS_REQUEST => Request::Status { id: fields.u64()? },
        other => return Err(Malformed::UnknownKind(other)),
    };
    fields.finish()?;
    Ok(request)
}

/// Reads what precedes the message, from a whole body or from its first octets, and gives back what follows.
pub fn decode_sign_header(body: &[u8]) -> Result<(SignHeader<'_>, &[u8]), Malformed> {
    let mut fields = Fields::new(body);
    match fields.u8()? {
        kind::SIGN => {}
        other => return Err(Malformed::UnknownKind(other)),
    }
    let (id, deadline_ms) = (fields.u64()?, fields.u32()?);
    let length = usize::from(fields.u8()?);
    if length > MAX_NAME_BYTES {
        return Err(Malformed::Text);
    }
    let key = as_text(fields.take(length)?)?;
    let header = SignHeader { id, deadline_ms, key };
    Ok((header, fields.rest))
}

/// Reads an answer of the signer.
pub fn decode_answer(body: &[u8]) -> Result<Answer<'_>, Malformed> {
    let mut fields = Fields::new(body);
    let answer = match fields.u8()? {
        kind::WELCOME => Answer::Welcome(fields.welcome()?),
        kind::SIGNATURE => Answer::Signature {
            id: fields.u64()?,
            signature: std::mem::take(&mut fields.rest),
        },
        kind::PONG => Answer::Pong {
            id: fields.u64()?,
            waiting: fields.u32()?,
            longest_call_ms: fields.u32()?,
        },
        kind::STATUS => Answer::Status {
            id: fields.u64()?,
            status: Status::take(&mut fields)?,
        },
        kind::FAILURE => Answer::Failure {
            id: fields.u64()?,
            failure: fields.failure()?,
        },
        kind::GOODBYE => {
            let code = fields.u8()?;
            let reason = by_code(&Goodbye::ALL, goodbye_code, code)?;
            Answer::Goodbye { reason }
        }
        other => return Err(Malformed::UnknownKind(other)),
    };
    fields.finish()?;
    Ok(answer)
}

/// A cursor over one body.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) const fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[octet]| octet)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = usize::from(self.u16()?);
        if length > MAX_TEXT_BYTES {
            return Err(Malformed::Text);
        }
        as_text(self.take(length)?)
    }

    pub(super) fn period(&mut self) -> Result<Period, Malformed> {
        let code = self.u8()?;
        by_code(&Period::ALL, period_code, code)
    }

    fn magic(&mut self) -> Result<(), Malformed> {
        if self.array()? == MAGIC {
            Ok(())
        } else {
            Err(Malformed::Magic)
        }
    }

    fn welcome(&mut self) -> Result<Welcome, Malformed> {
        self.magic()?;
        Ok(Welcome {
            version: self.u16()?,
            max_frame_bytes: self.u32()?,
            max_in_flight: self.u32()?,
            process_id: self.u32()?,
        })
    }

    fn failure(&mut self) -> Result<Failure, Malformed> {
        Ok(match self.u8()? {
            failure_code::BUSY => Failure::Busy { waiting: self.u32()? },
            failure_code::DEADLINE => Failure::Deadline,
            failure_code::UNAVAILABLE => Failure::Unavailable {
                reason: self.text()?.to_owned(),
            },
            failure_code::UNKNOWN_KEY => Failure::UnknownKey,
            failure_code::REFUSED => Failure::Refused {
                rule: self.text()?.to_owned(),
            },
            failure_code::BUDGET => Failure::Budget {
                limit: self.u64()?,
                per: self.period()?,
            },
            failure_code::TOKEN => Failure::Token {
                reason: self.text()?.to_owned(),
            },
            _ => return Err(Malformed::UnknownCode),
        })
    }

    pub(super) const fn finish(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed::TrailingBytes)
        }
    }
}

/// The value of a closed list that is written as this code.
pub(super) fn by_code<T: Copy>(all: &[T], code_of: fn(T) -> u8, code: u8) -> Result<T, Malformed> {
    all.iter()
        .copied()
        .find(|value| code_of(*value) == code)
        .ok_or(Malformed::UnknownCode)
}

fn as_text(octets: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(octets).map_err(|_| Malformed::Text)
}
