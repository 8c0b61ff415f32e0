//! Why a command did not do what it was asked for, and how `main` tells it.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use pki::signing::SignError;
use serde::Serialize;

use crate::config::ConfigError;
use crate::exit::Exit;

/// The server's one error type. Each message names the thing, the rule and the remedy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// `sinete.toml` is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A token, its keys, or the signer.
    #[error(transparent)]
    Hsm(#[from] hsm::Error),
    /// The hierarchy, or what it does not allow.
    #[error(transparent)]
    Policy(#[from] policy::Error),
    /// A ceremony did not go on.
    #[error(transparent)]
    Ceremony(#[from] ceremony::Error),
    /// Somebody in the room is not on the list of custodians.
    #[error("{name:?} is not a custodian; there are: {}", known.join(", "))]
    NotACustodian {
        /// The name given.
        name: String,
        /// The names on the list.
        known: Vec<String>,
    },
    /// Several tokens are configured, or not this one.
    #[error("which token? name it with --token; sinete.toml has: {}", known.join(", "))]
    WhichToken {
        /// The labels in the configuration.
        known: Vec<String>,
    },
    /// A structure could not be read, built or signed.
    #[error(transparent)]
    Pki(#[from] pki::Error),
    /// The TLS library does not accept something.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The TLS library does not accept the authority as the one that vouches for operators.
    #[error("the TLS authority cannot vouch for operators: {0}; its certificate must be one of an authority")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    /// A file or folder did not do its part.
    #[error("{action} {path}: {source}", path = path.display())]
    File {
        /// What was tried, as "cannot read".
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is there and says something it must not say.
    #[error("{path}: {problem}", path = path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong, the rule and the remedy.
        problem: String,
    },
    /// Keys and certificates are not fit to start with: every reason at once.
    #[error("the server does not start with these keys and certificates:\n{}", reasons.join("\n"))]
    Unfit {
        /// What, why and the remedy of each.
        reasons: Vec<String>,
    },
    /// No key of an authority can be used.
    #[error(
        "authority {authority:?} has no certificate in force whose key is in the inventory; make or renew it in a ceremony (sinete ceremony run)"
    )]
    NoAuthority {
        /// Its name in the hierarchy.
        authority: String,
    },
    /// The hierarchy does not say who certifies this.
    #[error("{path}: there is no table [{table}]; add it with authority and validity_days", path = path.display())]
    NoTerms {
        /// The hierarchy.
        path: PathBuf,
        /// `listener` or `operator`.
        table: &'static str,
    },
    /// A listener cannot be opened.
    #[error("the {which} listener cannot be opened at {address}: {source}; {remedy}", remedy = listener_remedy(source))]
    Listener {
        /// `public` or `private`.
        which: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another server has the state folder.
    #[error(
        "another sinete server is at work with {path} (process {process}); stop it first, or give this one its own state folder",
        path = path.display()
    )]
    AlreadyRunning {
        /// The state folder.
        path: PathBuf,
        /// Its process id, as it wrote it.
        process: String,
    },
    /// The signer did not become ready.
    #[error("the signer is not ready after {seconds} s: {reason}")]
    SignerNotReady {
        /// How long it was waited for.
        seconds: u64,
        /// What is known.
        reason: String,
    },
    /// The signer process ends as soon as it is started.
    #[error("the signer process does not stay up: {reason}; what it said itself stands above")]
    SignerEnds {
        /// How it ended last.
        reason: String,
    },
    /// A token that holds our keys cannot be opened.
    #[error("token {token:?} is not open: {reason}")]
    TokenNotOpen {
        /// The token's label.
        token: String,
        /// What is wrong and the remedy.
        reason: String,
    },
    /// The machine gave no random octets.
    #[error("the system's random source does not answer; nothing was made")]
    Random,
    /// The machine did not give what a process needs.
    #[error("cannot {what}: {source}")]
    System {
        /// What was needed.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// A file operation that failed.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// How the command ends.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Policy(_) | Self::Content { .. } | Self::NoTerms { .. } => {
                Exit::Configuration
            }
            Self::WhichToken { .. } => Exit::Usage,
            Self::Hsm(hsm::Error::Inventory { .. }) => Exit::Configuration,
            Self::Unfit { .. } | Self::NoAuthority { .. } | Self::Hsm(hsm::Error::UnknownKey { .. }) => {
                Exit::Keys
            }
            Self::Tls(_)
            | Self::Verifier(_)
            | Self::File { .. }
            | Self::Hsm(hsm::Error::File { .. })
            | Self::AlreadyRunning { .. }
            | Self::Random
            | Self::System { .. } => Exit::Failed,
            Self::Hsm(_)
            | Self::SignerNotReady { .. }
            | Self::SignerEnds { .. }
            | Self::TokenNotOpen { .. } => Exit::Token,
            Self::Ceremony(error) => ceremony_exit(error),
            Self::Pki(pki::Error::Signer(error)) => signer_exit(error),
            Self::Pki(_) | Self::NotACustodian { .. } => Exit::Refused,
            Self::Listener { .. } => Exit::Listener,
        }
    }
}

