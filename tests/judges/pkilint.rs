//! pkilint: does a certificate keep to RFC 5280 and its successors?
//!
//! Warnings, errors and fatal findings count. What we do on purpose is excused by an [`Exception`] with its reason;
//! an exception that nothing needs any more is itself a failure.

use std::path::Path;

use super::Chain;
use super::python::{Finding, Request, ask};

/// A finding that we accept, and why.
#[derive(Debug, Clone, Copy)]
pub struct Exception {
    /// pkilint's code.
    pub code: &'static str,
    /// What the name of the certificate's file must contain; empty for every certificate.
    pub only: &'static str,
    /// Why we are right, or why the rule is not for us.
    pub reason: &'static str,
}

/// Lints the leaf of every chain under its issuer, and fails on what no exception covers.
#[track_caller]
pub fn lint(chains: &[Chain], exceptions: &[Exception]) {
    assert!(!chains.is_empty(), "nothing was given to pkilint");
    let mut used = vec![false; exceptions.len()];
    let mut wrong = Vec::new();
    for (certificate, findings) in findings(chains) {
        for finding in findings {
            match exceptions
                .iter()
                .position(|exception| exception.covers(certificate, &finding))
            {
                Some(index) => used.iter_mut().skip(index).take(1).for_each(|used| *used = true),
                None => wrong.push(format!("{}: {finding:?}", certificate.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "pkilint found:\n{}", wrong.join("\n"));
    let unused: Vec<_> = exceptions
        .iter()
        .zip(used)
        .filter(|(_, used)| !used)
        .map(|(exception, _)| exception)
        .collect();
    assert!(
        unused.is_empty(),
        "these exceptions excuse nothing any more: {unused:#?}"
    );
}

/// What pkilint says of each chain's leaf, with the leaf's file.
pub fn findings(chains: &[Chain]) -> Vec<(&Path, Vec<Finding>)> {
    let pairs: Vec<(&Path, &Path)> = chains
        .iter()
        .map(|chain| {
            (
                chain.leaf().as_path(),
                chain.certificates.get(1).unwrap_or(chain.root()).as_path(),
            )
        })
        .collect();
    let leaves: Vec<&Path> = pairs.iter().map(|(leaf, _)| *leaf).collect();
    let answer = ask(&Request {
        chains: Vec::new(),
        pairs,
    });
    assert_eq!(
        answer.findings.len(),
        leaves.len(),
        "pkilint left certificates out"
    );
    leaves.into_iter().zip(answer.findings).collect()
}

impl Exception {
    fn covers(&self, certificate: &Path, finding: &Finding) -> bool {
        let name = certificate
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        self.code == finding.code && name.contains(self.only)
    }
}
