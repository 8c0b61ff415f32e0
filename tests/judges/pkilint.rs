//! pkilint: does a certificate keep to RFC 5280 and its successors?
//!
//! Warnings, errors and fatal findings count. What we do on purpose is excused by an [`Exception`] with its reason;
//! an exception that nothing needs any more is itself a failure.

use super::python::{Finding, Request, ask};
use std::path::PathBuf;

use super::{Algorithm, Chain};

/// A finding that we accept, and why.
#[derive(Debug, Clone, Copy)]
pub struct Exception {
    /// pkilint's code.
    pub code: &'static str,
    /// Which certificates it is accepted in.
    pub only: Only,
    /// Why we are right, or why the rule is not for us.
    pub reason: &'static str,
}

/// Which certificates an exception is for.
#[derive(Debug, Clone, Copy)]
pub enum Only {
    /// The certificate of this name, which is its file's without the ending.
    Named(&'static str),
    /// Certificates that were signed with this algorithm.
    SignedWith(Algorithm),
}

/// Lints the leaf of every chain under its issuer, and fails on what no exception covers.
#[track_caller]
pub fn lint(chains: &[Chain], exceptions: &[Exception]) {
    assert!(!chains.is_empty(), "nothing was given to pkilint");
    let mut used = vec![false; exceptions.len()];
    let mut wrong = Vec::new();
    for (chain, findings) in chains.iter().zip(findings(chains)) {
        for finding in findings {
            match exceptions
                .iter()
                .position(|exception| exception.covers(chain, &finding))
            {
                Some(index) => used.iter_mut().skip(index).take(1).for_each(|used| *used = true),
                None => wrong.push(format!("{}: {finding:?}", chain.leaf().display())),
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

/// What pkilint says of each chain's leaf.
pub fn findings(chains: &[Chain]) -> Vec<Vec<Finding>> {
    let pairs = chains
        .iter()
        .map(|chain| (chain.leaf().as_path(), chain.issuer().as_path()))
        .collect();
    let answer = ask(&Request {
        pairs,
        ..Request::default()
    });
    assert_eq!(
        answer.findings.len(),
        chains.len(),
        "pkilint left certificates out"
    );
    answer.findings
}

/// Lints revocation lists, and fails on every finding.
#[track_caller]
pub fn lint_crls(crls: &[PathBuf]) {
    let answer = ask(&Request {
        crls: crls.iter().map(PathBuf::as_path).collect(),
        ..Request::default()
    });
    assert_eq!(answer.crl_findings.len(), crls.len(), "pkilint left lists out");
    for (crl, findings) in crls.iter().zip(answer.crl_findings) {
        assert!(findings.is_empty(), "{}: {findings:#?}", crl.display());
    }
}

impl Exception {
    fn covers(&self, chain: &Chain, finding: &Finding) -> bool {
        let applies = match self.only {
            Only::Named(name) => chain.leaf().file_stem().is_some_and(|stem| stem == name),
            Only::SignedWith(algorithm) => chain.signed_with() == algorithm,
        };
        applies && self.code == finding.code
    }
}
