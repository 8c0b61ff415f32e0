//! Keys, tokens, transcripts and inputs that are not as they should be.

use std::process::Command;

use ceremony::session::{Progress, abandon};
use ceremony::status::{self, Stage};
use ceremony::transcript::{Entry, Note};
use ceremony::{Error, transcript as records};
use hsm::pin::PinSource;
use hsm::token::TokenSettings;
use pki::crl::Crl;
use pki::signing::SignedStructure as _;

use crate::house::{House, MODULE, TestClock, in_house, objects, shipped, transcript};

/// Lets the root ceremony announce its key and stop there; answers with the ceremony's name and the key's id.
fn announced(house: &House) -> (String, String) {
    let mut empty = House::open(&house.folder);
    empty.present.clear();
    let Progress::WaitsForApprovals { ceremony, .. } = empty.run(&shipped("root.toml")).unwrap() else {
        panic!()
    };
    let text =
        std::fs::read_to_string(house.office.ceremony(&ceremony).unwrap().join(records::FILE)).unwrap();
    let id = text
        .split("\"id\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    (ceremony, id)
}

fn pkcs11_tool(arguments: &[&str]) {
    let mut all = vec![
        "--module",
        MODULE,
        "--token-label",
        "sinete-root",
        "--login",
        "--pin",
        "1234",
    ];
    all.extend(arguments);
    let output = Command::new("pkcs11-tool").args(&all).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn notes(house: &House, ceremony: &str) -> Vec<Note> {
    let transcript = transcript(&house.office.ceremony(ceremony).unwrap());
    let note = |record: &records::Record| match &record.entry {
        Entry::Note { note, .. } => Some(note.clone()),
        _ => None,
    };
    transcript.records().iter().filter_map(note).collect()
}

#[test]
fn a_whole_key_under_the_announced_id_is_taken_over_and_no_second_one_is_made() {
    in_house(
        "custody::a_whole_key_under_the_announced_id_is_taken_over_and_no_second_one_is_made",
        |house| {
            let (ceremony, id) = announced(house);
            pkcs11_tool(&[
                "--keypairgen",
                "--key-type",
                "EC:secp384r1",
                "--id",
                &id,
                "--label",
                "root",
                "--sensitive",
            ]);
            house.complete("root.toml");
            assert_eq!(objects("sinete-root"), 2);
            assert_eq!(notes(house, &ceremony), [Note::KeyAdopted]);
            let ata =
                std::fs::read_to_string(house.office.ceremony(&ceremony).unwrap().join("ata.md")).unwrap();
            assert!(
                ata.contains("Ocorrência: a execução foi interrompida depois de gerada a chave"),
                "{ata}"
            );
        },
    );
}

#[test]
fn what_is_unusable_under_the_announced_id_is_destroyed_and_made_again() {
    in_house(
        "custody::what_is_unusable_under_the_announced_id_is_destroyed_and_made_again",
        |house| {
            let (ceremony, id) = announced(house);
            // Half a pair, as a token leaves it that loses its power between the two objects.
            pkcs11_tool(&[
                "--keypairgen",
                "--key-type",
                "EC:secp384r1",
                "--id",
                &id,
                "--label",
                "root",
            ]);
            pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", &id]);
            house.complete("root.toml");
            assert_eq!(objects("sinete-root"), 2, "half a pair went, a whole one came");
            assert!(matches!(
                notes(house, &ceremony).as_slice(),
                [Note::KeyMadeAgain { .. }]
            ));
        },
    );
}

#[test]
fn an_extractable_key_under_the_announced_id_is_never_adopted() {
    in_house(
        "custody::an_extractable_key_under_the_announced_id_is_never_adopted",
        |house| {
            let (ceremony, id) = announced(house);
            pkcs11_tool(&[
                "--keypairgen",
                "--key-type",
                "EC:secp384r1",
                "--id",
                &id,
                "--label",
                "root",
                "--extractable",
            ]);
            house.complete("root.toml");
            let notes = notes(house, &ceremony);
            assert!(
                matches!(notes.as_slice(), [Note::KeyMadeAgain { reason }] if reason.contains("EXTRACTABLE")),
                "{notes:?}"
            );
            let token = house.tokens.token("sinete-root").unwrap();
            let inventory = hsm::inventory::Inventory::read(&house.state("keys-offline.toml")).unwrap();
            token.check(&inventory.keys[0]).unwrap();
        },
    );
}

#[test]
fn a_wrong_pin_is_tried_once_and_nothing_begins_twice() {
    in_house(
        "custody::a_wrong_pin_is_tried_once_and_nothing_begins_twice",
        |house| {
            use std::os::unix::fs::PermissionsExt;
            let wrong = house.folder.join("wrong-pin");
            std::fs::write(&wrong, "9999\n").unwrap();
            std::fs::set_permissions(&wrong, PermissionsExt::from_mode(0o600)).unwrap();
            let mut other = House::open(&house.folder);
            other.tokens = ceremony::tokens::Tokens::new(vec![TokenSettings {
                label: "sinete-root".to_owned(),
                serial: None,
                module: MODULE.into(),
                pin: PinSource::File(wrong),
            }]);
            let refused = other.run(&shipped("root.toml")).unwrap_err();
            assert!(
                matches!(&refused, Error::Token(error) if error.is_about_pin()),
                "{refused}"
            );
            assert!(!refused.to_string().contains("9999"));
        },
    );
}

#[test]
fn a_token_that_is_not_there_is_named_with_the_machine_to_use() {
    in_house(
        "custody::a_token_that_is_not_there_is_named_with_the_machine_to_use",
        |house| {
            let online = House::machine(&house.folder, "online", &["sinete-online"]);
            let refused = online.run(&shipped("root.toml")).unwrap_err().to_string();
            assert!(
                refused.contains("\"sinete-root\" is not configured on this machine"),
                "{refused}"
            );
        },
    );
}

#[test]
fn a_clock_that_went_back_stops_the_ceremony() {
    in_house("custody::a_clock_that_went_back_stops_the_ceremony", |house| {
        announced(house);
        let mut late = House::open(&house.folder);
        late.clock = TestClock {
            offset_seconds: -3600,
        };
        let refused = late.run(&shipped("root.toml")).unwrap_err();
        assert!(matches!(refused, Error::ClockBehind { .. }), "{refused}");
        house.complete("root.toml");
    });
}

#[test]
fn a_transcript_that_was_changed_is_not_continued() {
    in_house(
        "custody::a_transcript_that_was_changed_is_not_continued",
        |house| {
            let (ceremony, _) = announced(house);
            let path = house.office.ceremony(&ceremony).unwrap().join(records::FILE);
            let good = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = good.lines().collect();
            for changed in [
                good.replacen("\"threshold\":2", "\"threshold\":1", 1),
                format!("{}\n", lines[1]),
                format!("{good}{}\n", lines[1]),
                good.replacen("{\"entry\"", "{ \"entry\"", 1),
                format!("{good}{{}}\n"),
            ] {
                std::fs::write(&path, &changed).unwrap();
                let refused = house.run(&shipped("root.toml")).unwrap_err();
                assert!(
                    matches!(refused, Error::Transcript { .. } | Error::InputChanged(_)),
                    "{refused}"
                );
            }
            std::fs::write(&path, good).unwrap();
            house.complete("root.toml");
        },
    );
}

#[test]
fn a_transcript_that_somebody_prolonged_without_approvals_is_not_continued() {
    in_house(
        "custody::a_transcript_that_somebody_prolonged_without_approvals_is_not_continued",
        |house| {
            let (ceremony, _) = announced(house);
            let path = house.office.ceremony(&ceremony).unwrap().join(records::FILE);
            let good = std::fs::read_to_string(&path).unwrap();
            let last = good.lines().last().unwrap();
            let record = serde_json::json!({
                "number": 2,
                "previous": ceremony::canonical::Hash::of(last.as_bytes()).to_string(),
                "time": last.split("\"time\":\"").nth(1).unwrap().split('"').next().unwrap(),
                "entry": {"type": "done", "step": 1, "public_key": null, "files": []},
            });
            let line = String::from_utf8(ceremony::canonical::to_bytes(&record).unwrap()).unwrap();
            std::fs::write(&path, format!("{good}{line}\n")).unwrap();
            let refused = house.run(&shipped("root.toml")).unwrap_err();
            assert!(
                matches!(
                    refused,
                    Error::TooFewApprovals {
                        step: 1,
                        found: 0,
                        threshold: 2
                    }
                ),
                "{refused}"
            );
        },
    );
}

#[test]
fn changed_inputs_are_refused_until_they_are_put_back_or_the_ceremony_is_given_up() {
    in_house(
        "custody::changed_inputs_are_refused_until_they_are_put_back_or_the_ceremony_is_given_up",
        |house| {
            let script = house.folder.join("root.toml");
            std::fs::copy(shipped("root.toml"), &script).unwrap();
            let mut empty = House::open(&house.folder);
            empty.present.clear();
            empty.run(&script).unwrap();
            for path in [&script, &house.office.hierarchy, &house.office.custodians] {
                let good = std::fs::read_to_string(path).unwrap();
                std::fs::write(path, format!("# changed\n{good}")).unwrap();
                let refused = house.run(&script).unwrap_err();
                assert!(
                    matches!(&refused, Error::InputChanged(change) if change.path == *path),
                    "{refused}"
                );
                assert!(refused.to_string().contains("abandon"), "{refused}");
                std::fs::write(path, good).unwrap();
            }
            assert!(matches!(house.run(&script).unwrap(), Progress::Complete(_)));
        },
    );
}

#[test]
fn giving_up_destroys_the_keys_that_only_the_ceremony_knows() {
    in_house(
        "custody::giving_up_destroys_the_keys_that_only_the_ceremony_knows",
        |house| {
            house.complete("root.toml");
            let steps = "[[step]]\ndo = \"generate-key\"\nkey = \"tls\"\n[[step]]\ndo = \"record-keys\"\nkeys = [\"tls\"]\n[[step]]\ndo = \"generate-key\"\nkey = \"data\"\n[[step]]\ndo = \"import-certificate\"\nfile = \"never\"\n";
            let script = house.script("half.toml", "subordinates", steps);
            let Progress::WaitsForFile { ceremony, .. } = house.run(&script).unwrap() else {
                panic!()
            };
            assert_eq!(objects("sinete-online"), 3);
            let mut alone = House::open(&house.folder);
            alone.present.truncate(1);
            let give_up = |house: &House| {
                house
                    .with_means(|means| abandon(&house.office, &ceremony, "the stick | was lost", means))
                    .unwrap()
            };
            let waits = give_up(&alone);
            assert!(
                matches!(waits, Progress::WaitsForApprovals { approvals: 1, .. }),
                "one cannot destroy keys: {waits:?}"
            );
            let Progress::Complete(done) = give_up(house) else {
                panic!()
            };
            assert_eq!(
                objects("sinete-online"),
                2,
                "the recorded pair stays, the data key is gone"
            );
            assert_eq!(objects("sinete-root"), 2);
            let minutes = std::fs::read_to_string(done.folder.join("minutes.md")).unwrap();
            assert!(
                minutes.contains("CEREMONY GIVEN UP")
                    && minutes.contains("the stick \\| was lost")
                    && minutes.contains("`data`"),
                "{minutes}"
            );
            assert_eq!(status::verify(&done.folder).unwrap().stage, Stage::Abandoned);
            let over = house
                .with_means(|means| abandon(&house.office, &ceremony, "again", means))
                .unwrap_err();
            assert!(matches!(over, Error::Over { .. }), "{over}");
        },
    );
}

#[test]
fn two_commands_at_once_do_not_work_on_one_folder() {
    in_house(
        "custody::two_commands_at_once_do_not_work_on_one_folder",
        |house| {
            let held = std::fs::File::create(house.office.ceremonies().join(".lock")).unwrap();
            held.lock().unwrap();
            let refused = house.run(&shipped("root.toml")).unwrap_err();
            assert!(matches!(refused, Error::Locked { .. }), "{refused}");
            drop(held);
            house.complete("root.toml");
        },
    );
}

#[test]
fn what_was_sealed_is_checked_file_by_file() {
    in_house("custody::what_was_sealed_is_checked_file_by_file", |house| {
        let folder = house.complete("root.toml").folder;
        status::verify(&folder).unwrap();
        for file in [
            "certificates/root.cer",
            "crls/root.pem",
            "SHA256SUMS",
            "ata.md",
            "minutes.md",
            "custodians.toml",
            "hierarchy.toml",
            "script.toml",
        ] {
            let path = folder.join(file);
            let good = std::fs::read(&path).unwrap();
            std::fs::write(&path, [&good[..], b"\n"].concat()).unwrap();
            let refused = status::verify(&folder).unwrap_err();
            assert!(matches!(refused, Error::Digest { .. }), "{file}: {refused}");
            std::fs::write(&path, good).unwrap();
        }
        status::verify(&folder).unwrap();
    });
}

#[test]
fn a_name_from_the_command_line_cannot_leave_the_folder() {
    in_house(
        "custody::a_name_from_the_command_line_cannot_leave_the_folder",
        |house| {
            for name in ["", "..", "../..", "/etc", "a/b", "none"] {
                assert!(
                    matches!(house.office.ceremony(name), Err(Error::NoCeremony { .. })),
                    "{name}"
                );
            }
        },
    );
}

#[test]
fn a_crl_number_that_was_announced_is_never_given_again() {
    in_house(
        "custody::a_crl_number_that_was_announced_is_never_given_again",
        |house| {
            house.complete("demonstration.toml");
            let number = || {
                let der = std::fs::read(house.state("crls/root.crl")).unwrap();
                Crl::parse(&der).unwrap().content().number.to_u64()
            };
            assert_eq!(number(), Some(1));
            let steps = "[[step]]\ndo = \"next-crl\"\nauthority = \"root\"\n";
            let waits = house.script(
                "a.toml",
                "renewal",
                &format!("{steps}[[step]]\ndo = \"import-request\"\nfile = \"never\"\n"),
            );
            let Progress::WaitsForFile { ceremony, .. } = house.run(&waits).unwrap() else {
                panic!()
            };
            house
                .with_means(|means| abandon(&house.office, &ceremony, "given up", means))
                .unwrap();
            assert_eq!(number(), Some(1), "nothing was published");
            let records = house.script(
                "b.toml",
                "renewal",
                &format!("{steps}[[step]]\ndo = \"record-keys\"\nkeys = []\n"),
            );
            house.run(&records).unwrap();
            assert_eq!(number(), Some(3));
        },
    );
}

#[test]
fn what_was_announced_and_not_finished_stands_in_the_minutes() {
    in_house(
        "custody::what_was_announced_and_not_finished_stands_in_the_minutes",
        |house| {
            let (ceremony, id) = announced(house);
            let progress = house
                .with_means(|means| abandon(&house.office, &ceremony, "no quorum", means))
                .unwrap();
            let Progress::Complete(done) = progress else {
                panic!()
            };
            for file in ["ata.md", "minutes.md"] {
                let minutes = std::fs::read_to_string(done.folder.join(file)).unwrap();
                assert!(minutes.contains(&format!("with id {id}")), "{minutes}");
            }
            house.complete("root.toml");
        },
    );
}

#[test]
fn a_folder_that_was_never_opened_goes_and_everything_else_stays() {
    in_house(
        "custody::a_folder_that_was_never_opened_goes_and_everything_else_stays",
        |house| {
            let ceremonies = house.office.ceremonies();
            let (unopened, keys) = (
                ceremonies.join("20261120-root-0123456789abcdef"),
                ceremonies.join("keys"),
            );
            for folder in [&unopened, &keys] {
                std::fs::create_dir(folder).unwrap();
                std::fs::write(folder.join("script.toml"), "").unwrap();
            }
            house.complete("root.toml");
            assert!(!unopened.exists() && keys.exists());
        },
    );
}
