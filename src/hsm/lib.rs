//! PKCS#11 tokens: finding them, logging in, making keys, signing through a pool of sessions.
//!
//! Start with [`token`] (one token, opened and logged in) and [`pool`] (many signatures at once);
//! [`direct::TokenKey`] is a [`pki::signing::Signer`] straight over one token. [`inventory`] is the file that says
//! which keys there are, [`probe`] finds out what a token can do.
//!
//! A token is selected by its label (and serial number), never by its slot; a key by its random id and class,
//! never by its label. A PIN that was refused is not tried again. No key that could leave its token is used.

pub mod direct;
pub mod error;
mod initialise;
pub mod inventory;
pub mod key;
pub mod mechanism;
pub mod module;
pub mod pin;
pub mod pool;
pub mod probe;
pub mod quirks;
pub mod return_value;
pub mod signer;
#[cfg(feature = "testing")]
pub mod testing;
pub mod token;

pub use error::Error;
pub use initialise::initialise;

/// The result of everything here that touches a token or its files.
pub type Result<T> = std::result::Result<T, Error>;
