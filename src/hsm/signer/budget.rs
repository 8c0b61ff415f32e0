//! How much a key may be used: a bucket of permissions that fills up steadily.
//!
//! The bucket holds as many permissions as one period allows and is full at the start, so a restart of the
//! signer forgives what was used. It stops a runaway program and slows an intruder down; the register, not the
//! bucket, is what counts signatures.

use std::sync::Mutex;
use std::time::Instant;

use super::lock;
use crate::inventory::Budget;

/// Nanoseconds in one second.
const NANOS: u128 = 1_000_000_000;

/// The permissions of one key.
#[derive(Debug)]
pub struct Bucket {
    budget: Budget,
    level: Mutex<Level>,
}

/// The bucket as of a moment, in units of one permission divided by the period's nanoseconds: exact, no
/// rounding ever adds a permission.
#[derive(Debug)]
struct Level {
    units: u128,
    as_of: Instant,
}

impl Bucket {
    /// A full bucket.
    pub const fn full(budget: Budget, now: Instant) -> Self {
        let units = capacity(budget);
        Self {
            budget,
            level: Mutex::new(Level { units, as_of: now }),
        }
    }

    /// The budget behind it.
    pub const fn budget(&self) -> Budget {
        self.budget
    }

    /// Takes one permission, if there is one.
    pub fn take(&self, now: Instant) -> bool {
        let mut level = lock(&self.level);
        self.refill(&mut level, now);
        match level.units.checked_sub(self.one()) {
            Some(rest) => {
                level.units = rest;
                true
            }
            None => false,
        }
    }

    /// Gives a permission back that was not used: the queue was full, or the deadline passed before the token
    /// was asked.
    pub fn give_back(&self) {
        let mut level = lock(&self.level);
        level.units = (level.units + self.one()).min(capacity(self.budget));
    }

    /// Permissions that could be taken at once.
    pub fn left(&self, now: Instant) -> u64 {
        let mut level = lock(&self.level);
        self.refill(&mut level, now);
        u64::try_from(level.units / self.one()).unwrap_or(u64::MAX)
    }

    /// In one nanosecond as many units flow in as there are signatures in the period.
    fn refill(&self, level: &mut Level, now: Instant) {
        let elapsed = now.saturating_duration_since(level.as_of).as_nanos();
        let gained = elapsed.saturating_mul(u128::from(self.budget.signatures));
        level.units = level.units.saturating_add(gained).min(capacity(self.budget));
        level.as_of = level.as_of.max(now);
    }

    const fn one(&self) -> u128 {
        period_nanos(self.budget)
    }
}

const fn capacity(budget: Budget) -> u128 {
    // as: widening u64 -> u128 in a const fn, where From is not available.
    #[expect(clippy::as_conversions, reason = "widening; From is not const")]
    let signatures = budget.signatures as u128;
    signatures * period_nanos(budget)
}

const fn period_nanos(budget: Budget) -> u128 {
    // as: widening u64 -> u128 in a const fn, where From is not available.
    #[expect(clippy::as_conversions, reason = "widening; From is not const")]
    let seconds = budget.per.seconds() as u128;
    seconds * NANOS
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::inventory::Period;

    fn bucket(signatures: u64, per: Period) -> (Bucket, Instant) {
        let now = Instant::now();
        (Bucket::full(Budget { signatures, per }, now), now)
    }

    #[test]
    fn a_full_bucket_gives_its_budget_and_then_nothing() {
        let (bucket, now) = bucket(3, Period::Hour);
        assert_eq!(bucket.left(now), 3);
        assert_eq!([(); 4].map(|()| bucket.take(now)), [true, true, true, false]);
    }

    #[test]
    fn permissions_come_back_steadily_and_never_early() {
        let (bucket, start) = bucket(3, Period::Minute);
        for _ in 0..3 {
            assert!(bucket.take(start));
        }
        let almost = start + Duration::from_nanos(20 * 1_000_000_000 - 1);
        assert!(!bucket.take(almost));
        assert!(bucket.take(start + Duration::from_secs(20)));
        assert!(!bucket.take(start + Duration::from_secs(39)));
        assert!(bucket.take(start + Duration::from_secs(40)));
        assert_eq!(bucket.left(start + Duration::from_secs(400)), 3);
    }

    #[test]
    fn many_small_steps_give_no_more_than_one_large_one() {
        let (bucket, start) = bucket(7, Period::Second);
        let given = (0..3_000_u64)
            .filter(|step| bucket.take(start + Duration::from_millis(*step)))
            .count();
        assert_eq!(given, 7 + 20);
    }

    #[test]
    fn what_was_given_back_can_be_taken_once() {
        let (bucket, now) = bucket(1, Period::Day);
        bucket.give_back();
        assert!(bucket.take(now));
        bucket.give_back();
        assert_eq!([(); 2].map(|()| bucket.take(now)), [true, false]);
    }

    #[test]
    fn extreme_budgets_and_a_clock_that_stands_still_do_no_harm() {
        let (nothing, now) = bucket(0, Period::Second);
        assert!(!nothing.take(now + Duration::from_secs(1 << 40)));
        let (endless, now) = bucket(u64::MAX, Period::Day);
        assert!(endless.take(now));
        assert!(endless.take(now + Duration::from_secs(1 << 40)));
        assert_eq!(endless.left(now), u64::MAX - 1);
    }
}
