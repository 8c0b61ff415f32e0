//! `ops/run`: an office from nothing, found again, and made whole after a kill at any moment.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use system_tests::harness::binary;
use system_tests::harness::command::run;
use system_tests::harness::process::Running;
use system_tests::harness::scratch::Scratch;
use system_tests::workspace;

const PATIENCE: Duration = Duration::from_mins(3);

fn ops_run(folder: &Path) -> Command {
    let mut command = Command::new(workspace::root().join("ops/run"));
    command.args(["--public", "127.0.0.1:0", "--private", "127.0.0.1:0", "--binary"]);
    command.arg(binary::path()).arg("--folder").arg(folder);
    command
}

fn root(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("state/certificates/root.cer")).expect("the ceremony made it")
}

/// A folder whose name has a blank and a quotation mark.
fn odd_folder(scratch: &Scratch) -> PathBuf {
    scratch.join("an office \"here\"")
}

#[test]
fn it_makes_an_office_and_a_second_run_finds_it_again() {
    let scratch = Scratch::new("run");
    let folder = odd_folder(&scratch);
    let first = run(ops_run(&folder).arg("--stop-after-ready")).succeeded();
    for expected in [
        "Sinete is ready.",
        "operator.p12",
        "curl --cacert",
        "http://127.0.0.1:",
    ] {
        assert!(first.stderr.contains(expected), "{first}");
    }
    let made = root(&folder);
    let second = run(ops_run(&folder).arg("--stop-after-ready")).succeeded();
    assert!(
        !second.stderr.contains("Making token") && !second.stderr.contains("ceremony"),
        "{second}"
    );
    assert_eq!(root(&folder), made);
    for secret in [
        "pins/sinete-online",
        "operator/operator.password",
        "custodians/ana.passphrase",
    ] {
        let secret = std::fs::read_to_string(folder.join(secret)).expect("it was made");
        assert!(!first.said().contains(secret.trim()), "a secret was printed");
    }
}

#[test]
fn after_a_wrong_pin_it_says_what_to_do_and_doing_it_helps() {
    let scratch = Scratch::new("run-pin");
    let folder = odd_folder(&scratch);
    run(ops_run(&folder).arg("--stop-after-ready")).succeeded();
    let pin = folder.join("pins/sinete-online");
    let right = std::fs::read(&pin).expect("the first run made it");
    std::fs::write(&pin, "no such PIN").expect("a PIN file is written");
    run(ops_run(&folder).arg("--stop-after-ready")).refused();
    std::fs::write(&pin, right).expect("a PIN file is written");
    // The token remembers, so the right PIN alone is not tried.
    let told = run(ops_run(&folder).arg("--stop-after-ready")).refused();
    assert!(!told.stderr.contains("Making token"), "{told}");
    let (_, remedy) = told
        .stderr
        .split_once("log in once with: ")
        .unwrap_or_else(|| panic!("no remedy: {told}"));
    run(Command::new("bash").args(["-c", remedy])).succeeded();
    run(ops_run(&folder).arg("--stop-after-ready")).succeeded();
}

#[test]
fn ctrl_c_stops_it_cleanly_and_two_at_once_are_told_apart() {
    use std::os::unix::process::CommandExt as _;
    let scratch = Scratch::new("run-stop");
    let folder = odd_folder(&scratch);
    let mut first = Running::start(ops_run(&folder).process_group(0));
    first.line_with("Ctrl-C stops the server", PATIENCE);
    let second = run(ops_run(&folder).arg("--stop-after-ready")).refused();
    assert!(second.stderr.contains("another ops/run works with"), "{second}");
    // A terminal sends the signal to everybody in front of it.
    interrupt(&first);
    let (status, story) = first.end(PATIENCE);
    assert!(status.success(), "{story}");
    assert!(!folder.join("state/run/server.json").exists(), "{story}");
}

fn interrupt(running: &Running) {
    signal_group(running, Signal::INT);
}

fn signal_group(running: &Running, signal: Signal) {
    let id = i32::try_from(running.id()).expect("process ids are small");
    kill_process_group(Pid::from_raw(id).expect("not zero"), signal).expect("the group is there");
}

#[test]
fn killed_at_any_moment_the_next_run_makes_it_whole() {
    use std::os::unix::process::CommandExt as _;
    let scratch = Scratch::new("run-killed");
    let folder = odd_folder(&scratch);
    // Moments that spread over the whole making, which takes some seconds.
    for milliseconds in [30, 90, 160, 250, 350, 500, 700, 1000, 1500, 2200] {
        let mut command = ops_run(&folder);
        let running = Running::start(command.arg("--stop-after-ready").process_group(0));
        let begun = Instant::now();
        if running.ends_within(Duration::from_millis(milliseconds)) {
            let (status, story) = running.end(PATIENCE);
            assert!(status.success(), "after {:?}: {story}", begun.elapsed());
            continue;
        }
        signal_group(&running, Signal::KILL);
        running.end(PATIENCE);
    }
    let last = run(ops_run(&folder).arg("--stop-after-ready")).succeeded();
    assert!(last.stderr.contains("Sinete is ready."), "{last}");
    let mut doctor = binary::sinete();
    doctor.env("SOFTHSM2_CONF", folder.join("softhsm2.conf"));
    doctor
        .args(["doctor", "--json", "--config"])
        .arg(folder.join("sinete.toml"));
    let examined = run(&mut doctor);
    assert!(!examined.stdout.contains("\"error\""), "{examined}");
}
