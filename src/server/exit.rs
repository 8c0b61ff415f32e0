//! Exit codes of `sinete`: the one place where they are listed. `sinete --help` prints this list.

use std::process::ExitCode;

/// How a command ended, for scripts and unit files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done.
    Success,
    /// A file, a folder or the machine did not do its part.
    Failed,
    /// The command line is wrong.
    Usage,
    /// `sinete.toml` or another file that people write is wrong.
    Configuration,
    /// The token is missing, locked, or refused.
    Token,
    /// A key is missing, does not match its certificate, or the certificate has expired.
    Keys,
    /// Understood, and refused: a threshold that is not reached, a purpose that does not fit.
    Refused,
    /// A listener could not be opened.
    Listener,
    /// A ceremony waits for custodians elsewhere, or for a file.
    Waiting,
    /// `doctor` or `hsm probe` found something to look at.
    Warnings,
    /// `doctor` found something that must be mended.
    Errors,
}

impl Exit {
    /// Every code in the order of the numbers.
    pub(crate) const ALL: [Self; 11] = [
        Self::Success,
        Self::Failed,
        Self::Usage,
        Self::Configuration,
        Self::Token,
        Self::Keys,
        Self::Refused,
        Self::Listener,
        Self::Waiting,
        Self::Warnings,
        Self::Errors,
    ];

    /// The number that the shell sees. 2 is what the command-line parser itself answers with.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Token => 4,
            Self::Keys => 5,
            Self::Refused => 6,
            Self::Listener => 7,
            Self::Waiting => 8,
            Self::Warnings => 10,
            Self::Errors => 11,
        }
    }

    /// The ending of this number; what is not on the list counts as failed.
    pub(crate) fn of_code(code: u8) -> Self {
        let known = Self::ALL.into_iter().find(|exit| exit.code() == code);
        known.unwrap_or(Self::Failed)
    }

    /// What the help says.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done",
            Self::Failed => "a file, a folder or the machine did not do its part",
            Self::Usage => "the command line is wrong",
            Self::Configuration => "sinete.toml or another file that people write is wrong",
            Self::Token => "the token is missing, locked, or refused",
            Self::Keys => "a key is missing, does not match its certificate, or the certificate expired",
            Self::Refused => "understood, and refused (a threshold not reached, a purpose that does not fit)",
            Self::Listener => "a listener could not be opened",
            Self::Waiting => "a ceremony waits for custodians elsewhere, or for a file",
            Self::Warnings => "doctor or probe found something to look at",
            Self::Errors => "doctor found something that must be mended",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_endings_share_a_number() {
        let mut codes = Exit::ALL.map(Exit::code);
        codes.sort_unstable();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
    }
}
