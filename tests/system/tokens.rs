//! Are the tokens that the tests stand on what we think they are?

use std::process::Command;

use system_tests::harness::command::run;
use system_tests::harness::scratch::Scratch;
use system_tests::harness::token::{Kind, PIN, Tokens};

const LABELS: [&str; 2] = ["sinete-root", "sinete-online"];

#[test]
fn softhsm_and_kryoptic_give_each_test_tokens_of_its_own() {
    for kind in [Kind::SoftHsm, Kind::Kryoptic] {
        let (one, other) = (Scratch::new("tokens-one"), Scratch::new("tokens-other"));
        let (one, other) = (
            Tokens::make(kind, &one, &LABELS),
            Tokens::make(kind, &other, &LABELS),
        );
        make_key(&one, "sinete-online");
        assert!(
            objects(&one, "sinete-online").contains("Private Key Object"),
            "{kind:?}"
        );
        assert!(
            !objects(&one, "sinete-root").contains("Private Key Object"),
            "{kind:?}"
        );
        assert!(
            !objects(&other, "sinete-online").contains("Private Key Object"),
            "{kind:?}"
        );
    }
}

#[test]
fn a_wrong_pin_shows_in_the_flags_of_softhsm() {
    // Without this, "the wrong PIN was tried only once" could not be told from "was never counted".
    let scratch = Scratch::new("tokens-flags");
    let tokens = Tokens::make(Kind::SoftHsm, &scratch, &["sinete-online"]);
    assert!(!tokens.flags("sinete-online").contains("user PIN count low"));
    let mut wrong: Command = tokens.pkcs11_tool();
    wrong.args([
        "--token-label",
        "sinete-online",
        "--login",
        "--pin",
        "wrong-pin",
        "--list-objects",
    ]);
    run(&mut wrong).refused();
    assert!(
        tokens.flags("sinete-online").contains("user PIN count low"),
        "{}",
        tokens.flags("sinete-online")
    );
}

fn make_key(tokens: &Tokens, label: &str) {
    let mut command = tokens.pkcs11_tool();
    command.args([
        "--token-label",
        label,
        "--login",
        "--pin",
        PIN,
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
    ]);
    run(command.args(["--id", "01"])).succeeded();
}

fn objects(tokens: &Tokens, label: &str) -> String {
    let mut command = tokens.pkcs11_tool();
    run(command.args(["--token-label", label, "--login", "--pin", PIN, "--list-objects"]))
        .succeeded()
        .stdout
}
