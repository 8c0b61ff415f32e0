//! The tokens of this machine, opened when a step first needs one.
//!
//! A wrong PIN ends the run at once and is never tried a second time: tokens lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hsm::token::{Caution, Token, TokenSettings};
use pki::serial::Serial;

use crate::{Error, Result};

/// The configured tokens and those of them that are open.
pub struct Tokens {
    settings: Vec<TokenSettings>,
    open: Mutex<BTreeMap<String, Arc<Token>>>,
}

impl Tokens {
    /// Knows these tokens; opens none yet.
    pub fn new(settings: Vec<TokenSettings>) -> Self {
        Self {
            settings,
            open: Mutex::default(),
        }
    }

    /// The token with this label, opened and logged in.
    pub fn token(&self, label: &str) -> Result<Arc<Token>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = open.get(label) {
            return Ok(Arc::clone(token));
        }
        let settings = self.settings.iter().find(|settings| settings.label == label);
        let settings = settings.ok_or_else(|| Error::TokenNotConfigured {
            label: label.to_owned(),
            known: self
                .settings
                .iter()
                .map(|settings| settings.label.clone())
                .collect(),
        })?;
        let token = Arc::new(Token::open(settings, Caution::Careful)?);
        open.insert(label.to_owned(), Arc::clone(&token));
        Ok(token)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list()
            .entries(self.settings.iter().map(|settings| &settings.label))
            .finish()
    }
}

/// A serial number from the token's random source.
pub(crate) fn new_serial(token: &Token) -> Result<Serial> {
    let octets = token.random(20)?;
    let octets = <[u8; 20]>::try_from(octets).map_err(|_| Error::NoRandom)?;
    Ok(Serial::from_random(octets))
}
