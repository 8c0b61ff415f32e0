//! A PKCS#11 module that forwards every call to a real one and, steered by a file, fails like broken hardware.
//!
//! A test loads `libfaulty_token.so` instead of SoftHSM and writes faults into a control file ([`Control`]); the
//! module reads the file at each call that can fail. This way token loss, hanging calls and garbage are tried on
//! the real code, with a real token behind. Environment of the process that loads the module:
//! `FAULTY_TOKEN_CONTROL` names the file, `FAULTY_TOKEN_REAL` the real module (default: Debian's SoftHSM);
//! the folder `.faulty-token` of `HOME` says the same to a process whose environment was cleaned.
//!
//! The module side is [`module`], the only place with `unsafe`; the faults are in [`fault`].

mod control;
pub mod fault;
mod module;

pub use control::{Control, library};
