//! Envelopes between two machines: what is refused, with which reason, and that nothing is taken from it.

use std::path::{Path, PathBuf};

use ceremony::Error;
use ceremony::approval::Approval;
use ceremony::canonical::{self, Hash};
use ceremony::custodian::Custodians;
use ceremony::envelope::{CommonGround, Envelope, Payload, Refusal, Requests};
use ceremony::session::Progress;
use ceremony::status;
use ceremony::transcript::Entry;
use ceremony::transcript::act::Act;

use crate::house::{House, in_house, key, shipped, transcript};

/// A small pair of scripts: one authority asks, the root answers.
const ASK: &str = "[[step]]\ndo = \"generate-key\"\nkey = \"tls\"\n[[step]]\ndo = \"make-request\"\nkey = \"tls\"\n[[step]]\ndo = \"export-request\"\nrequests = [\"tls\"]\nfile = \"requests.envelope\"\n[[step]]\ndo = \"import-certificate\"\nfile = \"certificates.envelope\"\n";
const ANSWER: &str = "[[step]]\ndo = \"import-request\"\nfile = \"requests.envelope\"\n[[step]]\ndo = \"sign-request\"\nrequest = \"tls\"\n[[step]]\ndo = \"export-certificate\"\nauthorities = [\"root\"]\nfile = \"certificates.envelope\"\n";

struct Machines {
    offline: House,
    online: House,
    ask: PathBuf,
    answer: PathBuf,
    stick: PathBuf,
}

impl Machines {
    /// The root is made, the request is on the stick.
    fn asked(house: &House) -> Self {
        let offline = House::machine(&house.folder, "offline", &["sinete-root"]);
        let online = House::machine(&house.folder, "online", &["sinete-online"]);
        offline.complete("root.toml");
        let machines = Self {
            ask: house.script("ask.toml", "subordinates", ASK),
            answer: house.script("answer.toml", "sign-subordinates", ANSWER),
            stick: house.office.exchange.clone(),
            offline,
            online,
        };
        let Progress::WaitsForFile { step: 4, .. } = machines.online.run(&machines.ask).unwrap() else {
            panic!()
        };
        machines
    }

    fn request(&self) -> PathBuf {
        self.stick.join("requests.envelope")
    }

    fn certificates(&self) -> PathBuf {
        self.stick.join("certificates.envelope")
    }

    fn answered(house: &House) -> Self {
        let machines = Self::asked(house);
        let Progress::Complete(_) = machines.offline.run(&machines.answer).unwrap() else {
            panic!()
        };
        machines
    }
}

fn refusal(result: ceremony::Result<Progress>) -> Refusal {
    match result {
        Err(Error::Envelope { reason, .. }) => *reason,
        other => panic!("{other:?}"),
    }
}

fn ground(house: &House) -> (CommonGround, Custodians) {
    let hierarchy = std::fs::read(&house.office.hierarchy).unwrap();
    let text = std::fs::read_to_string(&house.office.custodians).unwrap();
    let custodians = Custodians::parse(&house.office.custodians, &text).unwrap();
    let ground = CommonGround {
        hierarchy: Hash::of(&hierarchy),
        custodians: Hash::of(text.as_bytes()),
        rehearsal: false,
    };
    (ground, custodians)
}

#[test]
fn no_changed_byte_passes() {
    in_house("envelopes::no_changed_byte_passes", |house| {
        let machines = Machines::answered(house);
        let (ground, custodians) = ground(house);
        for path in [machines.request(), machines.certificates()] {
            let good = std::fs::read(&path).unwrap();
            Envelope::open(&path, &good, &ground, &custodians).unwrap();
            for position in 0..good.len() {
                let mut changed = good.clone();
                changed[position] ^= 1;
                assert!(
                    Envelope::open(&path, &changed, &ground, &custodians).is_err(),
                    "byte {position}"
                );
            }
            for length in (0..good.len()).step_by(97) {
                assert!(
                    Envelope::open(&path, &good[..length], &ground, &custodians).is_err(),
                    "cut at {length}"
                );
            }
            let longer = [&good[..], b" "].concat();
            assert!(Envelope::open(&path, &longer, &ground, &custodians).is_err());
        }
    });
}

