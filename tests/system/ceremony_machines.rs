//! Ceremonies between people and machines: an offline root and an online office that exchange sealed files, and
//! custodians who approve from elsewhere.

use std::fs;
use std::path::Path;

use system_tests::harness::command::{Finished, run};
use system_tests::harness::office::Office;
use system_tests::harness::token::{Kind, PIN};

use crate::hierarchy::{ROOT, judge, small_office};

/// The exit code of a ceremony that waits, as the help of `sinete` lists it.
const WAITING: i32 = 8;

const REQUESTS: &str = "subordinate-requests.envelope";
const CERTIFICATES: &str = "subordinate-certificates.envelope";

#[test]
fn an_offline_root_and_an_online_office_make_one_hierarchy_by_sealed_files() {
    let offline = Office::empty("offline", Kind::SoftHsm);
    let online = offline.second_machine("online", Kind::Kryoptic);
    run(&mut offline.ceremony("root.toml")).succeeded();
    waits_for(&run(&mut online.ceremony("subordinates.toml")), CERTIFICATES);
    waits_for(&run(&mut offline.ceremony("sign-subordinates.toml")), REQUESTS);
    carry(REQUESTS, &online, &offline);
    run(&mut offline.ceremony("sign-subordinates.toml")).succeeded();
    carry(CERTIFICATES, &offline, &online);
    // The offline machine goes back into its safe: nothing online may need its token or its folder any more.
    fs::remove_dir_all(offline.tokens().storage()).expect("the test's folder is ours");
    run(&mut online.ceremony("subordinates.toml")).succeeded();
    assert!(
        !online.state().join("keys-offline.toml").exists(),
        "an offline key was recorded online"
    );
    judge(&[online], &[ROOT]);
}

#[test]
fn a_sealed_file_that_was_changed_on_its_way_is_refused_and_nothing_is_signed() {
    let offline = Office::empty("offline-forged", Kind::SoftHsm);
    let online = offline.second_machine("online-forged", Kind::SoftHsm);
    run(&mut offline.ceremony("root.toml")).succeeded();
    waits_for(&run(&mut online.ceremony("subordinates.toml")), CERTIFICATES);
    waits_for(&run(&mut offline.ceremony("sign-subordinates.toml")), REQUESTS);
    carry(REQUESTS, &online, &offline);
    let file = offline.exchange().join(REQUESTS);
    let sound = fs::read(&file).expect("it was carried");
    for at in [sound.len() / 3, sound.len() / 2, sound.len() - sound.len() / 10] {
        let mut forged = sound.clone();
        // Another letter or digit of base64 or hexadecimal, so that only the seal can tell.
        forged[at] = if forged[at] == b'1' { b'2' } else { b'1' };
        fs::write(&file, &forged).expect("the test's folder is ours");
        let refused = run(&mut offline.ceremony("sign-subordinates.toml")).refused();
        assert!(refused.said().contains(REQUESTS), "octet {at}: {refused}");
        assert_eq!(
            offline.names("certificates", ".pem"),
            ["root"],
            "octet {at}: {refused}"
        );
    }
    fs::write(&file, &sound).expect("the test's folder is ours");
    run(&mut offline.ceremony("sign-subordinates.toml")).succeeded();
}

#[test]
fn one_custodian_is_not_enough_and_the_second_may_approve_from_elsewhere() {
    let office = small_office(Kind::SoftHsm, ("ecdsa-p256", None));
    let script = office.folder().join("small.toml");
    let mut approvals = 0;
    let last = loop {
        let ran = run(office.ceremony_with(&["ana"], &script).arg("--json"));
        if ran.status.code() != Some(WAITING) {
            break ran.succeeded();
        }
        let answer: serde_json::Value = serde_json::from_str(&ran.stdout).expect("--json answers with JSON");
        assert_eq!(answer["approvals"], 1, "{ran}");
        approve(
            &office,
            "bia",
            Path::new(answer["path"].as_str().expect("it names the request")),
        );
        approvals += 1;
        assert!(approvals < 50, "the ceremony does not end: {ran}");
    };
    assert_eq!(
        approvals, 11,
        "every step and the end wait for the second custodian: {last}"
    );
    judge(&[office], &[ROOT]);
}

#[test]
fn the_same_custodian_twice_is_one_and_a_stranger_is_none() {
    let office = small_office(Kind::SoftHsm, ("ecdsa-p256", None));
    let script = office.folder().join("small.toml");
    let twice = run(&mut office.ceremony_with(&["ana", "ana"], &script));
    assert_eq!(twice.status.code(), Some(WAITING), "{twice}");
    assert!(twice.stdout.contains("1 of 2 approvals"), "{twice}");
    no_private_key(&office);
    // Somebody with a key of the right form who is not on the list.
    let stranger = Office::empty("stranger", Kind::SoftHsm);
    for file in [Office::custodian_key, Office::passphrase] {
        fs::copy(file(&stranger, "bia"), file(&office, "bia")).expect("the tests' folders are ours");
    }
    run(&mut office.ceremony(&script)).refused();
    no_private_key(&office);
}

#[test]
fn keys_are_made_in_the_token_and_cannot_leave_it() {
    let office = Office::demonstration("attributes", Kind::SoftHsm);
    for (label, keys) in [("sinete-root", 1), ("sinete-online", 10)] {
        let mut objects = office.tokens().pkcs11_tool();
        objects.args(["--token-label", label, "--login", "--pin", PIN, "--list-objects"]);
        let objects = run(&mut objects).succeeded().stdout;
        let secret: Vec<&str> = objects
            .split_inclusive("Key Object;")
            .zip(objects.split("Key Object;").skip(1))
            .filter(|(before, _)| {
                before.ends_with("Private Key Object;") || before.ends_with("Secret Key Object;")
            })
            .map(|(_, object)| object)
            .collect();
        assert_eq!(secret.len(), keys, "{label}: {objects}");
        for object in secret {
            let access = object
                .lines()
                .find_map(|line| line.trim().strip_prefix("Access:"));
            let access = access.unwrap_or_else(|| panic!("{label}: {object}"));
            for word in ["sensitive", "always sensitive", "never extractable", "local"] {
                assert!(
                    access.split(',').any(|found| found.trim() == word),
                    "{label}: not {word}: {object}"
                );
            }
        }
    }
}

#[track_caller]
fn waits_for(finished: &Finished, file: &str) {
    assert_eq!(finished.status.code(), Some(WAITING), "{finished}");
    assert!(finished.said().contains(file), "{finished}");
}

/// A memory stick.
fn carry(file: &str, from: &Office, to: &Office) {
    fs::create_dir_all(to.exchange()).expect("the tests' folders are ours");
    fs::copy(from.exchange().join(file), to.exchange().join(file)).expect("the ceremony wrote it");
}

fn approve(office: &Office, name: &str, request: &Path) {
    let mut approve = office.sinete(&["ceremony", "approve", "--yes", "--custodian", name]);
    approve.arg(request).arg("--key").arg(office.custodian_key(name));
    run(approve.arg("--passphrase-file").arg(office.passphrase(name))).succeeded();
}

#[track_caller]
fn no_private_key(office: &Office) {
    for label in office.tokens().labels() {
        let mut objects = office.tokens().pkcs11_tool();
        objects.args([
            "--token-label",
            label,
            "--login",
            "--pin",
            PIN,
            "--list-objects",
            "--type",
            "privkey",
        ]);
        assert_eq!(run(&mut objects).succeeded().stdout, "", "{label} has a key");
    }
}
