//! What `ops/bench` runs: every rate beside the limit or peer it is measured against, in the same run.
//!
//! A figure alone says little on a shared machine; so the two sides of each ratio are measured in turns and the
//! ratio is the median of the pairs. Prints tables for people and writes the same as JSON.

mod encode;
mod measure;
mod process;
mod raw;
mod report;
mod signer;
mod workshop;

use std::process::ExitCode;

use report::Report;
use workshop::Workshop;

/// Writes a line to standard output. A reader that went away is no reason to fail: the JSON is still written.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say!("sinete-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn run() -> Result<(), Failure> {
    let options = Options::from_arguments()?;
    let mut report = Report::new(options.seconds);
    encode::measure(&mut report)?;
    let workshop = Workshop::open(&options)?;
    raw::measure(&workshop, &mut report)?;
    signer::measure(&workshop, &mut report)?;
    process::measure(&workshop, &mut report)?;
    report.print();
    report.write(&options.output)
}

/// What the script passes; there are no other users.
pub(crate) struct Options {
    /// The `sinete` binary that is measured.
    pub(crate) binary: std::path::PathBuf,
    /// The PKCS#11 module.
    pub(crate) module: std::path::PathBuf,
    /// A throw-away folder for tokens and state.
    pub(crate) folder: std::path::PathBuf,
    /// The demonstration office whose server is measured idle.
    pub(crate) office: Option<std::path::PathBuf>,
    /// Where the JSON goes.
    pub(crate) output: std::path::PathBuf,
    /// Only keys of this kind, such as `ecdsa-p256`; all of them without it.
    pub(crate) only: Option<pki::algorithm::KeyAlgorithm>,
    /// How long one cell of a table is measured.
    pub(crate) seconds: f64,
}

impl Options {
    fn from_arguments() -> Result<Self, Failure> {
        let mut arguments = std::env::args().skip(1);
        let mut named = std::collections::HashMap::new();
        while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
            named.insert(name, value);
        }
        let take = |name: &str| named.get(name).cloned().ok_or(format!("{name} is missing"));
        Ok(Self {
            binary: take("--binary")?.into(),
            module: take("--module")?.into(),
            folder: take("--folder")?.into(),
            office: named.get("--office").map(Into::into),
            output: take("--output")?.into(),
            only: named.get("--only").map(|name| name.parse()).transpose()?,
            seconds: take("--seconds")?.parse()?,
        })
    }
}