#[test]
fn a_changed_envelope_changes_nothing_and_the_right_one_goes_on() {
    in_house(
        "envelopes::a_changed_envelope_changes_nothing_and_the_right_one_goes_on",
        |house| {
            let machines = Machines::answered(house);
            let good = std::fs::read(machines.certificates()).unwrap();
            let mut changed = good.clone();
            changed[good.len() / 2] ^= 1;
            std::fs::write(machines.certificates(), changed).unwrap();
            let before = transcript(&status::list(&machines.online.office).unwrap()[0].folder);
            machines.online.run(&machines.ask).unwrap_err();
            assert_eq!(
                transcript(&status::list(&machines.online.office).unwrap()[0].folder),
                before
            );
            std::fs::write(machines.certificates(), good).unwrap();
            assert!(matches!(
                machines.online.run(&machines.ask).unwrap(),
                Progress::Complete(_)
            ));
        },
    );
}

#[test]
fn a_replayed_request_is_refused() {
    in_house("envelopes::a_replayed_request_is_refused", |house| {
        let machines = Machines::answered(house);
        let again = house.script("again.toml", "sign-subordinates", ANSWER);
        std::fs::write(
            &again,
            format!("# the second time\n{}", std::fs::read_to_string(&again).unwrap()),
        )
        .unwrap();
        let reason = refusal(machines.offline.run(&again));
        assert!(matches!(reason, Refusal::Replay { .. }), "{reason}");
    });
}

#[test]
fn the_answer_to_another_ceremony_is_refused() {
    in_house("envelopes::the_answer_to_another_ceremony_is_refused", |house| {
        let machines = Machines::answered(house);
        // A second office machine with the same custodians asks too.
        let other = House::machine(&house.folder, "elsewhere", &["sinete-online"]);
        let answer = std::fs::read(machines.certificates()).unwrap();
        std::fs::remove_file(machines.certificates()).unwrap();
        other.run(&machines.ask).unwrap();
        std::fs::write(machines.certificates(), answer).unwrap();
        let reason = refusal(other.run(&machines.ask));
        assert!(matches!(reason, Refusal::OtherCeremony { .. }), "{reason}");
    });
}

#[test]
fn the_wrong_way_round_and_other_ground_are_refused() {
    in_house(
        "envelopes::the_wrong_way_round_and_other_ground_are_refused",
        |house| {
            let machines = Machines::answered(house);
            let (mut ours, custodians) = ground(house);
            let answer = std::fs::read(machines.certificates()).unwrap();
            std::fs::copy(machines.request(), machines.certificates()).unwrap();
            let reason = refusal(machines.online.run(&machines.ask));
            assert!(
                matches!(
                    reason,
                    Refusal::OtherKind {
                        found: "requests",
                        wanted: "certificates"
                    }
                ),
                "{reason}"
            );
            let open =
                |ground: &CommonGround| match Envelope::open(Path::new("e"), &answer, ground, &custodians) {
                    Err(Error::Envelope { reason, .. }) => *reason,
                    other => panic!("{other:?}"),
                };
            ours.rehearsal = true;
            assert_eq!(open(&ours), Refusal::Rehearsal);
            ours.custodians = Hash::of(b"other");
            assert!(matches!(open(&ours), Refusal::OtherCustodians { .. }));
            ours.hierarchy = Hash::of(b"other");
            assert!(matches!(open(&ours), Refusal::OtherHierarchy { .. }));
        },
    );
}

/// Seals a payload as the custodians could, if they all were of one mind to cheat.
fn seal(house: &House, payload: Payload, act: Act, ceremony: &str) -> Vec<u8> {
    let statement = ceremony::approval::Statement {
        ceremony: ceremony.to_owned(),
        script: Hash::of(b"script"),
        step: 3,
        content: canonical::hash(&act).unwrap(),
        previous: Hash::of(b"previous"),
    };
    let approvals =
        ["ana", "bruno"].map(|name| Approval::sign(&statement, name, &key(&house.folder, name)).unwrap());
    Envelope::seal(payload, act, statement, approvals.to_vec())
        .to_bytes()
        .unwrap()
}

