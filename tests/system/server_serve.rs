//! `sinete serve` from outside: it says where it is, lets the right people in, outlives its signer, and leaves nothing.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use serde_json::Value;
use system_tests::harness::command::{Finished, run};
use system_tests::harness::office::Office;
use system_tests::harness::process::Running;
use system_tests::harness::server::{PATIENCE, Server, operator};
use system_tests::harness::token::{Kind, write_private};

/// What the signer may take to be back after its death, as promised.
const RECOVERY: Duration = Duration::from_secs(5);

/// A start that must end by itself, with this code.
fn refused(office: &Office, code: i32) -> Finished {
    let finished = run(&mut office.sinete(&["serve"]));
    assert_eq!(finished.status.code(), Some(code), "{finished}");
    assert_eq!(finished.stdout, "", "it never was ready: {finished}");
    finished
}

#[test]
fn it_publishes_lets_operators_in_and_leaves_nothing_behind() {
    let office = Office::demonstration("serve", Kind::SoftHsm);
    let ana = operator(&office, "Ana");
    let server = Server::start(office);
    let run_file: Value = serde_json::from_str(
        &fs::read_to_string(server.state("run/server.json")).expect("it says where it listens"),
    )
    .expect("it is JSON");
    assert_eq!(run_file["public"], server.public);
    assert_eq!(run_file["process"], server.running.id());
    assert!(server.get("/").contains("Tabelionato de Teste"));
    assert!(server.get("/aia/root.cer").starts_with("HTTP/1.1 200"));
    assert!(server.get("/crl/root.crl").starts_with("HTTP/1.1 200"));
    assert_eq!(server.reasons(), [""; 0]);
    let console = server.ask(Some(&ana), "/");
    assert!(
        console.stdout.contains("Signed in as <strong>Ana</strong>"),
        "{console}"
    );
    let status = server.status(&ana);
    assert_eq!(status["signer"]["state"], "up");
    assert_eq!(status["keys"].as_array().map(Vec::len), Some(10));
    let stranger = server.ask(None, "/");
    assert!(!stranger.stdout.contains("HTTP/1.1"), "{stranger}");
    let signer = server.signer();
    // A second operator, issued while the server runs, through its signer.
    let bia = operator(&server.office, "Bia");
    assert_eq!(server.status(&bia)["operator"]["name"], "Bia");
    let (office, story) = server.stop();
    assert!(!office.state().join("run/server.json").exists(), "{story}");
    assert!(!office.state().join("run/signer.sock").exists(), "{story}");
    assert!(
        kill_process(signer, Signal::CONT).is_err(),
        "the signer outlived the server: {story}"
    );
    for secret in ["PIN:", "BEGIN PRIVATE KEY"] {
        assert!(!story.contains(secret), "{story}");
    }
}

#[test]
fn its_own_certificate_is_found_again_by_the_next_start() {
    let office = Office::demonstration("serve-again", Kind::SoftHsm);
    let identity = |office: &Office| {
        let path = office.state().join("listener/identity.pem");
        let mode = fs::metadata(&path).expect("it was made").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        fs::read_to_string(path).expect("it was made")
    };
    let (office, _) = Server::start(office).stop();
    let first = identity(&office);
    let (office, _) = Server::start(office).stop();
    assert_eq!(identity(&office), first);
    office.configure(
        "\n[listen]\npublic = \"127.0.0.1:0\"\nprivate = \"127.0.0.1:0\"\nnames = [\"localhost\", \"::1\"]\n",
    );
    let (office, _) = Server::start(office).stop();
    assert_ne!(identity(&office), first, "other names need another certificate");
}

#[test]
fn a_signer_that_dies_or_hangs_is_replaced_and_the_server_goes_on() {
    let office = Office::demonstration("serve-signer", Kind::SoftHsm);
    let ana = operator(&office, "Ana");
    let server = Server::start(office);
    for (restarts, signal) in (1..).zip([Signal::KILL, Signal::STOP, Signal::ABORT]) {
        let before = server.signer();
        kill_process(before, signal).expect("it runs");
        let killed = Instant::now();
        assert!(
            server.get("/aia/root.cer").starts_with("HTTP/1.1 200"),
            "publishing needs no signer"
        );
        let mut status = server.status(&ana);
        while status["signer"]["restarts"] != restarts || status["signer"]["state"] != "up" {
            assert!(killed.elapsed() < RECOVERY, "{signal:?}: {}", status["signer"]);
            status = server.status(&ana);
        }
        assert_ne!(server.signer(), before);
        assert!(
            status["keys"]
                .as_array()
                .expect("a list")
                .iter()
                .all(|key| key["ready"] == true)
        );
    }
    operator(&server.office, "Bia");
    assert_eq!(server.reasons(), [""; 0]);
    server.stop();
}

