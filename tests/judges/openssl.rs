//! `openssl verify -x509_strict`: the system's OpenSSL and version 3.6.

use std::path::Path;
use std::process::Command;

use super::{Algorithm, Chain, Judge};
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

pub(super) fn knows_ml_dsa() -> bool {
    run(openssl().args(["list", "-public-key-algorithms"]))
        .succeeded()
        .stdout
        .contains("ML-DSA")
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

/// `openssl req -verify` accepts a request's own signature.
#[track_caller]
pub fn request_verifies(request: &Path, algorithms: &[Algorithm]) {
    for mut command in knowing(algorithms) {
        let finished = run(command.args(["req", "-verify", "-noout", "-in"]).arg(request)).succeeded();
        assert!(finished.said().contains("verify OK"), "{finished}");
    }
}

/// `openssl crl` verifies a list under its issuer.
#[track_caller]
pub fn crl_verifies(crl: &Path, issuer: &Path, algorithms: &[Algorithm]) {
    for mut command in knowing(algorithms) {
        command
            .args(["crl", "-noout", "-no-CApath", "-no-CAstore", "-CAfile"])
            .arg(issuer)
            .arg("-in")
            .arg(crl);
        let finished = run(&mut command).succeeded();
        assert!(finished.said().contains("verify OK"), "{finished}");
    }
}

/// `openssl x509` reads a certificate, `NAME.cer` and `NAME.pem`, and writes the same bytes again.
#[track_caller]
pub fn certificate_round_trips(certificate: &Path, algorithms: &[Algorithm], scratch: &Path) {
    let der = certificate.with_extension("cer");
    let original = std::fs::read(&der).expect("the certificate is there");
    let again = scratch.join("again.der");
    for (form, file) in [
        ("DER", der.as_path()),
        ("PEM", &certificate.with_extension("pem")),
    ] {
        for mut command in knowing(algorithms) {
            command
                .args(["x509", "-inform", form, "-outform", "DER", "-in"])
                .arg(file)
                .arg("-out")
                .arg(&again);
            run(&mut command).succeeded();
            let again = std::fs::read(&again).expect("openssl wrote it");
            assert_eq!(again, original, "openssl writes {} differently", file.display());
        }
    }
}

/// Every `openssl` that knows these algorithms, never none.
fn knowing(algorithms: &[Algorithm]) -> Vec<Command> {
    let knows = |judge: Judge| {
        algorithms
            .iter()
            .all(|algorithm| judge.ignorance(*algorithm).is_none())
    };
    let mut commands = vec![openssl_36()];
    if knows(Judge::OpenSsl) {
        commands.push(openssl());
    }
    commands
}
