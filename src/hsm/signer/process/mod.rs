//! The loop of `sinete signer`: plain threads around blocking calls, and nothing else in the process.
//!
//! In this order: take the socket's place, read inventory, certificates and PINs, give up every other right
//! ([`super::sandbox`]), load the modules and open the tokens, listen. Clients that connect earlier are refused by
//! the kernel and try again, so none of them sees a signer that is not ready. A token that is missing is sought in
//! the background; its keys answer with the reason meanwhile.

mod connection;
mod input;
mod keyring;
mod module_files;
mod outbox;
mod reply;
mod request;
mod server;
mod stop;
mod token;
mod watchdog;
mod work;

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use self::keyring::Keyring;
use self::server::{Limits, Server, refuse};
use self::stop::StopRequests;
use self::token::TokenSlot;
use self::watchdog::Patience;
use super::protocol::Goodbye;
use super::sandbox;
use super::socket::{AllowedUsers, Listener, Place};
use crate::inventory::Inventory;
use crate::pin::PinSource;
use crate::pool::PoolOptions;
use crate::token::TokenSettings;
use crate::{Error, Result};

pub use watchdog::EXIT_HANG;

/// Threads that parse small things need little stack.
const SMALL_STACK_BYTES: usize = 256 * 1024;

/// How long listening waits for tokens that are slow to open.
const FIRST_OPENING: Duration = Duration::from_secs(5);

/// How long an orderly stop waits for answers that are owed.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Everything the signer process is told.
#[derive(Debug, Clone)]
pub struct SignerSettings {
    /// The Unix socket to listen on.
    pub socket: PathBuf,
    /// The key inventory; certificates are found relative to its folder.
    pub inventory: PathBuf,
    /// The tokens.
    pub tokens: Vec<SignerToken>,
    /// User ids that may connect; none means the signer's own.
    pub allowed_users: Vec<u32>,
    /// Connections at once.
    pub connections: usize,
    /// Sessions for each token.
    pub sessions: usize,
    /// Requests that may wait for each token.
    pub queue: usize,
    /// The longest deadline a client may ask for.
    pub longest_deadline: Duration,
    /// How long one call into a module may take before it counts as hanging.
    pub hang_limit: Duration,
    /// How long opening a token may take before it counts as hanging.
    pub opening_limit: Duration,
    /// Whether the end of standard input stops the signer: its supervisor holds the other end.
    pub stop_with_stdin: bool,
}

/// A token of the signer, and what its module needs from the machine.
#[derive(Debug, Clone)]
pub struct SignerToken {
    /// Which token, and how to log in.
    pub settings: TokenSettings,
    /// Files and folders that the module reads and writes: token storage, configuration, devices.
    pub paths: Vec<PathBuf>,
    /// Whether the module speaks to its token over the network.
    pub network: bool,
}

impl SignerSettings {
    /// Settings with the defaults of the documentation.
    pub fn new(socket: PathBuf, inventory: PathBuf, tokens: Vec<SignerToken>) -> Self {
        let pool = PoolOptions::default();
        Self {
            socket,
            inventory,
            tokens,
            allowed_users: Vec::new(),
            connections: 64,
            sessions: pool.sessions,
            queue: pool.queue,
            longest_deadline: Duration::from_mins(2),
            hang_limit: Duration::from_secs(4),
            opening_limit: Duration::from_secs(20),
            stop_with_stdin: false,
        }
    }
}

/// Runs the signer until it is asked to stop. When a module hangs, the process ends with [`EXIT_HANG`] instead.
pub fn run(settings: &SignerSettings) -> Result<()> {
    let requests = StopRequests::listen(settings.stop_with_stdin)?;
    let allowed = AllowedUsers::new(settings.allowed_users.clone());
    let place = Place::take(&settings.socket, &allowed)?;
    let inventory = Inventory::read(&settings.inventory)?;
    let slots = token_slots(settings)?;
    let folder = settings.inventory.parent().unwrap_or(Path::new("."));
    let keys = Keyring::new(inventory, folder, &slots, Instant::now());
    let report = sandbox::enter(&sandbox_of(settings))?;
    tracing::info!("sandbox: {report}");
    let limits = Limits {
        queue: settings.queue,
        longest_deadline: settings.longest_deadline,
        connections: settings.connections,
    };
    let server = Arc::new(Server::new(keys, slots, limits, report.to_string()));
    let patience = Patience {
        call: settings.hang_limit,
        opening: settings.opening_limit,
    };
    watchdog::start(&server, patience)?;
    open_tokens(&server)?;
    let listener = place.listen()?;
    tracing::info!("the signer listens on {}", settings.socket.display());
    accept(&server, &listener, &allowed, &requests)?;
    stop(&server);
    Ok(())
}

