//! The server's hand over the signer process: starts it, watches it, starts it again.
//!
//! The signer is a child of the server with a clean environment, no secret in its arguments, and the server's end
//! of a pipe as its standard input: when the server dies, however it dies, the kernel closes the pipe and the
//! signer stops. Pings over the signer's own socket show whether it lives; a process that does not answer, stopped
//! or hung, is killed and replaced. Clients notice nothing but a moment without a connection.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::client::{ClientSettings, SignerClient};
use super::process::EXIT_HANG;

/// Between two pings.
const PING_EVERY: Duration = Duration::from_millis(500);

/// How long a ping may take.
const PING_DEADLINE: Duration = Duration::from_millis(750);

/// Pings in a row that may fail: one may hit a machine that is busy for a moment.
const MISSED_PINGS: u32 = 2;

/// How long a signer may take until it answers for the first time.
const START_LIMIT: Duration = Duration::from_secs(40);

/// How long an orderly stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(8);

/// The pause before a start that follows a failure: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// A signer that answered for this long ended for a new reason: the pauses begin anew.
const PROVEN_AFTER: Duration = Duration::from_secs(10);

/// What the signer finds in its environment, where the server has it: locale, logging, and what PKCS#11 modules
/// are configured by. Everything else stays with the server.
const KEPT_ENVIRONMENT: [&str; 22] = [
    "LANG",
    "LC_ALL",
    "TZ",
    "HOME",
    "NO_COLOR",
    "RUST_LOG",
    "RUST_BACKTRACE",
    "CREDENTIALS_DIRECTORY",
    "SOFTHSM2_CONF",
    "KRYOPTIC_CONF",
    "ChrystokiConfigurationPath",
    "CS_PKCS11_R2_CFG",
    "CS_PKCS11_R3_CFG",
    "CRYPTOSERVER",
    "YUBIHSM_PKCS11_CONF",
    "KMS_PKCS11_CONFIG",
    "OPENSC_CONF",
    "NFAST_HOME",
    "CKNFAST_ASSUME_SINGLE_PROCESS",
    "CKNFAST_LOADSHARING",
    "CKNFAST_OVERRIDE_SECURITY_ASSURANCES",
    "PROTOCOLSERVER",
];

/// How the signer is started.
#[derive(Debug, Clone)]
pub struct SupervisorSettings {
    /// The program: the server's own binary.
    pub program: PathBuf,
    /// Its arguments. Never a secret: every user of the machine can read them.
    pub arguments: Vec<OsString>,
    /// Environment variables beyond the ones that are kept anyway. Never a secret.
    pub environment: Vec<(OsString, OsString)>,
    /// The signer's socket.
    pub socket: PathBuf,
    /// Whether the signer asks for a PIN on the terminal. It then stays in the terminal's process group, and
    /// Ctrl-C reaches it together with the server.
    pub asks_on_terminal: bool,
}

/// How the signer process is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It was started and has not answered yet.
    Starting {
        /// Its process id.
        process: u32,
    },
    /// It answers.
    Running {
        /// Its process id.
        process: u32,
    },
    /// It ended or was ended; the next one starts after a pause.
    Waiting {
        /// Why.
        reason: String,
        /// Starts that failed in a row.
        failures: u32,
    },
    /// It was stopped on purpose.
    Stopped,
}

