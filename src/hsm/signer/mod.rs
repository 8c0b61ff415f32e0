//! The signer process and its client: private keys stay on one side of a Unix socket, the server on the other.
//!
//! [`protocol`] is what both sides say, [`budget`] how much a key may be used, [`sandbox`] what the process gives up.

pub mod budget;
pub mod protocol;
pub mod sandbox;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whatever happened to the thread that held the lock before: every value behind such a lock is valid
/// after each of its statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