/// One slot for each token. PINs that are kept in files are read now, while files can be read.
fn token_slots(settings: &SignerSettings) -> Result<Vec<Arc<TokenSlot>>> {
    let options = PoolOptions {
        sessions: settings.sessions,
        queue: settings.queue,
        ..PoolOptions::default()
    };
    let slot = |token: &SignerToken| {
        let mut token = token.settings.clone();
        if !matches!(token.pin, PinSource::Prompt) {
            token.pin = PinSource::Given(token.pin.read(&token.label)?);
        }
        Ok(Arc::new(TokenSlot::new(token, options.clone())))
    };
    settings.tokens.iter().map(slot).collect()
}

fn sandbox_of(settings: &SignerSettings) -> sandbox::Settings {
    let folder_of = |path: &Path| path.parent().map(Path::to_owned);
    let known = module_files::find(|name| std::env::var_os(name));
    let (mut read, mut write) = (known.read, known.write);
    write.extend(folder_of(&settings.socket));
    for token in &settings.tokens {
        let module = &token.settings.module;
        // A module is often a link; what it links to lies elsewhere.
        let target = module.canonicalize().ok();
        read.extend(
            [Some(module), target.as_ref()]
                .into_iter()
                .flatten()
                .filter_map(|path| folder_of(path)),
        );
        write.extend(token.paths.iter().cloned());
        if matches!(token.settings.pin, PinSource::Prompt) {
            write.push(PathBuf::from("/dev/tty"));
        }
    }
    sandbox::Settings {
        read,
        write,
        network: settings.tokens.iter().any(|token| token.network),
    }
}

/// Opens every token in a thread of its own and waits for the first attempt of each.
fn open_tokens(server: &Arc<Server>) -> Result<()> {
    for token in &server.tokens {
        let (server, token) = (Arc::clone(server), Arc::clone(token));
        std::thread::Builder::new()
            .name("open-token".to_owned())
            .spawn(move || token.open(&server.keys, &server.stop))
            .map_err(|error| Error::Thread {
                reason: error.to_string(),
            })?;
    }
    let deadline = Instant::now() + FIRST_OPENING;
    while Instant::now() < deadline && !server.tokens.iter().all(|token| token.was_tried()) {
        server.stop.wait(Duration::from_millis(2));
    }
    Ok(())
}

/// Accepts connections until a stop is asked for.
fn accept(
    server: &Arc<Server>,
    listener: &Listener,
    allowed: &AllowedUsers,
    requests: &StopRequests,
) -> Result<()> {
    loop {
        let mut polled = [
            PollFd::from_borrowed_fd(listener.socket().as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(requests.readable().as_fd(), PollFlags::IN),
        ];
        match poll(&mut polled, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => {
                return Err(Error::Thread {
                    reason: error.to_string(),
                });
            }
        }
        let [connecting, stopping] = polled.map(|polled| !polled.revents().is_empty());
        if stopping {
            return Ok(());
        }
        if connecting {
            accept_one(server, listener, allowed);
        }
    }
}

fn accept_one(server: &Arc<Server>, listener: &Listener, allowed: &AllowedUsers) {
    match listener.socket().accept() {
        Ok((stream, _)) => match allowed.check(&stream) {
            Ok(_) => server.admit(stream),
            Err(stranger) => {
                tracing::warn!(
                    user = stranger.user,
                    "a user who is not on the list tried to connect"
                );
                refuse(stream, Goodbye::NotAllowed);
            }
        },
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            // Out of descriptors, most likely: trying at once would fail again.
            let pause = Timespec::try_from(Duration::from_millis(20)).ok();
            let _ = poll(&mut [], pause.as_ref());
        }
    }
}

/// Answers what is owed, says good-bye, closes the sessions.
fn stop(server: &Server) {
    tracing::info!("the signer stops");
    server.stop.begin();
    let deadline = Instant::now() + STOP_PATIENCE;
    while Instant::now() < deadline && !server.is_idle() {
        let _ = poll(
            &mut [],
            Timespec::try_from(Duration::from_millis(5)).ok().as_ref(),
        );
    }
    server.dismiss(Goodbye::Stopping);
    for token in &server.tokens {
        token.close(deadline.saturating_duration_since(Instant::now()));
    }
}
