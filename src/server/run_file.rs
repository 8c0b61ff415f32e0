//! `run/server.json` in the state folder: where the running server listens, for scripts and tests.

use std::net::SocketAddr;
use std::path::PathBuf;

use pki::time::Time;
use serde::Serialize;

use crate::config::StateFolder;
use crate::error::Error;
use crate::private_file;

#[derive(Debug, Serialize)]
struct Running {
    process: u32,
    public: SocketAddr,
    private: SocketAddr,
    ready_at: String,
}

/// The file; removed when dropped.
#[derive(Debug)]
pub(crate) struct RunFile(PathBuf);

impl RunFile {
    /// Writes it: the server is ready.
    pub(crate) fn write(
        state: &StateFolder,
        public: SocketAddr,
        private: SocketAddr,
        now: Time,
    ) -> Result<Self, Error> {
        let running = Running {
            process: std::process::id(),
            public,
            private,
            ready_at: now.to_string(),
        };
        let path = path(state);
        let text = serde_json::to_string_pretty(&running).unwrap_or_default();
        private_file::replace(&path, text.as_bytes())?;
        Ok(Self(path))
    }
}

impl Drop for RunFile {
    fn drop(&mut self) {
        // One that stays is overwritten by the next start; who reads it checks the process.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Removes what a killed server left, so that nobody takes it for this one's.
pub(crate) fn forget(state: &StateFolder) {
    let _ = std::fs::remove_file(path(state));
}

fn path(state: &StateFolder) -> PathBuf {
    state.run().join("server.json")
}
