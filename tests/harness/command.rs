//! Runs a program to its end, or kills it at a deadline: no test hangs, none sleeps.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::wait;

/// Longer than any honest program here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A program that has ended, and what it said.
#[derive(Debug)]
pub struct Finished {
    /// The command line, for messages.
    pub line: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

impl Finished {
    /// The same, after making sure that the program succeeded.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert!(self.status.success(), "should have succeeded: {self}");
        self
    }

    /// The same, after making sure that the program refused: an exit code of its own, not a signal.
    #[track_caller]
    pub fn refused(self) -> Self {
        assert!(
            self.status.code().is_some_and(|code| code != 0),
            "should have refused: {self}"
        );
        self
    }

    /// Both streams, for messages that may be on either.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl std::fmt::Display for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            line,
            status,
            stdout,
            stderr,
            ..
        } = self;
        write!(f, "{line}\n{status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// Runs a program to its end, with nothing on its standard input.
#[track_caller]
pub fn run(command: &mut Command) -> Finished {
    run_with_input(command, "")
}

/// Runs a program to its end, writing `input` to it first.
#[track_caller]
pub fn run_with_input(command: &mut Command, input: &str) -> Finished {
    run_within(command, input, PATIENCE)
}

/// Runs a program that must end within `patience`; it is killed and the test fails otherwise.
#[track_caller]
pub fn run_within(command: &mut Command, input: &str, patience: Duration) -> Finished {
    let line = format!("{command:?}");
    let started = Instant::now();
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{line} does not start: {error}"));
    // Threads, because a program that fills one pipe while we read the other would wait for ever.
    let mut stdin = child.stdin.take().expect("it was piped");
    let input = input.to_owned();
    // A program may end without reading all of its input; that is no failure of the test.
    let writer = thread::spawn(move || drop(std::io::Write::write_all(&mut stdin, input.as_bytes())));
    let stdout = collect(child.stdout.take().expect("it was piped"));
    let stderr = collect(child.stderr.take().expect("it was piped"));
    let ended = wait::for_end_of(&child, patience);
    if !ended {
        drop(child.kill());
    }
    let status = child.wait().expect("a child can be waited for once");
    let took = started.elapsed();
    let text = |thread: thread::JoinHandle<String>| thread.join().expect("reading a pipe does not panic");
    writer.join().expect("writing a pipe does not panic");
    let finished = Finished {
        line,
        status,
        stdout: text(stdout),
        stderr: text(stderr),
        took,
    };
    assert!(ended, "did not end within {patience:?}: {finished}");
    finished
}

fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
