//! An office in a folder of its own: tokens, keys, inventory, and a signer process that is this test binary again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use faulty_token::Control;
use hsm::direct::TokenKey;
use hsm::inventory::{Budget, Inventory, KeyEntry, Material, Period};
use hsm::key::Purpose;
use hsm::pin::{Pin, PinSource};
use hsm::signer::client::{ClientSettings, SignerClient};
use hsm::signer::process::{SignerSettings, SignerToken, run};
use hsm::signer::supervise::{Supervisor, SupervisorSettings};
use hsm::testing::TokenFolder;
use hsm::token::{Caution, NewPair, Token, TokenSettings};
use pki::algorithm::KeyAlgorithm;
use pki::aws_lc::AwsLc;
use pki::signing::SignError;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::statements;

/// Tells a child process which office it belongs to.
const OFFICE: &str = "SINETE_TEST_OFFICE";

/// The label of the office's token.
pub(crate) const TOKEN: &str = "online";

/// Everything a test needs.
pub(crate) struct Office {
    folder: tempfile::TempDir,
    pub(crate) control: Control,
    pub(crate) runtime: Runtime,
}

/// A signer process without a supervisor.
pub(crate) struct SignerProcess(pub(crate) Child);

impl Office {
    /// Makes token and keys and writes down how the signer shall be.
    pub(crate) fn new(settings: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tokens = TokenFolder::create(&folder.path().join("softhsm")).unwrap();
        tokens.add(TOKEN).unwrap();
        std::fs::create_dir(folder.path().join("certificates")).unwrap();
        let control = Control::new(folder.path()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let office = Self {
            folder,
            control,
            runtime,
        };
        office.configure(settings);
        let made = office.command("given::prepare").output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        office
    }

    /// Replaces how the next signer shall be.
    pub(crate) fn configure(&self, settings: &Value) {
        std::fs::write(self.path().join("settings.json"), settings.to_string()).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path().join("run/signer.sock")
    }

    /// Where the token's files are; without it the token is gone.
    pub(crate) fn token_files(&self) -> PathBuf {
        self.path().join("softhsm/tokens")
    }

    /// This test binary, doing one of the parts below.
    fn command(&self, part: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(arguments(part)).envs(self.environment());
        command
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        let (name, file) = self.control.environment();
        vec![
            (OFFICE.into(), self.path().into()),
            (
                "SOFTHSM2_CONF".into(),
                self.path().join("softhsm/softhsm2.conf").into(),
            ),
            (name.into(), file.into()),
        ]
    }

    /// Starts a signer and waits until it listens.
    pub(crate) fn signer(&self) -> SignerProcess {
        let child = self
            .command("given::signer")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let process = SignerProcess(child);
        until("the signer listens", || {
            std::os::unix::net::UnixStream::connect(self.socket()).is_ok()
        });
        process
    }

    /// Runs a signer that is expected to give up.
    pub(crate) fn failing_signer(&self) -> (ExitStatus, String) {
        let output = self
            .command("given::signer")
            .stdin(Stdio::piped())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status, String::from_utf8_lossy(&said).into_owned())
    }

    /// Starts a supervised signer and waits until it answers.
    pub(crate) fn supervised(&self) -> Supervisor {
        let _inside = self.runtime.enter();
        let supervisor = Supervisor::start(SupervisorSettings {
            program: std::env::current_exe().unwrap(),
            arguments: arguments("given::signer").into_iter().map(Into::into).collect(),
            environment: self.environment(),
            socket: self.socket(),
            asks_on_terminal: false,
        });
        let running = self
            .runtime
            .block_on(supervisor.wait_until_running(Duration::from_secs(30)));
        assert!(running, "{:?}", *supervisor.state().borrow());
        supervisor
    }

