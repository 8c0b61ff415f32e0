//! Waits for a state, with a deadline; the kernel wakes us, nothing here sleeps for a guessed time.

use std::process::Child;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Waits until a child has ended; says whether it did before the deadline.
pub fn for_end_of(child: &Child, patience: Duration) -> bool {
    let pid = Pid::from_child(child);
    let process = pidfd_open(pid, PidfdFlags::empty()).expect("the child is not reaped yet");
    readable(process.as_fd(), patience)
}

/// Waits until something can be read from a descriptor; says whether it could before the deadline.
pub fn readable(descriptor: impl AsFd, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    let mut watched = [PollFd::new(&descriptor, PollFlags::IN)];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).expect("a test's patience fits");
        match poll(&mut watched, Some(&timeout)) {
            Ok(count) => return count > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("poll failed: {error}"),
        }
    }
}
