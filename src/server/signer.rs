//! The server's signer: started and supervised, or reached where it runs as a unit of its own.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use hsm::inventory::{Inventory, Material};
use hsm::pin::PinSource;
use hsm::signer::client::{ClientSettings, RemoteKey, SignerClient};
use hsm::signer::process::SignerToken;
use hsm::signer::protocol::{Status, TokenStatus};
use hsm::signer::supervise::{State, Supervisor, SupervisorSettings};
use pki::certificate::Certificate;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::clock::SharedClock;
use crate::config::Configuration;
use crate::error::Error;
use crate::signer_watch::SignerWatch;

/// How long tokens may take to open at the start; network tokens are slow.
const OPENING_PATIENCE: Duration = Duration::from_mins(1);
/// The same where a person types a PIN.
const TYPING_PATIENCE: Duration = Duration::from_mins(5);
/// How long a token that was tried and failed is waited for: a module may see it only the second time.
const SECOND_TRY: Duration = Duration::from_secs(2);
/// Starts of the process that may fail before the server gives up; later, when it has served, it never does.
const FAILED_STARTS: u32 = 3;
/// How long a signer that another server left behind may take to end: it ends by itself.
const LEFT_BEHIND: Duration = Duration::from_secs(10);
/// Between two questions while waiting.
const PAUSE: Duration = Duration::from_millis(20);

/// A signer that answers.
pub(crate) struct Signer {
    client: SignerClient,
    supervisor: Option<Supervisor>,
    watch: SignerWatch,
}

impl Signer {
    /// Starts the signer, or reaches it where it is not ours to start, and waits until its tokens are open.
    pub(crate) async fn start(
        config: &Configuration,
        inventory: &Inventory,
        clock: &SharedClock,
    ) -> Result<Self, Error> {
        let supervisor = if config.signer.supervised {
            wait_for_predecessor(config).await;
            Some(Supervisor::start(supervision(config, inventory)?))
        } else {
            None
        };
        Self::ready(config, clock, supervisor, opening_patience(config, inventory)).await
    }

    /// Reaches the signer of a server that is at work, or starts one.
    pub(crate) async fn reach_or_start(
        config: &Configuration,
        inventory: &Inventory,
        clock: &SharedClock,
    ) -> Result<Self, Error> {
        // A server at work whose signer is just being replaced still has the right to the socket: a second signer in
        // its place would keep the new one out. Replacing takes less than a request may wait.
        if crate::lock::is_held(&config.office.state) {
            Self::ready(config, clock, None, config.signer.deadline).await
        } else if is_reachable(config) {
            Self::ready(config, clock, None, opening_patience(config, inventory)).await
        } else {
            Self::start(config, inventory, clock).await
        }
    }

    async fn ready(
        config: &Configuration,
        clock: &SharedClock,
        supervisor: Option<Supervisor>,
        patience: Duration,
    ) -> Result<Self, Error> {
        let client = SignerClient::start(ClientSettings {
            socket: config.socket(),
            deadline: config.signer.deadline,
        });
        let signer = Self {
            watch: SignerWatch::new(client.clone(), Arc::clone(clock)),
            client,
            supervisor,
        };
        match signer.wait_until_open(patience).await {
            Ok(()) => Ok(signer),
            Err(error) => {
                signer.stop().await;
                Err(error)
            }
        }
    }

    async fn wait_until_open(&self, patience: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + patience;
        let mut tried: Option<Instant> = None;
        loop {
            let status = timeout_at(deadline, self.client.status()).await;
            let reason = match status {
                Ok(Ok(status)) => match closed(&status) {
                    None => return Ok(()),
                    Some(token) => {
                        // Tried and failed, as opposed to still being opened.
                        let was_tried = token.state != BEING_OPENED;
                        if was_tried && tried.get_or_insert_with(Instant::now).elapsed() > SECOND_TRY {
                            return Err(Error::TokenNotOpen {
                                token: token.label.clone(),
                                reason: token.state.clone(),
                            });
                        }
                        format!("token {} {}", token.label, token.state)
                    }
                },
                Ok(Err(error)) => {
                    self.give_up_if_it_keeps_ending()?;
                    error.to_string()
                }
                Err(_) => "it does not answer".to_owned(),
            };
            if Instant::now() >= deadline {
                let seconds = patience.as_secs();
                return Err(Error::SignerNotReady { seconds, reason });
            }
            // Nothing ever comes: this waits for the time alone.
            let _ = timeout_at(Instant::now() + PAUSE, std::future::pending::<()>()).await;
        }
    }

