//! `sinete ceremony status`: what ceremonies there are and how far they came; or whether one that is over is still
//! what it sealed.

use std::path::PathBuf;

use ceremony::status::{Stage, Status};
use clap::Args;
use serde::Serialize;

use super::{Common, Places};
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal::{Terminal, Tone};

/// What is asked.
#[derive(Debug, Args)]
pub(in crate::command) struct Arguments {
    /// Check the ceremony in this folder: chain, approvals and digests. Needs no configuration
    #[arg(long, value_name = "FOLDER")]
    verify: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Answer {
    ceremony: String,
    kind: String,
    script: String,
    rehearsal: bool,
    began: String,
    last: String,
    stage: &'static str,
    step: Option<u32>,
    of: Option<u32>,
    announced: Option<String>,
    approvals: Option<usize>,
    threshold: Option<usize>,
    folder: PathBuf,
}

/// Lists or checks.
pub(super) fn run(common: &Common, arguments: &Arguments, terminal: Terminal) -> Result<Exit, Error> {
    if let Some(folder) = &arguments.verify {
        let status = ceremony::status::verify(folder)?;
        terminal.line(format_args!(
            "{} {}: every record, approval and file is as it was sealed.",
            status.ceremony,
            terminal.paint(Tone::Good, "is intact")
        ));
        terminal.value(&answer(status));
        return Ok(Exit::Success);
    }
    let config = Configuration::load(&common.config)?;
    let places = Places {
        custodians: None,
        exchange: None,
    };
    let all: Vec<Answer> = ceremony::status::list(&places.office(&config))?
        .into_iter()
        .map(answer)
        .collect();
    if all.is_empty() {
        terminal.line("There was no ceremony yet. Scripts are in ca-policies/ceremonies.");
    }
    for one in &all {
        print(one, terminal);
    }
    terminal.value(&all);
    Ok(Exit::Success)
}

fn answer(status: Status) -> Answer {
    let (stage, step, of, announced, approvals, threshold) = match status.stage {
        Stage::Complete => ("complete", None, None, None, None, None),
        Stage::Abandoned => ("given up", None, None, None, None, None),
        Stage::Open {
            step,
            of,
            announced,
            approvals,
            threshold,
        } => (
            "open",
            Some(step),
            Some(of),
            announced,
            Some(approvals),
            Some(threshold),
        ),
    };
    Answer {
        ceremony: status.ceremony,
        kind: status.kind.to_string(),
        script: status.script,
        rehearsal: status.rehearsal,
        began: status.began.to_string(),
        last: status.last.to_string(),
        stage,
        step,
        of,
        announced,
        approvals,
        threshold,
        folder: status.folder,
    }
}

fn print(one: &Answer, terminal: Terminal) {
    let tone = if one.step.is_some() {
        Tone::Warning
    } else {
        Tone::Good
    };
    let rehearsal = if one.rehearsal { " (rehearsal)" } else { "" };
    terminal.line(format_args!(
        "{}{rehearsal}  {}",
        terminal.paint(Tone::Strong, &one.ceremony),
        terminal.paint(tone, one.stage)
    ));
    terminal.line(format_args!(
        "  script {}, from {} to {}",
        one.script, one.began, one.last
    ));
    if let (Some(step), Some(of)) = (one.step, one.of) {
        let what = one.announced.as_deref().unwrap_or("not announced yet");
        terminal.line(format_args!("  next: step {step} of {of}, {what}"));
        let (approvals, threshold) = (one.approvals.unwrap_or(0), one.threshold.unwrap_or(0));
        terminal.line(format_args!("  approvals: {approvals} of {threshold}"));
    }
    terminal.line(format_args!("  {}", one.folder.display()));
}
