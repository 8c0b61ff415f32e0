//! `sinete hsm initialise`: gives a fresh token its label and PINs. PINs come from files; where there is none, one is
//! made.

use std::path::PathBuf;

use clap::Args;
use hsm::module::Module;
use hsm::pin::Pin;
use serde::Serialize;

use crate::error::Error;
use crate::exit::Exit;
use crate::secret_file::{self, Demand};
use crate::terminal::{Terminal, Tone};

/// Which token, and where its PINs are.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The vendor's PKCS#11 library
    #[arg(long, value_name = "FILE")]
    module: PathBuf,
    /// The label of the new token
    #[arg(long)]
    label: String,
    /// The user PIN; made if the file is not there
    #[arg(long, value_name = "FILE")]
    pin_file: PathBuf,
    /// The security officer's PIN; made if the file is not there. Keep it apart from the other
    #[arg(long, value_name = "FILE")]
    so_pin_file: PathBuf,
}

/// Tokens demand between four and eight characters at least; the files of this command hold far more.
const PIN: Demand = Demand {
    what: "PIN",
    shortest: 6,
    group: 0,
};

#[derive(Debug, Serialize)]
struct Answer {
    label: String,
    serial: String,
    pin_made: bool,
    so_pin_made: bool,
}

/// Initialises it.
pub(super) fn run(arguments: &Arguments, terminal: Terminal) -> Result<Exit, Error> {
    let module = Module::load(&arguments.module)?;
    let (so_pin, so_pin_made) = secret_file::obtain(&arguments.so_pin_file, PIN)?;
    let (pin, pin_made) = secret_file::obtain(&arguments.pin_file, PIN)?;
    let info = hsm::initialise(
        &module,
        &arguments.label,
        &Pin::new(Box::from(so_pin.as_str())),
        &Pin::new(Box::from(pin.as_str())),
    )?;
    terminal.line(format_args!(
        "Token {} {} (serial number {}).",
        terminal.paint(Tone::Strong, &info.label),
        terminal.paint(Tone::Good, "is initialised"),
        info.serial
    ));
    terminal.line(format_args!("PIN: {}", arguments.pin_file.display()));
    terminal.line(format_args!(
        "Security officer's PIN: {}",
        arguments.so_pin_file.display()
    ));
    terminal.value(&Answer {
        label: info.label,
        serial: info.serial,
        pin_made,
        so_pin_made,
    });
    Ok(Exit::Success)
}
