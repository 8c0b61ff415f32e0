//! What can be wrong in `sinete.toml`, each with its place, the rule and the remedy.

use std::fmt;
use std::path::PathBuf;

/// Why the configuration was not accepted. Nothing was started or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read at all.
    #[error(
        "{path}: the configuration cannot be read: {source}; name the file with --config FILE, or begin with a copy of ops/sinete.toml.example",
        path = path.display()
    )]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was read and is wrong: every mistake at once, in the order of the lines.
    #[error("{}", Listed(path, faults))]
    Faults {
        /// Which file.
        path: PathBuf,
        /// All that is wrong, never empty.
        faults: Vec<Fault>,
    },
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Line, counted from 1.
    pub(crate) line: usize,
    /// Column in characters, counted from 1.
    pub(crate) column: usize,
    /// Where in the structure, such as `[listen] private`; empty for the whole file.
    pub(crate) place: String,
    /// What is wrong.
    pub(crate) problem: Problem,
}

/// The kinds of mistakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Not TOML.
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// A key that does not exist.
    UnknownKey {
        /// The known key that was probably meant.
        nearest: Option<String>,
        /// Every key that is known here.
        known: Vec<&'static str>,
    },
    /// A key that must be there.
    Missing {
        /// What belongs there.
        rule: &'static str,
    },
    /// A value of another type.
    WrongType {
        /// The type demanded.
        expected: &'static str,
        /// The type found.
        found: &'static str,
    },
    /// A value that breaks a rule.
    Invalid {
        /// The value as written, shortened.
        value: String,
        /// What a right one looks like.
        rule: String,
    },
    /// Two entries that exclude each other.
    Conflict {
        /// What must be decided.
        rule: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(out, "{}: ", self.place)?;
        }
        match &self.problem {
            Problem::Syntax { message } => write!(out, "not valid TOML: {message}"),
            Problem::UnknownKey { nearest, known } => {
                write!(out, "unknown key")?;
                if let Some(nearest) = nearest {
                    write!(out, "; did you mean `{nearest}`?")?;
                }
                write!(out, " Known here: {}", known.join(", "))
            }
            Problem::Missing { rule } => write!(out, "missing; give {rule}"),
            Problem::WrongType { expected, found } => {
                write!(out, "{found} where {expected} is demanded")
            }
            Problem::Invalid { value, rule } => write!(out, "{value:?} is not accepted; give {rule}"),
            Problem::Conflict { rule } => write!(out, "{rule}"),
        }
    }
}

struct Listed<'a>(&'a PathBuf, &'a [Fault]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, fault) in self.1.iter().enumerate() {
            if position > 0 {
                writeln!(out)?;
            }
            let path = self.0.display();
            write!(out, "{path}:{}:{}: {fault}", fault.line, fault.column)?;
        }
        Ok(())
    }
}
