//! How the signer process is, as the server sees it from outside: asked for by pages, watched for health.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hsm::signer::client::SignerClient;
use hsm::signer::protocol::Status;
use hsm::signer::supervise::State;
use pki::time::Time;
use tokio::sync::watch;

use crate::clock::SharedClock;
use crate::http::health::{Health, Reason};
use crate::stop::Stop;

/// How often the signer is asked when nothing happens.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Whether the signer can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It was not reached yet.
    Starting,
    /// It answers.
    Up,
    /// It does not answer.
    Down {
        /// What is known of the cause.
        reason: String,
    },
}

/// What is known at one moment.
#[derive(Debug, Clone)]
pub(crate) struct SignerState {
    /// Whether it can be asked.
    pub(crate) phase: Phase,
    /// Since when.
    pub(crate) since: Time,
    /// How often another process took its place.
    pub(crate) restarts: u64,
    /// What it said of itself last.
    pub(crate) status: Option<Status>,
}

/// The state, shared.
#[derive(Clone)]
pub(crate) struct SignerWatch {
    client: Option<SignerClient>,
    clock: SharedClock,
    state: Arc<RwLock<SignerState>>,
}

impl SignerWatch {
    /// Begins without having asked.
    pub(crate) fn new(client: SignerClient, clock: SharedClock) -> Self {
        let state = SignerState {
            phase: Phase::Starting,
            since: clock.now(),
            restarts: 0,
            status: None,
        };
        Self {
            client: Some(client),
            clock,
            state: Arc::new(RwLock::new(state)),
        }
    }

    /// A state that stays.
    #[cfg(test)]
    pub(crate) fn fixed(state: SignerState, clock: SharedClock) -> Self {
        Self {
            client: None,
            clock,
            state: Arc::new(RwLock::new(state)),
        }
    }

    /// The state, asked for anew.
    pub(crate) async fn ask(&self) -> SignerState {
        if let Some(client) = &self.client {
            let answer = client.status().await;
            self.update(answer.map_err(|error| error.to_string()));
        }
        self.last()
    }

    /// The state as it was found last.
    fn last(&self) -> SignerState {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, answer: Result<Status, String>) {
        let now = self.clock.now();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(status) => {
                state.phase = Phase::Up;
                let uptime = i64::try_from(status.uptime_seconds).unwrap_or(i64::MAX);
                state.since = now.plus_seconds(uptime.saturating_neg());
                state.status = Some(status);
            }
            Err(reason) => {
                // The beginning of the outage is kept, whatever is said of it later.
                if matches!(state.phase, Phase::Up | Phase::Starting) {
                    state.since = now;
                }
                state.phase = Phase::Down { reason };
            }
        }
    }

    fn count_restart(&self) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.restarts = state.restarts.saturating_add(1);
    }

    /// Asks once and tells health.
    pub(crate) async fn look(&self, health: &Health) {
        tell(&self.ask().await, health);
    }

    /// Tells health how the signer is, until the order to stop. `processes` tells of restarts, where the signer is ours.
    pub(crate) async fn follow(
        self,
        processes: Option<watch::Receiver<State>>,
        health: Health,
        mut stop: Stop,
    ) {
        let mut processes = Processes::new(processes);
        loop {
            self.look(&health).await;
            tokio::select! {
                ordered = stop.ordered_within(LOOK_AGAIN) => {
                    if ordered {
                        return;
                    }
                }
                news = processes.news() => match news {
                    News::Another => self.count_restart(),
                    // Health must not say "ready" until somebody asks again.
                    News::Ended(reason) => {
                        self.update(Err(reason));
                        tell(&self.last(), &health);
                    }
                    News::Nothing => {}
                },
            }
        }
    }
}

fn tell(state: &SignerState, health: &Health) {
    let up = state.phase == Phase::Up;
    health.set(Reason::SignerStarting, state.phase == Phase::Starting);
    health.set(
        Reason::SignerUnavailable,
        matches!(state.phase, Phase::Down { .. }),
    );
    let tokens = state.status.as_ref().map_or(&[][..], |status| &status.tokens);
    health.set(
        Reason::TokenUnavailable,
        up && !tokens.iter().all(|token| token.ready),
    );
}

/// The signer processes that came up, one after the other.
struct Processes {
    states: Option<watch::Receiver<State>>,
    current: Option<u32>,
}

impl Processes {
    fn new(states: Option<watch::Receiver<State>>) -> Self {
        let current = states.as_ref().and_then(|states| running(&states.borrow()));
        Self { states, current }
    }

