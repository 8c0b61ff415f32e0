//! `sinete ceremony`: key ceremonies. The crate `ceremony` holds them; here are the people in front of the screen.

mod abandon;
mod approve;
mod custodian;
mod diff;
mod rehearse;
mod room;
mod run;
mod screen;
mod status;

use std::path::PathBuf;

use ceremony::environment::Clock;
use ceremony::office::Office;
use clap::{Args, Subcommand};
use pki::time::Time;

use super::Common;
use crate::clock::SystemClock;
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal::Terminal;

/// What can be asked about ceremonies.
#[derive(Debug, Subcommand)]
pub(super) enum Ceremony {
    /// Hold a ceremony by its script, or go on with one that was interrupted
    Run(run::Arguments),
    /// Approve a step away from the room, from its request file
    Approve(approve::Arguments),
    /// List the ceremonies of this office, or check one that is over
    Status(status::Arguments),
    /// Compare the transcripts of two ceremonies, such as a rehearsal and the real one
    Diff(diff::Arguments),
    /// Hold a ceremony on throw-away tokens, to see what the real one will do
    Rehearse(rehearse::Arguments),
    /// Give up a ceremony that was begun; keys that only it knows are destroyed
    Abandon(abandon::Arguments),
    /// Make custodians' keys and the list of custodians
    #[command(subcommand)]
    Custodian(custodian::Custodian),
}

/// Where the ceremony's files are, if not in their usual places.
#[derive(Debug, Clone, Args)]
pub(in crate::command) struct Places {
    /// The list of custodians [default: ceremonies/custodians.toml in the state folder]
    #[arg(long, value_name = "FILE")]
    custodians: Option<PathBuf>,
    /// The folder through which envelopes travel, such as a memory stick's [default: exchange in the state folder]
    #[arg(long, value_name = "FOLDER")]
    exchange: Option<PathBuf>,
}

impl Places {
    fn office(&self, config: &Configuration) -> Office {
        let mut office = Office::beside(config.office.state.path(), &config.office.hierarchy());
        if let Some(custodians) = &self.custodians {
            office.custodians.clone_from(custodians);
        }
        if let Some(exchange) = &self.exchange {
            office.exchange.clone_from(exchange);
        }
        office
    }
}

/// Does what was asked.
pub(super) fn run(common: &Common, command: &Ceremony, terminal: Terminal) -> Result<Exit, Error> {
    match command {
        Ceremony::Run(arguments) => run::run(common, arguments, terminal),
        Ceremony::Approve(arguments) => approve::run(common, arguments, terminal),
        Ceremony::Status(arguments) => status::run(common, arguments, terminal),
        Ceremony::Diff(arguments) => diff::run(common, arguments, terminal),
        Ceremony::Rehearse(arguments) => rehearse::run(common, arguments, terminal),
        Ceremony::Abandon(arguments) => abandon::run(common, arguments, terminal),
        Ceremony::Custodian(command) => custodian::run(common, command, terminal),
    }
}

/// The machine's clock, as the ceremony asks for it.
impl Clock for SystemClock {
    fn now(&self) -> Time {
        crate::clock::Clock::now(self)
    }
}
