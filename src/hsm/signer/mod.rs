//! The signer process and its client: private keys stay on one side of a Unix socket, the server on the other.
//!
//! [`process`] is the loop of `sinete signer`; it alone loads PKCS#11 modules and knows PINs. [`client`] is the
//! server's end, with a [`pki::signing::Signer`] for each key. [`protocol`] is what both sides say, [`rule`] which
//! key may sign what, [`budget`] how much, [`socket`] who may ask, [`sandbox`] what the process gives up, [`supervise`] who starts it again.

pub mod budget;
pub mod client;
pub mod process;
pub mod protocol;
pub mod rule;
pub mod sandbox;
pub mod socket;
pub mod supervise;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whatever happened to the thread that held the lock before: every value behind such a lock is valid
/// after each of its statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
