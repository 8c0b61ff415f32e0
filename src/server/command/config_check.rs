//! `sinete config check`: reads `sinete.toml` as every command does, and says what it amounts to.

use serde::Serialize;

use super::Common;
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal::{Terminal, Tone};

#[derive(Debug, Serialize)]
struct Answer {
    file: String,
    office: String,
    state: String,
    policies: String,
    tokens: Vec<String>,
    signer_socket: String,
    signer_supervised: bool,
    public: String,
    private: String,
    names: Vec<String>,
}

/// Checks the file.
pub(super) fn run(common: &Common, terminal: Terminal) -> Result<Exit, Error> {
    let config = Configuration::load(&common.config)?;
    let answer = Answer {
        file: config.path.display().to_string(),
        office: config.office.name.clone(),
        state: config.office.state.path().display().to_string(),
        policies: config.office.policies.display().to_string(),
        tokens: config
            .tokens
            .iter()
            .map(|token| token.settings.label.clone())
            .collect(),
        signer_socket: config.socket().display().to_string(),
        signer_supervised: config.signer.supervised,
        public: config.listen.public.to_string(),
        private: config.listen.private.to_string(),
        names: config.listen.names.iter().map(ToString::to_string).collect(),
    };
    let row = |name: &str, value: &str| {
        terminal.line(format_args!("  {:<9} {value}", terminal.paint(Tone::Quiet, name)));
    };
    terminal.line(format_args!(
        "{} {}",
        answer.file,
        terminal.paint(Tone::Good, "is accepted")
    ));
    row("office", &answer.office);
    row("state", &answer.state);
    row("policies", &answer.policies);
    row("tokens", &answer.tokens.join(", "));
    row("signer", &answer.signer_socket);
    row("public", &format!("http://{}", answer.public));
    row(
        "private",
        &format!("https://{} ({})", answer.private, answer.names.join(", ")),
    );
    terminal.value(&answer);
    Ok(Exit::Success)
}
