//! The real program, built from this checkout.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::command::run_within;
use crate::workspace;

/// A cold build on a slow machine.
const BUILD: Duration = Duration::from_mins(30);

/// The path of `sinete`: what `SINETE_BINARY` names, else what Cargo builds now, so that it is never a stale one.
pub fn path() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| std::env::var_os("SINETE_BINARY").map_or_else(build, PathBuf::from))
        .clone()
}

/// `sinete`, without the environment variables by which the machine's user may steer what it loads.
pub fn sinete() -> Command {
    let mut command = Command::new(path());
    for variable in [
        "SOFTHSM2_CONF",
        "KRYOPTIC_CONF",
        "NO_COLOR",
        "CREDENTIALS_DIRECTORY",
    ] {
        command.env_remove(variable);
    }
    command
}

fn build() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--package", "server", "--locked"])
        .current_dir(workspace::root());
    run_within(&mut cargo, "", BUILD).succeeded();
    let tests = std::env::current_exe().expect("a running program has a path");
    // This program is target/PROFILE/deps/system-HASH, and what was built is two folders above it.
    let target = tests.ancestors().nth(3).expect("Cargo's folders");
    target.join("debug/sinete")
}
