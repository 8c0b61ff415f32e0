//! m of n: who counts, who does not, and approvals that come as files.

use std::path::PathBuf;

use ceremony::approval::{Approval, ApprovalRequest, Refusal};
use ceremony::custodian::{Custodian, Custodians};
use ceremony::session::{self, Event, Present, Progress, Stage};
use ceremony::{Error, status};
use hsm::direct::TokenKey;
use pki::algorithm::KeyAlgorithm;
use pki::signing::Signer;

use crate::house::{House, in_house, key, shipped, transcript};

/// Where the root ceremony waits when nobody is in the room.
fn waiting(house: &House) -> PathBuf {
    match house.run(&shipped("root.toml")).unwrap() {
        Progress::WaitsForApprovals { request, .. } => request,
        other => panic!("{other:?}"),
    }
}

fn empty_room(house: &House) -> House {
    let mut empty = House::open(&house.folder);
    empty.present.clear();
    empty
}

fn request_of(path: &std::path::Path) -> ApprovalRequest {
    ApprovalRequest::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Puts an approval where a custodian's file would be.
fn put(request: &std::path::Path, name: &str, approval: &Approval) {
    let path = request.with_file_name(format!("001.{name}.approval.json"));
    std::fs::write(path, serde_json::to_vec(approval).unwrap()).unwrap();
}

fn refusal(house: &House) -> Refusal {
    let before = transcript(&status::list(&house.office).unwrap().last().unwrap().folder);
    let error = house.run(&shipped("root.toml")).unwrap_err();
    let after = transcript(&status::list(&house.office).unwrap().last().unwrap().folder);
    assert_eq!(before, after, "nothing is changed");
    match error {
        Error::ApprovalFile { source, .. } => match *source {
            Error::ApprovalRefused { reason, .. } => reason,
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    }
}

#[test]
fn approvals_by_file_carry_a_ceremony_step_by_step() {
    in_house(
        "approvals::approvals_by_file_carry_a_ceremony_step_by_step",
        |house| {
            let empty = empty_room(house);
            let mut steps = 0;
            while let Progress::WaitsForApprovals { request, step, .. } =
                empty.run(&shipped("root.toml")).unwrap()
            {
                steps += 1;
                assert_eq!(step, steps);
                for name in ["ana", "carla"] {
                    let agrees = |shown: &ApprovalRequest| !shown.act.summary().is_empty();
                    session::approve(&request, name, &key(&house.folder, name), &agrees)
                        .unwrap()
                        .unwrap();
                }
            }
            assert_eq!(steps, 5, "four steps and the closing");
            let status = status::list(&house.office).unwrap().remove(0);
            status::verify(&status.folder).unwrap();
        },
    );
}

#[test]
fn the_threshold_holds_and_one_in_the_room_completes_one_by_file() {
    in_house(
        "approvals::the_threshold_holds_and_one_in_the_room_completes_one_by_file",
        |house| {
            let mut alone = House::open(&house.folder);
            alone.present.truncate(1);
            let Progress::WaitsForApprovals {
                approvals: 1,
                threshold: 2,
                request,
                ..
            } = alone.run(&shipped("root.toml")).unwrap()
            else {
                panic!("one of two is not enough");
            };
            session::approve(&request, "bruno", &key(&house.folder, "bruno"), &|_| true).unwrap();
            let Progress::WaitsForApprovals {
                step: 2,
                approvals: 1,
                ..
            } = alone.run(&shipped("root.toml")).unwrap()
            else {
                panic!("the first step is done, the second waits");
            };
            assert_eq!(
                crate::house::objects("sinete-root"),
                2,
                "the key of the first step"
            );
        },
    );
}

#[test]
fn a_no_is_no_approval() {
    struct Unwilling;
    impl Stage for Unwilling {
        fn consents(&self, custodian: &str, _request: &ApprovalRequest) -> bool {
            custodian != "bruno"
        }
        fn show(&self, _event: &Event<'_>) {}
    }
    in_house("approvals::a_no_is_no_approval", |house| {
        let progress = house.with_means(|means| {
            let means = session::Means {
                stage: &Unwilling,
                faults: means.faults.clone(),
                ..*means
            };
            session::run(&house.office, &shipped("root.toml"), &means).unwrap()
        });
        assert!(
            matches!(progress, Progress::WaitsForApprovals { approvals: 1, .. }),
            "{progress:?}"
        );
        let request = waiting(&empty_room(house));
        let kept = session::approve(&request, "carla", &key(&house.folder, "carla"), &|_| false).unwrap();
        assert_eq!(kept, None);
    });
}

#[test]
fn every_approval_that_does_not_count_is_refused_with_its_reason() {
    in_house(
        "approvals::every_approval_that_does_not_count_is_refused_with_its_reason",
        |house| {
            let empty = empty_room(house);
            let request = waiting(&empty);
            let asked = request_of(&request);
            let (ana, bruno) = (key(&house.folder, "ana"), key(&house.folder, "bruno"));
            let good = Approval::sign(&asked.statement, "ana", &ana).unwrap();
            let mut stranger = good.clone();
            stranger.custodian = "zeca".to_owned();
            let mut changed = good.clone();
            changed.signature.0[5] ^= 1;
            let under = |change: &dyn Fn(&mut ceremony::approval::Statement)| {
                let mut statement = asked.statement.clone();
                change(&mut statement);
                Approval::sign(&statement, "ana", &ana).unwrap()
            };
            let mut borrowed = Approval::sign(&asked.statement, "bruno", &bruno).unwrap();
            borrowed.custodian = "ana".to_owned();
            borrowed.key = good.key;
            let other = ceremony::canonical::Hash::of(b"other");
            for (approval, reason) in [
                (stranger, Refusal::UnknownCustodian),
                (changed, Refusal::BadSignature),
                (borrowed, Refusal::BadSignature),
                (
                    Approval::sign(&asked.statement, "ana", &bruno).unwrap(),
                    Refusal::OtherKey,
                ),
                (
                    under(&|statement| statement.ceremony = "20260101-root-0000000000000000".to_owned()),
                    Refusal::OtherCeremony,
                ),
                (under(&|statement| statement.script = other), Refusal::OtherScript),
                (under(&|statement| statement.step = 2), Refusal::OtherStep),
                (
                    under(&|statement| statement.content = other),
                    Refusal::OtherContent,
                ),
                (
                    under(&|statement| statement.previous = other),
                    Refusal::OtherTranscript,
                ),
            ] {
                put(&request, "ana", &approval);
                assert_eq!(refusal(&empty), reason);
            }
            put(&request, "ana", &good);
            let Progress::WaitsForApprovals { approvals: 1, .. } = empty.run(&shipped("root.toml")).unwrap()
            else {
                panic!()
            };
        },
    );
}

#[test]
fn one_custodian_counts_once_and_an_old_approval_never_again() {
    in_house(
        "approvals::one_custodian_counts_once_and_an_old_approval_never_again",
        |house| {
            let empty = empty_room(house);
            let request = waiting(&empty);
            let asked = request_of(&request);
            let ana = key(&house.folder, "ana");
            put(
                &request,
                "ana",
                &Approval::sign(&asked.statement, "ana", &ana).unwrap(),
            );
            // The very same approval in a second file is known already, and counts no more for it.
            put(
                &request,
                "ana-again",
                &Approval::sign(&asked.statement, "ana", &ana).unwrap(),
            );
            let Progress::WaitsForApprovals { approvals: 1, .. } = empty.run(&shipped("root.toml")).unwrap()
            else {
                panic!()
            };
            put(
                &request,
                "carla",
                &Approval::sign(&asked.statement, "carla", &key(&house.folder, "carla")).unwrap(),
            );
            let Progress::WaitsForApprovals {
                step: 2,
                approvals: 0,
                request: second,
                ..
            } = empty.run(&shipped("root.toml")).unwrap()
            else {
                panic!()
            };
            // The approval of the first step, put forward again for the second.
            let old = std::fs::read(request.with_file_name("001.ana.approval.json")).unwrap();
            std::fs::write(second.with_file_name("002.ana.approval.json"), old).unwrap();
            assert_eq!(refusal(&empty), Refusal::OtherStep);
        },
    );
}

#[test]
fn two_different_approvals_by_one_custodian_are_one_too_many() {
    use ceremony::approval::check_all;
    in_house(
        "approvals::two_different_approvals_by_one_custodian_are_one_too_many",
        |house| {
            let request = request_of(&waiting(&empty_room(house)));
            let text = std::fs::read_to_string(&house.office.custodians).unwrap();
            let custodians = Custodians::parse(&house.office.custodians, &text).unwrap();
            let sign =
                |name: &str| Approval::sign(&request.statement, name, &key(&house.folder, name)).unwrap();
            let check = |list: &[Approval]| check_all(list, &request.statement, &custodians, 2);
            assert!(check(&[sign("ana"), sign("bruno")]).is_ok());
            let twice = check(&[sign("ana"), sign("ana")]).unwrap_err();
            assert!(
                matches!(
                    twice,
                    Error::ApprovalRefused {
                        reason: Refusal::Duplicate,
                        ..
                    }
                ),
                "{twice}"
            );
            let few = check(&[sign("ana")]).unwrap_err();
            assert!(
                matches!(
                    few,
                    Error::TooFewApprovals {
                        found: 1,
                        threshold: 2,
                        ..
                    }
                ),
                "{few}"
            );
        },
    );
}

#[test]
fn a_request_that_shows_something_else_than_it_asks_for_is_not_signed() {
    in_house(
        "approvals::a_request_that_shows_something_else_than_it_asks_for_is_not_signed",
        |house| {
            let request = waiting(&empty_room(house));
            let text = std::fs::read_to_string(&request).unwrap();
            std::fs::write(&request, text.replace("\"sinete-root\"", "\"sinete-online\"")).unwrap();
            let refused =
                session::approve(&request, "ana", &key(&house.folder, "ana"), &|_| true).unwrap_err();
            assert!(matches!(refused, Error::ApprovalRequestChanged), "{refused}");
        },
    );
}

#[test]
fn who_is_no_custodian_stops_the_ceremony_before_it_begins() {
    in_house(
        "approvals::who_is_no_custodian_stops_the_ceremony_before_it_begins",
        |house| {
            for (name, file) in [("zeca", "ana"), ("ana", "bruno")] {
                let mut room = House::open(&house.folder);
                room.present = vec![(name.to_owned(), key(&house.folder, file))];
                let refused = room.run(&shipped("root.toml")).unwrap_err();
                assert!(matches!(refused, Error::NotACustodian { .. }), "{refused}");
            }
            assert_eq!(status::list(&house.office).unwrap(), []);
        },
    );
}

#[test]
fn a_custodians_file_in_which_one_person_counts_twice_is_refused() {
    in_house(
        "approvals::a_custodians_file_in_which_one_person_counts_twice_is_refused",
        |house| {
            let good = std::fs::read_to_string(&house.office.custodians).unwrap();
            let refuse = |text: String| {
                std::fs::write(&house.office.custodians, text).unwrap();
                house.run(&shipped("root.toml")).unwrap_err().to_string()
            };
            let first_key = good
                .split("-----BEGIN")
                .nth(1)
                .unwrap()
                .split("-----END")
                .next()
                .unwrap();
            let second_key = good
                .split("-----BEGIN")
                .nth(2)
                .unwrap()
                .split("-----END")
                .next()
                .unwrap();
            assert!(refuse(good.replace(second_key, first_key)).contains("would count twice"));
            assert!(refuse(good.replace("\"bruno\"", "\"ana\"")).contains("would count twice"));
            assert!(
                refuse(good.replace("threshold = 2\nservice", "threshold = 4\nservice"))
                    .contains("between 1 and 3")
            );
            assert!(
                refuse(good.replace("threshold = 2\nservice", "threshold = 0\nservice"))
                    .contains("between 1 and 3")
            );
            assert!(
                refuse(good.replace("threshold = 2\nservice", "treshold = 2\nservice"))
                    .contains("did you mean `threshold`?")
            );
        },
    );
}

#[test]
fn a_custodians_key_may_live_in_a_token() {
    in_house("approvals::a_custodians_key_may_live_in_a_token", |house| {
        let token = house.tokens.token("sinete-online").unwrap();
        let new = hsm::token::NewPair {
            id: token.new_key_id().unwrap(),
            label: "dora",
            algorithm: KeyAlgorithm::EcdsaP256,
        };
        let public_key = token.generate_pair(&new).unwrap();
        let dora = TokenKey::open(&token, new.id, new.algorithm, new.algorithm.default_signature()).unwrap();
        let text = std::fs::read_to_string(&house.office.custodians).unwrap();
        let mut list: Vec<Custodian> = Custodians::parse(&house.office.custodians, &text)
            .unwrap()
            .iter()
            .cloned()
            .collect();
        list.push(Custodian {
            name: "dora".to_owned(),
            full_name: "Dora Lima".to_owned(),
            role: "Testemunha".to_owned(),
            public_key,
        });
        let custodians = Custodians::new(2, None, list).unwrap();
        std::fs::write(&house.office.custodians, custodians.to_toml().unwrap()).unwrap();
        let ana = key(&house.folder, "ana");
        let signers: [(&str, &dyn Signer); 2] = [("ana", &ana), ("dora", &dora)];
        let present = signers.map(|(name, signer)| Present {
            name: name.to_owned(),
            signer,
        });
        let progress = house.with_means(|means| {
            let means = session::Means {
                present: &present,
                faults: means.faults.clone(),
                ..*means
            };
            session::run(&house.office, &shipped("root.toml"), &means).unwrap()
        });
        let Progress::Complete(completed) = progress else {
            panic!("{progress:?}")
        };
        status::verify(&completed.folder).unwrap();
    });
}
