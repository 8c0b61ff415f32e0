//! `sinete ceremony custodian`: keys of custodians, and the list of custodians that the ceremonies hold to.

use std::path::{Path, PathBuf};

use ceremony::custodian::passphrase::Passphrase;
use ceremony::custodian::{Custodian as Person, Custodians, key_file};
use ceremony::environment::SystemRandom;
use clap::{Args, Subcommand};
use pki::algorithm::KeyAlgorithm;
use pki::signing::Signer as _;
use serde::Serialize;

use super::Common;
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::private_file;
use crate::terminal::{Terminal, Tone};

/// What can be asked about custodians.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum Custodian {
    /// Make a custodian's key, encrypted with a passphrase, and the entry for the list
    New(New),
    /// Make the list of custodians from their entries
    Gather(Gather),
    /// Show the list of custodians
    List(List),
}

/// A new custodian.
#[derive(Debug, Args)]
pub(in crate::command) struct New {
    /// The short name, such as ana
    name: String,
    /// The name in the minutes
    #[arg(long)]
    full_name: String,
    /// The office held, for the minutes
    #[arg(long)]
    role: String,
    /// Where the key goes; the entry for the list is written beside it, with the ending .toml
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A file with the passphrase; without it the passphrase is asked for twice
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// A list of custodians.
#[derive(Debug, Args)]
pub(in crate::command) struct Gather {
    /// The custodians' entries
    #[arg(required = true, value_name = "ENTRY")]
    entries: Vec<PathBuf>,
    /// How many must approve each step
    #[arg(long)]
    threshold: usize,
    /// How many must approve when only service certificates are renewed [default: the same]
    #[arg(long)]
    service_threshold: Option<usize>,
    /// Where the list goes [default: ceremonies/custodians.toml in the state folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Which list.
#[derive(Debug, Args)]
pub(in crate::command) struct List {
    /// The list [default: ceremonies/custodians.toml in the state folder]
    #[arg(long, value_name = "FILE")]
    custodians: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    full_name: String,
    role: String,
    key_sha256: String,
}

/// Does what was asked.
pub(super) fn run(common: &Common, command: &Custodian, terminal: Terminal) -> Result<Exit, Error> {
    match command {
        Custodian::New(arguments) => new(arguments, terminal),
        Custodian::Gather(arguments) => gather(common, arguments, terminal),
        Custodian::List(arguments) => list(common, arguments, terminal),
    }
}

/// An entry is a whole list of one: it is read by the same strict reader, and nothing else needs to know the form.
fn new(arguments: &New, terminal: Terminal) -> Result<Exit, Error> {
    let passphrase = arguments
        .passphrase_file
        .clone()
        .map_or(Passphrase::Prompt, Passphrase::File);
    let entry = arguments.key.with_extension("toml");
    if entry.exists() {
        return Err(ceremony::Error::Exists { path: entry }.into());
    }
    let key = key_file::create(
        &arguments.key,
        &arguments.name,
        KeyAlgorithm::Ed25519,
        &passphrase,
        &SystemRandom,
    )?;
    let person = Person {
        name: arguments.name.clone(),
        full_name: arguments.full_name.clone(),
        role: arguments.role.clone(),
        public_key: key.public_key().clone(),
    };
    let shown = shown(&person);
    let text = Custodians::new(1, None, vec![person])?.to_toml()?;
    private_file::write_new(&entry, text.as_bytes())?;
    terminal.line(format_args!("Key: {}", arguments.key.display()));
    terminal.line(format_args!("Entry for the list: {}", entry.display()));
    terminal.line(format_args!("SHA-256 of the public key: {}", shown.key_sha256));
    terminal.value(&shown);
    Ok(Exit::Success)
}

fn gather(common: &Common, arguments: &Gather, terminal: Terminal) -> Result<Exit, Error> {
    let mut people = Vec::new();
    for path in &arguments.entries {
        people.extend(read(path)?.iter().cloned());
    }
    let path = match &arguments.out {
        Some(path) => path.clone(),
        None => usual(common)?,
    };
    let custodians = Custodians::new(arguments.threshold, arguments.service_threshold, people)?;
    if let Some(folder) = path.parent() {
        private_file::create_folder(folder)?;
    }
    private_file::write_new(&path, custodians.to_toml()?.as_bytes())?;
    show(&custodians, &path, terminal);
    Ok(Exit::Success)
}

fn list(common: &Common, arguments: &List, terminal: Terminal) -> Result<Exit, Error> {
    let path = match &arguments.custodians {
        Some(path) => path.clone(),
        None => usual(common)?,
    };
    show(&read(&path)?, &path, terminal);
    Ok(Exit::Success)
}

fn usual(common: &Common) -> Result<PathBuf, Error> {
    let config = Configuration::load(&common.config)?;
    Ok(config.office.state.ceremonies().join("custodians.toml"))
}

fn read(path: &Path) -> Result<Custodians, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::file("cannot read", path))?;
    Ok(Custodians::parse(path, &text)?)
}

fn shown(person: &Person) -> Shown {
    Shown {
        name: person.name.clone(),
        full_name: person.full_name.clone(),
        role: person.role.clone(),
        key_sha256: person.fingerprint().to_string(),
    }
}

fn show(custodians: &Custodians, path: &Path, terminal: Terminal) {
    terminal.line(format_args!(
        "{}: {} of {} custodians approve each step.",
        path.display(),
        custodians.threshold(),
        custodians.iter().len()
    ));
    let all: Vec<Shown> = custodians.iter().map(shown).collect();
    for one in &all {
        let name = terminal.paint(Tone::Strong, &one.name);
        terminal.line(format_args!(
            "{name}  {}, {}\n  {}",
            one.full_name, one.role, one.key_sha256
        ));
    }
    terminal.value(&all);
}
