//! An office in a temporary folder: two tokens, three custodians, a hierarchy with small keys.
//!
//! SoftHSM2 reads its folder from the environment when the module is loaded, so every test runs itself again in a
//! process of its own: [`in_house`] is the parent there, and the child here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use aws_lc_rs::signature::Ed25519KeyPair;
use ceremony::approval::ApprovalRequest;
use ceremony::custodian::{Custodian, Custodians};
use ceremony::environment::{Clock, Faults, NoFaults, SystemRandom};
use ceremony::office::Office;
use ceremony::session::{self, Completed, Event, Means, Present, Progress, Stage};
use ceremony::tokens::Tokens;
use ceremony::transcript::Transcript;
use hsm::pin::PinSource;
use hsm::token::TokenSettings;
use pki::algorithm::KeyAlgorithm;
use pki::aws_lc::SoftwareKey;
use pki::signing::Signer as _;
use pki::time::Time;

/// The child finds its folder here.
const FOLDER: &str = "SINETE_CEREMONY_TEST";
pub(crate) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(crate) const NAMES: [&str; 3] = ["ana", "bruno", "carla"];
const TOKENS: [&str; 2] = ["sinete-root", "sinete-online"];
const SHIPPED: &str = include_str!("../../../../ca-policies/hierarchy.toml");

/// Runs a test in a process that has the office's tokens. `test` is the test's own full name.
pub(crate) fn in_house(test: &str, body: impl FnOnce(&House)) {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return body(&House::open(Path::new(&folder)));
    }
    let folder = in_memory();
    build(folder.path());
    let output = child(folder.path(), test).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{shown}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(shown.contains("1 passed"), "{test} did not run: {shown}");
}

/// A temporary folder; in memory where there is such a place, because every write of a ceremony is synced.
fn in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// The command that runs one test of this program with the tokens of a folder.
pub(crate) fn child(folder: &Path, test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env("SOFTHSM2_CONF", folder.join("softhsm2.conf"));
    command
}

/// Makes tokens, custodians and files.
pub(crate) fn build(folder: &Path) {
    let tokens = folder.join("tokens");
    std::fs::create_dir_all(&tokens).unwrap();
    let conf = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(folder.join("softhsm2.conf"), conf).unwrap();
    for label in TOKENS {
        let status = Command::new("softhsm2-util")
            .args([
                "--init-token",
                "--free",
                "--label",
                label,
                "--pin",
                "1234",
                "--so-pin",
                "5678",
            ])
            .env("SOFTHSM2_CONF", folder.join("softhsm2.conf"))
            .output()
            .unwrap();
        assert!(status.status.success());
    }
    private(&folder.join("pin"), b"1234\n");
    std::fs::write(folder.join("hierarchy.toml"), small_hierarchy()).unwrap();
    let custodians = NAMES.iter().map(|name| {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
        private(&folder.join(format!("{name}.key")), pkcs8.as_ref());
        Custodian {
            name: (*name).to_owned(),
            full_name: format!("{} de Souza", name.to_uppercase()),
            role: "Tabelião substituto".to_owned(),
            public_key: key(folder, name).public_key().clone(),
        }
    });
    let custodians = Custodians::new(2, Some(1), custodians.collect()).unwrap();
    std::fs::create_dir_all(folder.join("state/ceremonies")).unwrap();
    std::fs::write(
        folder.join("state/ceremonies/custodians.toml"),
        custodians.to_toml().unwrap(),
    )
    .unwrap();
}

/// The shipped hierarchy with keys that are made in milliseconds.
fn small_hierarchy() -> String {
    SHIPPED
        .replace(
            "key = \"rsa-4096\"\nsignature = \"rsa-pkcs1-sha512\"",
            "key = \"ecdsa-p384\"",
        )
        .replace(
            "key = \"rsa-4096\"\nsignature = \"rsa-pkcs1-sha256\"",
            "key = \"ecdsa-p256\"",
        )
}

