//! The crate's one error type: the thing, the rule, the remedy.

use std::path::{Path, PathBuf};

use pki::algorithm::KeyAlgorithm;
use pki::time::Time;

use crate::canonical::Hash;
use crate::{approval, envelope};

/// Why a ceremony did not go on. Unless the message says otherwise nothing was changed, and running the same
/// command again continues where it stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system gave no random octets.
    #[error("no random octets could be had; nothing was done, look at the machine before trying again")]
    NoRandom,
    /// A value that has no canonical form.
    #[error("not canonical: {reason}")]
    NotCanonical {
        /// What is wrong with it.
        reason: String,
    },
    /// A file that is not JSON of the named structure.
    #[error("{what} is not readable: {reason}; it was changed or belongs to another version")]
    Malformed {
        /// The structure.
        what: &'static str,
        /// What the reader said.
        reason: String,
    },
    /// A file of a format that this program does not know.
    #[error("{what} has format {found}, this program knows {known}; use the program that wrote it")]
    Format {
        /// The file or structure.
        what: String,
        /// The format found.
        found: String,
        /// The format known.
        known: String,
    },
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file that is larger than any of its kind.
    #[error("{} has {size} bytes, more than the {limit} of any file here; it is not what it should be", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A file that should be text.
    #[error("{} is not UTF-8 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A file that must not be overwritten.
    #[error("{} exists already and is not overwritten; choose another name or remove it yourself", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file of `ca-policies/`, or what was built from it, breaks a rule.
    #[error(transparent)]
    Policy(#[from] policy::Error),
    /// Bytes could not be built, read or verified.
    #[error("{what}: {source}")]
    Pki {
        /// What was being handled.
        what: String,
        /// Why not.
        source: pki::Error,
    },
    /// The token or its inventory failed.
    #[error(transparent)]
    Token(#[from] hsm::Error),
    /// A script breaks a rule.
    #[error("{place}: {rule}")]
    Script {
        /// Where.
        place: policy::Place,
        /// The rule broken and the remedy.
        rule: String,
    },
    /// A text that is no key's name.
    #[error("{text:?} is no key's name; it is a short name, or one with its generation as in tls-2")]
    KeyName {
        /// The text.
        text: String,
    },
    /// The custodians file breaks a rule.
    #[error("custodians: {rule}")]
    Custodians {
        /// The rule broken and the remedy.
        rule: String,
    },
    /// A passphrase cannot be had.
    #[error("passphrase of custodian {custodian}: {reason}")]
    Passphrase {
        /// Whose.
        custodian: String,
        /// Why not, and the remedy.
        reason: String,
    },
    /// A custodian's key file cannot be used.
    #[error("{}: {rule}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// The rule broken and the remedy.
        rule: &'static str,
    },
    /// A custodian's key file of a kind that is not made.
    #[error("a custodian's key file holds ecdsa-p256 or ed25519, not {algorithm}")]
    CustodianKeyKind {
        /// The kind asked for.
        algorithm: KeyAlgorithm,
    },
    /// The cipher failed.
    #[error("the key could not be encrypted; nothing was written")]
    Encryption,
    /// A custodian's key did not sign.
    #[error("the key of custodian {custodian} did not sign: {source}")]
    CustodianSigner {
        /// Whose.
        custodian: String,
        /// Why not.
        source: pki::signing::SignError,
    },
    /// Somebody is present who is not in the custodians file, or with another key.
    #[error("{custodian} is not a custodian with this key; the custodians file holds: {}", known.join(", "))]
    NotACustodian {
        /// The name given.
        custodian: String,
        /// The names in the file.
        known: Vec<String>,
    },
    /// An approval that does not count.
    #[error("the approval of step {step} by {custodian} is refused: {reason}")]
    ApprovalRefused {
        /// Whose.
        custodian: String,
        /// Of which step.
        step: u32,
        /// Why.
        reason: approval::Refusal,
    },
    /// A file with an approval that does not count.
    #[error("{}: {source}; remove the file, or ask for a new approval of the request beside it", path.display())]
    ApprovalFile {
        /// The file.
        path: PathBuf,
        /// Why it does not count.
        source: Box<Error>,
    },
    /// A request file that shows something else than would be signed.
    #[error(
        "the approval request shows something else than would be signed; it was changed, do not approve it"
    )]
    ApprovalRequestChanged,
    /// Fewer approvals than the threshold.
    #[error("step {step} has {found} approvals and needs {threshold}")]
    TooFewApprovals {
        /// The step.
        step: u32,
        /// How many there are.
        found: usize,
        /// How many are needed.
        threshold: usize,
    },
    /// An envelope is not opened.
    #[error("{}: {reason}; nothing was taken from it", file.display())]
    Envelope {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: Box<envelope::Refusal>,
    },
    /// The approvals in an envelope do not count.
    #[error("{}: {source}; nothing was taken from it", file.display())]
    EnvelopeApprovals {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: Box<Error>,
    },
    /// The transcript was changed.
    #[error("{} line {line}: {rule}; the ceremony cannot be continued from it, restore the file from its copy", path.display())]
    Transcript {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// What is wrong.
        rule: &'static str,
    },
    /// A file is not what the ceremony sealed.
    #[error("{} has SHA-256 {found}, the ceremony recorded {expected}; it was changed since, restore it from its copy", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// The digest found.
        found: Hash,
        /// The digest recorded.
        expected: Hash,
    },
    /// The clock went back.
    #[error(
        "the clock says {now}, but the last record of the transcript was written at {last}; set the clock and run again"
    )]
    ClockBehind {
        /// The present time.
        now: Time,
        /// The time of the last record.
        last: Time,
    },
    /// Another ceremony runs on the same state folder.
    #[error("another ceremony command works on {}; wait until it ends", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// There is no such ceremony.
    #[error("there is no ceremony named {name:?} here; `sinete ceremony status` lists them")]
    NoCeremony {
        /// The name given.
        name: String,
    },
    /// An input file changed while the ceremony was under way.
    #[error(transparent)]
    InputChanged(Box<InputChange>),
    /// The ceremony is over.
    #[error("ceremony {ceremony} is over; nothing more can be done in it")]
    Over {
        /// The ceremony.
        ceremony: String,
    },
    /// A recorded act cannot be repeated exactly.
    #[error(
        "step {step} cannot be continued: {reason}; give the ceremony up with `sinete ceremony abandon {ceremony}` and begin again"
    )]
    CannotContinue {
        /// The ceremony.
        ceremony: String,
        /// The step.
        step: u32,
        /// What does not fit any more.
        reason: String,
    },
    /// A step that must not be done as things are.
    #[error("step {step} ({verb}): {rule}")]
    Step {
        /// The step.
        step: u32,
        /// Its verb.
        verb: &'static str,
        /// The rule broken and the remedy.
        rule: String,
    },
    /// A request or certificate that is well-formed and still not acceptable.
    #[error("{name}: {rule}")]
    RequestContent {
        /// The key or certificate.
        name: String,
        /// The rule broken and the remedy.
        rule: &'static str,
    },
    /// A token that is not configured on this machine.
    #[error("token {label:?} is not configured on this machine (configured: {}); add a [[token]] with this label, or run the script on the machine that has it", known.join(", "))]
    TokenNotConfigured {
        /// The label.
        label: String,
        /// The labels that are configured.
        known: Vec<String>,
    },
    /// A key that this machine does not have.
    #[error("this machine has no key {name:?}; it has: {}", known.join(", "))]
    NoKey {
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A data key where a key that signs is needed.
    #[error("key {name:?} is a data key and cannot sign")]
    NotAPair {
        /// The key.
        name: String,
    },
    /// A key made a signature that does not verify.
    #[error(
        "key {name:?} made a signature that does not verify under its public key; the token is faulty, nothing of it was used"
    )]
    BadProof {
        /// The key.
        name: String,
    },
    /// A certificate that this machine does not have.
    #[error(
        "there is no certificate {name:?} on this machine; it is made or imported by an earlier ceremony"
    )]
    NoCertificate {
        /// Its name.
        name: String,
    },
    /// A rehearsal was taken for a real ceremony, or the other way round.
    #[error("rehearsal: {rule}")]
    Rehearsal {
        /// The rule broken and the remedy.
        rule: String,
    },
    /// A fault that a test injected.
    #[error("stopped at {point}")]
    Fault {
        /// The write point.
        point: String,
    },
}

