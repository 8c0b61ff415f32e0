//! One token: selected by label, logged in with care, its keys made, found, checked and destroyed.
//!
//! [`Token`] is for what is done once and slowly (ceremony, checks). Signing at speed is [`crate::pool`].

mod attributes;
mod keys;
mod login;
mod public_key;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use cryptoki::slot::{Limit, Slot};
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::public_key::PublicKey;

use crate::inventory::KeyEntry;
use crate::key::KeyId;
use crate::mechanism::{Mechanisms, Recipe};
use crate::module::{Lease, Module, ModuleInfo};
use crate::pin::PinSource;
use crate::quirks::Quirks;
use crate::{Error, Result};

pub(crate) use keys::{Lifetime, check, destroy, generate_data_key, generate_pair};
pub use login::Caution;
pub(crate) use login::{PinOnce, is_logged_in, log_in};

/// Which token is meant and how to log in to it.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// The token's label.
    pub label: String,
    /// Its serial number, needed where several tokens have the label.
    pub serial: Option<String>,
    /// The vendor's PKCS#11 library.
    pub module: PathBuf,
    /// Where the user PIN comes from.
    pub pin: PinSource,
}

/// What a token says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are flags that PKCS#11 defines"
)]
pub struct TokenInfo {
    /// Its label.
    pub label: String,
    /// Its serial number.
    pub serial: String,
    /// Who made it.
    pub manufacturer: String,
    /// Its model.
    pub model: String,
    /// Version of the hardware.
    pub hardware_version: String,
    /// Version of the firmware.
    pub firmware_version: String,
    /// Whether it has a random source.
    pub has_random: bool,
    /// Whether it must be logged in to before private keys are seen.
    pub login_required: bool,
    /// Whether the PIN is typed on the device itself.
    pub pin_pad: bool,
    /// Whether nothing can be written.
    pub write_protected: bool,
    /// The most sessions it allows, where it says.
    pub max_sessions: Option<u64>,
    /// What it says about its user PIN.
    pub pin: PinState,
}

/// The `CKF_USER_PIN_*` flags: looked at before every login.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are the flags that PKCS#11 defines"
)]
pub struct PinState {
    /// A user PIN was set.
    pub initialized: bool,
    /// A wrong PIN was given since the last good one.
    pub count_low: bool,
    /// One more wrong PIN locks it.
    pub final_try: bool,
    /// It is locked.
    pub locked: bool,
    /// It must be changed before the token works.
    pub to_be_changed: bool,
}

impl From<&cryptoki::slot::TokenInfo> for TokenInfo {
    fn from(info: &cryptoki::slot::TokenInfo) -> Self {
        Self {
            label: info.label().to_owned(),
            serial: info.serial_number().to_owned(),
            manufacturer: info.manufacturer_id().to_owned(),
            model: info.model().to_owned(),
            hardware_version: info.hardware_version().to_string(),
            firmware_version: info.firmware_version().to_string(),
            has_random: info.rng(),
            login_required: info.login_required(),
            pin_pad: info.protected_authentication_path(),
            write_protected: info.write_protected(),
            max_sessions: match info.max_session_count() {
                Limit::Max(count) => Some(count),
                Limit::Unavailable | Limit::Infinite => None,
            },
            pin: PinState {
                initialized: info.user_pin_initialized(),
                count_low: info.user_pin_count_low(),
                final_try: info.user_pin_final_try(),
                locked: info.user_pin_locked(),
                to_be_changed: info.user_pin_to_be_changed(),
            },
        }
    }
}

/// An open, logged-in token. Calls from several threads take turns.
pub struct Token {
    /// Dropped before the lease, which allows restarts of the module.
    session: Mutex<Session>,
    lease: Lease,
    slot: Slot,
    info: TokenInfo,
    module_info: ModuleInfo,
    mechanisms: Mechanisms,
    quirks: Quirks,
}

/// A key pair to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewPair<'a> {
    /// Its id, from [`Token::new_key_id`]. Chosen before, so that the intent can be recorded before the key exists.
    pub id: KeyId,
    /// A label for people.
    pub label: &'a str,
    /// The kind of key.
    pub algorithm: KeyAlgorithm,
}

/// A key pair on the token whose attributes were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedPair {
    /// Its id.
    pub id: KeyId,
    /// The public half, from the token's public-key object.
    pub public_key: PublicKey,
    pub(crate) private: ObjectHandle,
}

impl Token {
    /// Finds the token, looks at its PIN flags, and logs in.
    pub fn open(settings: &TokenSettings, caution: Caution) -> Result<Self> {
        let module = Module::load(&settings.module)?;
        let module_info = module.info()?;
        let lease = module.lease();
        let (slot, info) = select(&lease, &settings.label, settings.serial.as_deref())?;
        let mechanisms: Mechanisms = lease.library().get_mechanism_list(slot)?.into_iter().collect();
        let quirks = Quirks::of(&module_info, &info);
        if quirks.login_alone {
            module.demand_lonely_logins();
        }
        let session = lease.library().open_rw_session(slot)?;
        let pin = PinOnce::new(&settings.pin);
        log_in(&lease, slot, &session, &pin, caution)?;
        Ok(Self {
            session: Mutex::new(session),
            lease,
            slot,
            info,
            module_info,
            mechanisms,
            quirks,
        })
    }

    /// What the token says about itself.
    pub const fn info(&self) -> &TokenInfo {
        &self.info
    }

    /// What the module says about itself.
    pub const fn module_info(&self) -> &ModuleInfo {
        &self.module_info
    }

