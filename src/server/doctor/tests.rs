//! What the doctor finds in offices that are not in order.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;
use crate::clock::FixedClock;
use crate::testing::{Fixture, key, sign};

/// Codes of what was found, without those that depend on the machine the test runs on.
fn codes(report: &Report) -> Vec<&'static str> {
    report
        .discoveries
        .iter()
        .filter(|discovery| !matches!(discovery.area(), Area::Clock | Area::Sandbox))
        .filter(|discovery| {
            !matches!(
                discovery,
                Discovery::HierarchyProvisional { .. } | Discovery::DiskLow { .. }
            )
        })
        .map(Discovery::code)
        .collect()
}

fn look(fixture: &Fixture) -> Report {
    look_after(fixture, 0)
}

fn look_after(fixture: &Fixture, days: u32) -> Report {
    let clock = FixedClock::at(fixture.now.plus_days(days));
    examine(&fixture.path().join("sinete.toml"), &clock, Reach::SignerAtWork)
}

fn chmod(path: PathBuf, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn an_office_in_order_has_no_findings_but_its_placeholders() {
    let fixture = Fixture::new();
    let report = look(&fixture);
    assert_eq!(codes(&report), [""; 0], "{:?}", report.discoveries);
    let provisional = |found: &&Discovery| matches!(found, Discovery::HierarchyProvisional { .. });
    assert!(report.discoveries.iter().any(|found| provisional(&found)));
    assert!(report.skipped.iter().any(|(area, _)| *area == Area::Tokens));
}

#[test]
fn a_wrong_configuration_is_the_only_finding_and_the_rest_is_said_to_be_skipped() {
    let fixture = Fixture::new();
    let path = fixture.path().join("sinete.toml");
    std::fs::write(&path, "[ofice]\n").unwrap();
    let report = look(&fixture);
    assert_eq!(codes(&report), ["configuration-wrong"]);
    assert_eq!(report.skipped.len(), Area::ALL.len() - 1);
    assert_eq!(report.worst(), Some(Level::Error));
    let finding = &report.findings(Language::English)[0];
    assert!(
        finding.what.contains("did you mean `office`?"),
        "{}",
        finding.what
    );
}

#[test]
fn rights_that_let_others_in_are_found() {
    let fixture = Fixture::new();
    let state = fixture.path().join("state");
    crate::private_file::create_folder(&state.join("listener")).unwrap();
    std::fs::write(state.join("listener/identity.pem"), "").unwrap();
    for (path, mode, code, remedy) in [
        ("sinete.toml", 0o666, "others-write", "chmod go-w"),
        ("ca-policies/hierarchy.toml", 0o662, "others-write", "chmod go-w"),
        ("state/keys.toml", 0o664, "others-write", "chmod go-w"),
        ("state/certificates", 0o777, "others-write", "chmod go-w"),
        ("state/listener", 0o755, "others-read", "chmod 700"),
        ("state/listener/identity.pem", 0o640, "others-read", "chmod 600"),
    ] {
        let path = fixture.path().join(path);
        let before = std::fs::metadata(&path).unwrap().permissions().mode();
        chmod(path.clone(), mode);
        let report = look(&fixture);
        let found = report.discoveries.iter().find(|found| found.code() == code);
        let words = words(
            found.unwrap_or_else(|| panic!("{}", path.display())),
            Language::English,
        );
        assert!(words.what.contains(path.to_str().unwrap()), "{}", words.what);
        assert!(words.remedy.starts_with(remedy), "{}", words.remedy);
        chmod(path, before);
    }
    std::fs::write(fixture.path().join("pin"), "1234").unwrap();
    chmod(fixture.path().join("pin"), 0o644);
    chmod(state.join("listener"), 0o700);
    chmod(state.join("listener/identity.pem"), 0o600);
    assert_eq!(codes(&look(&fixture)), ["others-read"]);
}

#[test]
fn an_office_without_state_or_keys_is_sent_to_the_ceremony() {
    let fixture = Fixture::new();
    std::fs::remove_file(fixture.path().join("state/keys.toml")).unwrap();
    assert_eq!(codes(&look(&fixture)), ["no-inventory"]);
    std::fs::remove_dir_all(fixture.path().join("state")).unwrap();
    assert_eq!(codes(&look(&fixture)), ["state-missing"]);
}

#[test]
fn keys_and_certificates_that_do_not_belong_together_are_found() {
    let fixture = Fixture::new();
    let other = Fixture::new();
    std::fs::write(fixture.certificate_path("tls"), other.tls.der()).unwrap();
    assert_eq!(
        codes(&look(&fixture)),
        ["certificate-of-other-key", "issuer-missing"]
    );
    std::fs::write(fixture.certificate_path("tls"), b"no certificate").unwrap();
    let report = look(&fixture);
    assert!(
        codes(&report).contains(&"certificate-unreadable"),
        "{:?}",
        report.discoveries
    );
    std::fs::write(fixture.path().join("state/keys.toml"), "[[key]]\nname = 1\n").unwrap();
    assert!(codes(&look(&fixture)).contains(&"inventory-wrong"));
}

#[test]
fn a_key_on_a_token_that_nobody_configured_is_found() {
    let fixture = Fixture::new();
    let mut inventory = fixture.inventory();
    inventory.keys[0].token = "elsewhere".to_owned();
    inventory.write(&fixture.path().join("state/keys.toml")).unwrap();
    assert_eq!(codes(&look(&fixture)), ["token-not-configured"]);
}

#[test]
fn certificates_are_announced_before_they_end_and_named_when_they_have() {
    let fixture = Fixture::new();
    assert_eq!(codes(&look_after(&fixture, 1826 - 184 - 1)), [""; 0]);
    assert_eq!(codes(&look_after(&fixture, 1826 - 182)), ["expires-soon"]);
    let report = look_after(&fixture, 1826 + 10);
    assert_eq!(codes(&report), ["expired"]);
    let words = words(&report.discoveries[0], Language::English);
    assert!(
        words.what.contains("certificate of tls ended at"),
        "{}",
        words.what
    );
}

#[test]
fn a_clock_that_went_back_is_found() {
    let fixture = Fixture::new();
    let clock = FixedClock::at(fixture.now.plus_seconds(-3 * 86_400));
    let report = examine(&fixture.path().join("sinete.toml"), &clock, Reach::SignerAtWork);
    let behind = |found: &&Discovery| matches!(found, Discovery::ClockBehind { what, .. } if what.starts_with("certificate "));
    assert!(
        report.discoveries.iter().any(|found| behind(&found)),
        "{:?}",
        report.discoveries
    );
    assert!(codes(&report).contains(&"not-yet-valid"));
}

#[test]
fn a_certificate_whose_issuer_is_not_here_is_found() {
    let fixture = Fixture::new();
    std::fs::remove_file(fixture.certificate_path("root")).unwrap();
    assert_eq!(codes(&look(&fixture)), ["issuer-missing"]);
}

#[test]
fn a_root_that_another_key_signed_is_found() {
    let fixture = Fixture::new();
    let forger = key(pki::algorithm::KeyAlgorithm::EcdsaP384);
    std::fs::write(
        fixture.certificate_path("root"),
        sign(fixture.root.content(), &forger).der(),
    )
    .unwrap();
    // What it issued still verifies under its key; it itself does not.
    assert_eq!(codes(&look(&fixture)), ["issuer-missing"]);
}

#[test]
fn a_crl_that_is_not_the_authoritys_is_found() {
    let fixture = Fixture::new();
    std::fs::write(fixture.crl_path("root"), b"no list").unwrap();
    assert_eq!(codes(&look(&fixture)), ["crl-wrong"]);
}

#[test]
fn an_address_that_another_program_has_is_found() {
    let fixture = Fixture::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let path = fixture.path().join("sinete.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("127.0.0.1:0", &address, 1)).unwrap();
    let clock = FixedClock::at(fixture.now);
    let report = examine(&path, &clock, Reach::WithoutLogin);
    assert!(report.discoveries.contains(&Discovery::AddressTaken {
        which: "public",
        address
    }));
    assert!(
        !codes(&look(&fixture)).contains(&"address-taken"),
        "while our own server runs it is ours"
    );
}

#[test]
fn a_module_that_is_not_there_is_named_with_the_remedy() {
    let fixture = Fixture::new();
    let clock = FixedClock::at(fixture.now);
    let report = examine(&fixture.path().join("sinete.toml"), &clock, Reach::Tokens);
    let trouble = report
        .discoveries
        .iter()
        .find(|found| found.code() == "token-trouble")
        .unwrap_or_else(|| panic!("{:?}", report.discoveries));
    let words = words(trouble, Language::English);
    assert!(
        words.what.contains("module.so") && words.what.contains("sinete-online"),
        "{}",
        words.what
    );
}

#[test]
fn the_worst_comes_first_and_every_finding_is_complete_in_both_languages() {
    let fixture = Fixture::new();
    std::fs::write(fixture.crl_path("root"), b"no list").unwrap();
    let report = look_after(&fixture, 1826 - 100);
    let levels: Vec<Level> = report.discoveries.iter().map(Discovery::level).collect();
    assert!(levels.is_sorted_by(|left, right| left >= right), "{levels:?}");
    for language in [Language::English, Language::Portuguese] {
        for finding in report.findings(language) {
            assert!(!finding.what.is_empty() && !finding.why.is_empty() && !finding.remedy.is_empty());
            assert!(
                !finding.what.contains("..") && finding.why.ends_with('.'),
                "{finding:?}"
            );
        }
    }
}
