//! `certtool --verify` of GnuTLS.

use std::process::Command;

use super::Chain;
use crate::harness::command::{run, run_with_input};

pub(super) fn knows_ml_dsa() -> bool {
    run(Command::new("gnutls-cli").arg("--list"))
        .succeeded()
        .stdout
        .contains("ML-DSA")
}

pub(super) fn verify(chains: &[&Chain]) -> Vec<Result<(), String>> {
    chains.iter().map(|chain| verify_one(chain)).collect()
}

fn verify_one(chain: &Chain) -> Result<(), String> {
    // certtool reads the chain from its input, leaf first. The root is given as trusted, and only as that.
    let untrusted = chain
        .certificates
        .iter()
        .take((chain.certificates.len() - 1).max(1));
    let pem: String = untrusted
        .map(|file| std::fs::read_to_string(file).expect("the chain's files are there"))
        .collect();
    let mut command = Command::new("certtool");
    command
        .args(["--verify", "--verify-profile=medium", "--load-ca-certificate"])
        .arg(chain.root());
    let finished = run_with_input(&mut command, &pem);
    // certtool has ended with 0 and "Not verified" in some versions: both must say yes.
    let verified = finished.said().contains("Chain verification output: Verified.");
    if !finished.status.success() || !verified {
        return Err(finished.said());
    }
    if chain.certificates.len() == 1 {
        root_signs_itself(chain)
    } else {
        Ok(())
    }
}

/// A trusted root's own signature is not looked at when it is its own trust anchor; `-e` does look.
fn root_signs_itself(chain: &Chain) -> Result<(), String> {
    let finished = run(Command::new("certtool")
        .args(["--verify-chain", "--infile"])
        .arg(chain.root()));
    if finished.status.success() {
        Ok(())
    } else {
        Err(finished.said())
    }
}
