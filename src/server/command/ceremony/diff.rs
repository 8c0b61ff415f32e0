//! `sinete ceremony diff`: what differs between two ceremonies, apart from what must: names, keys, times, numbers.

use std::path::{Path, PathBuf};

use ceremony::diff::diff;
use ceremony::transcript::Transcript;
use clap::Args;
use serde::Serialize;

use super::Common;
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal::{Terminal, Tone};

/// Which two.
#[derive(Debug, Args)]
pub(in crate::command) struct Arguments {
    /// The folder of one ceremony, such as the rehearsal
    first: PathBuf,
    /// The folder of the other
    second: PathBuf,
}

#[derive(Debug, Serialize)]
struct Answer {
    place: String,
    first: String,
    second: String,
}

/// Compares.
pub(super) fn run(_: &Common, arguments: &Arguments, terminal: Terminal) -> Result<Exit, Error> {
    let differences = diff(&read(&arguments.first)?, &read(&arguments.second)?)?;
    let answers: Vec<Answer> = differences
        .into_iter()
        .map(|difference| Answer {
            place: difference.place,
            first: difference.first,
            second: difference.second,
        })
        .collect();
    if answers.is_empty() {
        let same = terminal.paint(Tone::Good, "The same");
        terminal.line(format_args!("{same}: the one did what the other does."));
    }
    for answer in &answers {
        terminal.line(format_args!("{}", terminal.paint(Tone::Strong, &answer.place)));
        terminal.line(format_args!("  - {}\n  + {}", answer.first, answer.second));
    }
    terminal.value(&answers);
    Ok(if answers.is_empty() {
        Exit::Success
    } else {
        Exit::Refused
    })
}

fn read(folder: &Path) -> Result<Transcript, Error> {
    Transcript::read(folder)?.ok_or_else(|| Error::Content {
        path: folder.to_owned(),
        problem:
            "there is no transcript; give the folder of a ceremony, as `sinete ceremony status` shows it"
                .to_owned(),
    })
}
