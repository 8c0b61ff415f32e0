//! `sinete ceremony rehearse`: the real ceremony is known before it is held, and the real tokens do not notice.

use std::path::{Path, PathBuf};

use system_tests::harness::command::run;
use system_tests::harness::office::{CUSTODIANS, Office};
use system_tests::harness::token::{Kind, PIN};

fn rehearse(office: &Office, folder: &Path, present: usize) -> std::process::Command {
    let mut command = office.sinete(&["ceremony", "rehearse", "--approve-all"]);
    command.arg(office.policies().join("ceremonies/demonstration.toml"));
    command.arg("--folder").arg(folder);
    for name in CUSTODIANS.iter().take(present) {
        let of = |file: PathBuf| format!("{name}={}", file.display());
        command.arg("--present").arg(of(office.custodian_key(name)));
        command.arg("--passphrase-file").arg(of(office.passphrase(name)));
    }
    command
}

fn only_ceremony(folder: &Path) -> PathBuf {
    let ceremonies = folder.join("state/ceremonies");
    let entries = std::fs::read_dir(ceremonies).expect("there was a rehearsal");
    let mut folders = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    folders.find(|path| path.is_dir()).expect("there was a rehearsal")
}

#[test]
fn a_rehearsal_tells_what_the_real_ceremony_does_and_leaves_no_key() {
    let office = Office::demonstration("rehearsal", Kind::SoftHsm);
    let keys = |label: &str| {
        let mut list = office.tokens().pkcs11_tool();
        list.args(["--token-label", label, "--login", "--pin", PIN, "--list-objects"]);
        run(&mut list).succeeded().stdout
    };
    let before = (keys("sinete-root"), keys("sinete-online"));
    let folder = office.folder().join("re hearsal");
    run(&mut rehearse(&office, &folder, 2)).succeeded();
    let rehearsed = only_ceremony(&folder);
    let mut diff = office.sinete(&["ceremony", "diff"]);
    let same = run(diff.arg(&rehearsed).arg(office.ceremony_folder())).succeeded();
    assert!(same.stdout.contains("The same"), "{same}");
    assert!(
        !folder.join("tokens").exists() && !folder.join("pins").exists(),
        "its keys ended with it"
    );
    let ata = std::fs::read_to_string(rehearsed.join("ata.md")).expect("it has minutes");
    assert!(ata.contains("ENSAIO"), "{ata}");
    assert_eq!(
        (keys("sinete-root"), keys("sinete-online")),
        before,
        "the real tokens were touched"
    );
}

#[test]
fn a_rehearsal_with_too_few_custodians_waits_and_goes_on() {
    let office = Office::demonstration("rehearsal-waits", Kind::SoftHsm);
    let folder = office.folder().join("rehearsal");
    let waiting = run(&mut rehearse(&office, &folder, 1));
    assert_eq!(waiting.status.code(), Some(8), "{waiting}");
    assert!(waiting.stdout.contains("1 of 2 approvals"), "{waiting}");
    run(&mut rehearse(&office, &folder, 2)).succeeded();
    only_ceremony(&folder);
}

#[test]
fn another_script_is_told_apart_from_the_one_rehearsed() {
    let office = Office::demonstration("rehearsal-differs", Kind::SoftHsm);
    let folder = office.folder().join("rehearsal");
    let script = office.policies().join("ceremonies/demonstration.toml");
    let text = std::fs::read_to_string(&script).expect("it is there");
    let shorter = text.replacen("[[step]]\ndo = \"generate-key\"\nkey = \"register\"\n", "", 1);
    std::fs::write(&script, shorter.replace(", \"register\"", "")).expect("the test's folder is ours");
    run(&mut rehearse(&office, &folder, 2)).succeeded();
    let mut diff = office.sinete(&["ceremony", "diff"]);
    let differs = run(diff.arg(only_ceremony(&folder)).arg(office.ceremony_folder())).refused();
    assert!(differs.stdout.contains("register"), "{differs}");
}
