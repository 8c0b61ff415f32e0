//! Mistakes people make in `sinete.toml`, and what they are told.

use super::*;

const GOOD: &str = r#"
[office]
name = "Tabelionato Exemplo"

[[token]]
label = "sinete-online"
module = "/usr/lib/softhsm/libsofthsm2.so"
pin_file = "pins/online"
"#;

fn parse(text: &str) -> Result<Configuration, ConfigError> {
    Configuration::parse(text, Path::new("/etc/sinete/sinete.toml"))
}

/// What is printed for a wrong file.
fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn a_short_file_is_completed_by_defaults() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.listen.public.to_string(), "127.0.0.1:8080");
    assert_eq!(config.listen.private.to_string(), "127.0.0.1:8443");
    assert_eq!(
        config.listen.names,
        [listen::ListenName::Dns("localhost".to_owned())]
    );
    assert_eq!(config.socket(), Path::new("/etc/sinete/state/run/signer.sock"));
    assert_eq!((config.signer.sessions, config.signer.queue), (8, 1024));
    assert_eq!(config.signer.deadline.as_millis(), 5000);
    assert!(config.signer.supervised);
    assert_eq!(config.log, LogConfig::default());
    let hsm::pin::PinSource::File(pin) = &config.tokens[0].settings.pin else {
        panic!("{:?}", config.tokens[0].settings.pin);
    };
    assert_eq!(pin, Path::new("/etc/sinete/pins/online"));
    assert_eq!(config.office.policies, Path::new("/etc/sinete/ca-policies"));
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_key() {
    let text = format!("{GOOD}\n[listen]\nprivat = \"127.0.0.1:1\"\n");
    assert_eq!(
        refusal(&text),
        "/etc/sinete/sinete.toml:11:1: [listen] privat: unknown key; did you mean `private`? \
         Known here: public, private, names"
    );
    let far = refusal(&format!("{GOOD}[database]\nurl = \"x\"\n"));
    assert!(
        far.starts_with("/etc/sinete/sinete.toml:9:2: database: unknown key Known here: office"),
        "{far}"
    );
    let inside_token = refusal(&GOOD.replace("pin_file", "pinfile"));
    assert!(
        inside_token.contains(":8:1: [[token]] pinfile: unknown key; did you mean `pin_file`?"),
        "{inside_token}"
    );
}

