//! `sinete ceremony rehearse`: the whole ceremony on throw-away tokens. What it would do is seen before it is done, and
//! its transcript can be compared with the real one (`sinete ceremony diff`).
//!
//! SoftHSM reads where its tokens are from the environment when it is loaded, so this command makes a folder with an
//! office of its own and runs itself again inside it. The real office's tokens are never touched: the office inside
//! does not name them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use ceremony::office::Office;
use ceremony::session::{self, Progress};
use ceremony::tokens::Tokens;
use clap::Args;
use hsm::module::Module;
use hsm::pin::Pin;
use policy::hierarchy::Hierarchy;

use super::room::Room;
use super::screen::{Screen, tell};
use super::{Common, Places};
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::private_file;
use crate::secret_file::{self, Demand};
use crate::terminal::Terminal;

/// What is rehearsed, and with whom.
#[derive(Debug, Args)]
pub(in crate::command) struct Arguments {
    /// The script
    script: PathBuf,
    /// The folder of the rehearsal; the same folder again goes on with it
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// The SoftHSM library [default: where the distributions put it]
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    #[command(flatten)]
    room: Room,
    #[command(flatten)]
    places: Places,
    /// Set when the command runs itself again inside the folder
    #[arg(long, hide = true)]
    inside: bool,
}

/// Where Debian, Fedora and Arch install SoftHSM.
const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
];

const PIN: Demand = Demand {
    what: "PIN",
    shortest: 6,
    group: 0,
};

/// Holds the rehearsal.
pub(super) fn run(common: &Common, arguments: &Arguments, terminal: Terminal) -> Result<Exit, Error> {
    if arguments.inside {
        return inside(common, arguments, terminal);
    }
    let config = Configuration::load(&common.config)?;
    let folder = std::path::absolute(&arguments.folder)
        .map_err(Error::file("cannot name the folder", &arguments.folder))?;
    prepare(&config, &folder, arguments)?;
    let program = std::env::current_exe().map_err(|source| Error::System {
        what: "find this program to run it again",
        source,
    })?;
    // The arguments are passed on as they came: they hold no secret.
    let status = Command::new(program)
        .args(std::env::args_os().skip(1))
        .arg("--inside")
        .env("SOFTHSM2_CONF", folder.join("softhsm2.conf"))
        .status()
        .map_err(|source| Error::System {
            what: "run this program again inside the rehearsal",
            source,
        })?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(Exit::Failed, Exit::of_code))
}

/// Writes the office of the rehearsal; what is there from an earlier run stays.
fn prepare(config: &Configuration, folder: &Path, arguments: &Arguments) -> Result<(), Error> {
    let path = config.office.hierarchy();
    let text = std::fs::read_to_string(&path).map_err(Error::file("cannot read", &path))?;
    let hierarchy = Hierarchy::parse(&path, &text)?;
    let module = match &arguments.module {
        Some(module) => module.clone(),
        None => MODULES
            .iter()
            .map(PathBuf::from)
            .find(|module| module.exists())
            .ok_or_else(|| Error::Content {
                path: PathBuf::from("libsofthsm2.so"),
                problem: "a rehearsal needs SoftHSM for its throw-away tokens; apt install softhsm2, or name the library with --module".to_owned(),
            })?,
    };
    for part in ["tokens", "pins", "state"] {
        private_file::create_folder(&folder.join(part))?;
    }
    let tokens = folder.join("tokens");
    let conf = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    private_file::replace(&folder.join("softhsm2.conf"), conf.as_bytes())?;
    let toml = office_file(config, &hierarchy, &module);
    private_file::replace(&folder.join("sinete.toml"), toml.as_bytes())
}

fn office_file(config: &Configuration, hierarchy: &Hierarchy, module: &Path) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let path = |path: &Path| quoted(&path.to_string_lossy());
    let mut text = format!(
        "# A rehearsal: throw-away tokens, nothing in here is valid.\n[office]\nname = {}\nstate = \"state\"\npolicies = {}\n",
        quoted(&config.office.name),
        path(&config.office.policies)
    );
    for token in hierarchy.tokens() {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n[[token]]\nlabel = {}\nmodule = {}\npin_file = {}\n",
            quoted(&token.label),
            path(module),
            quoted(&format!("pins/{}", token.label))
        );
    }
    text
}

/// The command inside: its tokens are throw-away ones.
fn inside(common: &Common, arguments: &Arguments, terminal: Terminal) -> Result<Exit, Error> {
    let real = Configuration::load(&common.config)?;
    let folder = std::path::absolute(&arguments.folder)
        .map_err(Error::file("cannot name the folder", &arguments.folder))?;
    let config = Configuration::load(&folder.join("sinete.toml"))?;
    initialise_tokens(&config, &folder)?;
    // The custodians are the real ones; everything else is the rehearsal's own.
    let office = Office {
        rehearsal: true,
        custodians: arguments.places.office(&real).custodians,
        ..arguments.places.office(&config)
    };
    let tokens = Tokens::new(config.token_settings());
    let screen = Screen {
        terminal,
        approve_all: arguments.room.approve_all,
    };
    let progress = arguments.room.hold(&office, &tokens, &screen, |means| {
        session::run(&office, &arguments.script, means)
    })?;
    if matches!(progress, Progress::Complete(_)) {
        throw_away(&folder)?;
    }
    Ok(tell(&progress, terminal))
}

fn initialise_tokens(config: &Configuration, folder: &Path) -> Result<(), Error> {
    for token in config.token_settings() {
        let module = Module::load(&token.module)?;
        let known = module.tokens()?;
        if known
            .iter()
            .any(|info| info.label == token.label && info.pin.initialized)
        {
            continue;
        }
        let pins = folder.join("pins");
        let (so_pin, _) = secret_file::obtain(&pins.join(format!("{}.so", token.label)), PIN)?;
        let (pin, _) = secret_file::obtain(&pins.join(&token.label), PIN)?;
        hsm::initialise(
            &module,
            &token.label,
            &Pin::new(Box::from(so_pin.as_str())),
            &Pin::new(Box::from(pin.as_str())),
        )?;
    }
    Ok(())
}

/// The keys of a rehearsal end with it; transcript, certificates and minutes stay.
fn throw_away(folder: &Path) -> Result<(), Error> {
    for part in ["tokens", "pins"] {
        let path = folder.join(part);
        std::fs::remove_dir_all(&path).map_err(Error::file("cannot remove", &path))?;
    }
    Ok(())
}
