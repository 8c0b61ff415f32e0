//! The bytes that were read from a connection and not yet handled.

use std::io::{ErrorKind, Read as _};
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use rustix::net::{RecvFlags, recv};

use crate::signer::protocol::{FrameStart, LENGTH_BYTES};

/// What is read at once. Frames that fit are handled in place; larger ones get memory of their own, after their
/// header was judged.
pub(super) const BUFFER_BYTES: usize = 96 * 1024;

/// A fixed buffer and the unhandled bytes in it.
#[derive(Debug)]
pub(super) struct Input {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

/// What a read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    /// At least one octet.
    Some,
    /// Nothing, and the time is up.
    TooLate,
    /// The peer is gone.
    Closed,
}

impl Input {
    pub(super) fn new() -> Self {
        Self {
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// The bytes that are not yet handled.
    pub(super) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The bytes of a range that [`Input::take`] gave; valid until the next read.
    pub(super) fn get(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// Marks a whole frame as handled and says where its body is.
    pub(super) const fn take(&mut self, frame: FrameStart) -> Range<usize> {
        let body = self.start + LENGTH_BYTES..self.start + frame.frame_bytes();
        self.start += frame.frame_bytes();
        body
    }

    /// Marks bytes as handled.
    pub(super) const fn skip(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// Reads once, waiting until the deadline for the first octet. The stream has a short read timeout.
    pub(super) fn fill(&mut self, mut stream: &UnixStream, deadline: Instant) -> Filled {
        self.make_room();
        loop {
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            match stream.read(free) {
                Ok(0) => return Filled::Closed,
                Ok(count) => {
                    self.end += count;
                    return Filled::Some;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if Instant::now() >= deadline {
                        return Filled::TooLate;
                    }
                }
                Err(_) => return Filled::Closed,
            }
        }
    }

    /// Reads what is there without waiting; true if there was something. An end or an error shows again to
    /// whoever waits.
    pub(super) fn fill_at_once(&mut self, stream: &UnixStream) -> bool {
        self.make_room();
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        match recv(stream, free, RecvFlags::DONTWAIT) {
            Ok((_, count)) if count > 0 => {
                self.end += count;
                true
            }
            Ok(_) | Err(_) => false,
        }
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
    }
}