/// The envelope with its payload changed, and everything above it made to fit again.
fn forged_request(house: &House, good: &[u8], change: impl FnOnce(&mut Requests)) -> Vec<u8> {
    let (ours, custodians) = ground(house);
    let Payload::Requests(mut requests) = Envelope::open(Path::new("e"), good, &ours, &custodians).unwrap()
    else {
        panic!()
    };
    let envelope: serde_json::Value = serde_json::from_slice(good).unwrap();
    let Act::ExportRequests(mut act) = serde_json::from_value(envelope["act"].clone()).unwrap() else {
        panic!()
    };
    change(&mut requests);
    let ceremony = requests.question.ceremony.clone();
    let payload = Payload::Requests(requests);
    act.payload = canonical::hash(&payload).unwrap();
    seal(house, payload, Act::ExportRequests(act), &ceremony)
}

/// Runs openssl on the stick and gives back a request in PEM.
fn openssl_request(house: &House, arguments: &[&str]) -> String {
    let out = house.folder.join("foreign.csr");
    let key = house.folder.join("foreign.key");
    let mut all = vec![
        "req",
        "-new",
        "-nodes",
        "-keyout",
        key.to_str().unwrap(),
        "-out",
        out.to_str().unwrap(),
    ];
    all.extend(arguments);
    crate::house::agrees("openssl", &all);
    let pem = std::fs::read_to_string(out).unwrap();
    pki::csr::CertificationRequest::from_pem(&pem).map_or(pem, |request| request.to_pem().unwrap())
}

const SUBJECT: &str = "/C=BR/O=Tabelionato de Demonstração/CN=Autoridade TLS de Demonstração G1";

