//! The clock: whether a time service keeps it, and whether it went back behind what was made already.

use std::path::Path;
use std::time::UNIX_EPOCH;

use pki::time::Time;

use super::certificates::Newest;
use super::{Discovery, Report};
use crate::clock::{Synchronisation, synchronisation};
use crate::config::Configuration;

/// Time-stamps promise one second (STANDARDS: accuracy at most 1 s); half of it is worth a look.
const INEXACT_MILLISECONDS: u128 = 500;
/// Clocks of two machines of one ceremony may differ a little.
const TOLERANCE_SECONDS: i64 = 120;
/// No office has more; a loop of links must not keep the doctor busy.
const MAX_ENTRIES: usize = 10_000;

pub(super) fn examine(config: &Configuration, newest: Newest, now: Time, report: &mut Report) {
    kept(synchronisation(), report);
    let ceremony = newest_file(&config.office.state.ceremonies());
    for (what, made) in newest.into_iter().chain(ceremony) {
        if now.plus_seconds(TOLERANCE_SECONDS) < made {
            report.add(Discovery::ClockBehind { what, made, now });
        }
    }
}

fn kept(told: Option<Synchronisation>, report: &mut Report) {
    match told {
        None => report.add(Discovery::ClockUnknown),
        Some(told) if !told.synchronised => report.add(Discovery::ClockNotSynchronised),
        Some(told) => {
            let milliseconds = told.maximum_error.as_millis();
            if milliseconds > INEXACT_MILLISECONDS {
                report.add(Discovery::ClockInexact { milliseconds });
            }
        }
    }
}

/// The newest file of the ceremonies' folder and when it was written.
fn newest_file(folder: &Path) -> Newest {
    let mut open = vec![folder.to_owned()];
    let mut newest: Newest = None;
    let mut seen = 0_usize;
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MAX_ENTRIES {
                return newest;
            }
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                open.push(entry.path());
                continue;
            }
            let written = metadata
                .modified()
                .ok()
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let written = written
                .and_then(|since| i64::try_from(since.as_secs()).ok())
                .and_then(Time::from_unix_seconds);
            if let Some(written) = written
                && newest.as_ref().is_none_or(|(_, newest)| written > *newest)
            {
                newest = Some((format!("the ceremony's file {}", entry.path().display()), written));
            }
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn told(synchronised: bool, milliseconds: u64) -> Vec<Discovery> {
        let mut report = Report::default();
        let maximum_error = Duration::from_millis(milliseconds);
        kept(
            Some(Synchronisation {
                synchronised,
                maximum_error,
            }),
            &mut report,
        );
        report.discoveries
    }

    #[test]
    fn a_clock_that_nobody_keeps_is_named() {
        assert_eq!(told(true, 20), []);
        assert_eq!(told(false, 20), [Discovery::ClockNotSynchronised]);
        assert_eq!(told(true, 700), [Discovery::ClockInexact { milliseconds: 700 }]);
        let mut report = Report::default();
        kept(None, &mut report);
        assert_eq!(report.discoveries, [Discovery::ClockUnknown]);
    }
}