    /// What the signer answers to another user who says this; `None` if no other user can be played.
    pub(crate) fn stranger(&self, user: &str, said: &[u8]) -> Option<Vec<u8>> {
        // The test binary may lie where only its owner can read.
        let program = self.path().join("stranger");
        std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        std::fs::write(self.path().join("said"), said).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
        let output = command
            .arg(program)
            .args(arguments("given::stranger"))
            .envs(self.environment())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        let heard = text.lines().find_map(|line| line.strip_prefix("heard "));
        Some(serde_json::from_str(heard.unwrap()).unwrap())
    }

    pub(crate) fn client(&self, deadline: Duration) -> SignerClient {
        let _inside = self.runtime.enter();
        SignerClient::start(ClientSettings {
            socket: self.socket(),
            deadline,
        })
    }

    /// One checkpoint signed by the register key.
    pub(crate) fn sign(&self, client: &SignerClient) -> Result<Vec<u8>, SignError> {
        self.runtime
            .block_on(client.sign("register", &statements::checkpoint(1)))
    }

    /// Tries until a signature comes, and says how long that took.
    pub(crate) fn time_until_signed(&self, client: &SignerClient) -> Duration {
        let begun = Instant::now();
        until("a signature comes again", || self.sign(client).is_ok());
        begun.elapsed()
    }
}

impl SignerProcess {
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        signal_process(self.0.id(), signal);
    }

    /// Waits for the end.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let mut ended = None;
        until("the signer ends", || {
            ended = self.0.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}

impl Drop for SignerProcess {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn signal_process(process: u32, signal: rustix::process::Signal) {
    let process = rustix::process::Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    rustix::process::kill_process(process, signal).unwrap();
}

/// Stops every thread of the process; each only stops when the kernel comes by.
pub(crate) fn stop_process(process: u32) {
    signal_process(process, rustix::process::Signal::STOP);
    until("every thread has stopped", || {
        let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
        threads.flatten().all(|thread| {
            let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap();
            stat.rsplit_once(") ")
                .is_some_and(|(_, state)| state.starts_with('T'))
        })
    });
}

/// Waits for a condition, and fails when it does not come true in thirty seconds.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn arguments(part: &str) -> [String; 4] {
    [
        part.to_owned(),
        "--exact".to_owned(),
        "--nocapture".to_owned(),
        "--test-threads=1".to_owned(),
    ]
}

fn office_folder() -> Option<PathBuf> {
    std::env::var_os(OFFICE).map(PathBuf::from)
}

fn settings(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("settings.json")).unwrap()).unwrap()
}

fn token_settings(settings: &Value) -> TokenSettings {
    let pin = settings["pin"].as_str().unwrap_or(hsm::testing::PIN);
    let module = if settings["faulty"] == json!(true) {
        faulty_token::library().unwrap()
    } else {
        hsm::testing::softhsm_module()
    };
    TokenSettings {
        label: TOKEN.to_owned(),
        serial: None,
        module,
        pin: PinSource::Given(Pin::new(Box::from(pin))),
    }
}

/// Not a test of its own: the signer process. Without an office it does nothing.
#[test]
fn signer() {
    let Some(folder) = office_folder() else { return };
    let read = settings(&folder);
    let token = SignerToken {
        settings: token_settings(&read),
        paths: vec![folder.clone()],
        network: false,
    };
    let mut settings = SignerSettings::new(
        folder.join("run/signer.sock"),
        folder.join("keys.toml"),
        vec![token],
    );
    let number = |name: &str| read[name].as_u64().map(|number| usize::try_from(number).unwrap());
    let milliseconds = |name: &str| read[name].as_u64().map(Duration::from_millis);
    settings.sessions = number("sessions").unwrap_or(settings.sessions);
    settings.queue = number("queue").unwrap_or(settings.queue);
    settings.connections = number("connections").unwrap_or(settings.connections);
    settings.hang_limit = milliseconds("hang_ms").unwrap_or(settings.hang_limit);
    settings.opening_limit = milliseconds("opening_ms").unwrap_or(settings.opening_limit);
    if let Some(user) = read["user"].as_u64() {
        settings.allowed_users = vec![u32::try_from(user).unwrap()];
    }
    settings.stop_with_stdin = true;
    run(&settings).unwrap();
}

