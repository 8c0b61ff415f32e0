//! Ceremonies: scripts that make a hierarchy in tokens, under custodians' eyes.
//!
//! [`session::run`] holds one: each step is announced with every value it will use, approved by m of n custodians,
//! done, and recorded in a hash-chained [`transcript`]. It can be killed at any moment and run again. Requests and
//! certificates travel between the offline and the online machine in [`envelope`]s that the same approvals seal.
//! [`minutes`] says it all in Portuguese and English.
//!
//! This crate never reads a clock; time, and randomness where no token gives it, come through [`environment`].

pub mod approval;
mod block_on;
pub mod canonical;
pub mod custodian;
pub mod diff;
pub mod envelope;
pub mod environment;
mod error;
pub mod key_name;
pub mod minutes;
pub mod office;
mod ring;
pub mod script;
pub mod session;
pub mod status;
mod storage;
pub mod tokens;
pub mod transcript;

pub use error::{Error, InputChange};

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;
