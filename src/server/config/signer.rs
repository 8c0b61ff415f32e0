//! `[signer]`: the process that alone holds the tokens.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::document::Section;

/// How the signer process is run and reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignerConfig {
    /// The Unix socket; `run/signer.sock` in the state folder unless said.
    pub(crate) socket: Option<PathBuf>,
    /// Whether `sinete serve` starts the signer itself. False where it runs as a unit of its own.
    pub(crate) supervised: bool,
    /// Sessions, each with its own thread, for each token.
    pub(crate) sessions: usize,
    /// Requests that may wait before the answer is "busy".
    pub(crate) queue: usize,
    /// User ids that may ask the signer, where it runs under a user of its own; none means its own user.
    pub(crate) users: Vec<u32>,
    /// After how long a request is given up.
    pub(crate) deadline: Duration,
}

/// A Unix socket address holds 108 octets with its final zero (unix(7)).
const SOCKET_PATH_OCTETS: usize = 107;

impl SignerConfig {
    pub(super) fn read(mut section: Section<'_>, base: &Path) -> Self {
        let socket = section.text("socket");
        if let Some(socket) = socket
            && base.join(socket.value).as_os_str().len() > SOCKET_PATH_OCTETS
        {
            section.invalid(
                "socket",
                socket,
                "a path of at most 107 octets: Linux allows no more for a socket",
            );
        }
        let size = |number: Option<u64>, default: usize| {
            number
                .and_then(|number| usize::try_from(number).ok())
                .unwrap_or(default)
        };
        let config = Self {
            socket: socket.map(|text| base.join(text.value)),
            supervised: section.flag("supervised").unwrap_or(true),
            sessions: size(section.number("sessions", 1..=256), 8),
            users: section.numbers("users"),
            queue: size(section.number("queue", 1..=65_536), 1024),
            deadline: Duration::from_millis(section.number("deadline_ms", 50..=120_000).unwrap_or(5000)),
        };
        section.finish();
        config
    }
}
