//! The only file of the workspace that reads the wall clock. Everything else gets the time as an argument or
//! asks a [`Clock`].

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use pki::time::Time;

/// Tells the time.
///
/// Contract: never blocks, may be called from any thread, may go back when the machine's clock is set back.
pub(crate) trait Clock: Send + Sync {
    /// Now, in whole seconds.
    fn now(&self) -> Time;
}

/// A clock that everybody shares.
pub(crate) type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    fn now(&self) -> Time {
        let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
        };
        // A clock before 1950 or after 9999 is broken: the far end makes everything look expired, so nothing
        // is trusted or signed by mistake.
        Time::from_unix_seconds(seconds).unwrap_or(Time::NO_EXPIRATION)
    }
}

/// What the kernel knows of the clock's relation to true time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Synchronisation {
    /// Whether a time service (chrony, ntpd, systemd-timesyncd) keeps the clock.
    pub(crate) synchronised: bool,
    /// By how much the clock may be wrong at most, as that service says.
    pub(crate) maximum_error: std::time::Duration,
}

/// Asks the kernel; nothing where it does not tell.
pub(crate) fn synchronisation() -> Option<Synchronisation> {
    let answer = kernel_clock()?;
    let microseconds = u64::try_from(answer.maxerror).ok()?;
    Some(Synchronisation {
        synchronised: answer.status & libc::STA_UNSYNC == 0,
        maximum_error: std::time::Duration::from_micros(microseconds),
    })
}

/// The kernel's clock parameters. No safe crate of the tree offers this call.
#[expect(
    unsafe_code,
    reason = "adjtimex has no safe wrapper among the kept crates; the proof stands inside"
)]
fn kernel_clock() -> Option<libc::timex> {
    // SAFETY: `timex` is a C structure of integers only, for which all bits zero is a value. With `modes` zero the
    // call changes nothing and only writes the structure it is given, which is ours and lives through the call.
    let (state, answer) = unsafe {
        let mut answer: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut answer), answer)
    };
    (state >= 0).then_some(answer)
}

/// A clock that stands where a test puts it.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct FixedClock(std::sync::atomic::AtomicI64);

#[cfg(test)]
impl FixedClock {
    /// Stands at this moment.
    pub(crate) const fn at(now: Time) -> Self {
        Self(std::sync::atomic::AtomicI64::new(now.unix_seconds()))
    }

    /// Moves on.
    pub(crate) fn advance_days(&self, days: u32) {
        self.0
            .fetch_add(i64::from(days) * 86_400, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(test)]
impl Clock for FixedClock {
    fn now(&self) -> Time {
        Time::from_unix_seconds(self.0.load(std::sync::atomic::Ordering::SeqCst)).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_clock_is_in_this_century() {
        let now = SystemClock.now().to_string();
        assert!(now.starts_with("20"), "{now}");
    }

    #[test]
    fn the_kernel_tells_how_far_the_clock_may_be_off() {
        let told = synchronisation().unwrap();
        assert!(
            told.maximum_error < std::time::Duration::from_secs(1 << 20),
            "{told:?}"
        );
    }

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let start = Time::from_unix_seconds(1_795_000_000).unwrap();
        let clock = FixedClock::at(start);
        assert_eq!((clock.now(), clock.now()), (start, start));
        clock.advance_days(2);
        assert_eq!(clock.now(), start.plus_days(2));
    }
}
