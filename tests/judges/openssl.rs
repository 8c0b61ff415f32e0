//! `openssl verify -x509_strict`: the system's OpenSSL and version 3.6.

use std::path::Path;
use std::process::Command;

use super::Chain;
use crate::harness::command::run;
use crate::harness::tools::Tool;

/// The system's `openssl`.
pub fn openssl() -> Command {
    quiet(Command::new("openssl"))
}

/// The `openssl` that knows ML-DSA.
pub fn openssl_36() -> Command {
    quiet(Command::new(Tool::OpenSsl36.path()))
}

/// A machine's own openssl.cnf must not decide what a judge says.
fn quiet(mut command: Command) -> Command {
    command.env("OPENSSL_CONF", "/dev/null");
    command
}

pub(super) fn verify(program: &Path, chains: &[&Chain]) -> Vec<Result<(), String>> {
    chains
        .iter()
        .map(|chain| verify_one(quiet(Command::new(program)), chain))
        .collect()
}

fn verify_one(mut command: Command, chain: &Chain) -> Result<(), String> {
    // -check_ss_sig: without it the root's own signature goes unlooked at. The folder and store defaults are off,
    // so that the machine's trusted roots cannot help.
    command.args([
        "verify",
        "-x509_strict",
        "-check_ss_sig",
        "-policy_check",
        "-no-CApath",
        "-no-CAstore",
        "-CAfile",
    ]);
    command.arg(chain.root());
    for certificate in chain.between() {
        command.arg("-untrusted").arg(certificate);
    }
    let finished = run(command.arg(chain.leaf()));
    if finished.status.success() {
        Ok(())
    } else {
        Err(finished.said())
    }
}
