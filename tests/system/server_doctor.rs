//! `sinete doctor` and the commands that only look, on an office with real tokens.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use system_tests::harness::command::{Finished, run};
use system_tests::harness::office::Office;
use system_tests::harness::token::{Kind, PIN, write_private};

/// The exit codes of `sinete --help`.
const CONFIGURATION: i32 = 3;
const WARNINGS: i32 = 10;
const ERRORS: i32 = 11;

struct Examined {
    code: i32,
    findings: Vec<Value>,
}

impl Examined {
    fn of(office: &Office, arguments: &[&str]) -> Self {
        let mut doctor = office.sinete(&["doctor", "--json"]);
        let finished = run(doctor.args(arguments));
        let answer: Value =
            serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished}"));
        Self {
            code: finished.status.code().expect("it ends by itself"),
            findings: answer["findings"].as_array().expect("a list").clone(),
        }
    }

    /// Codes of what must be mended.
    fn errors(&self) -> Vec<&str> {
        let errors = self.findings.iter().filter(|finding| finding["level"] == "error");
        errors.filter_map(|finding| finding["code"].as_str()).collect()
    }

    fn what(&self, code: &str) -> &str {
        let found = self.findings.iter().find(|finding| finding["code"] == code);
        found
            .and_then(|finding| finding["what"].as_str())
            .unwrap_or_else(|| panic!("no {code}: {:?}", self.findings))
    }
}

#[test]
fn a_demonstration_office_has_nothing_to_mend() {
    let office = Office::demonstration("doctor", Kind::SoftHsm);
    let examined = Examined::of(&office, &[]);
    assert_eq!(examined.errors(), [""; 0], "{:?}", examined.findings);
    assert_eq!(examined.code, WARNINGS, "its policy identifiers are placeholders");
    examined.what("hierarchy-provisional");
}

#[test]
fn a_wrong_pin_is_given_once_and_then_never_again_until_a_person_says_so() {
    let office = Office::demonstration("doctor-pin", Kind::SoftHsm);
    let pin = office.tokens().pin_file("sinete-online");
    write_private(&pin, "99999999");
    let first = Examined::of(&office, &[]);
    assert!(
        first.what("token-trouble").contains("refused the PIN"),
        "{:?}",
        first.findings
    );
    let after_one = office.tokens().flags("sinete-online");
    for _ in 0..3 {
        let again = Examined::of(&office, &[]);
        assert!(
            again.what("pin-not-tried").contains("nothing was tried"),
            "{:?}",
            again.findings
        );
        assert_eq!(again.code, ERRORS);
    }
    assert_eq!(
        office.tokens().flags("sinete-online"),
        after_one,
        "no further wrong PIN was given"
    );
    write_private(&pin, PIN);
    // The right PIN alone is not enough: nobody has said yet that it was corrected.
    assert!(!Examined::of(&office, &[]).errors().is_empty());
    let corrected = [
        "hsm",
        "probe",
        "--token",
        "sinete-online",
        "--pin-corrected",
        "--no-speed",
    ];
    run(&mut office.sinete(&corrected)).succeeded();
    assert_eq!(Examined::of(&office, &[]).errors(), [""; 0]);
}

#[test]
fn a_token_that_is_not_there_is_named_and_an_offline_one_is_not_missed() {
    let office = Office::demonstration("doctor-missing", Kind::SoftHsm);
    let configuration = fs::read_to_string(office.configuration()).expect("it was written");
    let other = configuration.replace("label = \"sinete-root\"", "label = \"sinete-other\"");
    fs::write(office.configuration(), other).expect("the test's folder is ours");
    let examined = Examined::of(&office, &[]);
    assert!(
        examined.what("token-trouble").contains("sinete-other"),
        "{:?}",
        examined.findings
    );
    fs::rename(office.tokens().storage(), office.folder().join("taken away")).expect("it is ours");
    fs::create_dir(office.tokens().storage()).expect("it is ours");
    fs::write(office.configuration(), configuration).expect("the test's folder is ours");
    let examined = Examined::of(&office, &[]);
    assert!(
        examined.what("token-trouble").contains("sinete-online"),
        "{:?}",
        examined.findings
    );
    let about_root = |finding: &&Value| finding.to_string().contains("sinete-root");
    assert!(
        !examined.findings.iter().any(|finding| about_root(&finding)),
        "it belongs in a safe"
    );
}

