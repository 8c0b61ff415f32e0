//! The PKIX path validator of OpenJDK, one start of the machine for all chains.

use std::collections::BTreeMap;
use std::process::Command;

use super::Chain;
use crate::harness::command::{run, run_with_input};
use crate::workspace;

pub(super) fn knows_ml_dsa() -> bool {
    run(paths().arg("knows").arg("ML-DSA")).succeeded().stdout.trim() == "yes"
}

fn paths() -> Command {
    let mut command = Command::new("java");
    command.arg(workspace::root().join("tests/judges/Paths.java"));
    command
}

pub(super) fn verify(chains: &[&Chain]) -> Vec<Result<(), String>> {
    let mut input = String::new();
    for chain in chains {
        let files = chain
            .certificates
            .iter()
            .map(|file| file.to_str().expect("test paths are UTF-8"));
        let line: Vec<&str> = std::iter::once(chain.name.as_str()).chain(files).collect();
        input.push_str(&line.join("\t"));
        input.push('\n');
    }
    let finished = run_with_input(&mut paths(), &input).succeeded();
    let answers: BTreeMap<&str, &str> = finished
        .stdout
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let answer = |chain: &&Chain| match answers.get(chain.name.as_str()) {
        Some(&"accepted") => Ok(()),
        Some(words) => Err((*words).to_owned()),
        None => panic!("the judge in Java said nothing about {}: {finished}", chain.name),
    };
    chains.iter().map(answer).collect()
}
