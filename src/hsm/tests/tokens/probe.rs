//! What the probe finds out about SoftHSM, and that it leaves nothing behind.

use std::time::Duration;

use hsm::probe::{Ability, ProbeOptions, Use, probe};
use hsm::token_test;

use crate::given::open;

token_test! {
    fn the_probe_tries_everything_says_what_works_and_leaves_nothing_behind(tokens) {
        let settings = tokens.add("t").unwrap();
        let before = files(&tokens.tokens());
        let options = ProbeOptions {
            sessions: vec![1, 2],
            time: Duration::from_millis(60),
            ..ProbeOptions::default()
        };
        let mut tried = Vec::new();
        let report = probe(&settings, &options, |what| tried.push(what.to_owned())).unwrap();
        assert_eq!(tried.len(), 11);
        for algorithm in &report.algorithms {
            let is_ml_dsa = algorithm.algorithm.starts_with("ml-dsa");
            assert_eq!(algorithm.works(), !is_ml_dsa, "{algorithm:?}");
            assert_eq!(algorithm.speed.len(), if is_ml_dsa { 0 } else { 2 }, "{algorithm:?}");
            assert!(algorithm.speed.iter().all(|speed| speed.per_second > 0.0 && speed.failed == 0), "{algorithm:?}");
        }
        let rsa = report.algorithms.iter().find(|report| report.algorithm == "rsa-2048").unwrap();
        assert_eq!(rsa.signatures.len(), 6);
        assert!(rsa.signatures.iter().all(|signature| signature.signs.is_yes()), "{rsa:?}");
        assert_eq!(report.data_key, Ability::Yes);
        assert!(report.verdict.suitable, "{:?}", report.verdict);
        assert_eq!(files(&tokens.tokens()), before, "a session key was written to the token");

        let text = report.to_string();
        for said in ["SoftHSM", "ecdsa-p256", "CKM_ECDSA", "no: token \"t\" cannot generate ml-dsa-65", "suitable"] {
            assert!(text.contains(said), "{said}:\n{text}");
        }
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(json["token"]["label"], "t");
        assert_eq!(json["algorithms"][0]["generates"]["works"], "yes");
        assert_eq!(json["verdict"]["suitable"], true);
        let root = report.uses.iter().find(|report| report.r#use == Use::Root).unwrap();
        assert_eq!(root.possible[0], "rsa-4096");
    }

    fn a_probe_without_measuring_is_short(tokens) {
        let settings = tokens.add("t").unwrap();
        let options = ProbeOptions { sessions: Vec::new(), ..ProbeOptions::default() };
        let report = probe(&settings, &options, |_| ()).unwrap();
        assert!(report.algorithms.iter().all(|report| report.speed.is_empty()));
        assert!(!report.to_string().contains("per second"));
        // And the token is as before.
        assert_eq!(open(&settings).info().label, "t");
    }
}

/// Every file below the folder with its length.
fn files(folder: &std::path::Path) -> Vec<(std::path::PathBuf, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "object") {
                found.push((path, entry.metadata().map_or(0, |data| data.len())));
            }
        }
    }
    found.sort();
    found
}
