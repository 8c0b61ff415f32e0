//! An office of our own: tokens, configuration, custodians, and the hierarchy that the real ceremony makes in them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::binary;
use super::command::run;
use super::scratch::Scratch;
use super::token::{Kind, Tokens, write_private};
use crate::workspace;

/// The custodians of every test's office; two of them must agree.
pub const CUSTODIANS: [&str; 3] = ["ana", "bia", "caio"];

/// The tokens that the demonstration hierarchy names: the offline root's, and the server's.
pub const LABELS: [&str; 2] = ["sinete-root", "sinete-online"];

/// A folder with everything that one installation has.
#[derive(Debug)]
pub struct Office {
    folder: Scratch,
    tokens: Tokens,
    shim: Option<Shim>,
}

/// A module between Sinete and the token: a spy, or one that fails on demand.
#[derive(Debug, Clone)]
pub struct Shim {
    /// The module that Sinete is told to load.
    pub module: PathBuf,
    /// What it finds in its environment.
    pub environment: Vec<(&'static str, PathBuf)>,
    /// What it reads and writes.
    pub paths: Vec<PathBuf>,
}

impl Office {
    /// An office with fresh tokens and custodians, and no keys yet.
    pub fn empty(name: &str, kind: Kind) -> Self {
        let office = Self::without_people(name, kind);
        copy(&workspace::root().join("ca-policies"), &office.policies());
        office.appoint_custodians();
        office
    }

    /// A second machine of this office: the same policies and custodians, and tokens of its own.
    pub fn second_machine(&self, name: &str, kind: Kind) -> Self {
        let second = Self::without_people(name, kind);
        copy(&self.policies(), &second.policies());
        for name in CUSTODIANS {
            for file in [Self::custodian_key, Self::passphrase] {
                fs::copy(file(self, name), file(&second, name)).expect("the tests' folders are ours");
            }
        }
        fs::create_dir_all(second.state().join("ceremonies")).expect("the test's folder is ours");
        fs::copy(self.custodians(), second.custodians()).expect("the tests' folders are ours");
        second
    }

    fn without_people(name: &str, kind: Kind) -> Self {
        let folder = Scratch::new(name);
        let tokens = Tokens::make(kind, &folder, &LABELS);
        let office = Self {
            folder,
            tokens,
            shim: None,
        };
        office.configure("");
        office
    }

    /// An office with the demonstration hierarchy. The ceremony is held once per run and kind of token; each caller
    /// gets a copy of the outcome, which it may spoil.
    pub fn demonstration(name: &str, kind: Kind) -> Self {
        static SOFTHSM: OnceLock<Office> = OnceLock::new();
        static KRYOPTIC: OnceLock<Office> = OnceLock::new();
        let template = match kind {
            Kind::SoftHsm => &SOFTHSM,
            Kind::Kryoptic => &KRYOPTIC,
        };
        template.get_or_init(|| Self::with_hierarchy(kind)).copy(name)
    }

    fn with_hierarchy(kind: Kind) -> Self {
        let office = Self::empty("demonstration", kind);
        run(&mut office.ceremony("demonstration.toml")).succeeded();
        office
    }

    fn copy(&self, name: &str) -> Self {
        let folder = Scratch::new(name);
        copy(&self.folder, &folder);
        let tokens = self.tokens.moved_to(&folder);
        let office = Self {
            folder,
            tokens,
            shim: None,
        };
        office.configure("");
        office
    }

    /// Puts a module between Sinete and the tokens, or takes it away again.
    pub fn put_between(&mut self, shim: Option<Shim>) {
        self.shim = shim;
        self.configure("");
    }

    /// Writes `sinete.toml` anew: the office and its tokens, then whatever a test adds. The listeners take free ports
    /// unless the addition has a table `[listen]` of its own.
    pub fn configure(&self, addition: &str) {
        let mut text = "[office]\nname = \"Tabelionato de Teste\"\n".to_owned();
        let real = self.tokens.module();
        let module = self.shim.as_ref().map_or(&real, |shim| &shim.module);
        let paths = self
            .shim
            .as_ref()
            .map(|shim| shim.paths.as_slice())
            .unwrap_or_default();
        for label in self.tokens.labels() {
            let pin = self.tokens.pin_file(label);
            let token = write!(
                text,
                "\n[[token]]\nlabel = \"{label}\"\nmodule = \"{}\"\npin_file = \"{}\"\npaths = {paths:?}\n",
                module.display(),
                pin.display()
            );
            token.expect("text takes everything");
        }
        if !addition.contains("[listen]") {
            text.push_str("\n[listen]\npublic = \"127.0.0.1:0\"\nprivate = \"127.0.0.1:0\"\n");
        }
        text.push_str(addition);
        fs::write(self.configuration(), text).expect("the test's folder is ours");
    }