    /// The module that the token is reached through.
    pub fn module(&self) -> &Module {
        self.lease.module()
    }

    /// The mechanisms it offers.
    pub const fn mechanisms(&self) -> &Mechanisms {
        &self.mechanisms
    }

    /// How it differs from the standard.
    pub const fn quirks(&self) -> &Quirks {
        &self.quirks
    }

    /// Octets from the token's random source.
    pub fn random(&self, octets: u32) -> Result<Vec<u8>> {
        Ok(self.session().generate_random_vec(octets)?)
    }

    /// A fresh id for a key, from the token's random source.
    pub fn new_key_id(&self) -> Result<KeyId> {
        let mut octets = [0; KeyId::LENGTH];
        self.session().generate_random_slice(&mut octets)?;
        Ok(KeyId::from_bytes(octets))
    }

    /// Makes a key pair that never leaves the token, checks that it says so, and returns the public half.
    ///
    /// Crash here: either nothing or the whole pair is on the token; [`Token::find_pair`] with the same id tells.
    pub fn generate_pair(&self, new: &NewPair<'_>) -> Result<PublicKey> {
        generate_pair(&self.keys(&self.session()), new, Lifetime::Token).map(|pair| pair.public_key)
    }

    /// Makes an AES-256 key that wraps data keys and never leaves the token.
    pub fn generate_data_key(&self, id: KeyId, label: &str) -> Result<()> {
        generate_data_key(&self.keys(&self.session()), id, label, Lifetime::Token).map(drop)
    }

    /// The pair with this id, if it is there: exactly one of each half, made here, never to leave. `None` if
    /// neither half is there.
    pub fn find_pair(&self, id: KeyId, algorithm: KeyAlgorithm) -> Result<Option<CheckedPair>> {
        keys::find_pair(&self.keys(&self.session()), id, algorithm)
    }

    /// Whether the data key with this id is there; its attributes are checked if it is.
    pub fn has_data_key(&self, id: KeyId) -> Result<bool> {
        keys::find_data_key(&self.keys(&self.session()), id).map(|found| found.is_some())
    }

    /// Checks that the key of this entry is there, is what the entry says, and cannot leave the token. Returns the
    /// public half of a pair.
    pub fn check(&self, entry: &KeyEntry) -> Result<Option<PublicKey>> {
        check(&self.keys(&self.session()), entry).map(|found| found.pair.map(|pair| pair.public_key))
    }

    /// Destroys every object with this id: both halves of a pair, or a data key. Returns how many there were.
    pub fn destroy(&self, id: KeyId) -> Result<usize> {
        destroy(&self.session(), id)
    }

    /// Signs a message with a pair. The signature has the right form but is not yet verified.
    pub(crate) fn sign(&self, pair: &CheckedPair, recipe: Recipe, message: &[u8]) -> Result<Vec<u8>> {
        let session = self.session();
        Ok(recipe.sign(&session, pair.private, pair.public_key.algorithm(), message)?)
    }

    /// Works on the keys of the token's own session.
    pub(crate) fn with_keys<R>(&self, work: impl FnOnce(&Keys<'_>) -> R) -> R {
        let session = self.session();
        work(&self.keys(&session))
    }

    /// Another session; it is logged in, as all sessions of the process are.
    pub(crate) fn another_session(&self) -> Result<Session> {
        open_session(&self.lease, self.slot, &self.quirks)
    }

    /// How this token makes this kind of signature.
    pub(crate) fn recipe(&self, algorithm: SignatureAlgorithm) -> Result<Recipe> {
        Recipe::choose(algorithm, &self.mechanisms, &self.info.label)
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keys<'a>(&'a self, session: &'a Session) -> Keys<'a> {
        Keys {
            session,
            token: &self.info.label,
            mechanisms: &self.mechanisms,
            quirks: &self.quirks,
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "Token({:?}, serial number {:?})",
            self.info.label, self.info.serial
        )
    }
}

/// A logged-in session and what must be known to handle keys in it.
#[derive(Clone, Copy)]
pub(crate) struct Keys<'a> {
    pub(crate) session: &'a Session,
    pub(crate) token: &'a str,
    pub(crate) mechanisms: &'a Mechanisms,
    pub(crate) quirks: &'a Quirks,
}

/// A session for signing: read-only, unless the vendor knows only the other kind.
pub(crate) fn open_session(lease: &Lease, slot: Slot, quirks: &Quirks) -> Result<Session> {
    if quirks.read_write_sessions {
        Ok(lease.library().open_rw_session(slot)?)
    } else {
        Ok(lease.library().open_ro_session(slot)?)
    }
}

/// The one token that is meant; none or several are refused.
pub(crate) fn select(lease: &Lease, label: &str, serial: Option<&str>) -> Result<(Slot, TokenInfo)> {
    let present = lease.tokens()?;
    let mut meant: Vec<(Slot, TokenInfo)> = present
        .iter()
        .filter(|(_, info)| info.label == label && serial.is_none_or(|serial| info.serial == serial))
        .cloned()
        .collect();
    match (meant.pop(), meant.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => Err(Error::TokenAmbiguous {
            label: label.to_owned(),
            serials: meant
                .iter()
                .chain([&last])
                .map(|(_, info)| info.serial.clone())
                .collect(),
        }),
        (None, _) => Err(Error::TokenMissing {
            label: label.to_owned(),
            serial: serial.map(str::to_owned),
            present: present
                .iter()
                .filter(|(_, info)| !info.label.is_empty())
                .map(|(_, info)| format!("{} ({})", info.label, info.serial))
                .collect(),
        }),
    }
}
