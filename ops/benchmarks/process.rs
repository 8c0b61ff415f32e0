//! The server as a whole: how soon it is ready, how much memory it holds when nobody asks for anything.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::measure::{median, wait};
use crate::report::{Report, Table};
use crate::workshop::Workshop;
use crate::{Failure, say};

/// Starts of which the median is taken.
const STARTS: usize = 5;

/// Starts the demonstration office's server several times.
pub(crate) fn measure(workshop: &Workshop, report: &mut Report) -> Result<(), Failure> {
    let Some(office) = &workshop.office else {
        say!("No office was given: the server is not measured.");
        return Ok(());
    };
    let (mut ready_ms, mut server_mb, mut signer_mb) = (vec![], vec![], vec![]);
    for _ in 0..STARTS {
        let started = start(workshop, office)?;
        ready_ms.push(started.ready.as_secs_f64() * 1000.0);
        // Long enough for what a start leaves behind to be given back.
        wait(Duration::from_millis(1500));
        server_mb.push(resident_mb(started.server.0.id())?);
        signer_mb.push(resident_mb(child_of(started.server.0.id())?)?);
    }
    let row = |what: &str, value: f64, aim: Option<f64>| {
        vec![
            json!(what),
            json!(value),
            aim.map_or(json!("-"), |aim| json!(aim)),
        ]
    };
    report.add(Table {
        title: "The server of the demonstration office",
        note: format!("Median of {STARTS} starts, from the start of the process to both listeners open."),
        columns: vec!["what", "median", "aim, below"],
        rows: vec![
            row(
                "ready, token opened on the way, ms",
                median(ready_ms),
                Some(1000.0),
            ),
            row("idle server, resident MB", median(server_mb), Some(40.0)),
            row("idle signer, resident MB", median(signer_mb), None),
        ],
    });
    Ok(())
}

struct Started {
    server: Server,
    ready: Duration,
}

fn start(workshop: &Workshop, office: &Path) -> Result<Started, Failure> {
    let announced = office.join("state").join("run").join("server.json");
    drop(std::fs::remove_file(&announced));
    let begun = Instant::now();
    let mut command = Command::new(&workshop.binary);
    command
        .arg("serve")
        .arg("--config")
        .arg(office.join("sinete.toml"));
    command.env("SOFTHSM2_CONF", office.join("softhsm2.conf"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let mut server = Server(command.spawn()?);
    while !announced.exists() {
        if let Some(status) = server.0.try_wait()? {
            return Err(format!("the server ended before it was ready: {status}").into());
        }
        if begun.elapsed() > Duration::from_secs(30) {
            return Err("the server was not ready within 30 s".into());
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
    Ok(Started {
        server,
        ready: begun.elapsed(),
    })
}

/// `VmRSS` of a process.
fn resident_mb(process: u32) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .ok_or("no VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1024.0)
}

/// The signer is the server's only child.
fn child_of(process: u32) -> Result<u32, Failure> {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    let all_tasks = std::fs::read_dir(format!("/proc/{process}/task"))?;
    let mut found = children;
    for task in all_tasks {
        found.push_str(&std::fs::read_to_string(task?.path().join("children")).unwrap_or_default());
        found.push(' ');
    }
    Ok(found
        .split_whitespace()
        .next()
        .ok_or("the server has no signer")?
        .parse()?)
}

/// Asked to stop, and waited for, however the benchmark ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let asked = Command::new("kill")
            .arg("-TERM")
            .arg(self.0.id().to_string())
            .status();
        if !asked.is_ok_and(|status| status.success()) {
            drop(self.0.kill());
        }
        drop(self.0.wait());
    }
}
