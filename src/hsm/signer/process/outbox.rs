//! The answers of one connection on their way out.
//!
//! Worker threads append and whoever finds nobody writing writes, so that answers that come together leave
//! together. A worker never waits for a peer: when the socket takes no more, a thread of the connection's own
//! finishes the writing, and a peer that does not read in time loses its connection.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SendFlags, Shutdown, send, shutdown};

use crate::signer::lock;
use crate::signer::protocol::{Answer, Encoder};

/// How long a peer may leave its answers unread once the socket is full.
const PATIENCE: Duration = Duration::from_secs(10);

/// Unread answers above which no further requests are read.
const MAX_UNREAD_BYTES: usize = 1024 * 1024;

/// A buffer that grew beyond this for once is given back.
const KEPT_BYTES: usize = 256 * 1024;

/// What waits to be written, and who writes.
#[derive(Debug)]
pub(super) struct Outbox {
    stream: UnixStream,
    state: Mutex<State>,
    drained: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    /// The buffer that is being written is swapped with this one.
    spare: Vec<u8>,
    writing: bool,
    broken: bool,
}

/// How a write ended.
enum Written {
    All,
    /// The socket is full; this many bytes went out.
    Part(usize),
    Broken,
}

impl Outbox {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            state: Mutex::default(),
            drained: Condvar::new(),
        }
    }

    /// Adds an answer without writing it yet.
    pub(super) fn add(&self, answer: &Answer<'_>) {
        let mut state = lock(&self.state);
        // An answer above 4 GiB does not exist, and a broken connection needs none.
        if !state.broken && Encoder::new(&mut state.bytes).answer(answer).is_err() {
            state.broken = true;
        }
    }

    /// Writes what is there, unless somebody else is at it, who then writes this as well.
    pub(super) fn flush(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        if state.writing {
            return;
        }
        state.writing = true;
        while !state.bytes.is_empty() && !state.broken {
            let mut bytes = state.swap();
            drop(state);
            let written = self.write(&bytes);
            state = lock(&self.state);
            match written {
                Written::All => state.give_back(bytes),
                Written::Part(count) => {
                    bytes.drain(..count);
                    state.put_in_front(bytes);
                    drop(state);
                    return self.finish_elsewhere();
                }
                Written::Broken => state.broken = true,
            }
        }
        self.stopped_writing(state);
    }

    /// Waits until the peer has read enough; false if it did not in time or is gone.
    pub(super) fn wait_until_read(&self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut state = lock(&self.state);
        while state.bytes.len() > MAX_UNREAD_BYTES && !state.broken {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.drained.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        !state.broken
    }

    /// Whether the peer reads too slowly for more requests to be taken.
    pub(super) fn is_congested(&self) -> bool {
        lock(&self.state).bytes.len() > MAX_UNREAD_BYTES
    }

    /// Ends the connection in both directions; whoever reads from it wakes up.
    pub(super) fn close(&self) {
        lock(&self.state).broken = true;
        self.drained.notify_all();
        // Fails only if the peer was faster.
        let _ = shutdown(&self.stream, Shutdown::Both);
    }

    /// The socket.
    pub(super) const fn stream(&self) -> &UnixStream {
        &self.stream
    }

    fn write(&self, bytes: &[u8]) -> Written {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match send(&self.stream, rest, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Written::Part(written),
                Err(_) => return Written::Broken,
            }
        }
        Written::All
    }

    /// The peer reads slowly. `writing` stays set, so that nobody else writes in between.
    fn finish_elsewhere(self: &Arc<Self>) {
        let outbox = Arc::clone(self);
        let thread = std::thread::Builder::new()
            .name("slow-peer".to_owned())
            .stack_size(super::SMALL_STACK_BYTES)
            .spawn(move || outbox.finish());
        if thread.is_err() {
            self.close();
            self.stopped_writing(lock(&self.state));
        }
    }

    fn finish(&self) {
        loop {
            if !self.writable() {
                self.close();
            }
            let mut state = lock(&self.state);
            if state.bytes.is_empty() || state.broken {
                return self.stopped_writing(state);
            }
            let mut bytes = state.swap();
            drop(state);
            let written = self.write(&bytes);
            let mut state = lock(&self.state);
            match written {
                Written::All => state.give_back(bytes),
                Written::Part(count) => {
                    bytes.drain(..count);
                    state.put_in_front(bytes);
                }
                Written::Broken => state.broken = true,
            }
            drop(state);
            self.drained.notify_all();
        }
    }

    fn writable(&self) -> bool {
        let patience = Timespec::try_from(PATIENCE).ok();
        let mut polled = [PollFd::from_borrowed_fd(self.stream.as_fd(), PollFlags::OUT)];
        loop {
            match poll(&mut polled, patience.as_ref()) {
                Ok(0) => return false,
                Ok(_) => return true,
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    fn stopped_writing(&self, mut state: MutexGuard<'_, State>) {
        state.writing = false;
        let broken = state.broken;
        drop(state);
        self.drained.notify_all();
        if broken {
            let _ = shutdown(&self.stream, Shutdown::Both);
        }
    }
}

impl State {
    /// Takes what is to be written and puts the spare buffer in its place.
    fn swap(&mut self) -> Vec<u8> {
        let spare = std::mem::take(&mut self.spare);
        std::mem::replace(&mut self.bytes, spare)
    }

    fn give_back(&mut self, mut bytes: Vec<u8>) {
        if bytes.capacity() <= KEPT_BYTES {
            bytes.clear();
            self.spare = bytes;
        }
    }

    /// What was not written goes before what was added meanwhile.
    fn put_in_front(&mut self, mut rest: Vec<u8>) {
        rest.append(&mut self.bytes);
        self.bytes = rest;
    }
}
