//! Real tokens for tests (feature `testing`): a SoftHSM folder of its own, and a process of its own for a test.
//!
//! A PKCS#11 module is one per process: its configuration comes from the environment, a login or a restart in
//! one test would be felt by every other. So a test that opens a token runs itself again as a child process
//! ([`isolated`], by way of [`crate::token_test!`]) with its own token folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::module::Module;
use crate::pin::{Pin, PinSource};
use crate::token::TokenSettings;

/// Where Debian, Fedora and Arch, and Homebrew install SoftHSM.
const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/// Set for the child process: the token folder.
const FOLDER: &str = "SINETE_TEST_TOKENS";

/// The user PIN of every token made here.
pub const PIN: &str = "648219";

/// A folder of SoftHSM tokens and the configuration that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFolder {
    folder: PathBuf,
}

impl TokenFolder {
    /// Makes an empty token folder below `folder`, which must exist.
    pub fn create(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder.join("tokens"))?;
        let configuration = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
            folder.join("tokens").display()
        );
        std::fs::write(folder.join("softhsm2.conf"), configuration)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// The file that `SOFTHSM2_CONF` must name in every process that uses these tokens.
    pub fn configuration(&self) -> PathBuf {
        self.folder.join("softhsm2.conf")
    }

    /// The folder that holds the tokens; moving it away takes them all out.
    pub fn tokens(&self) -> PathBuf {
        self.folder.join("tokens")
    }

    /// A folder for the test's own files.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Makes a token with this label and [`PIN`]. Must happen before the module is loaded in this process, which
    /// only then reads the folder.
    pub fn add(&self, label: &str) -> std::io::Result<TokenSettings> {
        let made = Command::new("softhsm2-util")
            .env("SOFTHSM2_CONF", self.configuration())
            .args([
                "--init-token",
                "--free",
                "--label",
                label,
                "--so-pin",
                "12345678",
                "--pin",
                PIN,
            ])
            .output()?;
        if !made.status.success() {
            return Err(std::io::Error::other(
                String::from_utf8_lossy(&made.stderr).into_owned(),
            ));
        }
        Ok(self.settings(label))
    }

    /// Makes a Kryoptic token with this label and [`PIN`], the only software token here that knows ML-DSA. One per
    /// folder. Works only inside [`isolated`], which names its configuration to the module.
    ///
    /// # Errors
    /// When Kryoptic was not built, or does not take the token.
    pub fn add_kryoptic(&self, label: &str) -> std::io::Result<TokenSettings> {
        let storage = self.folder.join("kryoptic.sql");
        let configuration = format!(
            "[[slots]]\nslot = 0\ndbtype = \"sqlite\"\ndbargs = \"{}\"\n",
            storage.display()
        );
        std::fs::write(self.folder.join("kryoptic.toml"), configuration)?;
        let settings = TokenSettings {
            module: kryoptic_module()?,
            ..self.settings(label)
        };
        initialise_first(&settings).map_err(std::io::Error::other)?;
        Ok(settings)
    }

    /// How to open the token with this label.
    pub fn settings(&self, label: &str) -> TokenSettings {
        TokenSettings {
            label: label.to_owned(),
            serial: None,
            module: softhsm_module(),
            pin: PinSource::Given(Pin::new(Box::from(PIN))),
        }
    }
}

/// The SoftHSM library of this machine.
pub fn softhsm_module() -> PathBuf {
    let found = MODULES.iter().map(Path::new).find(|path| path.exists());
    found
        .unwrap_or(Path::new("/usr/lib/softhsm/libsofthsm2.so"))
        .to_owned()
}

/// The Kryoptic library: where `SINETE_KRYOPTIC` says, or where `ops/install kryoptic` wrote down that it is.
///
/// # Errors
/// When it is not there; the message says what to run.
pub fn kryoptic_module() -> std::io::Result<PathBuf> {
    let noted = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/paths/SINETE_KRYOPTIC");
    let path = std::env::var_os("SINETE_KRYOPTIC")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::fs::read_to_string(noted).ok()?.trim())));
    path.filter(|path| path.exists()).ok_or_else(|| {
        std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "Kryoptic was not built. Run: ops/install kryoptic",
        )
    })
}

/// Gives the token in the module's first slot a label and PINs.
fn initialise_first(settings: &TokenSettings) -> crate::Result<()> {
    use cryptoki::session::UserType;
    use cryptoki::types::AuthPin;
    let module = Module::load(&settings.module)?;
    let lease = module.lease();
    let officer = AuthPin::new(Box::from("12345678"));
    let slot = lease
        .library()
        .get_slots_with_token()?
        .into_iter()
        .next()
        .ok_or_else(|| Error::TokenMissing {
            label: settings.label.clone(),
            serial: None,
            present: Vec::new(),
        })?;
    lease.library().init_token(slot, &officer, &settings.label)?;
    let session = lease.library().open_rw_session(slot)?;
    session.login(UserType::So, Some(&officer))?;
    session.init_pin(settings.pin.read(&settings.label)?.as_auth_pin())?;
    Ok(session.logout()?)
}

/// Runs `test` in a process of its own with an empty token folder; `name` is the test's own full name.
///
/// # Errors
/// When the child process cannot be started or the test in it failed; its output says why.
pub fn isolated(name: &str, test: impl FnOnce(&TokenFolder)) -> std::io::Result<()> {
    if let Some(folder) = std::env::var_os(FOLDER) {
        test(&TokenFolder {
            folder: folder.into(),
        });
        return Ok(());
    }
    let folder = Scratch::create()?;
    let tokens = TokenFolder::create(&folder.0)?;
    let child = Command::new(std::env::current_exe()?)
        .args([
            name,
            "--exact",
            "--include-ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("SOFTHSM2_CONF", tokens.configuration())
        .env(FOLDER, &folder.0)
        .env("KRYOPTIC_CONF", folder.0.join("kryoptic.toml"))
        // Read by the failing module of tests/faulty-token, where a test uses it.
        .env("FAULTY_TOKEN_CONTROL", folder.0.join("faults"))
        .output()?;
    let said = String::from_utf8_lossy(&child.stdout);
    if child.status.success() && said.contains("1 passed") {
        return Ok(());
    }
    Err(std::io::Error::other(format!(
        "{name} in its own process: {}\n{said}\n{}",
        child.status,
        String::from_utf8_lossy(&child.stderr)
    )))
}

/// A test whose body gets a [`TokenFolder`] of its own, in a process of its own.
///
/// ```text
/// token_test! {
///     /// Why this must hold.
///     fn a_key_is_found_by_its_id(tokens) { let settings = tokens.add("t").unwrap(); }
/// }
/// ```
#[macro_export]
macro_rules! token_test {
    ($($(#[$attribute:meta])* fn $name:ident($tokens:ident) $body:block)+) => {
        $($(#[$attribute])*
        #[test]
        fn $name() {
            let path = concat!(module_path!(), "::", stringify!($name));
            // The test harness names tests without their crate.
            let name = path.split_once("::").map_or(path, |(_, name)| name);
            let test = |$tokens: &$crate::testing::TokenFolder| $body;
            if let Err(failure) = $crate::testing::isolated(name, test) {
                panic!("{failure}");
            }
        })+
    };
}

/// A folder that goes away with its owner.
struct Scratch(PathBuf);

impl Scratch {
    fn create() -> std::io::Result<Self> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "sinete-tokens-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing to be done about a folder that stays; the system clears its temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