/// A signer that would not is told apart from one that could not: only the second gets better by itself.
const fn signer_exit(error: &SignError) -> Exit {
    match error {
        SignError::Refused { .. } | SignError::Budget { .. } => Exit::Refused,
        SignError::UnknownKey { .. } => Exit::Keys,
        _ => Exit::Token,
    }
}

/// The kinds of trouble that a ceremony has, as a script must tell them apart.
const fn ceremony_exit(error: &ceremony::Error) -> Exit {
    use ceremony::Error as E;
    match error {
        E::Token(_) | E::TokenNotConfigured { .. } => Exit::Token,
        E::Policy(_) | E::Script { .. } | E::Custodians { .. } => Exit::Configuration,
        E::File { .. } | E::NoRandom => Exit::Failed,
        _ => Exit::Refused,
    }
}

/// What to do about an address that is not to be had.
fn listener_remedy(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::AddrInUse => {
            "another program listens there (perhaps another sinete): stop it, or change [listen] in sinete.toml"
        }
        std::io::ErrorKind::AddrNotAvailable => {
            "the machine has no such address: correct [listen] in sinete.toml"
        }
        std::io::ErrorKind::PermissionDenied => {
            "ports below 1024 need CAP_NET_BIND_SERVICE: take a higher port or give the unit that right"
        }
        _ => "correct [listen] in sinete.toml",
    }
}

/// The form of an error for programs.
#[derive(Debug, Serialize)]
struct Told<'a> {
    error: &'a str,
    exit_code: u8,
}

/// Prints an error once, to standard error, in the form the caller asked for.
pub(crate) fn tell(error: &Error, json: bool) {
    use std::io::Write as _;
    let mut out = std::io::stderr().lock();
    // Where standard error is gone there is nobody left to tell.
    let _ = out.write_all(render(error, error.exit(), json).as_bytes());
}

fn render(error: &impl Display, exit: Exit, json: bool) -> String {
    let text = error.to_string();
    let told = Told {
        error: &text,
        exit_code: exit.code(),
    };
    match serde_json::to_string(&told) {
        Ok(object) if json => format!("{object}\n"),
        _ => format!("sinete: {text}\n"),
    }
}

#[cfg(test)]
mod tests {
    use hsm::inventory::Inventory;

    use super::*;

    #[test]
    fn a_signer_that_could_not_is_told_apart_from_one_that_would_not() {
        let exit = |error: SignError| Error::Pki(error.into()).exit();
        let reason = || "gone".to_owned();
        let key = || "tls".to_owned();
        assert_eq!(exit(SignError::Unavailable { reason: reason() }), Exit::Token);
        assert_eq!(exit(SignError::Token { reason: reason() }), Exit::Token);
        assert_eq!(exit(SignError::UnknownKey { key: key() }), Exit::Keys);
        let refused = SignError::Refused {
            key: key(),
            rule: reason(),
        };
        assert_eq!(exit(refused), Exit::Refused);
    }

    #[test]
    fn a_mistake_in_the_list_of_keys_is_a_mistake_in_a_file() {
        let path = Path::new("keys.toml");
        let mistaken = Inventory::parse("[[key]]\nname = 3\n", path).unwrap_err();
        assert_eq!(Error::Hsm(mistaken).exit(), Exit::Configuration);
        let missing = Inventory::read(Path::new("/nowhere/keys.toml")).unwrap_err();
        assert_eq!(Error::Hsm(missing).exit(), Exit::Failed);
    }
}
