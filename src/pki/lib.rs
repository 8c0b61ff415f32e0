//! Certificates, requests, CRLs and other signed structures: bytes in, bytes out.
//!
//! This crate never reads a clock, a random source, a file or a token: times, serials and nonces are
//! arguments, and the private key is behind [`signing::Signer`]. What is about to be signed
//! ([`signing::Unsigned`]) and what was signed ([`signing::Signed`]) are different types; only a signer,
//! with its signature verified and the bytes compared, turns one into the other.
//!
//! Start with [`certificate`] for building, [`asn1`] for the strict reader every parser stands on, and
//! [`algorithm`] for the closed list of what may sign.

pub mod algorithm;
pub mod asn1;
#[cfg(feature = "aws-lc")]
pub mod aws_lc;
pub mod certificate;
pub mod crl;
pub mod csr;
pub mod digest;
mod error;
pub mod extension;
pub mod general_name;
pub mod icp_brasil;
pub mod name;
pub mod nearest;
pub mod oid;
pub mod pem;
#[cfg(feature = "aws-lc")]
pub mod pkcs12;
pub mod public_key;
pub mod serial;
pub mod signing;
pub mod statement;
pub mod time;
pub mod weakness;

pub use error::Error;

/// The result of everything here that reads or builds.
pub type Result<T> = std::result::Result<T, Error>;
