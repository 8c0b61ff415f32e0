//! The screen of a ceremony: says each step before it is done, and asks the custodians.

use std::io::Write as _;
use std::path::Path;

use ceremony::approval::ApprovalRequest;
use ceremony::session::{Event, Progress, Stage};
use ceremony::transcript::Note;
use serde::Serialize;

use crate::exit::Exit;
use crate::terminal::{Terminal, Tone};

/// The screen.
pub(super) struct Screen {
    /// Where it is shown.
    pub(super) terminal: Terminal,
    /// Whether nobody is asked.
    pub(super) approve_all: bool,
}

impl Stage for Screen {
    fn consents(&self, custodian: &str, request: &ApprovalRequest) -> bool {
        self.approve_all || asks(custodian, request)
    }

    fn show(&self, event: &Event<'_>) {
        let terminal = self.terminal;
        match event {
            Event::Began { ceremony } => {
                let name = terminal.paint(Tone::Strong, *ceremony);
                terminal.line(format_args!("Ceremony {name} begins."));
            }
            Event::Continued { ceremony, steps_done } => {
                let name = terminal.paint(Tone::Strong, *ceremony);
                terminal.line(format_args!(
                    "Ceremony {name} goes on; {steps_done} steps are done."
                ));
            }
            Event::Announced { step, of, act } => {
                let head = terminal.paint(Tone::Strong, format!("Step {step} of {of}:"));
                terminal.line(format_args!("{head} {}", act.summary()));
            }
            Event::Approved { custodian, .. } => {
                terminal.line(format_args!("  approved by {custodian}"));
            }
            Event::Noted { note, .. } => terminal.line(format_args!("  note: {}", words(note))),
            Event::Done { .. } => terminal.line(format_args!("  {}", terminal.paint(Tone::Good, "done"))),
        }
    }
}

fn words(note: &Note) -> String {
    match note {
        Note::KeyAdopted => "an earlier run had made the key; it was found, checked and kept".to_owned(),
        Note::KeyMadeAgain { reason } => {
            format!("an earlier run had left the key unusable; it was destroyed and made again ({reason})")
        }
        Note::FileAdopted => "an earlier run had written the file; it was checked and kept".to_owned(),
    }
}

/// Asks a person. Only the whole word is a yes; the end of the input is a no.
pub(super) fn asks(custodian: &str, request: &ApprovalRequest) -> bool {
    let step = request.statement.step;
    let content = request.statement.content;
    let question = format!(
        "  {custodian}: approve step {step}, {}?\n  SHA-256 of what it will do: {content}\n  Type yes to approve: ",
        request.act.summary()
    );
    let mut error = std::io::stderr().lock();
    // Who cannot be asked does not approve: the answer below is then empty.
    let _ = error.write_all(question.as_bytes()).and_then(|()| error.flush());
    drop(error);
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && answer.trim() == "yes"
}

/// How far it came, for programs.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    state: &'static str,
    ceremony: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approvals: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<usize>,
    path: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    transcript_sha256: Option<String>,
}

/// Says how far the ceremony came, and what is to be done next.
pub(super) fn tell(progress: &Progress, terminal: Terminal) -> Exit {
    match progress {
        Progress::Complete(completed) => {
            terminal.line(format_args!(
                "\nThe ceremony is over. Transcript, certificates and minutes (ata.md, minutes.md): {}\nSHA-256 of the transcript's last line: {}",
                completed.folder.display(),
                completed.transcript
            ));
            terminal.value(&Answer {
                state: "complete",
                ceremony: &completed.ceremony,
                step: None,
                approvals: None,
                threshold: None,
                path: &completed.folder,
                transcript_sha256: Some(completed.transcript.to_string()),
            });
            Exit::Success
        }
        Progress::WaitsForApprovals {
            ceremony,
            step,
            approvals,
            threshold,
            request,
        } => {
            terminal.line(format_args!(
                "\nStep {step} waits: {approvals} of {threshold} approvals. Others approve with\n  sinete ceremony approve '{}' --custodian NAME --key FILE\nand leave the answer beside it; then run the same command again.",
                request.display()
            ));
            terminal.value(&Answer {
                state: "waits-for-approvals",
                ceremony,
                step: Some(*step),
                approvals: Some(*approvals),
                threshold: Some(*threshold),
                path: request,
                transcript_sha256: None,
            });
            Exit::Waiting
        }
        Progress::WaitsForFile { ceremony, step, path } => {
            terminal.line(format_args!(
                "\nStep {step} waits for a file from the other machine: {}\nPut it there, then run the same command again.",
                path.display()
            ));
            terminal.value(&Answer {
                state: "waits-for-file",
                ceremony,
                step: Some(*step),
                approvals: None,
                threshold: None,
                path,
                transcript_sha256: None,
            });
            Exit::Waiting
        }
    }
}
