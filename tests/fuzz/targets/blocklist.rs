//! The operator's file of hashes of compromised keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::weakness::Blocklist;

fuzz_target!(|text: &str| {
    let read = Blocklist::with_hashes(text);
    assert_eq!(
        read,
        Blocklist::with_hashes(text),
        "the same text, the same answer"
    );
    if let Ok(list) = read {
        let lines = text
            .lines()
            .filter(|line| line.trim_start().starts_with(|first: char| first != '#'));
        assert!(list.added() <= lines.count());
        let twice = Blocklist::with_hashes(&format!("{text}\n{text}"));
        assert_eq!(twice, Ok(list), "twice is once");
    }
});
