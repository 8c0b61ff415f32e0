//! What is under way: counted for each connection, for each token and, for large messages, in bytes for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Requests of one connection that may be under way.
pub(super) const MAX_IN_FLIGHT: usize = 1024;

/// Bytes of large messages that may be in memory at once, over all connections.
const MAX_LARGE_BYTES: usize = 256 * 1024 * 1024;

/// One request of a connection under way; dropping it makes room for another.
#[derive(Debug)]
pub(super) struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    /// Counts one more, unless there are too many.
    pub(super) fn begin(count: &Arc<AtomicUsize>) -> Option<Self> {
        if count.fetch_add(1, Ordering::Relaxed) < MAX_IN_FLIGHT {
            Some(Self(Arc::clone(count)))
        } else {
            count.fetch_sub(1, Ordering::Relaxed);
            None
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Memory for one large message; dropping it gives the memory back.
#[derive(Debug)]
pub(super) struct LargeBytes {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl LargeBytes {
    /// Takes this many bytes out of what all connections share, if so many are left.
    pub(super) fn reserve(all: &Arc<AtomicUsize>, bytes: usize) -> Option<Self> {
        let taken = all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(bytes).filter(|sum| *sum <= MAX_LARGE_BYTES)
        });
        taken.ok().map(|_| Self {
            all: Arc::clone(all),
            bytes,
        })
    }
}

impl Drop for LargeBytes {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// How a token keeps up with what it is asked.
#[derive(Debug, Default)]
pub(super) struct Pace {
    owed: AtomicUsize,
    workers: AtomicUsize,
    fast: AtomicBool,
}

/// A token whose signatures take longer gains nothing from saving thread switches.
const FAST: Duration = Duration::from_micros(250);

impl Pace {
    /// Counts a thread that serves the token.
    pub(super) fn add_worker(&self) {
        self.workers.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes how long a worker took from one answer to the next.
    pub(super) fn note(&self, took: Duration) {
        let fast = took < FAST;
        // Written only when it changes: the line is read by every thread.
        if self.fast.load(Ordering::Relaxed) != fast {
            self.fast.store(fast, Ordering::Relaxed);
        }
    }

    /// Whether a fast token has more to do than its workers have in hand.
    pub(super) fn is_saturated(&self) -> bool {
        self.fast.load(Ordering::Relaxed)
            && self.owed.load(Ordering::Relaxed) > self.workers.load(Ordering::Relaxed)
    }
}

/// One answer that a token's workers owe; dropping it says that it was given.
#[derive(Debug)]
pub(super) struct Owed(Arc<Pace>);

impl Owed {
    pub(super) fn new(pace: &Arc<Pace>) -> Self {
        pace.owed.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(pace))
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.0.owed.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_bounded_and_given_back() {
        let count = Arc::default();
        let all: Vec<_> = (0..MAX_IN_FLIGHT)
            .map(|_| InFlight::begin(&count).unwrap())
            .collect();
        assert!(InFlight::begin(&count).is_none());
        drop(all);
        assert_eq!(count.load(Ordering::Relaxed), 0);
        let bytes = Arc::default();
        let most = LargeBytes::reserve(&bytes, MAX_LARGE_BYTES).unwrap();
        assert!(LargeBytes::reserve(&bytes, 1).is_none());
        drop(most);
        assert!(LargeBytes::reserve(&bytes, 1).is_some());
        assert!(LargeBytes::reserve(&bytes, usize::MAX).is_none());
    }
}
