//! How much a listener takes before it says no: every bound of both listeners in one table.

use std::time::Duration;

/// The bounds of one listener. Work starts only inside them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections at once; further ones wait in the kernel's queue.
    pub(crate) connections: usize,
    /// Connections at once from one client; further ones are closed at once, so that others get in.
    pub(crate) connections_each: usize,
    /// Requests in work at once; further ones are told 503 with `Retry-After`.
    pub(crate) requests: usize,
    /// Octets of a request's body.
    pub(crate) body_bytes: usize,
    /// Octets of a request's line and headers together.
    pub(crate) head_bytes: usize,
    /// Header lines of a request.
    pub(crate) headers: usize,
    /// From accepting a connection to the end of its TLS handshake.
    pub(crate) handshake: Duration,
    /// From a connection's first idle moment to the end of the next request's headers: what a client that
    /// sends one octet at a time gets (slowloris), and what an idle connection gets.
    pub(crate) head_time: Duration,
    /// From a request's headers to its answer, the reading of the body included.
    pub(crate) request_time: Duration,
    /// For how long a client may refuse to take the octets of an answer.
    pub(crate) write_stall: Duration,
    /// For how long requests in work may go on after the order to stop.
    pub(crate) drain: Duration,
}

impl Limits {
    /// Many strangers, small questions.
    pub(crate) const PUBLIC: Self = Self {
        connections: 1024,
        connections_each: 256,
        requests: 256,
        body_bytes: 64 * 1024,
        head_bytes: 16 * 1024,
        headers: 64,
        handshake: Duration::from_secs(5),
        head_time: Duration::from_secs(10),
        request_time: Duration::from_secs(10),
        write_stall: Duration::from_secs(20),
        drain: Duration::from_secs(5),
    };

    /// Few, known, and with more to say.
    pub(crate) const PRIVATE: Self = Self {
        connections: 256,
        connections_each: 64,
        requests: 64,
        body_bytes: 1024 * 1024,
        head_bytes: 32 * 1024,
        headers: 100,
        handshake: Duration::from_secs(3),
        // Browsers keep connections open between clicks; a closed one costs them a handshake.
        head_time: Duration::from_mins(1),
        request_time: Duration::from_secs(30),
        write_stall: Duration::from_secs(30),
        drain: Duration::from_secs(10),
    };
}
