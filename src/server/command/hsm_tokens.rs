//! `sinete hsm tokens`: which tokens the modules see, and how their PINs stand. Logs in to none.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use hsm::module::Module;
use hsm::token::TokenInfo;
use serde::Serialize;

use super::Common;
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal::{Terminal, Tone};

/// What may be asked.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Ask this PKCS#11 library instead of the configured ones; needs no configuration
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Seen {
    module: PathBuf,
    label: String,
    serial: String,
    manufacturer: String,
    model: String,
    firmware: String,
    pin: &'static str,
    configured: bool,
}

/// Lists them.
pub(super) fn run(common: &Common, arguments: &Arguments, terminal: Terminal) -> Result<Exit, Error> {
    let configured: Vec<(PathBuf, String)> = match &arguments.module {
        Some(_) => Vec::new(),
        None => Configuration::load(&common.config)?
            .token_settings()
            .into_iter()
            .map(|token| (token.module, token.label))
            .collect(),
    };
    let modules: BTreeSet<PathBuf> = match &arguments.module {
        Some(module) => BTreeSet::from([module.clone()]),
        None => configured.iter().map(|(module, _)| module.clone()).collect(),
    };
    let mut all = Vec::new();
    for module in modules {
        for token in Module::load(&module)?.tokens()? {
            let known = configured.contains(&(module.clone(), token.label.clone()));
            all.push(seen(module.clone(), token, known));
        }
    }
    print(&all, terminal);
    terminal.value(&all);
    Ok(Exit::Success)
}

fn seen(module: PathBuf, token: TokenInfo, configured: bool) -> Seen {
    let pin = if token.pin.locked {
        "locked"
    } else if token.pin.final_try {
        "one try left"
    } else if token.pin.count_low {
        "a wrong one was given"
    } else if token.pin.to_be_changed {
        "must be changed"
    } else if token.pin.initialized {
        "in order"
    } else {
        "not set"
    };
    Seen {
        module,
        // A slot for a token that nobody has initialised yet has no name.
        label: if token.label.is_empty() {
            "(not initialised)".to_owned()
        } else {
            token.label
        },
        serial: token.serial,
        manufacturer: token.manufacturer,
        model: token.model,
        firmware: token.firmware_version,
        pin,
        configured,
    }
}

fn print(all: &[Seen], terminal: Terminal) {
    if all.is_empty() {
        terminal.line("No token is present. Connect one, or check the module's own configuration.");
    }
    for token in all {
        let tone = if token.pin == "in order" {
            Tone::Good
        } else {
            Tone::Warning
        };
        let configured = if token.configured {
            ""
        } else {
            " (not in sinete.toml)"
        };
        terminal.line(format_args!(
            "{}{configured}",
            terminal.paint(Tone::Strong, &token.label)
        ));
        terminal.line(format_args!("  serial    {}", token.serial));
        terminal.line(format_args!(
            "  device    {} {} (firmware {})",
            token.manufacturer, token.model, token.firmware
        ));
        terminal.line(format_args!("  module    {}", token.module.display()));
        terminal.line(format_args!("  user PIN  {}", terminal.paint(tone, token.pin)));
    }
}
