//! From a lost token back to a serving pool.
//!
//! One worker at a time is the scout: it looks for the token, and where looking does not help, starts the module
//! anew. The others answer jobs with the reason meanwhile and follow when the scout succeeded. A restart concerns
//! everyone in the process who uses the module, so it happens often only when nobody else does.

use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::Outage;
use super::sessions::{Epoch, Live, Place, RESTART_PATIENCE};
use crate::module::Bell;
use crate::return_value::Loss;
use crate::{Error, Result};

/// Between two looks for the token.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Between two restarts, at first and at most, while nobody else uses the module.
const RESTART_EVERY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(3));
/// Between two restarts while others use the module.
const RESTART_EVERY_SHARED: Duration = Duration::from_secs(30);
/// Looks that find nothing before the module is restarted, unless the vendor is known to need it at once.
const LOOKS_BEFORE_RESTART: u32 = 4;
/// Between two looks at a token whose PIN must not be tried.
const LOOK_EVERY_PIN: Duration = Duration::from_secs(5);

/// What is known of the present outage, if there is one.
#[derive(Default)]
pub(super) struct Recovery {
    state: Mutex<State>,
    bell: Mutex<Option<Weak<Bell>>>,
}

#[derive(Default)]
struct State {
    outage: Option<Known>,
    scouting: bool,
}

struct Known {
    since: Instant,
    reason: Error,
    next_look: Instant,
    looks: u32,
    next_restart: Instant,
    restart_pause: Duration,
}

impl Recovery {
    pub(super) fn set_bell(&self, bell: Weak<Bell>) {
        *self.bell.lock().unwrap_or_else(PoisonError::into_inner) = Some(bell);
    }

    /// For [`super::Pool::health`].
    pub(super) fn outage(&self) -> Option<Outage> {
        let state = self.state();
        state.outage.as_ref().map(|known| Outage {
            duration: known.since.elapsed(),
            reason: known.reason.clone(),
        })
    }

    /// Notes that no session could be opened, and has the idle workers look at theirs.
    pub(super) fn lost(&self, reason: &Error) {
        let now = Instant::now();
        let mut state = self.state();
        let first = state.outage.is_none();
        let known = state.outage.get_or_insert_with(|| Known {
            since: now,
            reason: reason.clone(),
            next_look: now + LOOK_EVERY,
            looks: 0,
            next_restart: now,
            restart_pause: RESTART_EVERY.0,
        });
        known.reason = reason.clone();
        drop(state);
        if first {
            tracing::warn!(%reason, "the token is lost; looking for it");
            let bell = self
                .bell
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_ref()
                .and_then(Weak::upgrade);
            if let Some(bell) = bell {
                bell();
            }
        }
    }

    /// Notes that a session is open again.
    pub(super) fn found(&self) {
        if let Some(known) = self.state().outage.take() {
            tracing::info!(outage_ms = known.since.elapsed().as_millis(), "the token is back");
        }
    }

    /// The reason that jobs are answered with meanwhile.
    pub(super) fn reason(&self) -> Option<Error> {
        self.state().outage.as_ref().map(|known| known.reason.clone())
    }

    /// Looks for the token if it is time to and nobody else does; `None` if it is not.
    pub(super) fn scout(&self, place: &Place) -> Option<Result<Live>> {
        let restart = self.begin()?;
        let opened = attempt(place, restart);
        let mut state = self.state();
        state.scouting = false;
        drop(state);
        match &opened {
            Ok(_) => self.found(),
            Err(reason) => self.postpone(place, reason, restart),
        }
        Some(opened)
    }

    /// How long to wait before asking [`Recovery::scout`] again.
    pub(super) fn pause(&self) -> Duration {
        let state = self.state();
        let next = state
            .outage
            .as_ref()
            .map(|known| known.next_look.saturating_duration_since(Instant::now()));
        next.map_or(Duration::ZERO, |left| {
            left.clamp(Duration::from_millis(10), LOOK_EVERY)
        })
    }

    /// Becomes the scout; tells whether to restart the module first.
    fn begin(&self) -> Option<bool> {
        let now = Instant::now();
        let mut state = self.state();
        if state.scouting {
            return None;
        }
        let restart = match &state.outage {
            Some(known) if known.next_look > now => return None,
            Some(known) => {
                let pin = known.reason.is_about_pin();
                !pin && known.looks >= LOOKS_BEFORE_RESTART && known.next_restart <= now
            }
            None => false,
        };
        state.scouting = true;
        Some(restart)
    }

    fn postpone(&self, place: &Place, reason: &Error, restarted: bool) {
        self.lost(reason);
        let now = Instant::now();
        let mut state = self.state();
        let Some(known) = state.outage.as_mut() else {
            return;
        };
        known.looks = known.looks.saturating_add(1);
        if place.quirks().restart_finds_token || loss(reason) == Loss::Module {
            known.looks = known.looks.max(LOOKS_BEFORE_RESTART);
        }
        known.next_look = now
            + if reason.is_about_pin() {
                LOOK_EVERY_PIN
            } else {
                LOOK_EVERY
            };
        if restarted {
            let shared = place.module().in_use();
            known.next_restart = now
                + if shared {
                    RESTART_EVERY_SHARED
                } else {
                    known.restart_pause
                };
            known.restart_pause = (known.restart_pause * 2).min(RESTART_EVERY.1);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn attempt(place: &Place, restart: bool) -> Result<Live> {
    if restart && let Err(error) = place.module().restart(RESTART_PATIENCE) {
        // Others use the module and do not give way; the token may be back without a restart.
        tracing::debug!(%error, "no restart");
    }
    place.reopen(None)
}

/// Opens a session at once, restarting the module if it says that it has to be: the first answer to a lost session.
pub(super) fn reopen_at_once(place: &Place, stale: Option<Epoch>) -> Result<Live> {
    let seen = place.module().restarts();
    match place.reopen(stale) {
        Err(error) if loss(&error) == Loss::Module => {
            place.module().restart_after(seen, RESTART_PATIENCE)?;
            place.reopen(None)
        }
        opened => opened,
    }
}

fn loss(error: &Error) -> Loss {
    match error {
        Error::Pkcs11 { value, .. } => value.loss(),
        Error::ModuleLoad { .. } => Loss::Module,
        Error::TokenMissing { .. } => Loss::Token,
        _ => Loss::Nothing,
    }
}
