//! What the ceremony takes from outside: the time, randomness where no token gives it, and, in tests, faults.

use aws_lc_rs::rand::SecureRandom as _;
use pki::time::Time;

use crate::{Error, Result};

/// The clock of the machine, given by whoever runs the ceremony.
///
/// Contract: never blocks, never fails; may be called from any thread. It may jump; the transcript refuses a
/// time before its last one.
pub trait Clock: Send + Sync {
    /// The present second, UTC.
    fn now(&self) -> Time;
}

/// Random octets for what is not a key and not a serial number: ceremony names, nonces, salts.
///
/// Contract: fills everything or fails; fit for cryptography; callable in parallel.
pub trait Random: Send + Sync {
    /// Fills the octets.
    fn fill(&self, octets: &mut [u8]) -> Result<()>;
}

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, octets: &mut [u8]) -> Result<()> {
        aws_lc_rs::rand::SystemRandom::new()
            .fill(octets)
            .map_err(|_| Error::NoRandom)
    }
}

/// A moment at which a crash leaves something behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing of the act has happened.
    Before,
    /// The act has happened and is durable; nobody was told.
    After,
}

/// Stops a ceremony at a write point, so that tests can prove that the next run continues.
///
/// Contract: called around every durable write and every change in a token. Production passes [`NoFaults`].
pub trait Faults: Send + Sync {
    /// May end the process, or fail, which ends the run.
    fn reached(&self, point: &str, moment: Moment) -> Result<()>;
}

/// Never stops anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn reached(&self, _point: &str, _moment: Moment) -> Result<()> {
        Ok(())
    }
}
