//! What may be issued: the hierarchy of authorities and service keys, read strictly from `ca-policies/`.
//!
//! Everything here is a pure function of its arguments: keys, serial numbers and times come from the caller,
//! certificates leave as [`pki::certificate::Content`], unsigned. [`lint`] looks at the finished content without
//! the code that built it.

mod error;
pub mod hierarchy;
pub mod lint;
pub mod listener;
pub mod strict;

pub use error::{Error, Place};

/// The result of everything here that reads or builds.
pub type Result<T> = std::result::Result<T, Error>;