/// Not a test of its own: another user. Without an office it does nothing.
#[test]
fn stranger() {
    use std::io::{Read as _, Write as _};
    let Some(folder) = office_folder() else { return };
    let mut stream = std::os::unix::net::UnixStream::connect(folder.join("run/signer.sock")).unwrap();
    // The signer may have turned us away already; then nobody listens.
    let _ = stream.write_all(&std::fs::read(folder.join("said")).unwrap());
    let mut heard = Vec::new();
    // A connection that was closed with something unread ends in an error after what was said.
    let _ = stream.read_to_end(&mut heard);
    println!("\nheard {}", serde_json::to_string(&heard).unwrap());
}

/// Not a test of its own: makes the office's keys. Without an office it does nothing.
#[test]
fn prepare() {
    let Some(folder) = office_folder() else { return };
    let token = Arc::new(Token::open(&token_settings(&json!({})), Caution::Careful).unwrap());
    let mut keys = Vec::new();
    for (name, purposes) in [
        ("ca", vec![Purpose::Certificate, Purpose::Crl]),
        ("ocsp", vec![Purpose::Ocsp]),
        ("tsa", vec![Purpose::Timestamp]),
        ("document", vec![Purpose::Document]),
        ("register", vec![Purpose::Register]),
        ("budgeted", vec![Purpose::Register]),
        ("young", vec![Purpose::Certificate]),
        ("mistaken", vec![Purpose::Register]),
        ("missing", vec![Purpose::Register]),
        ("offline", vec![Purpose::Certificate]),
    ] {
        keys.push(make_key(&token, name, purposes));
    }
    let certificate = statements::self_signed(&signer_of(&token, &keys[0]));
    std::fs::write(folder.join("certificates/ca.cer"), certificate.der()).unwrap();
    keys[0].certificate = Some("certificates/ca.cer".into());
    for key in &mut keys {
        match (key.name.as_str(), &mut key.material) {
            ("budgeted", _) => {
                key.budget = Some(Budget {
                    signatures: 3,
                    per: Period::Hour,
                });
            }
            (
                "mistaken",
                Material::Pair {
                    public_key_sha256, ..
                },
            ) => *public_key_sha256 = [7; 32],
            ("missing", _) => drop(token.destroy(key.id).unwrap()),
            ("offline", _) => "elsewhere".clone_into(&mut key.token),
            _ => {}
        }
    }
    let id = token.new_key_id().unwrap();
    token.generate_data_key(id, "data").unwrap();
    keys.push(KeyEntry {
        name: "data".to_owned(),
        token: TOKEN.to_owned(),
        id,
        material: Material::Aes256,
        purposes: vec![Purpose::Data],
        certificate: None,
        budget: None,
    });
    Inventory { keys }.write(&folder.join("keys.toml")).unwrap();
}

fn make_key(token: &Token, name: &str, purposes: Vec<Purpose>) -> KeyEntry {
    let algorithm = KeyAlgorithm::EcdsaP256;
    let id = token.new_key_id().unwrap();
    let public_key = token
        .generate_pair(&NewPair {
            id,
            label: name,
            algorithm,
        })
        .unwrap();
    KeyEntry {
        name: name.to_owned(),
        token: TOKEN.to_owned(),
        id,
        material: Material::Pair {
            algorithm,
            signature: algorithm.default_signature(),
            public_key_sha256: public_key.fingerprint(),
        },
        purposes,
        certificate: None,
        budget: None,
    }
}

fn signer_of(token: &Arc<Token>, key: &KeyEntry) -> TokenKey {
    TokenKey::of_entry(token, key).unwrap()
}

/// The verifier of the tests.
pub(crate) const VERIFIER: AwsLc = AwsLc;