/// Requests in PEM that no approval makes acceptable, and the rule that each breaks.
fn unacceptable(house: &House, good: &[u8]) -> [(String, &'static str); 6] {
    let request = |arguments: &str, subject: &str| {
        let mut all: Vec<&str> = arguments.split(' ').collect();
        all.extend(["-utf8", "-subj", subject]);
        openssl_request(house, &all)
    };
    let p384 = "-newkey ec -pkeyopt ec_paramgen_curve:P-384";
    let no_request = "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n";
    [
        (
            request(p384, "/CN=Outra"),
            "its subject is not the one that the hierarchy gives",
        ),
        (
            request(&format!("{p384} -addext subjectAltName=DNS:a.example"), SUBJECT),
            "it asks for extensions",
        ),
        (request("-newkey rsa:1024", SUBJECT), "1024 bits"),
        (
            request("-newkey rsa:2048 -pkeyopt rsa_keygen_pubexp:3", SUBJECT),
            "weak",
        ),
        (broken_signature(good), "does not verify"),
        (no_request.to_owned(), "CertificationRequest"),
    ]
}

#[test]
fn not_even_approved_requests_pass_if_they_are_weak_unproven_or_for_another_name() {
    in_house(
        "envelopes::not_even_approved_requests_pass_if_they_are_weak_unproven_or_for_another_name",
        |house| {
            let machines = Machines::asked(house);
            let good = std::fs::read(machines.request()).unwrap();
            let refused = |change: &dyn Fn(&mut Requests)| {
                std::fs::write(machines.request(), forged_request(house, &good, change)).unwrap();
                refusal(machines.offline.run(&machines.answer)).to_string()
            };
            for (pem, rule) in unacceptable(house, &good) {
                let reason = refused(&|requests| requests.requests[0].pem.clone_from(&pem));
                assert!(reason.contains(rule), "{rule}: {reason}");
            }
            let renamed = refused(&|requests| requests.requests[0].name = "documents".to_owned());
            assert!(renamed.contains("its subject is not"), "{renamed}");
            // Nothing of all that was taken in; the good one still is.
            std::fs::write(machines.request(), good).unwrap();
            assert!(matches!(
                machines.offline.run(&machines.answer).unwrap(),
                Progress::Complete(_)
            ));
        },
    );
}

/// The request of an envelope with one byte of its signature changed.
fn broken_signature(envelope: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(envelope).unwrap();
    let pem = value["payload"]["requests"][0]["pem"].as_str().unwrap();
    let mut der = pki::pem::decode("CERTIFICATE REQUEST", pem).unwrap();
    *der.last_mut().unwrap() ^= 1;
    pki::pem::encode("CERTIFICATE REQUEST", &der).unwrap()
}

#[test]
fn an_answer_that_repeats_another_nonce_is_refused() {
    in_house(
        "envelopes::an_answer_that_repeats_another_nonce_is_refused",
        |house| {
            let machines = Machines::asked(house);
            let good = std::fs::read(machines.request()).unwrap();
            let stale = forged_request(house, &good, |requests| {
                requests.question.nonce = Hash::of(b"an earlier request");
            });
            std::fs::write(machines.request(), stale).unwrap();
            machines.offline.run(&machines.answer).unwrap();
            assert_eq!(refusal(machines.online.run(&machines.ask)), Refusal::OtherNonce);
        },
    );
}

#[test]
fn too_few_approvals_seal_nothing() {
    in_house("envelopes::too_few_approvals_seal_nothing", |house| {
        let machines = Machines::asked(house);
        let (ours, custodians) = ground(house);
        let good = std::fs::read(machines.request()).unwrap();
        let mut value: serde_json::Value = serde_json::from_slice(&good).unwrap();
        value["approvals"].as_array_mut().unwrap().pop();
        let mut bytes = canonical::to_bytes(&value).unwrap();
        bytes.push(b'\n');
        let refused = Envelope::open(Path::new("e"), &bytes, &ours, &custodians).unwrap_err();
        assert!(matches!(refused, Error::EnvelopeApprovals { .. }), "{refused}");
        let first = value["approvals"][0].clone();
        value["approvals"].as_array_mut().unwrap().push(first);
        let mut bytes = canonical::to_bytes(&value).unwrap();
        bytes.push(b'\n');
        let refused = Envelope::open(Path::new("e"), &bytes, &ours, &custodians)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("counts once"), "{refused}");
    });
}

#[test]
fn a_certificate_that_is_not_what_the_hierarchy_says_is_refused() {
    in_house(
        "envelopes::a_certificate_that_is_not_what_the_hierarchy_says_is_refused",
        |house| {
            let machines = Machines::asked(house);
            // The offline machine's hierarchy lets the authority live longer; the ground is made to look the same.
            let hierarchy = std::fs::read_to_string(&house.office.hierarchy).unwrap();
            let longer = hierarchy.replacen("validity_days = 1826", "validity_days = 3652", 1);
            let mut offline = House::machine(&house.folder, "offline", &["sinete-root"]);
            offline.office.hierarchy = house.folder.join("longer.toml");
            std::fs::write(&offline.office.hierarchy, &longer).unwrap();
            let good = std::fs::read(machines.request()).unwrap();
            let (ours, custodians) = ground(house);
            let theirs = Hash::of(longer.as_bytes());
            std::fs::write(
                machines.request(),
                forged_request(house, &good, |requests| requests.ground.hierarchy = theirs),
            )
            .unwrap();
            offline.run(&machines.answer).unwrap();
            let answer = std::fs::read(machines.certificates()).unwrap();
            let their_ground = CommonGround {
                hierarchy: theirs,
                ..ours.clone()
            };
            let Payload::Certificates(mut certificates) =
                Envelope::open(Path::new("e"), &answer, &their_ground, &custodians).unwrap()
            else {
                panic!()
            };
            let done = transcript(&status::list(&offline.office).unwrap()[1].folder);
            let mut act = done
                .records()
                .iter()
                .find_map(|record| match &record.entry {
                    Entry::Intent {
                        act: Act::ExportCertificates(act),
                        ..
                    } => Some(act.clone()),
                    _ => None,
                })
                .unwrap();
            certificates.ground = ours;
            let ceremony = certificates.ceremony.clone();
            let payload = Payload::Certificates(certificates);
            act.payload = canonical::hash(&payload).unwrap();
            std::fs::write(
                machines.certificates(),
                seal(house, payload, Act::ExportCertificates(act), &ceremony),
            )
            .unwrap();
            let reason = refusal(machines.online.run(&machines.ask)).to_string();
            assert!(
                reason.contains("tls: tls: it is not what the hierarchy says"),
                "{reason}"
            );
        },
    );
}

