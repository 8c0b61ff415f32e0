//! `sinete.toml`, read once into validated types: one file here for each concern.
//!
//! An unknown key, a missing one or a value out of its bounds stops the start and is named with its line and
//! the nearest key that exists. Paths are relative to the file's folder. Nothing here opens a token, a socket
//! or a second file.

mod document;
mod fault;
mod listen;
mod log;
mod office;
mod signer;
mod token;

use std::path::{Path, PathBuf};

use hsm::signer::process::SignerToken;
use hsm::token::TokenSettings;

pub(crate) use fault::ConfigError;
pub(crate) use listen::Listen;
pub(crate) use log::{LogConfig, LogFormat};
pub(crate) use office::{Office, StateFolder};
pub(crate) use signer::SignerConfig;

use document::{Document, Section};

/// More than any real file has; a wrong path given by mistake is not read into memory.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Everything `sinete.toml` says.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    /// The file it was read from.
    pub(crate) path: PathBuf,
    /// Whose server this is and where its state is.
    pub(crate) office: Office,
    /// The tokens, labels unique.
    pub(crate) tokens: Vec<SignerToken>,
    /// The signer process.
    pub(crate) signer: SignerConfig,
    /// The listeners.
    pub(crate) listen: Listen,
    /// The log.
    pub(crate) log: LogConfig,
}

impl Configuration {
    /// Reads and checks the file.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > MAX_FILE_BYTES {
            let problem = format!("{length} bytes are more than a configuration ever has ({MAX_FILE_BYTES})");
            return Err(unreadable(std::io::Error::other(problem)));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        // Absolute, so that a signer started elsewhere finds the same files.
        let absolute = std::path::absolute(path).map_err(unreadable)?;
        Self::parse(&text, &absolute)
    }

    /// Checks the text of a file that stands at this absolute path.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let base = path.parent().unwrap_or(Path::new("/"));
        let document = Document::new(text);
        let table = document.parse();
        let parts = if document.is_broken() {
            None
        } else {
            read(Section::root(&document, &table), base)
        };
        let faults = document.into_faults();
        match parts {
            Some((office, tokens, signer, listen, log)) if faults.is_empty() => Ok(Self {
                path: path.to_owned(),
                office,
                tokens,
                signer,
                listen,
                log,
            }),
            _ => Err(ConfigError::Faults {
                path: path.to_owned(),
                faults,
            }),
        }
    }

    /// The tokens without what only the signer process needs to know.
    pub(crate) fn token_settings(&self) -> Vec<TokenSettings> {
        self.tokens.iter().map(|token| token.settings.clone()).collect()
    }

    /// Where the signer listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.signer
            .socket
            .clone()
            .unwrap_or_else(|| self.office.state.run().join("signer.sock"))
    }
}

type Parts = (Office, Vec<SignerToken>, SignerConfig, Listen, LogConfig);

fn read(mut root: Section<'_>, base: &Path) -> Option<Parts> {
    let office = root.section("office");
    if !office.is_present() {
        root.missing("office", "a table [office] with the office's name");
    }
    let tokens = root.sections("token");
    if tokens.is_empty() {
        root.missing(
            "token",
            "at least one [[token]] with label, module and where its PIN comes from",
        );
    }
    let signer = root.section("signer");
    let listen = root.section("listen");
    let log = root.section("log");
    root.finish();
    let office = if office.is_present() {
        Office::read(office, base)
    } else {
        None
    };
    let tokens = token::read_all(tokens, base);
    let signer = SignerConfig::read(signer, base);
    let listen = Listen::read(listen);
    let log = LogConfig::read(log);
    Some((office?, tokens, signer, listen?, log))
}

#[cfg(test)]
mod tests;
