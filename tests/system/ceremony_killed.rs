//! Kill -9 at any moment of a ceremony: the same command again goes on, and what comes out is as if nothing happened.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use system_tests::harness::command::run;
use system_tests::harness::office::Office;
use system_tests::harness::process::Running;
use system_tests::harness::token::{Kind, PIN};

use crate::hierarchy::{ROOT, judge, small_office, transcripts_are_intact};

/// Longer than any run of the small ceremony takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// Of the runs that are killed. Enough to cut every step of the small ceremony more than once.
const MOST_RUNS: usize = 300;

#[test]
fn a_ceremony_that_is_killed_again_and_again_ends_as_if_nothing_had_happened_on_softhsm() {
    killed_again_and_again(Kind::SoftHsm, 6);
}

#[test]
fn a_ceremony_that_is_killed_again_and_again_ends_as_if_nothing_had_happened_on_kryoptic() {
    killed_again_and_again(Kind::Kryoptic, 4);
}

fn killed_again_and_again(kind: Kind, ceremonies: u64) {
    let offices = (0..ceremonies)
        .map(|_| small_office(kind, ("ecdsa-p256", None)))
        .collect::<Vec<_>>();
    let cuts: usize = (1..)
        .zip(&offices)
        .map(|(seed, office)| cut_until_it_ends(office, Moments(seed)))
        .sum();
    assert!(
        cuts >= 40,
        "only {cuts} runs were killed: this test has cut too little"
    );
    for office in &offices {
        transcripts_are_intact(office);
        no_key_is_lost_or_left_over(office);
    }
    judge(&offices, &[ROOT]);
}

/// Runs the ceremony and kills it, until a run reaches the end; says how often it was killed.
fn cut_until_it_ends(office: &Office, mut moments: Moments) -> usize {
    let script = office.folder().join("small.toml");
    let backup = office.tokens().back_up();
    for killed in 0..MOST_RUNS {
        let mut ceremony = Running::start(&mut office.ceremony(&script));
        let deadline = Instant::now() + PATIENCE;
        // After the first line a new step begins; it prints four. Then up to some milliseconds more, because the
        // interesting moments lie between the lines.
        let lines = moments.below(4) + 1;
        let heard = (0..lines).map_while(|_| ceremony.next_line(deadline)).count();
        let silent = u64::try_from(heard).expect("a few") < lines;
        if silent || ceremony.ends_within(moments.up_to_ms(8)) {
            let (status, story) = ceremony.end(PATIENCE);
            assert!(status.success() || is_over(office), "{story}");
            return killed;
        }
        ceremony.kill();
        backup.mend();
    }
    panic!("{MOST_RUNS} runs did not end the ceremony");
}

/// Whether the ceremony is complete: then the run before was killed after the last record, before it could say so, and
/// this one was refused because everything is there.
fn is_over(office: &Office) -> bool {
    let status = run(&mut office.sinete(&["ceremony", "status", "--json"])).succeeded();
    let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("--json answers with JSON");
    status[0]["stage"] == "complete"
}

/// Each token holds exactly the keys of the inventories.
fn no_key_is_lost_or_left_over(office: &Office) {
    for (inventory, label) in [
        ("keys-offline.toml", "sinete-root"),
        ("keys.toml", "sinete-online"),
    ] {
        let text = fs::read_to_string(office.state().join(inventory)).expect("the ceremony published it");
        let listed: toml::Table = text.parse().expect("inventories are TOML");
        let listed = listed["key"].as_array().expect("it lists keys");
        let listed: BTreeSet<&str> = listed
            .iter()
            .map(|key| key["id"].as_str().expect("every key has an id"))
            .collect();
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
        let objects = run(&mut objects).succeeded().stdout;
        let ids = objects.lines().filter_map(|line| line.trim().strip_prefix("ID:"));
        let found: BTreeSet<&str> = ids.map(str::trim).collect();
        assert_eq!(found, listed, "left: in the token {label}; right: in {inventory}");
    }
}

/// The moments of the cuts: the same in every run of the test, spread over the whole range.
struct Moments(u64);

impl Moments {
    fn below(&mut self, bound: u64) -> u64 {
        // Knuth's MMIX generator; only its high bits are well spread.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn up_to_ms(&mut self, most: u64) -> Duration {
        Duration::from_micros(self.below(most * 1000))
    }
}