    /// Waits for what the supervisor says next.
    async fn news(&mut self) -> News {
        let Some(states) = &mut self.states else {
            return std::future::pending().await;
        };
        if states.changed().await.is_err() {
            // The supervisor is gone: nothing will ever come.
            return std::future::pending().await;
        }
        match &*states.borrow_and_update() {
            State::Running { process } if self.current != Some(*process) => {
                self.current = Some(*process);
                News::Another
            }
            // Before the first start there is nothing that could have ended.
            State::Waiting { reason, failures } if *failures > 0 => News::Ended(reason.clone()),
            State::Running { .. } | State::Starting { .. } | State::Waiting { .. } | State::Stopped => {
                News::Nothing
            }
        }
    }
}

/// What the supervisor says of the signer process.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// Another process than the one before answers.
    Another,
    /// The process ended, for this reason.
    Ended(String),
    /// Nothing that was not known.
    Nothing,
}

const fn running(state: &State) -> Option<u32> {
    match state {
        State::Running { process } => Some(*process),
        State::Starting { .. } | State::Waiting { .. } | State::Stopped => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, FixedClock};

    fn watched() -> (SignerWatch, Arc<FixedClock>, Status) {
        let start = Time::from_unix_seconds(1_795_000_000).unwrap();
        let clock = Arc::new(FixedClock::at(start));
        let example = crate::http::private::example_signer(start);
        let status = example.status.clone().unwrap();
        (SignerWatch::fixed(example, clock.clone()), clock, status)
    }

    #[tokio::test]
    async fn an_outage_is_dated_from_its_beginning_and_ends_with_an_answer() {
        let (watch, clock, status) = watched();
        let began = clock.now();
        watch.update(Err("gone".to_owned()));
        clock.advance_days(1);
        watch.update(Err("still gone".to_owned()));
        let state = watch.ask().await;
        let reason = "still gone".to_owned();
        assert_eq!(
            (state.phase.clone(), state.since),
            (Phase::Down { reason }, began)
        );
        assert!(state.status.is_some(), "what it said last stays");
        let health = Health::new();
        tell(&state, &health);
        assert_eq!(health.reasons(), [Reason::SignerUnavailable]);
        watch.update(Ok(status));
        let state = watch.ask().await;
        assert_eq!(
            (state.phase.clone(), state.since),
            (Phase::Up, clock.now().plus_seconds(-60))
        );
        tell(&state, &health);
        assert_eq!(health.reasons(), []);
    }

    #[tokio::test]
    async fn a_token_that_is_away_makes_the_server_unready() {
        let (watch, _, mut status) = watched();
        status.tokens[0].ready = false;
        watch.update(Ok(status));
        let health = Health::new();
        tell(&watch.ask().await, &health);
        assert_eq!(health.reasons(), [Reason::TokenUnavailable]);
    }

    #[tokio::test(start_paused = true)]
    async fn every_new_process_counts_once() {
        let (watch, _, _) = watched();
        let (states, receiver) = watch::channel(State::Running { process: 1 });
        let (stopper, stop) = crate::stop::channel();
        let task = tokio::spawn(watch.clone().follow(Some(receiver), Health::new(), stop));
        tokio::task::yield_now().await;
        for process in [2, 3] {
            states.send_replace(State::Starting { process });
            tokio::task::yield_now().await;
            states.send_replace(State::Running { process });
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
        }
        stopper.stop();
        task.await.unwrap();
        assert_eq!(watch.ask().await.restarts, 3 + 2, "three before, two now");
    }

    #[tokio::test(start_paused = true)]
    async fn health_says_at_once_that_the_process_ended() {
        let (watch, _, _) = watched();
        let first = State::Waiting {
            reason: "not started yet".to_owned(),
            failures: 0,
        };
        let (states, receiver) = watch::channel(first);
        let (stopper, stop) = crate::stop::channel();
        let health = Health::new();
        let task = tokio::spawn(watch.clone().follow(Some(receiver), health.clone(), stop));
        let begun = tokio::time::Instant::now();
        states.send_replace(State::Running { process: 1 });
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        assert!(!health.reasons().contains(&Reason::SignerUnavailable));
        let reason = "the signer ended (signal: 9 (SIGKILL))".to_owned();
        let ended = State::Waiting { reason, failures: 1 };
        states.send_replace(ended);
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        assert!(health.reasons().contains(&Reason::SignerUnavailable));
        assert_eq!(begun.elapsed(), Duration::ZERO, "nobody waited for the next look");
        stopper.stop();
        task.await.unwrap();
    }
}
