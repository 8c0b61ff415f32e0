//! The crate's one error type: named by cause, holding facts, saying the remedy. No PIN ever enters it.

use std::path::PathBuf;

use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::signing::SignError;

use crate::key::KeyId;
use crate::return_value::ReturnValue;

/// The command that tells Sinete that a PIN was corrected; it is part of several remedies.
fn pin_corrected(token: &str) -> String {
    format!("correct the PIN, then log in once with `sinete hsm probe --token {token} --pin-corrected`")
}

/// Why something about a token, its keys or the files beside it did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The PKCS#11 module is not there, is no PKCS#11 module, or will not start.
    #[error("PKCS#11 module {}: {reason}; install the vendor's package or correct `module` of the token", path.display())]
    ModuleLoad {
        /// The library file.
        path: PathBuf,
        /// What the loader or the module said.
        reason: String,
    },
    /// The module should be started anew, but sessions that do not give way are still open.
    #[error("PKCS#11 module {} cannot be started anew while {sessions} sessions are open; end what uses it", path.display())]
    ModuleInUse {
        /// The library file.
        path: PathBuf,
        /// Sessions still open.
        sessions: usize,
    },
    /// A PKCS#11 call answered with an error.
    #[error("{call} answered {value}")]
    Pkcs11 {
        /// The function, as PKCS#11 names it.
        call: String,
        /// What it returned.
        value: ReturnValue,
    },
    /// The binding could not represent what the module said, or the module lacks a function.
    #[error("the PKCS#11 module answered something unusable: {reason}")]
    Binding {
        /// What the binding said.
        reason: String,
    },
    /// No token of this label (and serial number) is present.
    #[error("token {label:?}{} is not present; present are: {}", with_serial(serial.as_ref()), listed(present))]
    TokenMissing {
        /// The label looked for.
        label: String,
        /// The serial number looked for, where one was configured.
        serial: Option<String>,
        /// The tokens seen, as `label (serial number)`.
        present: Vec<String>,
    },
    /// Labels are not unique; signing with a guessed token is out of the question.
    #[error("{} tokens are labelled {label:?} (serial numbers {}); write `serial` into the token's configuration", serials.len(), listed(serials))]
    TokenAmbiguous {
        /// The label looked for.
        label: String,
        /// The serial numbers of the tokens that carry it.
        serials: Vec<String>,
    },
    /// A token should be initialised that is in use: that would destroy its keys.
    #[error(
        "token {label:?} is initialised already; nothing was changed, because doing it again would destroy its keys"
    )]
    TokenExists {
        /// The token's label.
        label: String,
    },
    /// Every token of the module is initialised already.
    #[error("PKCS#11 module {} has no token that is still to be initialised; connect a fresh one", path.display())]
    NoFreeToken {
        /// The library file.
        path: PathBuf,
    },
    /// The token says that its user PIN is locked.
    #[error(
        "the user PIN of token {token:?} is locked; the security officer must unlock it, nothing was tried"
    )]
    PinLocked {
        /// The token's label.
        token: String,
    },
    /// The token says that one more wrong PIN locks it.
    #[error(
        "one more wrong PIN locks token {token:?}, so nothing was tried; {}",
        pin_corrected(token)
    )]
    PinFinalTry {
        /// The token's label.
        token: String,
    },
    /// The token says that a wrong PIN was given since the last good one.
    #[error(
        "a wrong PIN was given to token {token:?} since its last login, so nothing was tried; {}",
        pin_corrected(token)
    )]
    PinCountLow {
        /// The token's label.
        token: String,
    },
    /// The token demands a new PIN before it works.
    #[error("token {token:?} demands that its user PIN be changed first; change it with the vendor's tool")]
    PinToBeChanged {
        /// The token's label.
        token: String,
    },
    /// No user PIN was ever set.
    #[error("token {token:?} has no user PIN yet; set one with the vendor's tool (SoftHSM: softhsm2-util)")]
    PinNotInitialized {
        /// The token's label.
        token: String,
    },
    /// The token refused the PIN. It will not be tried again.
    #[error(
        "token {token:?} refused the PIN; it is not tried again, because tokens lock; {}",
        pin_corrected(token)
    )]
    PinWrong {
        /// The token's label.
        token: String,
    },
    /// This process already saw the token refuse its PIN.
    #[error(
        "token {token:?} refused its PIN earlier, so nothing was tried; {}",
        pin_corrected(token)
    )]
    PinRefusedBefore {
        /// The token's label.
        token: String,
    },
    /// The token was logged out, by its own timeout or by another user of the module in this process.
    #[error("token {token:?} was logged out")]
    LoggedOut {
        /// The token's label.
        token: String,
    },
    /// A file with a PIN that others may read.
    #[error("PIN file {} has mode {mode:04o}: it must not be accessible to group or others; run: chmod 600 {}", path.display(), path.display())]
    PinFileMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The PIN cannot be had from where it should be.
    #[error("the PIN cannot be read from {source_name}: {reason}")]
    PinUnreadable {
        /// The file, credential or terminal.
        source_name: String,
        /// What is wrong, and the remedy.
        reason: String,
    },
    /// No object of this id and class.
    #[error("token {token:?} has no {class} with id {id}; the key was destroyed or the token is another one")]
    KeyMissing {
        /// The token's label.
        token: String,
        /// The id looked for.
        id: KeyId,
        /// `private key`, `public key` or `secret key`.
        class: &'static str,
    },
    /// Several objects of this id and class. Which one would sign is not known, so none does.
    #[error(
        "token {token:?} has {hits} objects of class {class} with id {id}, where there must be exactly one; remove the copies with the vendor's tool"
    )]
    KeyAmbiguous {
        /// The token's label.
        token: String,
        /// The id looked for.
        id: KeyId,
        /// `private key`, `public key` or `secret key`.
        class: &'static str,
        /// How many were found.
        hits: usize,
    },
    /// A new key should get an id that is taken.
    #[error("token {token:?} already has a key with id {id}; nothing was generated")]
    KeyExists {
        /// The token's label.
        token: String,
        /// The id asked for.
        id: KeyId,
    },
    /// A key whose attributes are not those of a key that never leaves its token.
    #[error("key {id} on token {token:?} has {attribute} = {found}: {rule}")]
    KeyAttribute {
        /// The token's label.
        token: String,
        /// The key.
        id: KeyId,
        /// The attribute, as PKCS#11 names it.
        attribute: &'static str,
        /// Its value, or `absent`.
        found: String,
        /// Why this is refused, and the remedy.
        rule: &'static str,
    },
    /// The key on the token is not the one that the inventory or a certificate speaks of.
    #[error(
        "key {name:?} on token {token:?} has public key {found}, but {expected_by} says {expected}; the token is another one or the file belongs to another key"
    )]
    KeyMismatch {
        /// The key's name in the inventory.
        name: String,
        /// The token's label.
        token: String,
        /// Where the expectation comes from: the inventory or a certificate file.
        expected_by: String,
        /// SHA-256 over the expected SubjectPublicKeyInfo.
        expected: String,
        /// SHA-256 over the one found.
        found: String,
    },
    /// A certificate that belongs to another key than the inventory says.
    #[error("certificate {} of key {name:?} certifies public key {certified}, but the inventory says {expected}; one of the two files belongs to another key", path.display())]
    CertificateMismatch {
        /// The key's name in the inventory.
        name: String,
        /// The certificate file.
        path: PathBuf,
        /// SHA-256 over the SubjectPublicKeyInfo that is certified.
        certified: String,
        /// SHA-256 over the one that the inventory announces.
        expected: String,
    },
    /// The token cannot make keys of this kind.
    #[error("token {token:?} cannot generate {algorithm} keys: {reason}")]
    CannotGenerate {
        /// The token's label.
        token: String,
        /// The kind of key: an algorithm's name or `aes-256`.
        algorithm: String,
        /// The mechanism missing or the answer given.
        reason: String,
    },
    /// The token offers none of the mechanisms that make this signature.
    #[error(
        "token {token:?} offers none of {} and so cannot make {algorithm} signatures",
        listed(needed)
    )]
    NoMechanism {
        /// The token's label.
        token: String,
        /// The signature asked for.
        algorithm: SignatureAlgorithm,
        /// Any one of these would do.
        needed: Vec<String>,
    },
    /// A data key was asked to sign.
    #[error("key {name:?} is a data key and signs nothing")]
    NotASigningKey {
        /// The key's name.
        name: String,
    },
    /// The key and the signature do not belong together.
    #[error("a key of kind {key} cannot make signatures of kind {signature}")]
    AlgorithmMismatch {
        /// The key's kind.
        key: KeyAlgorithm,
        /// The signature's kind.
        signature: SignatureAlgorithm,
    },
    /// What the token returned is not a signature of this kind.
    #[error("the token returned {length} bytes that are no {algorithm} signature: {rule}")]
    SignatureForm {
        /// The signature asked for.
        algorithm: SignatureAlgorithm,
        /// How many bytes came back.
        length: usize,
        /// The rule broken.
        rule: &'static str,
    },
    /// The token returned a signature that does not verify.
    #[error("token {token:?} returned a {algorithm} signature that does not verify; it was not used")]
    SignatureWrong {
        /// The token's label.
        token: String,
        /// The signature asked for.
        algorithm: SignatureAlgorithm,
    },
    /// The public key that the token shows is not well-formed.
    #[error("the public key of {id} on token {token:?}: {reason}")]
    PublicKey {
        /// The token's label.
        token: String,
        /// The key.
        id: KeyId,
        /// What is wrong with it.
        reason: String,
    },
    /// A text that is not a value of the named kind.
    #[error("{kind} {text:?} is not valid: {rule}")]
    Text {
        /// What it should have been.
        kind: &'static str,
        /// The text as given, shortened.
        text: String,
        /// What a valid one looks like.
        rule: &'static str,
    },
    /// The key inventory breaks a rule.
    #[error("{}, line {line}: {reason}", path.display())]
    Inventory {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// The rule broken and the remedy.
        reason: String,
    },
    /// The inventory has no key of this name.
    #[error("there is no key named {name:?}; there are: {}", listed(known))]
    UnknownKey {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A file could not be read or written.
    #[error("{}: cannot {action}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the operating system said.
        reason: String,
    },
    /// The place of the signer's socket is not safe.
    #[error("{}: {rule}", path.display())]
    SignerSocket {
        /// The socket or its folder.
        path: PathBuf,
        /// The rule broken and the remedy.
        rule: &'static str,
    },
    /// Another signer is behind this socket.
    #[error("a signer is already running behind {}; stop it first", path.display())]
    SignerRunning {
        /// The socket.
        path: PathBuf,
    },
    /// The signer process could not give up what it must not keep.
    #[error("the signer could not {what}: {reason}")]
    Sandbox {
        /// The right in question.
        what: &'static str,
        /// What the kernel said.
        reason: String,
    },
    /// An operating-system thread could not be started.
    #[error("a worker thread could not be started: {reason}")]
    Thread {
        /// What the operating system said.
        reason: String,
    },
    /// Worker threads did not end in time: the vendor's library hangs.
    #[error("{count} worker threads still hang in the PKCS#11 module; only ending the process frees them")]
    StillRunning {
        /// How many.
        count: usize,
    },
}

