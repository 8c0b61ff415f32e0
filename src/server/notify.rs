//! Tells systemd that the server is ready or stopping (sd_notify(3)), where it was started by systemd.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Sends one state, such as `READY=1`. Without a supervisor nothing happens; a message that does not arrive is the
/// supervisor's loss, not ours.
pub(crate) fn tell(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let address = match path.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&path),
    };
    let sent = UnixDatagram::unbound()
        .and_then(|socket| address.and_then(|address| socket.send_to_addr(state.as_bytes(), &address)));
    if let Err(error) = sent {
        tracing::debug!(%error, "the service manager was not told");
    }
}