    fn appoint_custodians(&self) {
        for name in CUSTODIANS {
            write_private(&self.passphrase(name), &format!("the long passphrase of {name}"));
            let mut new = self.sinete(&["ceremony", "custodian", "new", name, "--role", "Custodian"]);
            new.args(["--full-name", &format!("{name} da Silva"), "--key"])
                .arg(self.custodian_key(name));
            run(new.arg("--passphrase-file").arg(self.passphrase(name))).succeeded();
        }
        let mut gather = self.sinete(&["ceremony", "custodian", "gather", "--threshold", "2"]);
        gather.args(CUSTODIANS.map(|name| self.custodian_key(name).with_extension("toml")));
        run(&mut gather).succeeded();
    }

    /// `sinete` with this office's configuration and tokens.
    pub fn sinete(&self, arguments: &[&str]) -> Command {
        let mut command = binary::sinete();
        let (variable, configuration) = self.tokens.environment();
        command.args(arguments).arg("--config").arg(self.configuration());
        command.env(variable, configuration).current_dir(&*self.folder);
        for (variable, value) in self.shim.iter().flat_map(|shim| &shim.environment) {
            command.env(variable, value);
        }
        command
    }

    /// `sinete ceremony run` with two custodians in the room, as many as must agree. A script is one of
    /// `ca-policies/ceremonies`, or a file of the test.
    pub fn ceremony(&self, script: impl AsRef<Path>) -> Command {
        self.ceremony_with(&CUSTODIANS[..2], script)
    }

    /// The same with these custodians in the room.
    pub fn ceremony_with(&self, present: &[&str], script: impl AsRef<Path>) -> Command {
        let mut command = self.sinete(&["ceremony", "run", "--approve-all"]);
        command.arg(self.policies().join("ceremonies").join(script));
        for name in present {
            let of = |file: PathBuf| format!("{name}={}", file.display());
            command.arg("--present").arg(of(self.custodian_key(name)));
            command.arg("--passphrase-file").arg(of(self.passphrase(name)));
        }
        command
    }

    /// The folder of everything.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The office's tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// `sinete.toml`.
    pub fn configuration(&self) -> PathBuf {
        self.folder.join("sinete.toml")
    }

    /// This office's copy of `ca-policies`.
    pub fn policies(&self) -> PathBuf {
        self.folder.join("ca-policies")
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// The certificate of a key, as PEM.
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.state().join("certificates").join(format!("{name}.pem"))
    }

    /// A custodian's key file.
    pub fn custodian_key(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }

    /// The file with a custodian's passphrase.
    pub fn passphrase(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.passphrase"))
    }

    /// The names of everything in a folder of the state folder with this ending, in order.
    pub fn names(&self, folder: &str, ending: &str) -> Vec<String> {
        let entries = fs::read_dir(self.state().join(folder)).expect("the ceremony made this folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("a folder can be listed").file_name())
            .filter_map(|name| Some(name.to_str()?.strip_suffix(ending)?.to_owned()))
            .collect();
        names.sort();
        names
    }

    /// The list of custodians.
    pub fn custodians(&self) -> PathBuf {
        self.state().join("ceremonies/custodians.toml")
    }

    /// The folder through which envelopes travel.
    pub fn exchange(&self) -> PathBuf {
        self.state().join("exchange")
    }

    /// The folder of the one ceremony.
    pub fn ceremony_folder(&self) -> PathBuf {
        let mut folders = self.ceremonies();
        assert_eq!(folders.len(), 1, "there was one ceremony: {folders:?}");
        folders.remove(0)
    }

    /// The folders of all ceremonies.
    pub fn ceremonies(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.state().join("ceremonies")).expect("there was a ceremony");
        let paths = entries.map(|entry| entry.expect("a folder can be listed").path());
        paths.filter(|path| path.is_dir()).collect()
    }
}

fn copy(from: &Path, to: &Path) {
    let mut from = from.as_os_str().to_owned();
    // With this ending cp copies what is in the folder, whether or not the other folder is there.
    from.push("/.");
    fs::create_dir_all(to).expect("the test's folder is ours");
    run(Command::new("cp").args(["--archive"]).arg(from).arg(to)).succeeded();
}