#[test]
fn a_server_that_was_killed_is_followed_by_the_next_one_at_once() {
    let office = Office::demonstration("serve-killed", Kind::SoftHsm);
    let server = Server::start(office);
    let (office, running) = (server.office, server.running);
    running.kill();
    let server = Server::start(office);
    assert_eq!(server.reasons(), [""; 0]);
    server.stop();
}

#[test]
fn a_second_server_on_the_same_state_is_refused_and_the_first_goes_on() {
    let server = Server::start(Office::demonstration("serve-twice", Kind::SoftHsm));
    let told = refused(&server.office, 1);
    let process = format!("process {}", server.running.id());
    assert!(told.stderr.contains(&process), "{told}");
    assert_eq!(server.reasons(), [""; 0]);
    server.stop();
}

#[test]
fn the_signer_may_run_alone_and_stays_when_the_server_goes() {
    let office = Office::demonstration("serve-alone", Kind::SoftHsm);
    office.configure("\n[signer]\nsupervised = false\n");
    let mut signer = Running::start(&mut office.sinete(&["signer"]));
    signer.line_with("the signer listens", PATIENCE);
    let server = Server::start(office);
    let (office, _) = server.stop();
    assert!(!signer.ends_within(Duration::ZERO), "it went with the server");
    operator(&office, "Ana");
    signer.signal(Signal::TERM);
    let (status, story) = signer.end(PATIENCE);
    assert!(status.success(), "{story}");
}

#[test]
fn a_port_that_is_taken_stops_the_start_before_a_token_is_touched() {
    let office = Office::demonstration("serve-port", Kind::SoftHsm);
    let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken.local_addr().expect("it is bound");
    office.configure(&format!(
        "\n[listen]\npublic = \"{address}\"\nprivate = \"127.0.0.1:0\"\n"
    ));
    let told = refused(&office, 7);
    assert!(
        told.stderr.contains("the public listener cannot be opened"),
        "{told}"
    );
    assert!(
        !told.stderr.contains("sandbox"),
        "the signer was not started: {told}"
    );
}

#[test]
fn a_missing_key_stops_the_start_and_is_named() {
    let office = Office::demonstration("serve-key", Kind::SoftHsm);
    let inventory = office.state().join("keys.toml");
    let text = fs::read_to_string(&inventory).expect("the ceremony wrote it");
    let id = text
        .lines()
        .find_map(|line| line.strip_prefix("id = \""))
        .expect("a key has an id");
    let id = id.trim_end_matches('"');
    fs::write(&inventory, text.replacen(id, &"0".repeat(32), 1)).expect("the test's folder is ours");
    let told = refused(&office, 5);
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("name = "))
        .expect("a key has a name");
    assert!(told.stderr.contains(&format!("key {name} on token")), "{told}");
}

#[test]
fn a_certificate_of_another_key_stops_the_start_and_is_named() {
    let office = Office::demonstration("serve-certificate", Kind::SoftHsm);
    let certificates = office.state().join("certificates");
    fs::copy(certificates.join("documents.cer"), certificates.join("tls.cer")).expect("both are there");
    let told = refused(&office, 5);
    assert!(
        told.stderr
            .contains("key \"tls\" does not belong to its certificate"),
        "{told}"
    );
}

#[test]
fn a_wrong_pin_stops_the_start_and_is_given_once() {
    let office = Office::demonstration("serve-pin", Kind::SoftHsm);
    write_private(&office.tokens().pin_file("sinete-online"), "99999999");
    let told = refused(&office, 4);
    assert!(told.stderr.contains("refused the PIN"), "{told}");
    assert!(!told.stderr.contains("99999999"), "{told}");
    let flags = office.tokens().flags("sinete-online");
    let again = refused(&office, 4);
    assert!(again.stderr.contains("nothing was tried"), "{again}");
    assert_eq!(
        office.tokens().flags("sinete-online"),
        flags,
        "no further wrong PIN was given"
    );
}

#[test]
fn an_unknown_configuration_key_stops_the_start() {
    let office = Office::demonstration("serve-config", Kind::SoftHsm);
    office.configure("\n[lisen]\n");
    let told = refused(&office, 3);
    assert!(told.stderr.contains("did you mean `listen`?"), "{told}");
}

#[test]
fn an_idle_server_is_small() {
    let server = Server::start(Office::demonstration("serve-small", Kind::SoftHsm));
    server.get("/");
    let status = fs::read_to_string(format!("/proc/{}/status", server.running.id())).expect("it runs");
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .expect("the kernel tells");
    assert!(kilobytes < 40 * 1024, "{kilobytes} kB");
    server.stop();
}
