//! A ceremony that is killed at every write point, twice each: before anything is written, and after it was
//! written but before anybody was told. In the end it must be as if nothing had happened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ceremony::diff::diff;
use ceremony::environment::{Faults, Moment};
use ceremony::status::{self, Stage};
use ceremony::transcript::act::Act;
use ceremony::transcript::{Note, Transcript};
use pki::certificate::Certificate;
use pki::signing::SignedStructure as _;

use crate::house::{House, build, child, in_house, objects, shipped};

/// Everything that can be done, once each, on two machines.
const ONLINE: &str = r#"
[[step]]
do = "generate-key"
key = "tls"
[[step]]
do = "generate-key"
key = "ocsp-tls"
[[step]]
do = "generate-key"
key = "data"
[[step]]
do = "make-request"
key = "tls"
[[step]]
do = "export-request"
requests = ["tls"]
file = "requests.envelope"
[[step]]
do = "import-certificate"
file = "certificates.envelope"
[[step]]
do = "issue-service-certificate"
service = "ocsp-tls"
[[step]]
do = "first-crl"
authority = "tls"
[[step]]
do = "record-keys"
keys = ["tls", "ocsp-tls", "data"]
"#;
const OFFLINE: &str = r#"
[[step]]
do = "import-request"
file = "requests.envelope"
[[step]]
do = "sign-request"
request = "tls"
[[step]]
do = "export-certificate"
authorities = ["root"]
file = "certificates.envelope"
[[step]]
do = "record-keys"
keys = []
"#;

/// Ends the process at every point that it has not ended at before.
struct OncePerPoint {
    folder: PathBuf,
}

impl OncePerPoint {
    fn transcripts(&self) -> Vec<PathBuf> {
        let machines = ["offline", "online"].map(|machine| self.folder.join(machine).join("ceremonies"));
        let folders = machines
            .iter()
            .filter_map(|folder| std::fs::read_dir(folder).ok())
            .flatten();
        folders
            .map(|entry| entry.unwrap().path().join("transcript.jsonl"))
            .filter(|path| path.exists())
            .collect()
    }

    /// How far everything came; notes do not count, because an interruption adds them.
    fn progress(&self) -> usize {
        let lines = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines()
                .filter(|line| !line.contains("\"type\":\"note\""))
                .count()
        };
        self.transcripts().iter().map(lines).sum()
    }
}

impl Faults for OncePerPoint {
    fn reached(&self, point: &str, moment: Moment) -> ceremony::Result<()> {
        // A ceremony that was not opened gets another name in its next life.
        let point = if point.starts_with("create 2") {
            "create ceremony"
        } else {
            point
        };
        let key = format!("{point} {moment:?} {}\n", self.progress());
        let path = self.folder.join("crashed");
        let crashed = std::fs::read_to_string(&path).unwrap_or_default();
        if crashed.contains(&key) {
            return Ok(());
        }
        std::fs::write(&path, crashed + &key).unwrap();
        if point == "append transcript.jsonl" && moment == Moment::Before {
            self.tear();
        }
        std::process::abort();
    }
}

impl OncePerPoint {
    /// Leaves a part of a line, as a crash in the middle of a write does.
    fn tear(&self) {
        use std::io::Write as _;
        for path in self.transcripts() {
            let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
            file.write_all("{\"entry\":{\"n\u{e3}o".as_bytes()).unwrap();
        }
    }
}

/// What a machine's people do: run the scripts, one after the other, until all are complete.
fn live(folder: &Path, faults: Option<&Arc<dyn Faults>>) {
    let machine = |name: &str, token: &str| {
        let mut machine = House::machine(folder, name, &[token]);
        if let Some(faults) = faults {
            machine.faults = Arc::clone(faults);
        }
        machine
    };
    let (offline, online) = (
        machine("offline", "sinete-root"),
        machine("online", "sinete-online"),
    );
    let asks = online.script("online.toml", "subordinates", ONLINE);
    let answers = offline.script("offline.toml", "sign-subordinates", OFFLINE);
    for (machine, script) in [
        (&offline, &shipped("root.toml")),
        (&online, &asks),
        (&offline, &answers),
        (&online, &asks),
    ] {
        let name = script.file_name().unwrap().to_string_lossy();
        let statuses = status::list(&machine.office).unwrap();
        if !statuses
            .iter()
            .any(|status| status.script == name && status.stage == Stage::Complete)
        {
            machine.run(script).unwrap();
        }
    }
}

