//! A program that goes on running while the test does: its output line by line, signals to it, and its end.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::wait;

/// A running program. Killed when dropped: nothing outlives its test.
#[derive(Debug)]
pub struct Running {
    line: String,
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    /// Starts a program with nothing on its standard input.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let line = format!("{command:?}");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{line} does not start: {error}"));
        let (sender, lines) = channel();
        forward(child.stdout.take().expect("it was piped"), sender.clone());
        forward(child.stderr.take().expect("it was piped"), sender);
        Self {
            line,
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of either stream that contains `text`, and returns it. Fails the test at the deadline, or when
    /// the program ends without it.
    #[track_caller]
    pub fn line_with(&mut self, text: &str, patience: Duration) -> String {
        let deadline = Instant::now() + patience;
        while let Some(line) = self.next_line(deadline) {
            if line.contains(text) {
                return line;
            }
        }
        panic!("no line with {text:?} within {patience:?}: {}", self.story())
    }

    /// The next line of either stream; `None` when both have ended, or at the deadline.
    pub fn next_line(&mut self, deadline: Instant) -> Option<String> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => {
                self.seen.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Sends a signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the child is not reaped yet");
    }

    /// Whether it ends by itself before the deadline.
    pub fn ends_within(&self, patience: Duration) -> bool {
        wait::for_end_of(&self.child, patience)
    }

    /// Waits for its end; fails the test at the deadline.
    #[track_caller]
    pub fn end(mut self, patience: Duration) -> (ExitStatus, String) {
        assert!(
            self.ends_within(patience),
            "did not end within {patience:?}: {}",
            self.story()
        );
        let status = self.child.wait().expect("a child can be waited for");
        (status, self.story())
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) -> String {
        self.signal(Signal::KILL);
        self.child.wait().expect("a child can be waited for");
        self.story()
    }

    /// The command line and everything it has said.
    pub fn story(&mut self) -> String {
        self.seen.extend(self.lines.try_iter());
        format!("{}\n{}", self.line, self.seen.join("\n"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill, only to reap.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn forward(pipe: impl Read + Send + 'static, sender: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                // The test is over.
                break;
            }
        }
    });
}
