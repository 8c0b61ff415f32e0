//! Throw-away tokens: SoftHSM2 and Kryoptic, each with storage of its own in a test's folder.
//!
//! They are made with pkcs11-tool, not with our code, so that a token that only we can make would be noticed.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::run;
use super::tools::Tool;

/// Which software plays the hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Debian's SoftHSM2 2.6: everything except ML-DSA.
    SoftHsm,
    /// Kryoptic: everything that Sinete knows.
    Kryoptic,
}

/// PIN of the user of every throw-away token: long enough to be found by a search through memory or arguments.
pub const PIN: &str = "pin-of-the-user-4711";

/// PIN of the security officer, who makes the token and unlocks it.
pub const SO_PIN: &str = "pin-of-the-officer-0815";

/// Some tokens of one kind, and the module that reaches them.
#[derive(Debug)]
pub struct Tokens {
    kind: Kind,
    folder: PathBuf,
    labels: Vec<String>,
}

impl Tokens {
    /// Makes a token for each label, with its storage under `folder`.
    pub fn make(kind: Kind, folder: &Path, labels: &[&str]) -> Self {
        let folder = folder.join("tokens");
        fs::create_dir_all(&folder).expect("the test's folder is ours");
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let tokens = Self { kind, folder, labels };
        tokens.configure();
        for (index, label) in tokens.labels.iter().enumerate() {
            tokens.initialise(index, label);
            write_private(&tokens.pin_file(label), PIN);
        }
        tokens
    }

    /// The same tokens after their storage was copied to `folder`.
    pub fn moved_to(&self, folder: &Path) -> Self {
        let moved = Self {
            kind: self.kind,
            folder: folder.join("tokens"),
            labels: self.labels.clone(),
        };
        moved.configure();
        moved
    }

    /// The PKCS#11 module.
    pub fn module(&self) -> PathBuf {
        match self.kind {
            Kind::SoftHsm => Tool::SoftHsm.path(),
            Kind::Kryoptic => Tool::Kryoptic.path(),
        }
    }

    /// The variable, and its value, by which the module finds these tokens.
    pub fn environment(&self) -> (&'static str, PathBuf) {
        let variable = match self.kind {
            Kind::SoftHsm => "SOFTHSM2_CONF",
            Kind::Kryoptic => "KRYOPTIC_CONF",
        };
        (variable, self.configuration())
    }

    /// The labels, in the order in which they were given.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The file with the PIN of one token.
    pub fn pin_file(&self, label: &str) -> PathBuf {
        self.folder.join(format!("{label}.pin"))
    }

    /// The folder with the storage of these tokens: gone, the tokens are gone.
    pub fn storage(&self) -> PathBuf {
        self.folder.join("storage")
    }

    /// Remembers the tokens' own records, for [`Backup::mend`].
    pub fn back_up(&self) -> Backup {
        let tokens = fs::read_dir(self.storage()).expect("the tokens were made");
        let records = tokens.map(|token| token.expect("a folder can be listed").path().join("token.object"));
        let records = records.filter_map(|record| fs::read(&record).ok().map(|bytes| (record, bytes)));
        Backup {
            records: records.collect(),
        }
    }

    /// `pkcs11-tool` on these tokens.
    pub fn pkcs11_tool(&self) -> Command {
        let mut command = Command::new("pkcs11-tool");
        let (variable, configuration) = self.environment();
        command
            .arg("--module")
            .arg(self.module())
            .env(variable, configuration);
        command
    }

    /// What pkcs11-tool shows of a token: its flags tell whether wrong PINs were tried.
    pub fn flags(&self, label: &str) -> String {
        let slots = run(self.pkcs11_tool().arg("--list-token-slots"))
            .succeeded()
            .stdout;
        let of_label = slots
            .split("Slot ")
            .find(|slot| slot.lines().any(|line| is_label(line, label)));
        let slot = of_label.unwrap_or_else(|| panic!("no token {label}:\n{slots}"));
        let flags = slot
            .lines()
            .find_map(|line| line.trim().strip_prefix("token flags"));
        flags
            .unwrap_or_else(|| panic!("pkcs11-tool shows no flags:\n{slots}"))
            .to_owned()
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("module.conf")
    }

    fn configure(&self) {
        fs::write(self.configuration(), self.configuration_text()).expect("the test's folder is ours");
    }

    fn configuration_text(&self) -> String {
        let storage = self.storage();
        fs::create_dir_all(&storage).expect("the test's folder is ours");
        let mut text = String::new();
        let written = match self.kind {
            Kind::SoftHsm => writeln!(
                text,
                "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR",
                storage.display()
            ),
            Kind::Kryoptic => self.labels.iter().enumerate().try_for_each(|(slot, label)| {
                let file = storage.join(format!("{label}.sql"));
                writeln!(
                    text,
                    "[[slots]]\nslot = {slot}\ndbtype = \"sqlite\"\ndbargs = \"{}\"",
                    file.display()
                )
            }),
        };
        written.expect("text takes everything");
        text
    }

    fn initialise(&self, index: usize, label: &str) {
        // SoftHSM always offers one free slot after those in use, Kryoptic has a slot for each token from the start.
        let mut token = self.pkcs11_tool();
        token.args([
            "--slot-index",
            &index.to_string(),
            "--init-token",
            "--label",
            label,
            "--so-pin",
            SO_PIN,
        ]);
        run(&mut token).succeeded();
        let mut user = self.pkcs11_tool();
        user.args([
            "--token-label",
            label,
            "--login",
            "--login-type",
            "so",
            "--so-pin",
            SO_PIN,
            "--init-pin",
            "--pin",
            PIN,
        ]);
        run(&mut user).succeeded();
    }
}

/// What SoftHSM needs after a kill that no real token needs.
///
/// At every login SoftHSM 2.6 empties the file `token.object` (label, flags, wrapped PINs) and writes it again. A kill
/// between the two leaves it empty, and with it the token is gone for everybody, pkcs11-tool included. A token in
/// hardware is no file of the program that is killed, so tests put this one file back. Keys are never put back.
#[derive(Debug)]
pub struct Backup {
    records: Vec<(PathBuf, Vec<u8>)>,
}

impl Backup {
    /// Puts back the records that a kill has emptied.
    pub fn mend(&self) {
        for (record, bytes) in &self.records {
            let now = fs::read(record).expect("a token's record stays where it is");
            if now.len() < bytes.len() {
                fs::write(record, bytes).expect("the test's folder is ours");
            }
        }
    }
}

/// Writes a file that only its owner may read, as PIN files must be.
pub fn write_private(file: &Path, text: &str) {
    fs::write(file, text).expect("the test's folder is ours");
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("the file is ours");
}

fn is_label(line: &str, label: &str) -> bool {
    line.split_once(':')
        .is_some_and(|(key, value)| key.trim() == "token label" && value.trim() == label)
}
