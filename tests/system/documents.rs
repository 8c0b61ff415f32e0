//! Documents are held to what they say: their commands run, their paths exist, and no file names a machine.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use system_tests::harness::command::{run, run_within};
use system_tests::workspace::root;

/// Put this line before a fenced block of shell commands, and the test runs them as they stand.
const MARK: &str = "<!-- run by tests -->";

#[test]
fn marked_commands_of_documents_run_as_they_stand() {
    let mut ran = 0;
    for document in tracked("*.md") {
        for commands in blocks(&read(&document), |before| before == MARK) {
            let mut shell = Command::new("bash");
            shell
                .args(["-euo", "pipefail", "-c", &commands])
                .current_dir(root());
            let finished = run_within(&mut shell, "", Duration::from_mins(5));
            assert!(
                finished.status.success(),
                "a command of {document} fails: {finished}"
            );
            ran += 1;
        }
    }
    assert!(ran > 0, "no document has a block marked {MARK}");
}

#[test]
fn commands_of_documents_that_are_ours_exist_and_can_be_started() {
    for document in tracked("*.md") {
        for commands in blocks(&read(&document), |_| true) {
            for line in commands.lines() {
                let program = line
                    .split_whitespace()
                    .find(|word| !word.contains('='))
                    .unwrap_or_default();
                if program.starts_with("ops/") || program.starts_with(".ci/") {
                    let file = fs::metadata(root().join(program));
                    let executable = file.is_ok_and(|file| file.permissions().mode() & 0o111 != 0);
                    assert!(
                        executable,
                        "{document} says to run {program}, which is no program"
                    );
                }
            }
        }
    }
}

#[test]
fn paths_that_documents_name_exist() {
    let files: BTreeSet<String> = tracked("*").into_iter().collect();
    let exists = |path: &str| {
        let folder = format!("{}/", path.trim_end_matches('/'));
        files.contains(path) || files.iter().any(|file| file.starts_with(&folder))
    };
    let mut missing = Vec::new();
    for document in tracked("*.md") {
        for word in read(&document).split('`').skip(1).step_by(2) {
            let ours = ["src/", "tests/", "ops/", ".ci/", "ca-policies/", "web/"]
                .iter()
                .any(|top| word.starts_with(top));
            let plain = word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            if ours && plain && !exists(word) && !ignored(word) {
                missing.push(format!("{document}: `{word}`"));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "documents name what is not there:\n{}",
        missing.join("\n")
    );
}

#[test]
fn no_tracked_file_names_a_place_of_one_machine() {
    let here = format!("{}/", root().display());
    // In two halves, so that this file does not name them itself.
    let homes = [concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let mut wrong = Vec::new();
    for file in tracked("*") {
        let Ok(text) = fs::read_to_string(root().join(&file)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if line.contains(&here) || homes.iter().any(|home| line.contains(home)) {
                wrong.push(format!("{file}:{}: {line}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "paths of one machine:\n{}", wrong.join("\n"));
}

#[test]
fn every_source_file_says_what_it_holds_and_stays_readable() {
    for file in tracked("*.rs") {
        let text = read(&file);
        assert!(
            text.starts_with("//!"),
            "{file} does not say in its first line what it holds"
        );
        let lines = text.lines().count();
        assert!(
            lines <= 800,
            "{file} has {lines} lines; split it by noun or action before 800"
        );
    }
}

#[test]
fn shell_scripts_have_no_syntax_errors_and_stop_at_the_first_failure() {
    for file in tracked("ops/*").into_iter().chain(tracked(".ci/*")) {
        let Ok(text) = fs::read_to_string(root().join(&file)) else {
            continue;
        };
        if !text.starts_with("#!/usr/bin/env bash") {
            continue;
        }
        run(Command::new("bash").arg("-n").arg(root().join(&file))).succeeded();
        assert!(
            text.contains("set -euo pipefail"),
            "{file} goes on after a failure"
        );
    }
}

/// Files that git knows, by pattern, from the workspace's folder; those deleted and not yet committed are left out.
fn tracked(pattern: &str) -> Vec<String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--", pattern]).current_dir(root());
    let list = run(&mut git).succeeded().stdout;
    let files: Vec<String> = list
        .split('\0')
        .filter(|file| root().join(file).is_file())
        .map(str::to_owned)
        .collect();
    assert!(!files.is_empty(), "git knows no file {pattern}");
    files
}

/// Whether git is told not to know this path: what is made at run time may be named in documents.
fn ignored(path: &str) -> bool {
    let mut git = Command::new("git");
    run(git.args(["check-ignore", "-q", "--", path]).current_dir(root()))
        .status
        .success()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The contents of fenced `sh` blocks whose preceding line passes `wanted`.
fn blocks(document: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut before = "";
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if line == "```sh" {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if wanted(before) {
                blocks.push(block.join("\n"));
            }
        }
        before = line;
    }
    blocks
}
