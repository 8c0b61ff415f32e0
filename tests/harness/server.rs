//! `sinete serve` as a running process, and the people who ask it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::Value;

use super::command::{Finished, run, run_with_input};
use super::office::Office;
use super::process::Running;

/// Longer than a start or a stop takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A running server and how to reach it.
#[derive(Debug)]
pub struct Server {
    /// Whose server it is.
    pub office: Office,
    /// The process.
    pub running: Running,
    /// Address of the public listener.
    pub public: String,
    /// Address of the private listener, with the name it is certified for.
    pub private: String,
}

impl Server {
    /// Starts it and waits until it says that it is ready.
    pub fn start(office: Office) -> Self {
        let mut running = Running::start(&mut office.sinete(&["serve"]));
        let line = running.line_with("ready http://", PATIENCE);
        let mut words = line.split(' ').skip(1);
        let mut address = |scheme: &str| {
            let word = words.next().and_then(|word| word.strip_prefix(scheme));
            word.unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        Self {
            public: address("http://"),
            private: address("https://"),
            office,
            running,
        }
    }

    /// A file of its state folder.
    pub fn state(&self, file: &str) -> PathBuf {
        self.office.state().join(file)
    }

    /// One question to the public listener.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.public).expect("it listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a deadline can be set");
        let question = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(question.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers and closes");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Codes of what stands in the way of being ready.
    pub fn reasons(&self) -> Vec<String> {
        let health = self.get("/health");
        let body = health.split("\r\n\r\n").nth(1).expect("it has a body");
        let health: Value = serde_json::from_str(body).expect("it is JSON");
        let reasons = health["reasons"].as_array().expect("a list");
        reasons.iter().map(|reason| reason["code"].to_string()).collect()
    }

    /// One question to the private listener, by a foreign TLS client.
    pub fn ask(&self, operator: Option<&Path>, path: &str) -> Finished {
        let mut client = Command::new("openssl");
        client.args([
            "s_client",
            "-quiet",
            "-tls1_3",
            "-verify_return_error",
            "-servername",
        ]);
        client.args([
            "localhost",
            "-verify_hostname",
            "localhost",
            "-connect",
            &self.private,
        ]);
        client.arg("-CAfile").arg(self.office.certificate("root"));
        if let Some(p12) = operator {
            client.arg("-cert").arg(p12.with_extension("pem"));
            client.arg("-key").arg(p12.with_extension("key.pem"));
        }
        let question = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        run_with_input(&mut client, &question)
    }

    /// What an operator is told.
    pub fn status(&self, operator: &Path) -> Value {
        let answer = self.ask(Some(operator), "/api/v1/status");
        let body = answer
            .stdout
            .split("\r\n\r\n")
            .nth(1)
            .unwrap_or_else(|| panic!("{answer}"));
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    /// The signer's process id: the server's only child, whichever of its threads started it.
    pub fn signer(&self) -> Pid {
        let start = Instant::now();
        loop {
            if let Some(pid) = self.children().into_iter().find_map(Pid::from_raw) {
                return pid;
            }
            assert!(start.elapsed() < PATIENCE, "the server has no signer");
        }
    }

    fn children(&self) -> Vec<i32> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.running.id())).expect("it runs");
        let lists =
            threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
        lists
            .flat_map(|list| {
                list.split_whitespace()
                    .filter_map(|id| id.parse().ok())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// Stops it as a service manager does; answers with its office and everything it has said.
    pub fn stop(self) -> (Office, String) {
        self.running.signal(Signal::TERM);
        let (status, story) = self.running.end(PATIENCE);
        assert!(status.success(), "{story}");
        (self.office, story)
    }
}

/// Has an operator's certificate issued, by the running server's signer or by one of its own; answers with the PKCS#12 file.
pub fn operator(office: &Office, name: &str) -> PathBuf {
    let file = office.folder().join(format!("{name}.p12"));
    let password = office.folder().join(format!("{name}.password"));
    let mut issue = office.sinete(&["operator", "issue", "--name", name]);
    issue
        .arg("--out")
        .arg(&file)
        .arg("--password-file")
        .arg(&password);
    run(&mut issue).succeeded();
    file
}
