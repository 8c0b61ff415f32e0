//! From an empty token to a hierarchy, and on: renewal, new keys, bridges.

use std::path::Path;

use ceremony::diff::diff;
use ceremony::status::{self, Stage};
use hsm::inventory::Inventory;
use pki::certificate::Certificate;
use pki::crl::Crl;
use pki::signing::SignedStructure as _;

use crate::house::{House, agrees, in_house, objects, shipped, transcript};

const BELOW: [(&str, &str); 8] = [
    ("tls", "root"),
    ("documents", "root"),
    ("timestamps", "root"),
    ("ocsp-root", "root"),
    ("ocsp-tls", "tls"),
    ("ocsp-documents", "documents"),
    ("ocsp-timestamps", "timestamps"),
    ("tsa", "timestamps"),
];

/// A second TLS authority, with both tokens on one machine.
const SECOND_TLS: &str = r#"
[[step]]
do = "re-key"
key = "tls"
[[step]]
do = "make-request"
key = "tls"
[[step]]
do = "sign-request"
request = "tls"
[[step]]
do = "record-keys"
keys = ["tls"]
"#;

fn certificate(house: &House, name: &str) -> Certificate {
    let der = std::fs::read(house.state(&format!("certificates/{name}.cer"))).unwrap();
    Certificate::parse(&der).unwrap()
}

