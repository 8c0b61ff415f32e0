//! The report for people: aligned text, eighty columns where it can be.

use std::fmt;

use super::{Ability, AlgorithmReport, Report, SignatureReport, Speed};

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        facts(self, out)?;
        writeln!(out, "\nKeys and signatures (tried with throw-away session keys)")?;
        for report in &self.algorithms {
            algorithm(report, out)?;
        }
        line(out, "aes-256", &said(&self.data_key))?;
        if self.algorithms.iter().any(|report| !report.speed.is_empty()) {
            speeds(self, out)?;
        }
        writeln!(out, "\nUses in the hierarchy (any one kind of key is enough)")?;
        for report in &self.uses {
            let possible = if report.possible.is_empty() {
                "none".to_owned()
            } else {
                report.possible.join(", ")
            };
            line(out, report.r#use.name(), &possible)?;
            if report.possible.is_empty() {
                line(out, "", &format!("needs one of: {}", report.missing.join(", ")))?;
            }
        }
        verdict(self, out)
    }
}

fn facts(report: &Report, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (module, token) = (&report.module, &report.token);
    writeln!(out, "Module")?;
    line(out, "file", &module.path.display().to_string())?;
    line(
        out,
        "made by",
        &format!(
            "{}, {} {}",
            module.manufacturer, module.description, module.library_version
        ),
    )?;
    line(out, "PKCS#11", &module.cryptoki_version)?;
    writeln!(out, "\nToken")?;
    line(out, "label", &token.label)?;
    line(out, "serial", &token.serial)?;
    line(
        out,
        "made by",
        &format!("{}, {}", token.manufacturer, token.model),
    )?;
    line(
        out,
        "versions",
        &format!(
            "hardware {}, firmware {}",
            token.hardware_version, token.firmware_version
        ),
    )?;
    line(out, "treated as", &report.vendor)?;
    let sessions = token
        .max_sessions
        .map_or_else(|| "as many as wanted".to_owned(), |max| format!("at most {max}"));
    line(out, "sessions", &sessions)?;
    line(out, "random", if token.has_random { "yes" } else { "no" })?;
    line(
        out,
        "mechanisms",
        &format!("{} known ones (all of them in --json)", report.mechanisms.len()),
    )
}

fn algorithm(report: &AlgorithmReport, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    match &report.generates {
        Ability::No(reason) => line(out, &report.algorithm, &format!("no: {reason}")),
        Ability::Yes => {
            let signed: Vec<String> = report.signatures.iter().map(signature).collect();
            let mut name = report.algorithm.as_str();
            for text in &signed {
                line(out, name, text)?;
                name = "";
            }
            Ok(())
        }
    }
}

fn signature(report: &SignatureReport) -> String {
    let mechanism = report.mechanism.as_deref().unwrap_or("no mechanism");
    match &report.signs {
        Ability::Yes => format!("{:<17} {mechanism}", report.signature),
        Ability::No(reason) => format!("{:<17} no: {reason}", report.signature),
    }
}

fn speeds(report: &Report, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(out, "\nSignatures per second (slowest single one), by sessions")?;
    for algorithm in report.algorithms.iter().filter(|report| !report.speed.is_empty()) {
        let cells: Vec<String> = algorithm.speed.iter().map(cell).collect();
        let line = format!("  {:<12} {}", algorithm.algorithm, cells.join(" "));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn cell(speed: &Speed) -> String {
    let failed = if speed.failed > 0 {
        format!(", {} failed", speed.failed)
    } else {
        String::new()
    };
    let text = format!(
        "{}: {:.0} ({:.1} ms{failed})",
        speed.sessions, speed.per_second, speed.slowest_ms
    );
    format!("{text:<22}")
}

fn verdict(report: &Report, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let verdict = &report.verdict;
    let names: Vec<&str> = verdict.not_for.iter().map(|r#use| r#use.name()).collect();
    writeln!(out, "\nVerdict")?;
    if verdict.suitable {
        writeln!(out, "  suitable: this token can hold every key of the hierarchy")?;
    } else if verdict.not_for.len() == report.uses.len() {
        writeln!(out, "  unsuitable: this token can hold no key of the hierarchy")?;
    } else {
        writeln!(out, "  suitable in part: not for {}", names.join(", "))?;
    }
    for note in &verdict.notes {
        writeln!(out, "  note: {note}")?;
    }
    Ok(())
}

fn said(ability: &Ability) -> String {
    match ability {
        Ability::Yes => "yes".to_owned(),
        Ability::No(reason) => format!("no: {reason}"),
    }
}

fn line(out: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    writeln!(out, "  {name:<12} {value}")
}
