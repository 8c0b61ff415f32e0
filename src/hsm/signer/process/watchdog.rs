//! What cannot be mended from inside: a vendor's module that does not return.
//!
//! A thread inside a PKCS#11 call cannot be taken out of it. When a call lasts longer than any call may, everyone
//! who waits is told and the process ends with [`EXIT_HANG`]; whoever supervises it starts another.

use std::sync::Arc;
use std::time::Duration;

use super::server::Server;
use crate::signer::protocol::Goodbye;
use crate::{Error, Result};

/// The exit code of a signer whose PKCS#11 module hangs (`EX_TEMPFAIL`): start it again.
pub const EXIT_HANG: i32 = 75;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long calls may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// One call while signing or recovering.
    pub(super) call: Duration,
    /// Opening a token: loading the module, logging in, finding all keys.
    pub(super) opening: Duration,
}

/// Looks until the signer stops.
pub(super) fn start(server: &Arc<Server>, patience: Patience) -> Result<()> {
    let server = Arc::clone(server);
    std::thread::Builder::new()
        .name("watchdog".to_owned())
        .stack_size(super::SMALL_STACK_BYTES)
        .spawn(move || watch(&server, patience))
        .map(drop)
        .map_err(|error| Error::Thread {
            reason: error.to_string(),
        })
}

fn watch(server: &Server, patience: Patience) {
    // Goes on while the signer stops: a stop must not wait for a call that hangs.
    loop {
        server.stop.wait(LOOK_EVERY);
        for token in &server.tokens {
            if token.longest_call() > patience.call || token.opening_for() > patience.opening {
                end(server, token.label());
            }
        }
        if server.stop.is_stopping() {
            return;
        }
    }
}

/// Tells everyone and ends the process at once: no destructor of a library that hangs is run.
fn end(server: &Server, token: &str) {
    tracing::error!(
        exit_code = EXIT_HANG,
        "a call into the PKCS#11 module of token {token} does not return; ending this process so that another can start"
    );
    server.dismiss(Goodbye::Hang);
    signal_hook::low_level::exit(EXIT_HANG);
}
