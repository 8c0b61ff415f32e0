//! Who is in the room: custodians with their keys, from files or from tokens of their own.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use ceremony::custodian::passphrase::Passphrase;
use ceremony::custodian::{Custodians, key_file};
use ceremony::environment::{NoFaults, SystemRandom};
use ceremony::office::Office;
use ceremony::session::{Means, Present, Progress, Stage};
use ceremony::tokens::Tokens;
use clap::Args;
use hsm::direct::TokenKey;
use hsm::key::KeyId;
use pki::signing::Signer;

use crate::clock::SystemClock;
use crate::error::Error;

/// Custodians in the room. Whoever is elsewhere approves by file (`sinete ceremony approve`).
#[derive(Debug, Clone, Default, Args)]
pub(in crate::command) struct Room {
    /// A custodian in the room, and the file of the key
    #[arg(long, value_name = "NAME=FILE")]
    present: Vec<Named<PathBuf>>,
    /// A custodian in the room whose key is in a configured token
    #[arg(long, value_name = "NAME=TOKEN/KEYID")]
    present_token: Vec<Named<InToken>>,
    /// A file with a custodian's passphrase; without it the passphrase is asked for
    #[arg(long, value_name = "NAME=FILE")]
    passphrase_file: Vec<Named<PathBuf>>,
    /// Let everybody in the room approve every step unasked: for demonstrations and rehearsals
    #[arg(long)]
    pub(super) approve_all: bool,
}

/// Something of somebody: `NAME=...`.
#[derive(Debug, Clone)]
pub(in crate::command) struct Named<T> {
    name: String,
    value: T,
}

impl<T: FromStr> FromStr for Named<T>
where
    T::Err: std::fmt::Display,
{
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .filter(|(name, value)| !name.is_empty() && !value.is_empty())
            .ok_or("give it as NAME=...")?;
        Ok(Self {
            name: name.to_owned(),
            value: value.parse().map_err(|error: T::Err| error.to_string())?,
        })
    }
}

/// A key in a token: `LABEL/KEYID`.
#[derive(Debug, Clone)]
pub(in crate::command) struct InToken {
    token: String,
    id: KeyId,
}

impl FromStr for InToken {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (token, id) = text.rsplit_once('/').ok_or("give it as NAME=TOKEN/KEYID")?;
        Ok(Self {
            token: token.to_owned(),
            id: id.parse().map_err(|error: hsm::Error| error.to_string())?,
        })
    }
}

/// A custodian whose key is open.
pub(super) type Opened = (String, Box<dyn Signer>);

impl Room {
    /// Opens everybody's key.
    fn open(&self, custodians: &Custodians, tokens: &Tokens) -> Result<Vec<Opened>, Error> {
        let mut opened: Vec<Opened> = Vec::new();
        for Named { name, value } in &self.present {
            let key = key_file::open(value, name, &self.passphrase(name))?;
            opened.push((name.clone(), Box::new(key)));
        }
        for Named { name, value } in &self.present_token {
            // Which kind of key it is, the list of custodians says; a name that is not on it is refused there.
            let Some(custodian) = custodians.find(name) else {
                return Err(Error::NotACustodian {
                    name: name.clone(),
                    known: custodians
                        .iter()
                        .map(|custodian| custodian.name.clone())
                        .collect(),
                });
            };
            let kind = custodian.public_key.algorithm();
            let token = tokens.token(&value.token)?;
            let key = TokenKey::open(&token, value.id, kind, kind.default_signature())?;
            opened.push((name.clone(), Box::new(key)));
        }
        Ok(opened)
    }

    fn passphrase(&self, name: &str) -> Passphrase {
        passphrase(&self.passphrase_file, name)
    }

    /// Calls the room together and lets it act.
    pub(super) fn hold(
        &self,
        office: &Office,
        tokens: &Tokens,
        stage: &dyn Stage,
        act: impl FnOnce(&Means<'_>) -> ceremony::Result<Progress>,
    ) -> Result<Progress, Error> {
        let text = std::fs::read_to_string(&office.custodians).map_err(Error::file(
            "cannot read the list of custodians",
            &office.custodians,
        ))?;
        let custodians = Custodians::parse(&office.custodians, &text)?;
        let opened = self.open(&custodians, tokens)?;
        let present: Vec<Present<'_>> = opened
            .iter()
            .map(|(name, signer)| Present {
                name: name.clone(),
                signer: &**signer,
            })
            .collect();
        Ok(act(&Means {
            tokens,
            clock: &SystemClock,
            random: &SystemRandom,
            faults: Arc::new(NoFaults),
            present: &present,
            stage,
        })?)
    }
}

fn passphrase(files: &[Named<PathBuf>], name: &str) -> Passphrase {
    let file = files.iter().find(|file| file.name == name);
    file.map_or(Passphrase::Prompt, |file| Passphrase::File(file.value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_whom_is_read_from_one_argument() {
        let file: Named<PathBuf> = "ana=keys/a=b.pem".parse().unwrap();
        assert_eq!(
            (file.name.as_str(), file.value),
            ("ana", PathBuf::from("keys/a=b.pem"))
        );
        let key: Named<InToken> = format!("ana=a/b/{}", "0f".repeat(16)).parse().unwrap();
        assert_eq!(
            (key.value.token.as_str(), key.value.id),
            ("a/b", KeyId::from_bytes([15; 16]))
        );
        for wrong in ["ana", "=x", "ana="] {
            assert!(wrong.parse::<Named<PathBuf>>().is_err(), "{wrong}");
        }
        assert!("ana=token".parse::<Named<InToken>>().is_err());
        assert!("ana=token/xyz".parse::<Named<InToken>>().is_err());
    }
}
