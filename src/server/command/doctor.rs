//! `sinete doctor`: prints what the doctor found, the worst first.

use clap::Args;
use serde::Serialize;

use super::Common;
use crate::clock::SystemClock;
use crate::config::Configuration;
use crate::doctor::{self, Area, Finding, Level, Reach, Report};
use crate::exit::Exit;
use crate::http::language::Language;
use crate::terminal::{Terminal, Tone};
use crate::{lock, signer};

/// What may be asked of the doctor.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Look at the tokens, but do not log in to any
    #[arg(long)]
    no_login: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    verdict: &'static str,
    findings: Vec<Finding>,
    skipped: Vec<Skipped>,
}

#[derive(Debug, Serialize)]
struct Skipped {
    area: Area,
    reason: &'static str,
}

/// Examines and prints.
pub(super) fn run(common: &Common, arguments: &Arguments, terminal: Terminal) -> Exit {
    let reach = reach(common, arguments);
    let report = doctor::examine(&common.config, &SystemClock, reach);
    let (verdict, exit) = match report.worst() {
        None => ("good", Exit::Success),
        Some(Level::Warning) => ("warnings", Exit::Warnings),
        Some(Level::Error) => ("errors", Exit::Errors),
    };
    let findings = report.findings(Language::English);
    print(&report, &findings, terminal);
    terminal.value(&Answer {
        verdict,
        findings,
        skipped: report
            .skipped
            .iter()
            .map(|(area, reason)| Skipped { area: *area, reason })
            .collect(),
    });
    exit
}

/// While a server or signer is at work, its tokens are left alone.
fn reach(common: &Common, arguments: &Arguments) -> Reach {
    let at_work = Configuration::load(&common.config)
        .is_ok_and(|config| lock::is_held(&config.office.state) || signer::is_reachable(&config));
    if at_work {
        Reach::SignerAtWork
    } else if arguments.no_login {
        Reach::WithoutLogin
    } else {
        Reach::Tokens
    }
}

fn print(report: &Report, findings: &[Finding], terminal: Terminal) {
    for finding in findings {
        let (tone, word) = match finding.level {
            Level::Warning => (Tone::Warning, "to look at"),
            Level::Error => (Tone::Bad, "to mend"),
        };
        let head = terminal.paint(tone, format!("{word} ({})", finding.area.name()));
        terminal.line(format_args!("{head}\n  {}", indented(&finding.what)));
        terminal.line(format_args!(
            "  {} {}",
            terminal.paint(Tone::Quiet, "why:"),
            finding.why
        ));
        let remedy = terminal.paint(Tone::Quiet, "do: ");
        terminal.line(format_args!("  {remedy} {}\n", indented(&finding.remedy)));
    }
    for area in Area::ALL {
        let found = findings.iter().any(|finding| finding.area == area);
        let skipped = report.skipped.iter().find(|(skipped, _)| *skipped == area);
        let name = area.name();
        match skipped {
            Some((_, reason)) => {
                let word = terminal.paint(Tone::Quiet, "not looked at");
                terminal.line(format_args!("{name:<14} {word}: {reason}"));
            }
            None if found => {}
            None => {
                terminal.line(format_args!("{name:<14} {}", terminal.paint(Tone::Good, "good")));
            }
        }
    }
}

/// Messages of several lines stay together under their head.
fn indented(text: &str) -> String {
    text.replace('\n', "\n  ")
}
