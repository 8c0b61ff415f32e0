//! How the signer says it is: keys, tokens, queue. Read by health checks, `doctor` and whoever needs a public key.

use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use super::Malformed;
use super::decode::Fields;
use super::encode::{period_code, put_text, put_u16, put_u32, put_u64};
use crate::inventory::Period;
use crate::key::Purpose;

/// Everything at once, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Seconds since the signer was ready.
    pub uptime_seconds: u64,
    /// What the kernel gave of the sandbox, as one line.
    pub sandbox: String,
    /// The work under way.
    pub queue: QueueStatus,
    /// Every token.
    pub tokens: Vec<TokenStatus>,
    /// Every key of the inventory.
    pub keys: Vec<KeyStatus>,
}

/// The work under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueStatus {
    /// Requests that wait for a session.
    pub waiting: u32,
    /// How many may wait for one token.
    pub capacity: u32,
    /// Connections, this one included.
    pub connections: u32,
    /// How long the longest call into a token has been running.
    pub longest_call_ms: u32,
    /// Signatures made since the start.
    pub signatures: u64,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenStatus {
    /// Its label.
    pub label: String,
    /// Whether it signs now.
    pub ready: bool,
    /// In words: what is wrong and the remedy, or what it is.
    pub state: String,
    /// Sessions that are open.
    pub sessions: u32,
}

/// One key of the inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatus {
    /// Its name.
    pub name: String,
    /// Label of its token.
    pub token: String,
    /// The kind of key and the signature it makes; `None` for a data key.
    pub algorithm: Option<(KeyAlgorithm, SignatureAlgorithm)>,
    /// What it may sign.
    pub purposes: Vec<Purpose>,
    /// Its SubjectPublicKeyInfo, once it was found on its token.
    pub public_key: Vec<u8>,
    /// Whether it signs.
    pub state: KeyState,
    /// Its budget, if it has one.
    pub budget: Option<BudgetStatus>,
}

/// Whether a key signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// Found, compared with inventory and certificate.
    Ready,
    /// Not used, and why.
    Unusable {
        /// What is wrong and the remedy.
        reason: String,
    },
}

/// What is left of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetStatus {
    /// Signatures allowed per period.
    pub limit: u64,
    /// The period.
    pub per: Period,
    /// Signatures that could be made at once now.
    pub left: u64,
}

impl Status {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_u64(out, self.uptime_seconds);
        put_text(out, &self.sandbox);
        put_u32(out, self.queue.waiting);
        put_u32(out, self.queue.capacity);
        put_u32(out, self.queue.connections);
        put_u32(out, self.queue.longest_call_ms);
        put_u64(out, self.queue.signatures);
        put_list(out, &self.tokens, TokenStatus::put);
        put_list(out, &self.keys, KeyStatus::put);
    }

    pub(super) fn take(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            uptime_seconds: fields.u64()?,
            sandbox: fields.text()?.to_owned(),
            queue: QueueStatus {
                waiting: fields.u32()?,
                capacity: fields.u32()?,
                connections: fields.u32()?,
                longest_call_ms: fields.u32()?,
                signatures: fields.u64()?,
            },
            tokens: take_list(fields, TokenStatus::take)?,
            keys: take_list(fields, KeyStatus::take)?,
        })
    }

    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&KeyStatus> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl TokenStatus {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, &self.label);
        out.push(u8::from(self.ready));
        put_text(out, &self.state);
        put_u32(out, self.sessions);
    }

    fn take(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            label: fields.text()?.to_owned(),
            ready: take_flag(fields)?,
            state: fields.text()?.to_owned(),
            sessions: fields.u32()?,
        })
    }
}

impl KeyStatus {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, &self.name);
        put_text(out, &self.token);
        let (key, signature) = self
            .algorithm
            .map_or(("", ""), |(key, signature)| (key.name(), signature.name()));
        put_text(out, key);
        put_text(out, signature);
        put_list(out, &self.purposes, |purpose, out| put_text(out, purpose.name()));
        // No SubjectPublicKeyInfo of the closed list is longer than 4 kB.
        put_u16(out, u16::try_from(self.public_key.len()).unwrap_or(0));
        out.extend(self.public_key.iter().take(usize::from(u16::MAX)));
        match &self.state {
            KeyState::Ready => out.push(1),
            KeyState::Unusable { reason } => {
                out.push(0);
                put_text(out, reason);
            }
        }
        match self.budget {
            None => out.push(0),
            Some(budget) => {
                out.push(1);
                put_u64(out, budget.limit);
                out.push(period_code(budget.per));
                put_u64(out, budget.left);
            }
        }
    }

    fn take(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let (name, token) = (fields.text()?.to_owned(), fields.text()?.to_owned());
        let algorithm = match (fields.text()?, fields.text()?) {
            ("", "") => None,
            (key, signature) => Some((parse(key)?, parse(signature)?)),
        };
        let purposes = take_list(fields, |fields| parse(fields.text()?))?;
        let length = usize::from(fields.u16()?);
        let public_key = fields.take(length)?.to_vec();
        let state = if take_flag(fields)? {
            KeyState::Ready
        } else {
            KeyState::Unusable {
                reason: fields.text()?.to_owned(),
            }
        };
        let budget = if take_flag(fields)? {
            Some(BudgetStatus {
                limit: fields.u64()?,
                per: fields.period()?,
                left: fields.u64()?,
            })
        } else {
            None
        };
        Ok(Self {
            name,
            token,
            algorithm,
            purposes,
            public_key,
            state,
            budget,
        })
    }
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, Malformed> {
    text.parse().map_err(|_| Malformed::UnknownCode)
}

fn take_flag(fields: &mut Fields<'_>) -> Result<bool, Malformed> {
    match fields.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Malformed::UnknownCode),
    }
}

/// A list behind its count; an inventory of more than 65 535 keys would show its first ones only.
fn put_list<T>(out: &mut Vec<u8>, list: &[T], put: fn(&T, &mut Vec<u8>)) {
    let count = u16::try_from(list.len()).unwrap_or(u16::MAX);
    put_u16(out, count);
    for value in list.iter().take(usize::from(count)) {
        put(value, out);
    }
}

/// Grows with what is really there, not with what the count promises.
fn take_list<'a, T>(
    fields: &mut Fields<'a>,
    take: impl Fn(&mut Fields<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = fields.u16()?;
    let mut list = Vec::new();
    for _ in 0..count {
        list.push(take(fields)?);
    }
    Ok(list)
}
