//! The command line: what can be asked of `sinete`. One file here for each command; this one only names them.
//!
//! No argument ever is a secret: arguments are seen by every user of a machine.

mod ceremony;
mod config_check;
mod doctor;
mod hsm_initialise;
mod hsm_probe;
mod hsm_tokens;
mod operator_issue;
mod serve;
mod signer;
mod version;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::error::Error;
use crate::exit::Exit;
use crate::terminal::Terminal;

/// Certificate, validation, time-stamping and signing authority whose keys live in an HSM.
#[derive(Debug, Parser)]
#[command(name = "sinete", version, max_term_width = 100, after_help = exit_codes(), disable_help_subcommand = true)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The configuration file; see ops/sinete.toml.example for every key
    #[arg(long, global = true, value_name = "FILE", default_value = "sinete.toml")]
    pub(crate) config: PathBuf,
    /// Answer, and tell errors, as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: both listeners, and the signer process beside them
    Serve,
    /// Run the signer process alone, such as under a user of its own
    Signer(signer::Arguments),
    /// Look at tokens and what they can do
    #[command(subcommand)]
    Hsm(Hsm),
    /// Operators of the console
    #[command(subcommand)]
    Operator(Operator),
    /// Hold key ceremonies
    #[command(subcommand)]
    Ceremony(ceremony::Ceremony),
    /// Examine everything the server stands on, and say what to do
    Doctor(doctor::Arguments),
    /// Check the configuration
    #[command(subcommand)]
    Config(Config),
    /// Tell which version this is
    Version,
}

#[derive(Debug, Subcommand)]
enum Hsm {
    /// List the tokens that the configured modules see; logs in to none
    Tokens(hsm_tokens::Arguments),
    /// Find out by trying what a token can do, and how fast
    Probe(hsm_probe::Arguments),
    /// Give a fresh token its label and PINs
    Initialise(hsm_initialise::Arguments),
}

#[derive(Debug, Subcommand)]
enum Operator {
    /// Issue a key and certificate with which an operator signs in
    Issue(operator_issue::Arguments),
}

#[derive(Debug, Subcommand)]
enum Config {
    /// Read sinete.toml and say what is wrong in it, or what it amounts to
    Check,
}

/// Does what was asked.
pub(crate) fn run(line: CommandLine) -> Result<Exit, Error> {
    let CommandLine { common, command } = line;
    let terminal = Terminal::new(common.json);
    match command {
        Command::Serve => serve::run(&common, terminal),
        Command::Signer(arguments) => signer::run(&common, &arguments),
        Command::Operator(Operator::Issue(arguments)) => operator_issue::run(&common, &arguments, terminal),
        Command::Hsm(Hsm::Tokens(arguments)) => hsm_tokens::run(&common, &arguments, terminal),
        Command::Hsm(Hsm::Probe(arguments)) => hsm_probe::run(&common, &arguments, terminal),
        Command::Hsm(Hsm::Initialise(arguments)) => hsm_initialise::run(&arguments, terminal),
        Command::Ceremony(command) => ceremony::run(&common, &command, terminal),
        Command::Doctor(arguments) => Ok(doctor::run(&common, &arguments, terminal)),
        Command::Config(Config::Check) => config_check::run(&common, terminal),
        Command::Version => Ok(version::run(terminal)),
    }
}

fn exit_codes() -> String {
    let lines = Exit::ALL.map(|exit| format!("\n  {:>2}  {}", exit.code(), exit.meaning()));
    format!("Exit codes:{}", lines.concat())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_help_lists_every_exit_code() {
        let help = CommandLine::command().render_help().to_string();
        for exit in Exit::ALL {
            assert!(help.contains(exit.meaning()), "{help}");
        }
    }
}
