//! How a rate is taken: many workers for a fixed time, and two sides in turns.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Failure;

/// What one side of a comparison did in one turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// Finished operations per second.
    pub(crate) per_second: f64,
    /// The slowest single operation.
    pub(crate) worst: Duration,
}

/// Runs `worker` on this many threads until the time is up and counts what they finished.
///
/// Each worker gets its number, makes what it needs, and answers with the closure that does one operation.
pub(crate) fn threads<W, O>(count: usize, seconds: f64, worker: W) -> Result<Turn, Failure>
where
    W: Fn(usize) -> Result<O, Failure> + Sync,
    O: FnMut() -> Result<(), Failure>,
{
    let (stop, finished) = (AtomicBool::new(false), AtomicU64::new(0));
    let gate = std::sync::Barrier::new(count + 1);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..count)
            .map(|number| {
                let (stop, finished, gate, worker) = (&stop, &finished, &gate, &worker);
                scope.spawn(move || -> Result<Duration, Failure> {
                    let made = worker(number);
                    gate.wait();
                    let mut operation = made?;
                    let (mut worst, mut done) = (Duration::ZERO, 0_u64);
                    while !stop.load(Ordering::Relaxed) {
                        let begun = Instant::now();
                        operation()?;
                        worst = worst.max(begun.elapsed());
                        done += 1;
                    }
                    finished.fetch_add(done, Ordering::Relaxed);
                    Ok(worst)
                })
            })
            .collect();
        gate.wait();
        let begun = Instant::now();
        wait(Duration::from_secs_f64(seconds));
        stop.store(true, Ordering::Relaxed);
        let mut worst = Duration::ZERO;
        for thread in running {
            worst = worst.max(thread.join().map_err(|_| "a worker panicked")??);
        }
        Ok(turn(finished.load(Ordering::Relaxed), begun.elapsed(), worst))
    })
}

/// Waits this long: a measurement is the one place where only the time that passes is waited for. Parking may end
/// early for reasons of its own, so it is done again.
pub(crate) fn wait(time: Duration) {
    let ends = Instant::now() + time;
    while let Some(left) = ends
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
    {
        std::thread::park_timeout(left);
    }
}

/// The rate of so many operations in so much time.
pub(crate) fn turn(finished: u64, elapsed: Duration, worst: Duration) -> Turn {
    let count = f64::from(u32::try_from(finished).unwrap_or(u32::MAX));
    Turn {
        per_second: count / elapsed.as_secs_f64(),
        worst,
    }
}

/// Both sides in turns, A B A B ..., so that a machine that changes its speed changes both.
pub(crate) struct Paired {
    /// The median rate of the side under test.
    pub(crate) subject: f64,
    /// The median rate of the limit or peer.
    pub(crate) limit: f64,
    /// The median of subject / limit, pair by pair.
    pub(crate) ratio: f64,
    /// The lowest and the highest ratio seen.
    pub(crate) spread: (f64, f64),
    /// The slowest single operation of the subject.
    pub(crate) worst: Duration,
}

/// How many pairs each comparison takes.
const PAIRS: usize = 5;

/// Measures `subject` against `limit`.
pub(crate) fn paired(
    mut subject: impl FnMut() -> Result<Turn, Failure>,
    mut limit: impl FnMut() -> Result<Turn, Failure>,
) -> Result<Paired, Failure> {
    let (mut subjects, mut limits, mut ratios, mut worst) = (vec![], vec![], vec![], Duration::ZERO);
    for _ in 0..PAIRS {
        let (limit_turn, subject_turn) = (limit()?, subject()?);
        subjects.push(subject_turn.per_second);
        limits.push(limit_turn.per_second);
        ratios.push(subject_turn.per_second / limit_turn.per_second);
        worst = worst.max(subject_turn.worst);
    }
    let spread = ratios
        .iter()
        .fold((f64::MAX, 0_f64), |(low, high), r| (low.min(*r), high.max(*r)));
    Ok(Paired {
        subject: median(subjects),
        limit: median(limits),
        ratio: median(ratios),
        spread,
        worst,
    })
}

/// The middle value.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
