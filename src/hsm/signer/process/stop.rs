//! The end of the signer: asked for by a signal, by the supervisor's death, or by nobody yet.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::signer::lock;
use crate::{Error, Result};

/// Whether the signer is stopping, for every thread to see and to wait on.
#[derive(Debug, Default)]
pub(super) struct Stop {
    stopping: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Stop {
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(super) fn begin(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        drop(lock(&self.lock));
        self.changed.notify_all();
    }

    /// Waits for the stop, at most this long.
    pub(super) fn wait(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut guard = lock(&self.lock);
        while !self.is_stopping() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            guard = self
                .changed
                .wait_timeout(guard, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// The end of a pipe that becomes readable when the signer is asked to stop.
#[derive(Debug)]
pub(super) struct StopRequests {
    readable: UnixStream,
}

impl StopRequests {
    /// Listens to SIGTERM, SIGINT and SIGHUP, and to the end of standard input if a supervisor holds the other end:
    /// when the supervisor dies, the kernel closes it, whatever killed the supervisor.
    pub(super) fn listen(stop_with_stdin: bool) -> Result<Self> {
        let failed = |error: std::io::Error| Error::Thread {
            reason: error.to_string(),
        };
        let (readable, writable) = UnixStream::pair().map_err(failed)?;
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            let end = writable.try_clone().map_err(failed)?;
            signal_hook::low_level::pipe::register(signal, end).map_err(failed)?;
        }
        if stop_with_stdin {
            let writable = Arc::new(writable);
            std::thread::Builder::new()
                .name("stdin".to_owned())
                .stack_size(super::SMALL_STACK_BYTES)
                .spawn(move || wait_for_end_of_stdin(&writable))
                .map_err(failed)?;
        }
        Ok(Self { readable })
    }

    /// Readable once the signer is asked to stop.
    pub(super) const fn readable(&self) -> &UnixStream {
        &self.readable
    }
}

fn wait_for_end_of_stdin(writable: &UnixStream) {
    let mut stdin = std::io::stdin().lock();
    let mut ignored = [0; 64];
    // Nothing is expected; whatever comes is no reason to stop.
    while matches!(stdin.read(&mut ignored), Ok(1..)) {}
    let mut writable = writable;
    // Fails only if the signer is gone already.
    let _ = writable.write_all(&[0]);
}