impl Error {
    /// What a caller of [`pki::signing::Signer::sign`] is told.
    pub fn to_sign_error(&self) -> SignError {
        match self {
            Self::UnknownKey { name, .. } => SignError::UnknownKey { key: name.clone() },
            Self::Pkcs11 { .. }
            | Self::Binding { .. }
            | Self::SignatureForm { .. }
            | Self::SignatureWrong { .. }
            | Self::NoMechanism { .. } => SignError::Token {
                reason: self.to_string(),
            },
            _ => SignError::Unavailable {
                reason: self.to_string(),
            },
        }
    }

    /// Whether trying again with the same PIN could lock a token: whoever restarts things must stop here.
    pub const fn is_about_pin(&self) -> bool {
        matches!(
            self,
            Self::PinLocked { .. }
                | Self::PinFinalTry { .. }
                | Self::PinCountLow { .. }
                | Self::PinToBeChanged { .. }
                | Self::PinNotInitialized { .. }
                | Self::PinWrong { .. }
                | Self::PinRefusedBefore { .. }
                | Self::PinFileMode { .. }
                | Self::PinUnreadable { .. }
        )
    }
}

impl From<cryptoki::error::Error> for Error {
    fn from(error: cryptoki::error::Error) -> Self {
        match error {
            cryptoki::error::Error::Pkcs11(value, function) => Self::Pkcs11 {
                call: format!("C_{function:?}"),
                value: ReturnValue(value),
            },
            other => Self::Binding {
                reason: other.to_string(),
            },
        }
    }
}

fn with_serial(serial: Option<&String>) -> String {
    serial.map_or_else(String::new, |serial| format!(" with serial number {serial:?}"))
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_for_a_wrong_pin_can_be_typed_where_there_are_several_tokens() {
        let token = "sinete-online".to_owned();
        let told = Error::PinWrong { token }.to_string();
        assert!(
            told.contains("`sinete hsm probe --token sinete-online --pin-corrected`"),
            "{told}"
        );
    }
}
