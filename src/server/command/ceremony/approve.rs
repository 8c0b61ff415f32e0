//! `sinete ceremony approve`: a custodian who is elsewhere approves a step from its request file. Needs no
//! configuration: the file shows everything that will be signed.

use std::path::PathBuf;

use ceremony::custodian::key_file;
use ceremony::custodian::passphrase::Passphrase;
use ceremony::session;
use clap::Args;
use serde::Serialize;

use super::Common;
use super::screen::asks;
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal::Terminal;

/// Who approves what.
#[derive(Debug, Args)]
pub(in crate::command) struct Arguments {
    /// The request file that the ceremony left
    request: PathBuf,
    /// The custodian's short name
    #[arg(long)]
    custodian: String,
    /// The file of the custodian's key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A file with the passphrase; without it the passphrase is asked for
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Approve without being asked, because the request was read otherwise
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    approved: bool,
    file: Option<PathBuf>,
}

/// Asks, signs, and writes the approval beside the request.
pub(super) fn run(_: &Common, arguments: &Arguments, terminal: Terminal) -> Result<Exit, Error> {
    let passphrase = arguments
        .passphrase_file
        .clone()
        .map_or(Passphrase::Prompt, Passphrase::File);
    let name = &arguments.custodian;
    let key = key_file::open(&arguments.key, name, &passphrase)?;
    let written = session::approve(&arguments.request, name, &key, &|request| {
        arguments.yes || asks(name, request)
    })?;
    match &written {
        Some(path) => terminal.line(format_args!("Approved. The approval is in {}", path.display())),
        None => terminal.line("Not approved; nothing was written."),
    }
    let approved = written.is_some();
    terminal.value(&Answer {
        approved,
        file: written,
    });
    Ok(if approved { Exit::Success } else { Exit::Refused })
}
