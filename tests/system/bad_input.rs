//! What people get wrong around a ceremony: each mistake is named with its place, the rule and the remedy, and no key
//! is made. What the doctor finds and what the server refuses stands in the modules `server_*`.

use std::fs;
use std::path::Path;
use std::process::Command;

use system_tests::harness::command::{Finished, run};
use system_tests::harness::office::{Office, Shim};
use system_tests::harness::token::{Kind, PIN, write_private};

/// Exit codes of `sinete`, as its help lists them.
const CONFIGURATION: i32 = 3;
const TOKEN: i32 = 4;
const DOCTOR_FOUND_ERRORS: i32 = 11;

#[test]
fn an_unknown_key_of_the_hierarchy_is_named_with_its_line() {
    let office = Office::empty("bad-hierarchy", Kind::SoftHsm);
    let file = office.policies().join("hierarchy.toml");
    let text = fs::read_to_string(&file).expect("it was copied");
    let wrong = text.replacen("validity_days = 7305", "validity_dayz = 7305", 1);
    let line = 1 + wrong
        .lines()
        .position(|line| line.contains("validity_dayz"))
        .expect("the root says how long it lives");
    fs::write(&file, wrong).expect("the test's folder is ours");
    let finished = run(&mut office.ceremony("demonstration.toml"));
    assert_eq!(finished.status.code(), Some(CONFIGURATION), "{finished}");
    says(
        &finished,
        &[
            &format!("hierarchy.toml:{line}"),
            "validity_dayz",
            "validity_days",
        ],
    );
    no_key_was_made(&office);
}

#[test]
fn a_wrong_pin_is_tried_once_and_never_again() {
    let mut office = Office::empty("bad-pin", Kind::SoftHsm);
    let log = office.folder().join("spy.log");
    let shim = spy(&office, &log);
    office.put_between(Some(shim));
    let pin = office.tokens().pin_file("sinete-root");
    write_private(&pin, "not-the-pin");
    let finished = run(&mut office.ceremony("demonstration.toml"));
    assert_eq!(finished.status.code(), Some(TOKEN), "{finished}");
    says(&finished, &["sinete-root", "PIN"]);
    assert!(!finished.said().contains("not-the-pin"), "{finished}");
    let calls = fs::read_to_string(&log).expect("the spy wrote down every call");
    let logins = calls.lines().filter(|line| line.ends_with(": C_Login")).count();
    assert_eq!(logins, 1, "C_Login was called {logins} times:\n{calls}");
    assert!(
        office
            .tokens()
            .flags("sinete-root")
            .contains("user PIN count low")
    );
    no_key_was_made(&office);
    // With the right PIN the same command goes on.
    write_private(&pin, PIN);
    office.put_between(None);
    run(&mut office.ceremony("demonstration.toml")).succeeded();
    assert!(
        !office
            .tokens()
            .flags("sinete-root")
            .contains("user PIN count low")
    );
}

#[test]
fn a_pin_file_that_others_may_read_is_refused_before_the_token_is_asked() {
    let office = Office::empty("open-pin", Kind::SoftHsm);
    let pin = office.tokens().pin_file("sinete-root");
    run(Command::new("chmod").arg("0644").arg(&pin)).succeeded();
    let finished = run(&mut office.ceremony("demonstration.toml")).refused();
    says(&finished, &[pin.to_str().expect("test paths are UTF-8"), "chmod"]);
    assert!(!finished.said().contains(PIN), "{finished}");
    no_key_was_made(&office);
}

#[test]
fn the_doctor_names_authorities_that_have_expired() {
    let office = Office::demonstration("expired", Kind::SoftHsm);
    // Intermediates live five years; the root's twenty are not over then.
    let mut doctor = office.sinete(&["doctor"]);
    let finished = run(in_years(&mut doctor, 6));
    assert_eq!(finished.status.code(), Some(DOCTOR_FOUND_ERRORS), "{finished}");
    says(
        &finished,
        &[
            "certificate of tls ended",
            "certificate of documents ended",
            "certificate of timestamps ended",
        ],
    );
}

/// Every text must stand in what was said.
#[track_caller]
fn says(finished: &Finished, texts: &[&str]) {
    let said = finished.said();
    for text in texts {
        assert!(said.contains(text), "{text:?} is not said: {finished}");
    }
}

#[track_caller]
fn no_key_was_made(office: &Office) {
    for label in office.tokens().labels() {
        let mut objects = office.tokens().pkcs11_tool();
        objects.args(["--token-label", label, "--login", "--pin", PIN, "--list-objects"]);
        let objects = run(&mut objects).succeeded().stdout;
        assert!(!objects.contains("Private Key Object"), "{label}: {objects}");
    }
}

/// OpenSC's spy, which writes every call down.
fn spy(office: &Office, log: &Path) -> Shim {
    let candidates = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
        "/usr/lib",
    ];
    let spy = candidates
        .iter()
        .map(|folder| Path::new(folder).join("pkcs11-spy.so"))
        .find(|file| file.exists());
    Shim {
        module: spy.expect("pkcs11-spy.so comes with opensc: ops/install judges"),
        environment: vec![
            ("PKCS11SPY", office.tokens().module()),
            ("PKCS11SPY_OUTPUT", log.to_owned()),
        ],
        paths: Vec::new(),
    }
}

/// The command as it will run in so many years.
fn in_years(command: &mut Command, years: u32) -> &mut Command {
    let library = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|triple| format!("/usr/lib/{triple}/faketime/libfaketime.so.1"));
    let library = library.iter().find(|file| Path::new(file).exists());
    let library = library.expect("libfaketime comes with: ops/install judges");
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME", format!("+{}d", 366 * years))
}
