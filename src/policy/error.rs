//! The crate's one error type: where in which file, which rule, what to do.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why a file of `ca-policies/` cannot be used, or why a certificate cannot be built from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is not TOML, or a value has another type than its key demands.
    #[error("{place}: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the reader expected.
        message: String,
    },
    /// A key that no version of the format knows. Nothing of the file is used.
    #[error("{place}: unknown key `{key}`{}", suggestion(nearest.as_deref(), known))]
    UnknownKey {
        /// Where.
        place: Place,
        /// The key as written.
        key: String,
        /// The known key that it resembles.
        nearest: Option<String>,
        /// Every key known at this place.
        known: Vec<String>,
    },
    /// A value that is well-formed and still breaks a rule.
    #[error("{place}: {key}: {rule}")]
    Value {
        /// Where.
        place: Place,
        /// The full key, as in `authority.tls.issuer`.
        key: String,
        /// The rule broken and the remedy.
        rule: String,
    },
    /// The hierarchy has nothing of this name.
    #[error("the hierarchy has no {kind} named {name:?}; it has: {}", known.join(", "))]
    Unknown {
        /// Authority or service.
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The name exists and cannot be used like this.
    #[error("{name}: {rule}")]
    Misuse {
        /// The authority or service.
        name: String,
        /// The rule broken and the remedy.
        rule: &'static str,
    },
    /// A certificate would outlive its issuer, or begin before it (RFC 5280 section 6.1.3).
    #[error(
        "{name}: the certificate would be valid from {not_before} to {not_after}, its issuer is from {issuer_not_before} to {issuer_not_after}; renew the issuer first or shorten validity_days"
    )]
    OutlivesIssuer {
        /// The subject's name in the hierarchy.
        name: String,
        /// The first second asked for.
        not_before: pki::time::Time,
        /// The last second asked for.
        not_after: pki::time::Time,
        /// The issuer's first second.
        issuer_not_before: pki::time::Time,
        /// The issuer's last second.
        issuer_not_after: pki::time::Time,
    },
    /// A finished to-be-signed certificate breaks a rule that every certificate of ours keeps.
    #[error("{subject}: {rule}")]
    Lint {
        /// The certificate's subject.
        subject: String,
        /// The rule broken, with its section.
        rule: &'static str,
    },
    /// Bytes could not be built or read.
    #[error("{name}: {source}")]
    Encoding {
        /// What was being built.
        name: String,
        /// Why not.
        source: pki::Error,
    },
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the caller named it.
    pub file: PathBuf,
    /// The line, counted from one.
    pub line: usize,
}

impl Place {
    /// The line on which this byte of the text lies.
    pub fn of(file: &Path, text: &str, offset: usize) -> Self {
        let before = text.as_bytes().iter().take(offset);
        Self {
            file: file.to_owned(),
            line: before.filter(|byte| **byte == b'\n').count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.file.display(), self.line)
    }
}

fn suggestion(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None if known.is_empty() => "; no keys are known here".to_owned(),
        None => format!("; known here: {}", known.join(", ")),
    }
}
