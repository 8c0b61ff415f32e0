//! `sinete signer`: the process that alone loads PKCS#11 modules and knows PINs. `sinete serve` starts it; as a unit of
//! its own it may run under its own user.

use clap::Args;
use hsm::inventory::Inventory;
use hsm::signer::process::{self, SignerSettings};

use super::Common;
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::{log, signer};

/// How it was started.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// End with standard input: whoever started the process holds its other end
    #[arg(long, hide = true)]
    supervised: bool,
}

/// Signs until it is told to stop.
pub(super) fn run(common: &Common, arguments: &Arguments) -> Result<Exit, Error> {
    let config = Configuration::load(&common.config)?;
    log::begin(config.log);
    let keys = config.office.state.keys();
    let tokens = signer::tokens_of(&config, &Inventory::read(&keys)?);
    let defaults = SignerSettings::new(config.socket(), keys, tokens);
    let settings = SignerSettings {
        allowed_users: config.signer.users.clone(),
        sessions: config.signer.sessions,
        queue: config.signer.queue,
        longest_deadline: config.signer.deadline.max(defaults.longest_deadline),
        stop_with_stdin: arguments.supervised,
        ..defaults
    };
    process::run(&settings)?;
    Ok(Exit::Success)
}
