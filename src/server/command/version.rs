//! `sinete version`.

use serde::Serialize;

use crate::exit::Exit;
use crate::terminal::Terminal;

#[derive(Debug, Serialize)]
struct Version {
    name: &'static str,
    number: &'static str,
    signer_protocol: u16,
}

/// Tells which version this is.
pub(super) fn run(terminal: Terminal) -> Exit {
    let version = Version {
        name: "sinete",
        number: env!("CARGO_PKG_VERSION"),
        signer_protocol: *hsm::signer::protocol::VERSIONS.end(),
    };
    terminal.line(format_args!(
        "{} {} (signer protocol {})",
        version.name, version.number, version.signer_protocol
    ));
    terminal.value(&version);
    Exit::Success
}