#[test]
fn a_key_that_is_gone_from_its_token_is_found() {
    let office = Office::demonstration("doctor-key", Kind::SoftHsm);
    let inventory = office.state().join("keys.toml");
    let text = fs::read_to_string(&inventory).expect("the ceremony wrote it");
    let id = text
        .lines()
        .find_map(|line| line.strip_prefix("id = \""))
        .and_then(|rest| rest.strip_suffix('"'))
        .expect("a key has an id");
    fs::write(&inventory, text.replacen(id, &"0".repeat(32), 1)).expect("the test's folder is ours");
    let examined = Examined::of(&office, &[]);
    assert_eq!(examined.errors(), ["key-trouble"], "{:?}", examined.findings);
    let unlooked = Examined::of(&office, &["--no-login"]);
    assert_eq!(
        unlooked.errors(),
        [""; 0],
        "without a login nothing is known of keys"
    );
}

#[test]
fn rights_of_others_and_foreign_certificates_are_found() {
    let office = Office::demonstration("doctor-files", Kind::SoftHsm);
    let pin = office.tokens().pin_file("sinete-online");
    fs::set_permissions(&pin, fs::Permissions::from_mode(0o644)).expect("it is ours");
    let root = fs::read(office.state().join("certificates/root.cer")).expect("the ceremony wrote it");
    fs::write(office.state().join("certificates/tls.cer"), root).expect("the test's folder is ours");
    let examined = Examined::of(&office, &[]);
    for code in ["others-read", "certificate-of-other-key"] {
        examined.what(code);
    }
    assert_eq!(examined.code, ERRORS);
}

fn refused(office: &Office, arguments: &[&str], code: i32) -> Finished {
    let finished = run(&mut office.sinete(arguments));
    assert_eq!(finished.status.code(), Some(code), "{finished}");
    finished
}

#[test]
fn an_unknown_configuration_key_stops_every_command_with_its_line() {
    let office = Office::demonstration("config", Kind::SoftHsm);
    office.configure("\n[signer]\nsesions = 4\n");
    for arguments in [
        &["config", "check"][..],
        &["hsm", "tokens"],
        &["ceremony", "status"],
    ] {
        let told = refused(&office, arguments, CONFIGURATION);
        assert!(told.stderr.contains("did you mean `sessions`?"), "{told}");
        let line = fs::read_to_string(office.configuration())
            .expect("it was written")
            .lines()
            .position(|line| line.starts_with("sesions"))
            .expect("it was written")
            + 1;
        assert!(told.stderr.contains(&format!("sinete.toml:{line}:1:")), "{told}");
        assert_eq!(
            told.stderr.matches("did you mean").count(),
            1,
            "told once: {told}"
        );
    }
    let json = refused(&office, &["config", "check", "--json"], CONFIGURATION);
    let told: Value = serde_json::from_str(&json.stderr).expect("errors are JSON when asked for");
    assert_eq!(told["exit_code"], CONFIGURATION);
}

#[test]
fn output_has_no_colours_where_nobody_looks() {
    let office = Office::demonstration("colours", Kind::SoftHsm);
    for arguments in [
        &["doctor"][..],
        &["hsm", "tokens"],
        &["config", "check"],
        &["--help"],
    ] {
        let finished = run(&mut office.sinete(arguments));
        assert!(!finished.said().contains('\u{1b}'), "{finished}");
    }
}