/// One life of the machines, in a process of its own.
#[test]
fn one_life() {
    if let Some(folder) = std::env::var_os("SINETE_CRASH_TEST") {
        let folder = PathBuf::from(folder);
        let faults: Arc<dyn Faults> = Arc::new(OncePerPoint {
            folder: folder.clone(),
        });
        live(&folder, Some(&faults));
    }
}

#[test]
fn killed_at_every_write_point_it_ends_as_if_nothing_had_happened() {
    in_house(
        "crash::killed_at_every_write_point_it_ends_as_if_nothing_had_happened",
        |house| {
            let crashed = house.folder.join("crashing");
            build(&crashed);
            let mut lives = 1;
            while ended_by_a_crash(&crashed) {
                lives += 1;
                assert!(lives < 2000, "it never ends");
            }
            let points = std::fs::read_to_string(crashed.join("crashed")).unwrap();
            assert_eq!(
                lives,
                points.lines().count() + 1,
                "each life but the last ended at a point of its own"
            );
            for point in [
                "generate tls",
                "generate data",
                "sign certificate root",
                "sign crl tls",
                "sign request tls",
                "write requests.envelope",
                "write inventory",
                "write SHA256SUMS",
                "create ",
            ] {
                for moment in ["Before", "After"] {
                    assert!(
                        points
                            .lines()
                            .any(|line| line.starts_with(point) && line.contains(moment)),
                        "{point} {moment}"
                    );
                }
            }
            live(&house.folder, None);
            let adopted = compare_with_an_uninterrupted_one(house, &crashed);
            assert!(adopted >= 10, "{adopted}");
            let online = House::machine(&crashed, "online", &["sinete-online"]);
            for entry in hsm::inventory::Inventory::read(&online.state("keys.toml"))
                .unwrap()
                .keys
            {
                assert_eq!(entry.token, "sinete-online");
            }
        },
    );
}

/// Whether one more life ended at a write point; ending in any other way than that or well is a failure.
fn ended_by_a_crash(folder: &Path) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    let output = child(folder, "crash::one_life")
        .env("SINETE_CRASH_TEST", folder)
        .output()
        .unwrap();
    let aborted = output.status.signal() == Some(6);
    assert!(
        aborted || output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    aborted
}

/// The tokens of the crashed office are seen through its own configuration only.
#[test]
fn the_token_of_the_crashed_office_holds_each_key_once() {
    if let Some(folder) = std::env::var_os("SINETE_CRASH_TEST") {
        let _ = folder;
        assert_eq!((objects("sinete-root"), objects("sinete-online")), (2, 5));
    }
}

/// Answers how many keys and files interrupted runs took over.
fn compare_with_an_uninterrupted_one(house: &House, crashed: &Path) -> usize {
    let keys = child(
        crashed,
        "crash::the_token_of_the_crashed_office_holds_each_key_once",
    )
    .env("SINETE_CRASH_TEST", crashed)
    .output()
    .unwrap();
    assert!(keys.status.success(), "{}", String::from_utf8_lossy(&keys.stdout));
    let mut adopted = 0;
    for machine in ["offline", "online"] {
        let statuses = |folder: &Path| status::list(&House::machine(folder, machine, &[]).office).unwrap();
        let (smooth, rough) = (statuses(&house.folder), statuses(crashed));
        assert_eq!(smooth.len(), rough.len(), "no ceremony was begun twice");
        for (one, other) in smooth.iter().zip(&rough) {
            status::verify(&other.folder).unwrap();
            let transcripts = [one, other].map(|status| Transcript::read(&status.folder).unwrap().unwrap());
            let [first, second] = &transcripts;
            for difference in diff(first, second).unwrap() {
                let only_a_note = difference.first == "(nothing)" && difference.second.ends_with("note");
                assert!(only_a_note, "{difference}");
            }
            certificates_are_those_announced(&other.folder, second);
            adopted += second
                .records()
                .iter()
                .filter(|record| is_adoption(record))
                .count();
        }
    }
    adopted
}

fn is_adoption(record: &ceremony::transcript::Record) -> bool {
    use ceremony::transcript::Entry;
    matches!(
        record.entry,
        Entry::Note {
            note: Note::KeyAdopted | Note::FileAdopted,
            ..
        }
    )
}

/// A serial number that was announced is never used for anything else.
fn certificates_are_those_announced(folder: &Path, transcript: &Transcript) {
    for (act, _) in transcript.acts_done() {
        if let Act::SignCertificate(act) = act {
            let der = std::fs::read(folder.join(format!("certificates/{}.cer", act.name))).unwrap();
            let certificate = Certificate::parse(&der).unwrap();
            assert_eq!(certificate.tbs_der(), act.tbs.0);
            assert_eq!(certificate.content().serial, act.serial);
        }
    }
}