/// A step that must not be done after a demonstration, and what its refusal says.
const OUT_OF_PLACE: [(&str, &str); 17] = [
    (r#"do = "generate-key"; key = "tls""#, "exists already"),
    (
        r#"do = "generate-key"; key = "tsl""#,
        "no service key named \"tsl\"",
    ),
    (
        r#"do = "self-sign"; authority = "root""#,
        "has a certificate already",
    ),
    (
        r#"do = "self-sign"; authority = "tls""#,
        "has a certificate already",
    ),
    (
        r#"do = "make-request"; key = "root""#,
        "signs its own certificate",
    ),
    (r#"do = "make-request"; key = "data""#, "cannot sign"),
    (
        r#"do = "make-request"; key = "tls:previous""#,
        "no key \"tls:previous\"",
    ),
    (
        r#"do = "renew-same-key"; key = "register""#,
        "has no certificate that could be renewed",
    ),
    (r#"do = "sign-request"; request = "tls""#, "no request for tls"),
    (
        r#"do = "export-request"; requests = ["tls"]; file = "a""#,
        "made no request for tls",
    ),
    (
        r#"do = "export-certificate"; authorities = ["root"]; file = "a""#,
        "imported no requests",
    ),
    (
        r#"do = "issue-service-certificate"; service = "register""#,
        "a key without a certificate",
    ),
    (
        r#"do = "issue-service-certificate"; service = "tsa"; issuer = "tls""#,
        "the hierarchy names timestamps as issuer",
    ),
    (r#"do = "first-crl"; authority = "tls""#, "has a CRL already"),
    (
        r#"do = "cross-certify"; subject = "root"; issuer = "root"; validity_days = 9"#,
        "are the same key",
    ),
    (
        r#"do = "cross-certify"; subject = "tls"; issuer = "root"; validity_days = 9; path_length = 2"#,
        "path_length must be less than 2",
    ),
    (r#"do = "record-keys"; keys = ["nobody"]"#, "no key \"nobody\""),
];

#[test]
fn every_step_refuses_what_does_not_fit_the_moment() {
    in_house(
        "envelopes::every_step_refuses_what_does_not_fit_the_moment",
        |house| {
            house.complete("demonstration.toml");
            let before = status::list(&house.office).unwrap();
            let refused = |steps: &str| {
                let script = house.script("wrong.toml", "renewal", steps);
                let error = house.run(&script).unwrap_err().to_string();
                assert_eq!(
                    status::list(&house.office).unwrap(),
                    before,
                    "nothing began: {steps}"
                );
                error
            };
            for (step, rule) in OUT_OF_PLACE {
                let found = refused(&format!("[[step]]\n{}\n", step.replace("; ", "\n")));
                assert!(found.contains(rule), "{step}: {found}");
            }
        },
    );
}

#[test]
fn a_script_waits_for_the_answer_under_its_name() {
    in_house(
        "envelopes::a_script_waits_for_the_answer_under_its_name",
        |house| {
            let machines = Machines::asked(house);
            let Progress::WaitsForFile { path, .. } = machines.online.run(&machines.ask).unwrap() else {
                panic!()
            };
            assert_eq!(path, machines.certificates());
            assert!(matches!(
                house.run(&shipped("sign-renewals.toml")).unwrap(),
                Progress::WaitsForFile { step: 1, .. }
            ));
        },
    );
}
