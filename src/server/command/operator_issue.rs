//! `sinete operator issue`: a key and certificate for an operator, by the authority that the hierarchy names.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use pki::certificate::Certificate;
use pki::signing::Signer as _;
use serde::Serialize;

use super::Common;
use crate::clock::{SharedClock, SystemClock};
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::operator_file::{self, Files};
use crate::serve::{Office, issuing};
use crate::signer::Signer;
use crate::terminal::{Terminal, Tone};
use crate::{fitness, software_key};

/// Who, and where the files go.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The operator's name, as the console and the records show it
    #[arg(long)]
    name: String,
    /// The PKCS#12 file for a browser; the same as PEM is written beside it
    #[arg(long, value_name = "FILE.p12")]
    out: PathBuf,
    /// The file with the password of the PKCS#12 file; made if it is not there
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
}

#[derive(Debug, Serialize)]
struct Answer {
    name: String,
    serial: String,
    until: String,
    pkcs12: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    password_file: PathBuf,
    password_made: bool,
}

/// Issues it.
pub(super) fn run(common: &Common, arguments: &Arguments, terminal: Terminal) -> Result<Exit, Error> {
    let config = Configuration::load(&common.config)?;
    let files = Files::beside(&arguments.out);
    files.demand_room()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::System {
            what: "start the thread that asks the signer",
            source,
        })?;
    let answer = runtime.block_on(issue(&config, arguments, &files))?;
    print(&answer, terminal);
    terminal.value(&answer);
    Ok(Exit::Success)
}

async fn issue(config: &Configuration, arguments: &Arguments, files: &Files) -> Result<Answer, Error> {
    let clock: SharedClock = Arc::new(SystemClock);
    let office = Office::read(config)?;
    let state = &config.office.state;
    fitness::check_files(
        state,
        &office.hierarchy,
        &office.inventory,
        &office.authorities,
        clock.now(),
    )?;
    // A server that is at work has a signer; otherwise one is started for this certificate alone.
    let signer = Signer::reach_or_start(config, &office.inventory, &clock).await?;
    let issued = sign(config, arguments, files, &office, &signer).await;
    signer.stop().await;
    issued
}

async fn sign(
    config: &Configuration,
    arguments: &Arguments,
    files: &Files,
    office: &Office,
    signer: &Signer,
) -> Result<Answer, Error> {
    let clock: SharedClock = Arc::new(SystemClock);
    let terms = office.hierarchy.operator().ok_or_else(|| Error::NoTerms {
        path: config.office.hierarchy(),
        table: "operator",
    })?;
    let issuing = issuing(office, signer, &terms.authority, &clock)?;
    let (password, password_made) = operator_file::password(&arguments.password_file)?;
    let stored = software_key::generate()?;
    let issued = issuing
        .operator(&arguments.name, stored.key.public_key(), clock.now())
        .await?;
    let certificate = issued.into_value();
    operator_file::record(&config.office.state, &arguments.name, &certificate, clock.now())?;
    let chain: Vec<Certificate> = std::iter::once(certificate.clone())
        .chain(issuing.chosen.full_chain.iter().cloned())
        .collect();
    files.write(&arguments.name, &stored, &chain, &password)?;
    Ok(Answer {
        name: arguments.name.clone(),
        serial: certificate.content().serial.to_string(),
        until: certificate.content().validity.not_after.to_string(),
        pkcs12: files.pkcs12.clone(),
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        password_file: arguments.password_file.clone(),
        password_made,
    })
}

fn print(answer: &Answer, terminal: Terminal) {
    let name = terminal.paint(Tone::Strong, &answer.name);
    terminal.line(format_args!(
        "{name}: certificate {} until {}",
        answer.serial, answer.until
    ));
    terminal.line(format_args!("  for a browser:  {}", answer.pkcs12.display()));
    let made = if answer.password_made { "made now: " } else { "" };
    terminal.line(format_args!(
        "  its password:   {made}{}",
        answer.password_file.display()
    ));
    terminal.line(format_args!(
        "  for programs:   {} and {}",
        answer.certificate.display(),
        answer.key.display()
    ));
}
