//! `sinete ceremony run`: holds a ceremony by its script, or goes on with one that was interrupted.

use std::path::PathBuf;

use ceremony::session;
use ceremony::tokens::Tokens;
use clap::Args;

use super::room::Room;
use super::screen::{Screen, tell};
use super::{Common, Places};
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::private_file;
use crate::terminal::Terminal;

/// What a ceremony is held with.
#[derive(Debug, Args)]
pub(in crate::command) struct Arguments {
    /// The script: one of ca-policies/ceremonies, or the office's own
    script: PathBuf,
    #[command(flatten)]
    room: Room,
    #[command(flatten)]
    places: Places,
}

/// Holds it.
pub(super) fn run(common: &Common, arguments: &Arguments, terminal: Terminal) -> Result<Exit, Error> {
    let config = Configuration::load(&common.config)?;
    let office = arguments.places.office(&config);
    private_file::create_folder(&office.state)?;
    let tokens = Tokens::new(config.token_settings());
    let screen = Screen {
        terminal,
        approve_all: arguments.room.approve_all,
    };
    let progress = arguments.room.hold(&office, &tokens, &screen, |means| {
        session::run(&office, &arguments.script, means)
    })?;
    Ok(tell(&progress, terminal))
}