/// Keeps one signer process running. Dropping it kills the signer; [`Supervisor::stop`] stops it in an orderly way.
#[derive(Debug)]
pub struct Supervisor {
    state: watch::Receiver<State>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Supervisor {
    /// Starts the signer on the current tokio runtime.
    pub fn start(settings: SupervisorSettings) -> Self {
        let first = State::Waiting {
            reason: "not started yet".to_owned(),
            failures: 0,
        };
        let (states, state) = watch::channel(first);
        let (stop, stopping) = oneshot::channel();
        let client = SignerClient::start(ClientSettings {
            socket: settings.socket.clone(),
            deadline: PING_DEADLINE,
        });
        let keeper = Keeper {
            settings,
            client,
            states,
        };
        let task = tokio::spawn(keeper.keep(stopping));
        Self {
            state,
            stop: Some(stop),
            task,
        }
    }

    /// How the signer is now, and a way to wait for changes.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Waits until the signer answers; false if it does not in this time.
    pub async fn wait_until_running(&self, patience: Duration) -> bool {
        let mut state = self.state.clone();
        let running = state.wait_for(|state| matches!(state, State::Running { .. }));
        timeout(patience, running).await.is_ok_and(|found| found.is_ok())
    }

    /// Stops the signer: it answers what it owes and closes its sessions.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails only if the task is gone.
            let _ = stop.send(());
        }
        // Waiting is bounded by the stop limit inside.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The task behind a [`Supervisor`].
struct Keeper {
    settings: SupervisorSettings,
    client: SignerClient,
    states: watch::Sender<State>,
}

/// Why the watching of one process ended.
enum Ended {
    /// The process ended by itself.
    Exited(ExitStatus),
    /// The process did not answer and has to be killed.
    Silent,
    /// It never answered.
    NeverReady,
    /// The server wants it to stop.
    Wanted,
}

impl Keeper {
    async fn keep(self, mut stopping: oneshot::Receiver<()>) {
        let mut failures = 0_u32;
        loop {
            let begun = Instant::now();
            let reason = match self.spawn() {
                Ok((mut child, lifeline)) => match self.watch(&mut child, &mut stopping).await {
                    Ended::Wanted => {
                        stop(child, lifeline).await;
                        self.states.send_replace(State::Stopped);
                        return;
                    }
                    ended => {
                        // Ended already, or silent: either way nothing must be left of it.
                        let _ = child.kill().await;
                        describe(&ended)
                    }
                },
                Err(error) => format!("the signer could not be started: {error}"),
            };
            failures = if begun.elapsed() > PROVEN_AFTER {
                1
            } else {
                failures.saturating_add(1)
            };
            tracing::error!(failures, "{reason}; it is started again");
            self.states.send_replace(State::Waiting { reason, failures });
            let doublings = failures.saturating_sub(1).min(8);
            let pause = (PAUSE.0 * (1 << doublings)).min(PAUSE.1);
            if timeout(pause, &mut stopping).await.is_ok() {
                self.states.send_replace(State::Stopped);
                return;
            }
        }
    }

    /// Starts a signer. The end of its standard input is its lifeline; waiting for a child would close it, so it
    /// is kept apart.
    fn spawn(&self) -> std::io::Result<(Child, Option<ChildStdin>)> {
        let mut command = Command::new(&self.settings.program);
        command
            .args(&self.settings.arguments)
            .env_clear()
            .envs(
                KEPT_ENVIRONMENT
                    .iter()
                    .filter_map(|name| Some((*name, std::env::var_os(name)?))),
            )
            .envs(
                self.settings
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::piped())
            .kill_on_drop(true);
        if !self.settings.asks_on_terminal {
            command.process_group(0);
        }
        let mut child = command.spawn()?;
        let lifeline = child.stdin.take();
        let process = child.id().unwrap_or(0);
        self.states.send_replace(State::Starting { process });
        Ok((child, lifeline))
    }

    /// Watches one process until it ends, falls silent or is wanted no more.
    async fn watch(&self, child: &mut Child, stopping: &mut oneshot::Receiver<()>) -> Ended {
        let process = child.id().unwrap_or(0);
        tokio::select! {
            status = child.wait() => status.map_or(Ended::Silent, Ended::Exited),
            _ = stopping => Ended::Wanted,
            ended = self.ping(process) => ended,
        }
    }

    async fn ping(&self, process: u32) -> Ended {
        let start_limit = Instant::now() + START_LIMIT;
        while self.client.ping(PING_DEADLINE).await.is_err() {
            if Instant::now() >= start_limit {
                return Ended::NeverReady;
            }
        }
        tracing::info!(process, "the signer answers");
        self.states.send_replace(State::Running { process });
        let mut missed = 0;
        let mut next = Instant::now() + PING_EVERY;
        loop {
            // Nothing ever comes: this waits for the time, and for nothing else.
            let _ = timeout_at(next, std::future::pending::<()>()).await;
            next = Instant::now() + PING_EVERY;
            match self.client.ping(PING_DEADLINE).await {
                Ok(_) => missed = 0,
                Err(_) => missed += 1,
            }
            if missed >= MISSED_PINGS {
                return Ended::Silent;
            }
        }
    }
}

/// Closes the signer's standard input and gives it time.
async fn stop(mut child: Child, lifeline: Option<ChildStdin>) {
    drop(lifeline);
    if timeout(STOP_LIMIT, child.wait()).await.is_err() {
        tracing::warn!("the signer did not stop in time and is killed");
        let _ = child.kill().await;
    }
}

fn describe(ended: &Ended) -> String {
    match ended {
        Ended::Exited(status) if status.code() == Some(EXIT_HANG) => {
            format!(
                "the signer ended with code {EXIT_HANG}: a call into a token's PKCS#11 module did not return"
            )
        }
        Ended::Exited(status) => format!("the signer ended ({status}); its log says why"),
        Ended::Silent => "the signer did not answer and was killed".to_owned(),
        Ended::NeverReady => format!(
            "the signer was not ready after {} s and was killed",
            START_LIMIT.as_secs()
        ),
        Ended::Wanted => "the signer was stopped".to_owned(),
    }
}
