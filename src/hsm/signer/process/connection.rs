//! One connection: greeting, reading frames, handing requests on.
//!
//! A thread of its own reads and then hands requests to the tokens' threads. While those have more to do than they
//! can, and do it fast, the reading thread steps back: a worker that has just answered looks for new requests
//! itself ([`Connection::read_inline`]). That halves the switches between threads, each of which costs as much as a
//! tenth of a P-256 signature. Anything but whole, small, well-formed frames is left to the reading thread, which
//! may wait where a worker must not.

use std::os::unix::net::UnixStream;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::input::{BUFFER_BYTES, Filled, Input};
use super::outbox::Outbox;
use super::request::{self, Asked};
use super::server::Server;
use super::work::{LargeBytes, MAX_IN_FLIGHT};
use crate::signer::lock;
use crate::signer::protocol::{
    Answer, Failure, FrameStart, Goodbye, LENGTH_BYTES, MAX_SIGN_HEADER_BYTES, MAX_SMALL_BYTES, Malformed,
    Request, SignHeader, VERSIONS, Welcome, decode_hello, decode_request, decode_sign_header,
    read_frame_start,
};

/// How long the greeting may take.
const GREETING_DEADLINE: Duration = Duration::from_secs(2);

/// Deadlines are looked at this often.
const READ_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a frame may take from its first octet to its last.
const FRAME_DEADLINE: Duration = Duration::from_secs(20);

/// A connection that says nothing for this long is closed; its client connects again when it has something.
const IDLE_LIMIT: Duration = Duration::from_mins(10);

/// A large message grows in memory as it comes, by at most this much at once or its present size.
const GROWTH_BYTES: usize = 1024 * 1024;

/// How long the reading thread steps back before it looks again by itself: for pings, for other tokens, for
/// workers that hang.
const STEP_BACK: Duration = Duration::from_millis(1);

/// One connection, shared by its reading thread and by the answers under way.
#[derive(Debug)]
pub(super) struct Connection {
    server: Arc<Server>,
    pub(super) outbox: Arc<Outbox>,
    in_flight: Arc<AtomicUsize>,
    /// Held by the reading thread, except while it steps back.
    input: Mutex<Input>,
    resume: Condvar,
}

/// Why the reading ends.
enum End {
    /// The peer closed, or nothing more can be said to it.
    Silent,
    /// The peer is told why.
    Said(Goodbye),
}

impl From<Malformed> for End {
    fn from(fault: Malformed) -> Self {
        Self::Said(match fault {
            Malformed::Length { .. } => Goodbye::TooLarge,
            _ => Goodbye::Malformed,
        })
    }
}

