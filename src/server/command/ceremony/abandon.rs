//! `sinete ceremony abandon`: gives up a ceremony that was begun.

use ceremony::session;
use ceremony::tokens::Tokens;
use clap::Args;

use super::room::Room;
use super::screen::{Screen, tell};
use super::{Common, Places};
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal::Terminal;

/// Which, and why.
#[derive(Debug, Args)]
pub(in crate::command) struct Arguments {
    /// The ceremony's name, as `sinete ceremony status` shows it
    ceremony: String,
    /// Why, in one sentence for the minutes
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    room: Room,
    #[command(flatten)]
    places: Places,
}

/// Gives it up.
pub(super) fn run(common: &Common, arguments: &Arguments, terminal: Terminal) -> Result<Exit, Error> {
    let config = Configuration::load(&common.config)?;
    let office = arguments.places.office(&config);
    let tokens = Tokens::new(config.token_settings());
    let screen = Screen {
        terminal,
        approve_all: arguments.room.approve_all,
    };
    let progress = arguments.room.hold(&office, &tokens, &screen, |means| {
        session::abandon(&office, &arguments.ceremony, &arguments.reason, means)
    })?;
    Ok(tell(&progress, terminal))
}
