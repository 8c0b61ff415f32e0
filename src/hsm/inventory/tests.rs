//! What the inventory accepts, refuses, and survives.

use std::path::Path;

use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use super::*;

const GOOD: &str = r#"# comment
[[key]]
name = "tls-intermediate"
token = "sinete-online"
id = "00112233445566778899aabbccddeeff"
algorithm = "ecdsa-p256"
signature = "ecdsa-sha256"
public_key_sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
purposes = ["certificate", "crl"]
certificate = "certificates/tls-intermediate.cer"
budget = { signatures = 1000, per = "hour" }

[[key]]
name = "data"
token = "sinete-online"
id = "10112233445566778899aabbccddeeff"
algorithm = "aes-256"
purposes = ["data"]
"#;

fn refusal(text: &str) -> (usize, String) {
    match Inventory::parse(text, Path::new("keys.toml")) {
        Err(Error::Inventory { line, reason, .. }) => (line, reason),
        other => panic!("not refused as a line of the file: {other:?}"),
    }
}

#[test]
fn a_good_file_reads_whole_and_is_written_so_that_it_reads_the_same() {
    let inventory = Inventory::parse(GOOD, Path::new("keys.toml")).unwrap();
    let key = inventory.key("tls-intermediate").unwrap();
    assert_eq!(key.algorithm(), Some(KeyAlgorithm::EcdsaP256));
    assert_eq!(key.signature(), Some(SignatureAlgorithm::EcdsaSha256));
    assert_eq!(
        key.budget,
        Some(Budget {
            signatures: 1000,
            per: Period::Hour
        })
    );
    assert_eq!(inventory.on_token("sinete-online").count(), 2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    inventory.write(&path).unwrap();
    inventory.write(&path).unwrap();
    assert_eq!(Inventory::read(&path).unwrap(), inventory);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "no temporary file stays: {left:?}");
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_one_meant() {
    let (line, reason) = refusal(&GOOD.replace("purposes = [\"certificate", "purpose = [\"certificate"));
    assert_eq!(line, 9);
    assert!(
        reason.contains("`purpose`") && reason.contains("`purposes`"),
        "{reason}"
    );
    let (line, reason) = refusal("[signer]\n");
    assert_eq!(line, 1);
    assert!(reason.contains("known are key"), "{reason}");
    let (line, reason) = refusal(&GOOD.replace("per = \"hour\"", "per = \"hour\", pre = 1"));
    assert_eq!(line, 11);
    assert!(reason.contains("`per`"), "{reason}");
}

#[test]
fn every_broken_rule_is_refused_at_its_line() {
    for (from, to, line, word) in [
        ("name = \"tls-intermediate\"", "name = \"../x\"", 3, "name"),
        ("name = \"tls-intermediate\"", "", 2, "`name` is missing"),
        ("name = \"data\"", "name = \"tls-intermediate\"", 13, "already"),
        ("id = \"10", "id = \"00", 13, "already"),
        ("id = \"00", "id = \"0", 5, "32"),
        ("token = \"sinete-online\"", "token = \"\"", 4, "label"),
        ("ecdsa-p256", "ecdsa-p224", 6, "aes-256"),
        ("ecdsa-sha256", "ecdsa-sha384", 7, "cannot make"),
        ("signature = \"ecdsa-sha256\"", "signature = 7", 7, "text"),
        ("public_key_sha256 = \"00", "public_key_sha256 = \"0", 8, "64"),
        ("[\"certificate\", \"crl\"]", "[]", 9, "empty"),
        ("[\"certificate\", \"crl\"]", "[\"crl\", \"crl\"]", 9, "twice"),
        ("[\"certificate\", \"crl\"]", "[\"ssl\"]", 9, "one of"),
        ("[\"certificate\", \"crl\"]", "\"crl\"", 9, "list"),
        ("[\"certificate\", \"crl\"]", "[\"crl\", \"data\"]", 9, "aes-256"),
        ("[\"data\"]", "[\"document\"]", 18, "data"),
        (
            "purposes = [\"data\"]",
            "purposes = [\"data\"]\nsignature = \"ed25519\"",
            19,
            "no public half",
        ),
        ("certificates/", "../", 10, "below"),
        ("certificates/", "/", 10, "below"),
        ("signatures = 1000", "signatures = 0", 11, "above 0"),
        ("signatures = 1000", "signatures = -1", 11, "above 0"),
        ("per = \"hour\"", "per = \"week\"", 11, "second"),
        ("budget = {", "budget = 7 #", 11, "written as"),
        ("[[key]]\nname = \"tls", "[key]\nname = \"tls", 0, ""),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let (found, reason) = refusal(&GOOD.replacen(from, to, 1));
        assert!(line == 0 || found == line, "{to}: line {found}, {reason}");
        assert!(reason.contains(word), "{to}: {reason}");
    }
}

#[test]
fn text_that_is_no_toml_is_refused_with_its_line() {
    for text in ["\n\n[[key", "\n\nname = \"\u{0}\"", "a = 1\n\na = 2"] {
        assert_eq!(refusal(text).0, 3, "{text:?}");
    }
    assert!(
        Inventory::parse("", Path::new("keys.toml"))
            .unwrap()
            .keys
            .is_empty()
    );
}

#[test]
fn an_inventory_that_would_not_be_read_again_is_not_written() {
    let mut inventory = Inventory::parse(GOOD, Path::new("keys.toml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    inventory.write(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let copy = inventory.keys[0].clone();
    inventory.keys.push(copy);
    assert!(inventory.write(&path).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn what_cannot_be_written_leaves_the_old_file_whole() {
    let inventory = Inventory::parse(GOOD, Path::new("keys.toml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    std::fs::write(&path, GOOD).unwrap();
    // Not written: a folder stands where the new file would be made.
    std::fs::create_dir(folder.path().join("keys.toml.new")).unwrap();
    assert!(matches!(inventory.write(&path), Err(Error::File { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), GOOD);
    // Left over from a crash between writing and renaming: replaced by the next write.
    std::fs::remove_dir(folder.path().join("keys.toml.new")).unwrap();
    std::fs::write(folder.path().join("keys.toml.new"), "half a fi").unwrap();
    inventory.write(&path).unwrap();
    assert_eq!(Inventory::read(&path).unwrap(), inventory);
}

mod generated {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
            let _ = Inventory::parse(&text, Path::new("keys.toml"));
        }

        #[test]
        fn no_damage_to_a_good_file_makes_the_reader_panic(
            at in 0..GOOD.len(),
            length in 0_usize..40,
            patch in "[\\[\\]{}=\"',.#\n a-z0-9-]{0,8}",
        ) {
            let mut text = GOOD.to_owned();
            text.replace_range(at..(at + length).min(GOOD.len()), &patch);
            // What is read all the same is what would be written.
            if let Ok(read) = Inventory::parse(&text, Path::new("keys.toml")) {
                let written = write::render(&read);
                prop_assert_eq!(Inventory::parse(&written, Path::new("keys.toml")), Ok(read));
            }
        }
    }
}
