//! Keys that must not be certified: what can be said about a public key from its numbers alone, and from lists
//! of keys whose private half is known.
//!
//! [`check`] looks at the numbers and at the built-in list; [`check_against`] also looks at an operator's list.
//! Everything here works on public numbers, so nothing needs constant time. Each refusal says which rule was
//! broken; the remedy is always a new key pair.
//!
//! RSA: [`rsa`]. Elliptic curves: [`curve`]. ML-DSA has no weak form that can be seen: every string of the right
//! length is a public key (FIPS 204 section 7.2), so only the lists speak about it. Lists: [`known`].

mod curve;
mod known;
mod rsa;
#[cfg(test)]
mod tests;

pub use known::Blocklist;

use crate::algorithm::KeyAlgorithm;
use crate::digest::hex;
use crate::public_key::PublicKey;
use crate::{Error, Result};

/// Refuses a key that is weak by its numbers or whose private half is published.
pub fn check(key: &PublicKey) -> Result<()> {
    check_against(key, &Blocklist::published())
}

/// Refuses a key that is weak by its numbers or stands on this list.
pub fn check_against(key: &PublicKey, blocklist: &Blocklist) -> Result<()> {
    if blocklist.contains(key) {
        return Err(Error::BlockedKey {
            spki_sha256: hex(&key.fingerprint()),
        });
    }
    let numbers = match key.algorithm() {
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => rsa::check(key),
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::EcdsaP521 => curve::check_nist(key),
        KeyAlgorithm::Ed25519 => curve::check_ed25519(key.key_bits()),
        KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => Ok(()),
    };
    numbers.map_err(|reason| Error::WeakKey { reason })
}