    fn give_up_if_it_keeps_ending(&self) -> Result<(), Error> {
        let state = self.supervisor.as_ref().map(Supervisor::state);
        match state.map(|state| state.borrow().clone()) {
            Some(State::Waiting { reason, failures }) if failures >= FAILED_STARTS => {
                Err(Error::SignerEnds { reason })
            }
            _ => Ok(()),
        }
    }

    /// What the signer says of itself.
    pub(crate) async fn status(&self) -> Result<Status, Error> {
        let status = self.client.status().await;
        status.map_err(|error| Error::Pki(pki::Error::Signer(error)))
    }

    /// A view of how it is, for pages.
    pub(crate) fn watch(&self) -> SignerWatch {
        self.watch.clone()
    }

    /// The states of the process, where it is ours.
    pub(crate) fn states(&self) -> Option<watch::Receiver<State>> {
        self.supervisor.as_ref().map(Supervisor::state)
    }

    /// The key of this name, whose public half is known from its certificate.
    pub(crate) fn key(
        &self,
        name: &str,
        certificate: &Certificate,
        inventory: &Inventory,
    ) -> Result<Arc<dyn pki::signing::Signer>, Error> {
        let entry = inventory.key(name)?;
        let Material::Pair { signature, .. } = entry.material else {
            return Err(Error::Unfit {
                reasons: vec![format!(
                    "key {name:?} is a data key and signs nothing; correct the list of keys"
                )],
            });
        };
        let public_key = certificate.content().public_key.clone();
        Ok(Arc::new(RemoteKey::new(
            self.client.clone(),
            name,
            public_key,
            signature,
        )))
    }

    /// Stops it, if it is ours.
    pub(crate) async fn stop(self) {
        if let Some(supervisor) = self.supervisor {
            supervisor.stop().await;
        }
    }
}

/// What the signer says of a token before its first attempt is over.
const BEING_OPENED: &str = "is being opened";

/// The first token that is not open.
fn closed(status: &Status) -> Option<&TokenStatus> {
    status.tokens.iter().find(|token| !token.ready)
}

/// The configured tokens that hold a key of the inventory. Others, such as the offline root's, are never looked for.
pub(crate) fn tokens_of(config: &Configuration, inventory: &Inventory) -> Vec<SignerToken> {
    let holds_keys = |token: &&SignerToken| inventory.on_token(&token.settings.label).next().is_some();
    config.tokens.iter().filter(holds_keys).cloned().collect()
}

fn opening_patience(config: &Configuration, inventory: &Inventory) -> Duration {
    if asks_on_terminal(&tokens_of(config, inventory)) {
        TYPING_PATIENCE
    } else {
        OPENING_PATIENCE
    }
}

fn asks_on_terminal(tokens: &[SignerToken]) -> bool {
    tokens
        .iter()
        .any(|token| matches!(token.settings.pin, PinSource::Prompt))
}

fn supervision(config: &Configuration, inventory: &Inventory) -> Result<SupervisorSettings, Error> {
    let program = std::env::current_exe().map_err(|source| Error::System {
        what: "find this program to start the signer with",
        source,
    })?;
    let arguments: Vec<OsString> = vec![
        "signer".into(),
        "--supervised".into(),
        "--config".into(),
        config.path.clone().into(),
    ];
    Ok(SupervisorSettings {
        program,
        arguments,
        environment: Vec::new(),
        socket: config.socket(),
        asks_on_terminal: asks_on_terminal(&tokens_of(config, inventory)),
    })
}

/// Whether somebody listens at the signer's socket.
pub(crate) fn is_reachable(config: &Configuration) -> bool {
    std::os::unix::net::UnixStream::connect(config.socket()).is_ok()
}

/// A server that was killed leaves its signer behind for a moment, until that notices. Ours would find the place taken.
async fn wait_for_predecessor(config: &Configuration) {
    let deadline = Instant::now() + LEFT_BEHIND;
    while is_reachable(config) && Instant::now() < deadline {
        let _ = timeout_at(Instant::now() + PAUSE, std::future::pending::<()>()).await;
    }
}
