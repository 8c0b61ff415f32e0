//! pyca/cryptography: names and signatures, link by link. It parses with code of its own (Rust), checks ML-DSA too.

use std::path::{Path, PathBuf};

use super::Chain;
use super::python::{Request, ask};

pub(super) fn verify(chains: &[&Chain]) -> Vec<Result<(), String>> {
    let chains = chains.iter().map(|chain| files(chain)).collect();
    let answer = ask(&Request {
        chains,
        ..Request::default()
    });
    answer
        .chains
        .into_iter()
        .map(|refusal| refusal.map_or(Ok(()), Err))
        .collect()
}

fn files(chain: &Chain) -> Vec<&Path> {
    chain.certificates.iter().map(PathBuf::as_path).collect()
}