/// A file that is not the one with which a ceremony began.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} changed since ceremony {ceremony} began (SHA-256 {found}, then {expected}); put back the copy {}, or give the ceremony up with `sinete ceremony abandon {ceremony}`",
    path.display(), copy.display()
)]
pub struct InputChange {
    /// The file.
    pub path: PathBuf,
    /// The ceremony that began with another content.
    pub ceremony: String,
    /// The digest now.
    pub found: Hash,
    /// The digest then.
    pub expected: Hash,
    /// Where the ceremony keeps its copy.
    pub copy: PathBuf,
}

impl Error {
    pub(crate) fn file(path: &Path, action: &'static str) -> impl Fn(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File {
            action,
            path: path.clone(),
            source,
        }
    }

    // By value, because that is how map_err hands it over.
    #[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
    pub(crate) fn not_canonical(error: serde_json::Error) -> Self {
        Self::NotCanonical {
            reason: error.to_string(),
        }
    }

    pub(crate) fn malformed(what: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |error| Self::Malformed {
            what,
            reason: error.to_string(),
        }
    }

    pub(crate) fn pki(what: impl Into<String>) -> impl FnOnce(pki::Error) -> Self {
        let what = what.into();
        move |source| Self::Pki { what, source }
    }

    pub(crate) fn envelope(file: &Path, reason: envelope::Refusal) -> Self {
        Self::Envelope {
            file: file.to_owned(),
            reason: Box::new(reason),
        }
    }
}