fn openssl_verifies(house: &House, name: &str, issuer: &str) {
    let pem = |name: &str| {
        house
            .state(&format!("certificates/{name}.pem"))
            .display()
            .to_string()
    };
    let mut arguments = vec![
        "verify".to_owned(),
        "-x509_strict".to_owned(),
        "-CAfile".to_owned(),
        pem("root"),
    ];
    if issuer != "root" {
        arguments.extend(["-untrusted".to_owned(), pem(issuer)]);
    }
    arguments.push(pem(name));
    agrees(
        "openssl",
        &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

#[test]
fn the_demonstration_makes_a_hierarchy_that_openssl_accepts() {
    in_house(
        "whole::the_demonstration_makes_a_hierarchy_that_openssl_accepts",
        |house| {
            let completed = house.complete("demonstration.toml");
            for (name, issuer) in BELOW {
                openssl_verifies(house, name, issuer);
            }
            for name in ["root", "tls", "documents", "timestamps"] {
                let crl = house.state(&format!("crls/{name}.pem")).display().to_string();
                let ca = house
                    .state(&format!("certificates/{name}.pem"))
                    .display()
                    .to_string();
                let text = agrees(
                    "openssl",
                    &["crl", "-in", &crl, "-noout", "-CAfile", &ca, "-text"],
                );
                assert!(
                    text.contains("verify OK") && text.contains("No Revoked Certificates"),
                    "{text}"
                );
            }
            let verified = status::verify(&completed.folder).unwrap();
            assert_eq!(verified.stage, Stage::Complete);
            let checked = std::process::Command::new("sha256sum")
                .args(["--check", "--quiet", "SHA256SUMS"])
                .current_dir(&completed.folder)
                .status();
            assert!(checked.unwrap().success());
            minutes_are_complete(&completed.folder);
            keys_are_where_they_belong(house);
        },
    );
}

fn minutes_are_complete(folder: &Path) {
    let ata = std::fs::read_to_string(folder.join("ata.md")).unwrap();
    let minutes = std::fs::read_to_string(folder.join("minutes.md")).unwrap();
    for fact in [
        "ANA de Souza",
        "BRUNO de Souza",
        "CARLA de Souza",
        "`tls`",
        "`register`",
        "ocsp-timestamps",
    ] {
        assert!(ata.contains(fact) && minutes.contains(fact), "{fact}");
    }
    assert!(ata.contains("2 (dois) de 3 (três) custodiantes"), "{ata}");
    assert!(
        ata.starts_with("# Ata") && ata.contains("\n\nAos ") || ata.contains("\n\nAo primeiro dia"),
        "{ata}"
    );
    let signing = ata.rsplit("## Assinaturas").next().unwrap();
    assert!(!signing.contains("CARLA"), "who was not there does not sign");
    assert!(
        ata.contains("vai assinada pelos presentes") && minutes.contains("approval of 2 of 3 custodians")
    );
    assert!(!ata.contains("Ocorrência") && !ata.contains("ENSAIO"));
    let steps = transcript(folder).all_done().count();
    assert_eq!(
        ata.lines().filter(|line| line.contains("Aprovaram:")).count(),
        steps - 1,
        "all but the closing"
    );
}

fn keys_are_where_they_belong(house: &House) {
    let online = Inventory::read(&house.state("keys.toml")).unwrap();
    let offline = Inventory::read(&house.state("keys-offline.toml")).unwrap();
    let names = |inventory: &Inventory| {
        inventory
            .keys
            .iter()
            .map(|key| key.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&offline), ["root"]);
    assert_eq!(online.keys.len(), 10);
    assert!(
        online.keys.iter().all(|key| key.token == "sinete-online"),
        "the root's token can be taken away"
    );
    let certified = online.keys.iter().filter(|key| key.certificate.is_some()).count();
    assert_eq!(certified, 8, "register and data have none");
    let token = house.tokens.token("sinete-online").unwrap();
    for entry in &online.keys {
        token.check(entry).unwrap();
    }
}

#[test]
fn two_machines_make_the_same_hierarchy_through_envelopes() {
    in_house(
        "whole::two_machines_make_the_same_hierarchy_through_envelopes",
        |house| {
            let offline = House::machine(&house.folder, "offline", &["sinete-root"]);
            let online = House::machine(&house.folder, "online", &["sinete-online"]);
            offline.complete("root.toml");
            let waiting = online.run(&shipped("subordinates.toml")).unwrap();
            let again = online.run(&shipped("subordinates.toml")).unwrap();
            assert_eq!(waiting, again, "waiting changes nothing");
            offline.complete("sign-subordinates.toml");
            // The root's token is away from here on: the online machine has no such token configured.
            let completed = online.complete("subordinates.toml");
            for (name, issuer) in BELOW {
                openssl_verifies(&online, name, issuer);
            }
            status::verify(&completed.folder).unwrap();
            assert!(online.state("crls/root.crl").exists());
            assert!(!online.state("keys-offline.toml").exists());
            let names: Vec<String> = Inventory::read(&online.state("keys.toml"))
                .unwrap()
                .keys
                .into_iter()
                .map(|key| key.name)
                .collect();
            assert!(!names.contains(&"root".to_owned()));
            let rehearsed = status::list(&offline.office).unwrap();
            assert_eq!(rehearsed.len(), 2);
            assert!(rehearsed.iter().all(|status| status.stage == Stage::Complete));
        },
    );
}

#[test]
fn renewal_keeps_the_keys_and_moves_the_numbers_on() {
    in_house(
        "whole::renewal_keeps_the_keys_and_moves_the_numbers_on",
        |house| {
            house.complete("demonstration.toml");
            let before: Vec<Certificate> = BELOW.iter().map(|(name, _)| certificate(house, name)).collect();
            let inventory = std::fs::read(house.state("keys.toml")).unwrap();
            house.complete("renew-demonstration.toml");
            for ((name, issuer), old) in BELOW.iter().zip(before) {
                let new = certificate(house, name);
                assert_eq!(new.content().public_key, old.content().public_key, "{name}");
                assert_eq!(new.content().subject, old.content().subject, "{name}");
                assert_eq!(
                    new.content().serial == old.content().serial,
                    *name == "tsa",
                    "{name}"
                );
                openssl_verifies(house, name, issuer);
            }
            let crl = Crl::parse(&std::fs::read(house.state("crls/root.crl")).unwrap()).unwrap();
            assert_eq!(crl.content().number.to_u64(), Some(2));
            assert_eq!(
                std::fs::read(house.state("keys.toml")).unwrap(),
                inventory,
                "the same keys"
            );
        },
    );
}

#[test]
fn one_custodian_is_enough_for_the_monthly_renewal_and_not_for_a_new_key() {
    in_house(
        "whole::one_custodian_is_enough_for_the_monthly_renewal_and_not_for_a_new_key",
        |house| {
            house.complete("demonstration.toml");
            let mut alone = House::open(&house.folder);
            alone.present.truncate(1);
            let serial = certificate(house, "ocsp-tls").content().serial.clone();
            alone.complete("renew-services.toml");
            assert_ne!(certificate(house, "ocsp-tls").content().serial, serial);
            assert_eq!(
                Crl::parse(&std::fs::read(house.state("crls/tls.crl")).unwrap())
                    .unwrap()
                    .content()
                    .number
                    .to_u64(),
                Some(2)
            );
            let waiting = alone.run(&shipped("rekey-tsa.toml")).unwrap();
            let ceremony::session::Progress::WaitsForApprovals {
                approvals: 1,
                threshold: 2,
                ..
            } = waiting
            else {
                panic!("{waiting:?}");
            };
        },
    );
}

#[test]
fn a_new_root_is_bridged_both_ways() {
    in_house("whole::a_new_root_is_bridged_both_ways", |house| {
        house.complete("demonstration.toml");
        house.complete("rekey-root.toml");
        house.complete("cross-root.toml");
        let pem = |name: &str| {
            house
                .state(&format!("certificates/{name}.pem"))
                .display()
                .to_string()
        };
        assert_ne!(
            certificate(house, "root-2").content().public_key,
            certificate(house, "root").content().public_key
        );
        assert_eq!(
            certificate(house, "root-2")
                .content()
                .subject
                .common_name()
                .as_deref(),
            Some("Autoridade Raiz de Demonstração G2")
        );
        // Old anchor, new root; new anchor, old hierarchy.
        let verify = |trust: &[&str], name: &str| {
            let mut arguments = vec!["verify", "-x509_strict"];
            arguments.extend(trust);
            let leaf = pem(name);
            arguments.push(&leaf);
            agrees("openssl", &arguments);
        };
        let (old, new, bridge) = (pem("root"), pem("root-2"), pem("root-by-root-2"));
        verify(&["-CAfile", &old], "root-2-by-root");
        verify(
            &["-partial_chain", "-trusted", &new, "-untrusted", &bridge],
            "tls",
        );
        let offline = Inventory::read(&house.state("keys-offline.toml")).unwrap();
        assert_eq!(
            offline.keys.len(),
            2,
            "the old key stays until its certificates end"
        );
        // What is issued now comes from the new root, under its addresses.
        let script = house.script("tls-2.toml", "re-key", SECOND_TLS);
        house.run(&script).unwrap();
        verify(&["-CAfile", &new], "tls-2");
        let text = agrees("openssl", &["x509", "-in", &pem("tls-2"), "-noout", "-text"]);
        assert!(
            text.contains("/aia/root-2.cer") && text.contains("/crl/root-2.crl"),
            "{text}"
        );
    });
}

#[test]
fn a_foreign_root_is_bridged_only_under_its_digest() {
    in_house(
        "whole::a_foreign_root_is_bridged_only_under_its_digest",
        |house| {
            house.complete("demonstration.toml");
            let stick = &house.office.exchange;
            std::fs::create_dir_all(stick).unwrap();
            let (key, foreign) = (house.folder.join("foreign.key"), stick.join("foreign-root.cer"));
            agrees(
                "openssl",
                &[
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-subj",
                    "/C=BR/O=Outra Serventia/CN=Raiz",
                    "-days",
                    "3000",
                    "-keyout",
                    key.to_str().unwrap(),
                    "-out",
                    foreign.to_str().unwrap(),
                ],
            );
            let refused = house.run(&shipped("cross-foreign.toml")).unwrap_err().to_string();
            assert!(refused.contains("the script names 0000"), "{refused}");
            let der = pki::pem::decode("CERTIFICATE", &std::fs::read_to_string(&foreign).unwrap()).unwrap();
            let digest = ceremony::canonical::Hash::of(&der).to_string();
            let text = std::fs::read_to_string(shipped("cross-foreign.toml"))
                .unwrap()
                .replace(&"0".repeat(64), &digest);
            let script = house.folder.join("cross-them.toml");
            std::fs::write(&script, text).unwrap();
            house.run(&script).unwrap();
            let bridge = house
                .state(&format!("certificates/foreign-{}-by-root.pem", &digest[..8]))
                .display()
                .to_string();
            let root = house.state("certificates/root.pem").display().to_string();
            agrees("openssl", &["verify", "-x509_strict", "-CAfile", &root, &bridge]);
        },
    );
}

#[test]
fn the_same_script_twice_makes_no_second_root() {
    in_house("whole::the_same_script_twice_makes_no_second_root", |house| {
        house.complete("root.toml");
        let before = objects("sinete-root");
        let refused = house.run(&shipped("root.toml")).unwrap_err().to_string();
        assert!(
            refused.contains("key root exists already") && refused.contains("re-key"),
            "{refused}"
        );
        assert_eq!(objects("sinete-root"), before);
    });
}

#[test]
fn every_shipped_script_reads() {
    let folder = shipped("");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        ceremony::script::Script::parse(&path, &std::fs::read_to_string(&path).unwrap()).unwrap();
        count += 1;
    }
    assert!(count >= 17, "{count}");
}

#[test]
fn a_rehearsal_differs_in_nothing_but_what_must_differ() {
    in_house(
        "whole::a_rehearsal_differs_in_nothing_but_what_must_differ",
        |house| {
            let first = House::machine(&house.folder, "first", &["sinete-root", "sinete-online"]);
            let mut second = House::machine(&house.folder, "second", &["sinete-root", "sinete-online"]);
            second.office.rehearsal = true;
            // Other custodians agree.
            second.present = vec![
                ("carla".to_owned(), crate::house::key(&house.folder, "carla")),
                second.present.remove(0),
            ];
            let (one, two) = (
                first.complete("demonstration.toml"),
                second.complete("demonstration.toml"),
            );
            let ata = std::fs::read_to_string(two.folder.join("ata.md")).unwrap();
            assert!(ata.contains("**ENSAIO.**"), "{ata}");
            let (one, two) = (transcript(&one.folder), transcript(&two.folder));
            assert_eq!(diff(&one, &two).unwrap(), []);
            // Another lifetime is another ceremony.
            let other = House::machine(&house.folder, "other", &["sinete-root", "sinete-online"]);
            let hierarchy = std::fs::read_to_string(&other.office.hierarchy).unwrap();
            std::fs::write(
                &other.office.hierarchy,
                hierarchy.replace("validity_days = 731", "validity_days = 730"),
            )
            .unwrap();
            let three = transcript(&other.complete("demonstration.toml").folder);
            let places: Vec<String> = diff(&one, &three)
                .unwrap()
                .into_iter()
                .map(|difference| difference.place)
                .collect();
            assert_eq!(
                places,
                ["opening, hierarchy", "step 25, intent, act, lifetime_seconds"]
            );
        },
    );
}

#[test]
fn the_readme_explains_every_step_kind_and_script() {
    let readme = std::fs::read_to_string(shipped("../README.md")).unwrap();
    for entry in std::fs::read_dir(shipped("")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let script = ceremony::script::Script::parse(&path, &text).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for word in [name.as_str(), script.kind.name()] {
            assert!(readme.contains(&format!("`{word}`")), "{word}");
        }
        for step in script.steps {
            assert!(readme.contains(&format!("`{}`", step.verb())), "{}", step.verb());
        }
    }
}