fn private(path: &Path, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

pub(crate) fn key(folder: &Path, name: &str) -> SoftwareKey {
    let pkcs8 = std::fs::read(folder.join(format!("{name}.key"))).unwrap();
    SoftwareKey::from_pkcs8(KeyAlgorithm::Ed25519, &pkcs8).unwrap()
}

/// The machine's clock; a test may put it back.
pub(crate) struct TestClock {
    pub(crate) offset_seconds: i64,
}

impl Clock for TestClock {
    #[expect(clippy::disallowed_methods, reason = "tests run in real time")]
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Time::from_unix_seconds(i64::try_from(since.as_secs()).unwrap() + self.offset_seconds).unwrap()
    }
}

/// Says yes for the custodians listed.
pub(crate) struct Willing;

impl Stage for Willing {
    fn consents(&self, _custodian: &str, _request: &ApprovalRequest) -> bool {
        true
    }
    fn show(&self, _event: &Event<'_>) {}
}

/// One machine: its tokens, its state folder, who is in the room.
pub(crate) struct House {
    pub(crate) folder: PathBuf,
    pub(crate) office: Office,
    pub(crate) tokens: Tokens,
    pub(crate) present: Vec<(String, SoftwareKey)>,
    pub(crate) faults: Arc<dyn Faults>,
    pub(crate) clock: TestClock,
}

impl House {
    pub(crate) fn open(folder: &Path) -> Self {
        Self::machine(folder, "state", &TOKENS)
    }

    /// A machine that has only these tokens, and a state folder of its own.
    pub(crate) fn machine(folder: &Path, state: &str, tokens: &[&str]) -> Self {
        let custodians = folder.join("state/ceremonies/custodians.toml");
        let settings = tokens.iter().map(|label| TokenSettings {
            label: (*label).to_owned(),
            serial: None,
            module: PathBuf::from(MODULE),
            pin: PinSource::File(folder.join("pin")),
        });
        let office = Office {
            state: folder.join(state),
            custodians,
            exchange: folder.join("stick"),
            ..Office::beside(&folder.join(state), &folder.join("hierarchy.toml"))
        };
        Self {
            folder: folder.to_owned(),
            office,
            tokens: Tokens::new(settings.collect()),
            present: NAMES
                .iter()
                .take(2)
                .map(|name| ((*name).to_owned(), key(folder, name)))
                .collect(),
            faults: Arc::new(NoFaults),
            clock: TestClock { offset_seconds: 0 },
        }
    }

    pub(crate) fn run(&self, script: &Path) -> ceremony::Result<Progress> {
        self.with_means(|means| session::run(&self.office, script, means))
    }

    pub(crate) fn with_means<T>(&self, act: impl FnOnce(&Means<'_>) -> T) -> T {
        let present: Vec<Present<'_>> = self
            .present
            .iter()
            .map(|(name, signer)| Present {
                name: name.clone(),
                signer,
            })
            .collect();
        act(&Means {
            tokens: &self.tokens,
            clock: &self.clock,
            random: &SystemRandom,
            faults: Arc::clone(&self.faults),
            present: &present,
            stage: &Willing,
        })
    }

    /// Runs a shipped script to its end.
    pub(crate) fn complete(&self, script: &str) -> Completed {
        match self.run(&shipped(script)).unwrap() {
            Progress::Complete(completed) => completed,
            waiting => panic!("{script}: {waiting:?}"),
        }
    }

    /// A script of this test's own.
    pub(crate) fn script(&self, name: &str, kind: &str, steps: &str) -> PathBuf {
        let path = self.folder.join(name);
        let head = format!("format = 1\nkind = \"{kind}\"\ntitle = {{ pt = \"Teste\", en = \"Test\" }}\n");
        std::fs::write(&path, head + steps).unwrap();
        path
    }

    pub(crate) fn state(&self, file: &str) -> PathBuf {
        self.office.state.join(file)
    }
}

/// How many objects a token holds.
pub(crate) fn objects(label: &str) -> usize {
    let listed = Command::new("pkcs11-tool")
        .args([
            "--module",
            MODULE,
            "--token-label",
            label,
            "--login",
            "--pin",
            "1234",
            "--list-objects",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    text.lines().filter(|line| line.contains("Object;")).count()
}

pub(crate) fn shipped(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../ca-policies/ceremonies")
        .join(script)
}

pub(crate) fn transcript(folder: &Path) -> Transcript {
    Transcript::read(folder).unwrap().unwrap()
}

/// Runs a foreign program that must agree.
pub(crate) fn agrees(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    text
}
