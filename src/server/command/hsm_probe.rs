//! `sinete hsm probe`: finds out what a token can do by trying, and how fast. Nothing permanent is written to it.

use std::time::Duration;

use clap::Args;
use hsm::probe::{ProbeOptions, probe};
use hsm::token::{Caution, TokenSettings};

use super::Common;
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal::Terminal;

/// Which token, and how thoroughly.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The token's label, needed where sinete.toml names several
    #[arg(long)]
    token: Option<String>,
    /// The PIN was corrected: log in although the token says that a wrong one was given
    #[arg(long)]
    pin_corrected: bool,
    /// Numbers of sessions whose speed is measured
    #[arg(long, value_delimiter = ',', default_value = "1,2,4,8", value_parser = clap::value_parser!(u8).range(1..=64))]
    sessions: Vec<u8>,
    /// Do not measure the speed
    #[arg(long)]
    no_speed: bool,
    /// How long each speed is measured
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    time_ms: u64,
}

/// Probes it.
pub(super) fn run(common: &Common, arguments: &Arguments, terminal: Terminal) -> Result<Exit, Error> {
    let config = Configuration::load(&common.config)?;
    let settings = choose(config.token_settings(), arguments)?;
    let options = ProbeOptions {
        caution: if arguments.pin_corrected {
            Caution::PinCorrected
        } else {
            Caution::Careful
        },
        sessions: if arguments.no_speed {
            Vec::new()
        } else {
            arguments.sessions.iter().copied().map(usize::from).collect()
        },
        time: Duration::from_millis(arguments.time_ms),
    };
    let report = probe(&settings, &options, |what| terminal.progress(what))?;
    terminal.line(&report);
    terminal.value(&report);
    Ok(if report.verdict.suitable {
        Exit::Success
    } else {
        Exit::Warnings
    })
}

fn choose(tokens: Vec<TokenSettings>, arguments: &Arguments) -> Result<TokenSettings, Error> {
    let known: Vec<String> = tokens.iter().map(|token| token.label.clone()).collect();
    let fits = |token: &TokenSettings| match &arguments.token {
        Some(label) => token.label == *label,
        None => known.len() == 1,
    };
    let found = tokens.into_iter().find(fits);
    found.ok_or(Error::WhichToken { known })
}
