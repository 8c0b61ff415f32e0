//! `sinete`: the server and its commands.
//!
//! This crate wires the others together: configuration, clock, listeners, pages, command line. It decides nothing
//! about certificates (`policy`), builds none (`pki`), and never touches a key (`hsm`). Start with [`command`].

mod authority;
mod clock;
mod command;
mod config;
mod doctor;
mod error;
mod examination;
mod exit;
mod fitness;
mod http;
mod issuing;
mod listener_identity;
mod lock;
mod log;
mod notify;
mod operator_file;
mod private_file;
mod run_file;
mod secret_file;
mod serve;
mod signals;
mod signer;
mod signer_watch;
mod software_key;
mod stop;
mod terminal;
#[cfg(test)]
mod testing;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    forbid_core_dumps();
    let line = command::CommandLine::parse();
    let json = line.common.json;
    match command::run(line) {
        Ok(exit) => exit.into(),
        Err(error) => {
            error::tell(&error, json);
            error.exit().into()
        }
    }
}

/// Every command may hold a passphrase or the listener's key for a moment; none may end up in a core file. The signer
/// does more than this, and demands it.
fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Lowering a limit of one's own is always allowed.
    let _ = setrlimit(Resource::Core, none);
}
