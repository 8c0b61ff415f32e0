//! Passphrases of custodians' key files: from a file only its owner may read, or typed without echo.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::{Error, Result, storage};

/// Where a passphrase comes from. Never an argument, never the environment.
#[derive(Clone)]
pub enum Passphrase {
    /// The first line of a file that only its owner may read.
    File(PathBuf),
    /// Asked for on the terminal, without echo.
    Prompt,
    /// Already in the caller's hands.
    Given(Zeroizing<String>),
}

impl Passphrase {
    /// Reads it. `whose` is the custodian's name, for the prompt and for messages.
    pub fn read(&self, whose: &str) -> Result<Zeroizing<String>> {
        let words = match self {
            Self::File(path) => from_file(path, whose)?,
            Self::Prompt => ask(whose, "Passphrase")?,
            Self::Given(words) => words.clone(),
        };
        check(words, whose)
    }

    /// Reads a new one; a typed one is asked for twice.
    pub fn read_new(&self, whose: &str) -> Result<Zeroizing<String>> {
        let words = self.read(whose)?;
        if matches!(self, Self::Prompt) && *ask(whose, "The same again")? != *words {
            return Err(unreadable(
                whose,
                "the two were different; nothing was written, try again",
            ));
        }
        if words.chars().count() < 12 {
            return Err(unreadable(
                whose,
                "a passphrase for a custodian's key must have at least 12 characters",
            ));
        }
        Ok(words)
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(out, "File({})", path.display()),
            Self::Prompt => out.write_str("Prompt"),
            Self::Given(_) => out.write_str("Given(..)"),
        }
    }
}

fn from_file(path: &std::path::Path, whose: &str) -> Result<Zeroizing<String>> {
    let metadata = std::fs::metadata(path).map_err(Error::file(path, "read"))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(unreadable(
            whose,
            &format!(
                "{} may be read by others; run: chmod 600 {}",
                path.display(),
                path.display()
            ),
        ));
    }
    let text = Zeroizing::new(storage::read_text(path)?);
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn ask(whose: &str, what: &str) -> Result<Zeroizing<String>> {
    rpassword::prompt_password(format!("{what} of custodian {whose}: "))
        .map(Zeroizing::new)
        .map_err(|error| {
            unreadable(
                whose,
                &format!("nobody can type here ({error}); give a passphrase file"),
            )
        })
}

fn check(words: Zeroizing<String>, whose: &str) -> Result<Zeroizing<String>> {
    if words.is_empty() {
        return Err(unreadable(whose, "it is empty"));
    }
    Ok(words)
}

fn unreadable(whose: &str, reason: &str) -> Error {
    Error::Passphrase {
        custodian: whose.to_owned(),
        reason: reason.to_owned(),
    }
}
