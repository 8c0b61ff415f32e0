//! The doctor's last findings while the server runs: made at the start and again every few minutes.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use pki::time::Time;

use crate::clock::SharedClock;
use crate::config::Configuration;
use crate::doctor::{self, Reach, Report};
use crate::stop::Stop;

/// How often the doctor looks.
const LOOK_AGAIN: Duration = Duration::from_mins(5);

/// A report and when it was made.
#[derive(Debug)]
pub(crate) struct Examined {
    /// What was found.
    pub(crate) report: Report,
    /// When.
    pub(crate) at: Time,
}

/// The latest report, shared.
#[derive(Debug, Clone)]
pub(crate) struct Examination(Arc<RwLock<Arc<Examined>>>);

impl Examination {
    /// Examines for the first time. Reads files, so it is called where waiting is allowed.
    pub(crate) fn first(config: &Configuration, clock: &SharedClock) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(examine(config, clock)))))
    }

    /// The latest report.
    pub(crate) fn latest(&self) -> Arc<Examined> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Examines again and again until the order to stop.
    pub(crate) async fn repeat(self, config: Arc<Configuration>, clock: SharedClock, mut stop: Stop) {
        while !stop.ordered_within(LOOK_AGAIN).await {
            let (config, clock) = (Arc::clone(&config), Arc::clone(&clock));
            let again = tokio::task::spawn_blocking(move || examine(&config, &clock));
            match again.await {
                Ok(examined) => *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(examined),
                Err(error) => tracing::error!(%error, "the doctor did not finish"),
            }
        }
    }
}

fn examine(config: &Configuration, clock: &SharedClock) -> Examined {
    Examined {
        report: doctor::examine_configured(config, &**clock, Reach::SignerAtWork),
        at: clock.now(),
    }
}