impl Connection {
    pub(super) fn new(server: Arc<Server>, stream: UnixStream) -> std::io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        Ok(Self {
            server,
            outbox: Arc::new(Outbox::new(stream)),
            in_flight: Arc::default(),
            input: Mutex::new(Input::new()),
            resume: Condvar::new(),
        })
    }

    /// Serves until the connection ends.
    pub(super) fn serve(self: &Arc<Self>) {
        let mut input = lock(&self.input);
        let end = match self.greet(&mut input) {
            Ok(()) => self.handle_frames(input),
            Err(end) => Err(end),
        };
        if let Err(End::Said(reason)) = end {
            self.outbox.add(&Answer::Goodbye { reason });
            self.outbox.flush();
        }
        self.outbox.close();
    }

    /// For a worker that has just answered: reads and hands on what is there, if the reading thread has stepped
    /// back. With `last`, the worker is about to sleep, and the reading thread takes over again.
    pub(super) fn read_inline(self: &Arc<Self>, last: bool) {
        let mut input = match self.input.try_lock() {
            Ok(input) => input,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let mut found = false;
        if !self.outbox.is_congested() && input.fill_at_once(self.outbox.stream()) {
            found = self.handle_whole_frames(&mut input);
        }
        drop(input);
        if last && !found {
            self.resume.notify_one();
        }
    }

    /// Handles the whole frames at the front; true if that is all there is.
    fn handle_whole_frames(self: &Arc<Self>, input: &mut Input) -> bool {
        let mut any = false;
        loop {
            match read_frame_start(input.unread(), self.server.max_frame_bytes()) {
                Ok(Some(frame)) if input.unread().len() >= frame.frame_bytes() => {
                    let body = input
                        .unread()
                        .get(LENGTH_BYTES..frame.frame_bytes())
                        .unwrap_or_default();
                    // A malformed one stays where it is for the reading thread to find.
                    if self.handle_body(body).is_err() {
                        return false;
                    }
                    input.skip(frame.frame_bytes());
                    any = true;
                }
                Ok(None) if input.unread().is_empty() => return any,
                _ => return false,
            }
        }
    }

    fn greet(&self, input: &mut Input) -> Result<(), End> {
        let deadline = Instant::now() + GREETING_DEADLINE;
        let limit = u32::try_from(MAX_SMALL_BYTES).unwrap_or(u32::MAX);
        let body = loop {
            match read_frame_start(input.unread(), limit).map_err(|_| End::Said(Goodbye::NoGreeting))? {
                Some(frame) if input.unread().len() >= frame.frame_bytes() => break input.take(frame),
                _ => self.fill(input, deadline, Goodbye::NoGreeting)?,
            }
        };
        let hello = decode_hello(input.get(body)).map_err(|_| End::Said(Goodbye::NoGreeting))?;
        let version = *VERSIONS.end().min(&hello.newest);
        if hello.oldest > version || !VERSIONS.contains(&version) {
            return Err(End::Said(Goodbye::Version));
        }
        self.outbox.add(&Answer::Welcome(Welcome {
            version,
            max_frame_bytes: self.server.max_frame_bytes(),
            max_in_flight: u32::try_from(MAX_IN_FLIGHT).unwrap_or(u32::MAX),
            process_id: std::process::id(),
        }));
        self.outbox.flush();
        Ok(())
    }

    fn handle_frames(self: &Arc<Self>, mut input: MutexGuard<'_, Input>) -> Result<(), End> {
        let mut last_frame = Instant::now();
        loop {
            while let Some(frame) = read_frame_start(input.unread(), self.server.max_frame_bytes())? {
                last_frame = Instant::now();
                if input.unread().len() >= frame.frame_bytes() {
                    let body = input.take(frame);
                    self.handle_body(input.get(body))?;
                } else if frame.frame_bytes() > BUFFER_BYTES {
                    self.handle_large(&mut input, frame)?;
                } else {
                    self.fill(&mut input, last_frame + FRAME_DEADLINE, Goodbye::TooSlow)?;
                }
            }
            // What was handled together is answered together: refusals waited until here.
            self.outbox.flush();
            if !self.outbox.wait_until_read() {
                return Err(End::Said(Goodbye::TooSlow));
            }
            if self.server.is_saturated() {
                let waited = self.resume.wait_timeout(input, STEP_BACK);
                let (back, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                input = back;
                if timeout.timed_out() {
                    input.fill_at_once(self.outbox.stream());
                }
                if !input.unread().is_empty() || timeout.timed_out() {
                    continue;
                }
            }
            // A frame that has begun is due soon; between frames a peer may be silent for long.
            let patience = if input.unread().is_empty() {
                IDLE_LIMIT
            } else {
                FRAME_DEADLINE
            };
            self.fill(&mut input, last_frame + patience, Goodbye::TooSlow)?;
        }
    }

    fn handle_body(self: &Arc<Self>, body: &[u8]) -> Result<(), Malformed> {
        match decode_request(body)? {
            Request::Sign(sign) => request::sign(&self.asked(&sign.header), sign.message.to_vec(), None),
            Request::Ping { id } => {
                let (waiting, longest_call_ms) = self.server.load();
                self.outbox.add(&Answer::Pong {
                    id,
                    waiting,
                    longest_call_ms,
                });
            }
            Request::Status { id } => self.outbox.add(&Answer::Status {
                id,
                status: self.server.status(),
            }),
        }
        Ok(())
    }

    /// A frame that does not fit the buffer: its header is judged first, then its message gets memory as it comes.
    /// A refused one is read past, so that the connection goes on.
    fn handle_large(self: &Arc<Self>, input: &mut Input, frame: FrameStart) -> Result<(), End> {
        let deadline = Instant::now() + FRAME_DEADLINE;
        while input.unread().len() < LENGTH_BYTES + MAX_SIGN_HEADER_BYTES {
            self.fill(input, deadline, Goodbye::TooSlow)?;
        }
        let body = input.unread().get(LENGTH_BYTES..).unwrap_or_default();
        let (header, begun) = decode_sign_header(body)?;
        let header_bytes = body.len() - begun.len();
        let key = header.key.to_owned();
        let header = SignHeader { key: &key, ..header };
        let message_bytes = frame.body_bytes.saturating_sub(header_bytes);
        input.skip(LENGTH_BYTES + header_bytes);
        let reserved = request::judge_size(&self.asked(&header), message_bytes).and_then(|()| {
            LargeBytes::reserve(self.server.large_bytes(), message_bytes).ok_or_else(|| Failure::Busy {
                waiting: self.server.load().0,
            })
        });
        match reserved {
            Ok(bytes) => {
                let message = self.read_message(input, message_bytes, deadline)?;
                request::sign(&self.asked(&header), message, Some(bytes));
            }
            Err(failure) => {
                self.outbox.add(&Answer::Failure {
                    id: header.id,
                    failure,
                });
                self.outbox.flush();
                self.skip_message(input, message_bytes, deadline)?;
            }
        }
        Ok(())
    }

    fn read_message(&self, input: &mut Input, length: usize, deadline: Instant) -> Result<Vec<u8>, End> {
        let mut message = Vec::new();
        loop {
            let missing = length - message.len();
            let taken = missing.min(input.unread().len());
            message.reserve_exact(missing.min(GROWTH_BYTES.max(message.len())));
            message.extend_from_slice(input.unread().get(..taken).unwrap_or_default());
            input.skip(taken);
            if message.len() == length {
                return Ok(message);
            }
            self.fill(input, deadline, Goodbye::TooSlow)?;
        }
    }

    fn skip_message(&self, input: &mut Input, length: usize, deadline: Instant) -> Result<(), End> {
        let mut missing = length;
        loop {
            let taken = missing.min(input.unread().len());
            input.skip(taken);
            missing -= taken;
            if missing == 0 {
                return Ok(());
            }
            self.fill(input, deadline, Goodbye::TooSlow)?;
        }
    }

    fn fill(&self, input: &mut Input, deadline: Instant, too_late: Goodbye) -> Result<(), End> {
        match input.fill(self.outbox.stream(), deadline) {
            Filled::Some => Ok(()),
            Filled::TooLate => Err(End::Said(too_late)),
            Filled::Closed => Err(End::Silent),
        }
    }

    fn asked<'a>(self: &'a Arc<Self>, header: &'a SignHeader<'a>) -> Asked<'a> {
        Asked {
            server: &self.server,
            connection: self,
            in_flight: &self.in_flight,
            header,
        }
    }
}
