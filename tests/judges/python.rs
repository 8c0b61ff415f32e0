//! Asks `judge.py`, the judges that are written in Python, about everything in one start.

use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::harness::command::run_with_input;
use crate::harness::tools::Tool;
use crate::workspace;

/// What is to be judged.
#[derive(Default, Serialize)]
pub(super) struct Request<'a> {
    /// Chains for pyca/cryptography, leaf first.
    pub(super) chains: Vec<Vec<&'a Path>>,
    /// Subject and issuer, for pkilint.
    pub(super) pairs: Vec<(&'a Path, &'a Path)>,
    /// Revocation lists, for pkilint.
    pub(super) crls: Vec<&'a Path>,
}

/// What was said, in the request's order.
#[derive(Deserialize)]
pub(super) struct Answer {
    /// `None` for an accepted chain, else the reason.
    pub(super) chains: Vec<Option<String>>,
    /// What pkilint holds against each pair.
    pub(super) findings: Vec<Vec<Finding>>,
    /// What pkilint holds against each revocation list.
    pub(super) crl_findings: Vec<Vec<Finding>>,
}

/// One thing that pkilint holds against a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Finding {
    /// The rule, in pkilint's words.
    pub code: String,
    /// `WARNING`, `ERROR` or `FATAL`.
    pub severity: String,
    /// Where in the certificate.
    #[serde(rename = "where")]
    pub place: String,
    /// More words, if there are any.
    pub message: String,
}

pub(super) fn ask(request: &Request<'_>) -> Answer {
    let input = serde_json::to_string(request).expect("paths of tests are UTF-8");
    let mut command = Command::new(Tool::Python.path());
    // -I: neither the user's packages nor the working folder's files may answer in the judge's place.
    command
        .arg("-I")
        .arg(workspace::root().join("tests/judges/judge.py"));
    let finished = run_with_input(&mut command, &input).succeeded();
    serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("judge.py: {error}: {finished}"))
}