#[test]
fn every_mistake_is_told_at_once_in_the_order_of_the_lines() {
    let text = r#"
[office]
nome = "x"
[[token]]
label = 7
module = "m.so"
pin = "prompt"
[signer]
sessions = 0
queue = -1
deadline_ms = "5s"
[log]
format = "xml"
"#;
    let ConfigError::Faults { faults, .. } = parse(text).unwrap_err() else {
        panic!("another error");
    };
    let told: Vec<(usize, String)> = faults
        .iter()
        .map(|fault| (fault.line, fault.to_string()))
        .collect();
    let expected = [
        (
            2,
            "[office] name: missing; give the name that the pages show, such as \"Tabelionato Exemplo\"",
        ),
        (
            3,
            "[office] nome: unknown key; did you mean `name`? Known here: name, state, policies",
        ),
        (5, "[[token]] label: integer where a text in quotes is demanded"),
        (
            9,
            "[signer] sessions: \"0\" is not accepted; give a whole number from 1 to 256",
        ),
        (
            10,
            "[signer] queue: \"-1\" is not accepted; give a whole number from 1 to 65536",
        ),
        (
            11,
            "[signer] deadline_ms: string where a whole number is demanded",
        ),
        (
            13,
            "[log] format: \"xml\" is not accepted; give one of text, json",
        ),
    ];
    let expected: Vec<(usize, String)> = expected
        .iter()
        .map(|(line, text)| (*line, (*text).to_owned()))
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn a_pin_in_the_file_is_refused_and_not_repeated() {
    let told = refusal(&GOOD.replace("pin_file = \"pins/online\"", "pin = \"987654\""));
    assert!(told.contains("a PIN never stands in this file"), "{told}");
    assert!(!told.contains("987654"), "{told}");
}

#[test]
fn exactly_one_source_of_the_pin_is_demanded() {
    let two = refusal(&GOOD.replace("pin_file", "pin = \"prompt\"\npin_file"));
    assert!(
        two.contains("exactly one of pin_file, pin_credential and pin"),
        "{two}"
    );
    let none = refusal(&GOOD.replace("pin_file = \"pins/online\"", ""));
    assert!(none.contains("[[token]] pin_file: missing"), "{none}");
    let odd = refusal(&GOOD.replace("pin_file = \"pins/online\"", "pin_credential = \"../x\""));
    assert!(odd.contains("the name of a systemd credential"), "{odd}");
}

#[test]
fn two_tokens_may_not_share_a_label() {
    let twice = GOOD.replacen(
        "[[token]]",
        "[[token]]\nlabel = \"sinete-online\"\nmodule = \"m\"\npin = \"prompt\"\n[[token]]",
        1,
    );
    let told = refusal(&twice);
    assert!(told.contains("another [[token]] has this label"), "{told}");
    let long = refusal(&GOOD.replace("sinete-online", &"x".repeat(33)));
    assert!(long.contains("1 to 32 octets"), "{long}");
}

#[test]
fn addresses_and_names_are_checked() {
    for (line, told) in [
        ("public = \"localhost\"", "an address and a port"),
        ("public = \"127.0.0.1:8443\"", "must not be the same address"),
        ("names = []", "at least one name"),
        ("names = [\"*.example.com\"]", "a DNS name"),
        ("names = [\"-x\"]", "a DNS name"),
        ("names = \"x\"", "a list of texts"),
        ("names = [1]", "a text in quotes"),
    ] {
        let refusal = refusal(&format!("{GOOD}[listen]\n{line}\n"));
        assert!(refusal.contains(told), "{line}: {refusal}");
    }
    let good = parse(&format!(
        "{GOOD}[listen]\npublic = \"[::1]:0\"\nprivate = \"[::1]:0\"\nnames = [\"CA.Example.com\", \"::1\"]\n"
    ))
    .unwrap();
    assert_eq!(good.listen.names[0].to_string(), "ca.example.com");
    assert_eq!(
        good.listen.names[1],
        listen::ListenName::Ip("::1".parse().unwrap())
    );
}

#[test]
fn broken_toml_is_named_with_its_line() {
    let told = refusal("[office]\nname = \"x\nstate = 1\n");
    assert!(told.starts_with("/etc/sinete/sinete.toml:2:"), "{told}");
    assert!(told.contains("not valid TOML"), "{told}");
    let twice = refusal("[office]\nname = \"x\"\nname = \"y\"\n");
    assert!(twice.starts_with("/etc/sinete/sinete.toml:3:"), "{twice}");
}

#[test]
fn hostile_files_are_refused_without_panic() {
    let deep = format!("x = {}{}", "[".repeat(5000), "]".repeat(5000));
    let many = "a = 1\n".repeat(2000);
    let arrays = "[[token]]\n".repeat(3000);
    for text in [
        "",
        "\u{0}",
        "token = 3",
        "office = []",
        "[[office]]",
        "[token]",
        "\u{feff}[office]",
        &deep,
        &many,
        &arrays,
    ] {
        assert!(
            parse(text).is_err(),
            "{}",
            text.chars().take(20).collect::<String>()
        );
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let told = Configuration::load(&folder.path().join("sinete.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("sinete.toml: the configuration cannot be read"),
        "{told}"
    );
    let binary = folder.path().join("binary");
    std::fs::write(&binary, [0xff, 0xfe]).unwrap();
    assert!(Configuration::load(&binary).is_err());
}

#[test]
fn the_example_in_the_repository_is_accepted() {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../ops/sinete.toml.example"
    ));
    let config = Configuration::load(path).unwrap();
    assert_eq!(config.office.state.path(), path.parent().unwrap().join("state"));
}
