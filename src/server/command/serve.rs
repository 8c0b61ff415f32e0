//! `sinete serve`: the server, with the signer process beside it.

use std::sync::Arc;

use serde::Serialize;

use super::Common;
use crate::clock::SystemClock;
use crate::config::Configuration;
use crate::error::Error;
use crate::exit::Exit;
use crate::log;
use crate::serve::{self, Ready};
use crate::terminal::Terminal;

/// Signatures are made elsewhere; what is left for the threads here is small.
const MAX_THREADS: usize = 4;

#[derive(Debug, Serialize)]
struct Answer {
    state: &'static str,
    public: String,
    private: String,
}

/// Serves until it is told to stop.
pub(super) fn run(common: &Common, terminal: Terminal) -> Result<Exit, Error> {
    let config = Configuration::load(&common.config)?;
    log::begin(config.log);
    let name = config
        .listen
        .names
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads())
        .thread_name("sinete")
        .enable_all()
        .build()
        .map_err(|source| Error::System {
            what: "start the threads of the server",
            source,
        })?;
    runtime.block_on(serve::serve(config, Arc::new(SystemClock), |ready| {
        announce(ready, &name, terminal);
    }))?;
    Ok(Exit::Success)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(MAX_THREADS, |count| count.get().min(MAX_THREADS))
}

/// A name as it stands in an address: IPv6 in brackets (RFC 3986 section 3.2.2).
fn in_address(name: &str) -> String {
    if name.contains(':') {
        format!("[{name}]")
    } else {
        name.to_owned()
    }
}

/// One line on standard output, for whoever started the server and waits until it is ready.
fn announce(ready: Ready, name: &str, terminal: Terminal) {
    let answer = Answer {
        state: "ready",
        public: format!("http://{}", ready.public),
        // Its certificate is for names, so it is told by name.
        private: format!("https://{}:{}", in_address(name), ready.private.port()),
    };
    terminal.line(format_args!(
        "{} {} {}",
        answer.state, answer.public, answer.private
    ));
    terminal.event(&answer);
}
