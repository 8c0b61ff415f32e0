//! What the signer process gives up before it touches a PKCS#11 module.
//!
//! Order matters: the kernel's file sandbox binds the calling thread and the threads born after it, so it is
//! entered before the first module is loaded. Vendor code therefore never runs outside, and a recovery an hour
//! later finds exactly the rights that the start had: a missing path shows at the first start, not at the first
//! failure. What the signer needs for itself (configuration, inventory, certificates, PINs, its socket) is read
//! and opened before.
//!
//! Always: no new privileges, no core dumps, not traceable by others, bounded memory and descriptors. As far as
//! the kernel has it: Landlock (files, TCP, signals), seccomp (no new programs, no processes, no foreign
//! sockets, no tampering), locked memory. [`Report`] says in one line what was given.

mod files;
mod system_calls;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

use crate::{Error, Result};

/// Writable memory of the whole process. The largest request is 64 MB and few of those fit in at once.
const MAX_DATA_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Open files: connections, sessions, and whatever a module opens.
const MAX_OPEN_FILES: u64 = 1024;

/// What remains reachable inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Files and folders that may be read: modules, their configuration.
    pub read: Vec<PathBuf>,
    /// Files and folders that may be changed as well: token storage, the socket's folder, devices.
    pub write: Vec<PathBuf>,
    /// Whether a module may use the network: a network HSM.
    pub network: bool,
}

/// What the kernel gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Files outside are closed, and how completely.
    pub files: Layer,
    /// Dangerous system calls are refused.
    pub system_calls: Layer,
    /// Memory is kept out of the swap.
    pub memory_locked: bool,
    /// Whether the network was left open.
    pub network: bool,
}

/// How much of one protection is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// All of it.
    Full,
    /// What this kernel knows of it.
    Partial,
    /// Nothing: the kernel lacks it or it is disabled.
    Missing,
}

/// Gives up what can be given up, for this thread and every thread born later. There is no way back.
///
/// The rights that any Linux has are demanded; for those that depend on the kernel the report says what is
/// missing and the process goes on.
pub fn enter(settings: &Settings) -> Result<Report> {
    let demanded = |what| {
        move |error: rustix::io::Errno| Error::Sandbox {
            what,
            reason: error.to_string(),
        }
    };
    setrlimit(Resource::Core, both(0)).map_err(demanded("switch core dumps off"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(demanded("make the process untraceable"))?;
    lower(Resource::Data, MAX_DATA_BYTES).map_err(demanded("limit the memory"))?;
    lower(Resource::Nofile, MAX_OPEN_FILES).map_err(demanded("limit the open files"))?;
    let memory_locked = lock_memory();
    rustix::thread::set_no_new_privs(true).map_err(demanded("give up new privileges"))?;
    let files = files::restrict(settings)?;
    let system_calls = system_calls::restrict(settings.network)?;
    Ok(Report {
        files,
        system_calls,
        memory_locked,
        network: settings.network,
    })
}

const fn both(limit: u64) -> Rlimit {
    Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    }
}

/// Lowers a limit; one that is lower already stays.
fn lower(resource: Resource, limit: u64) -> std::result::Result<(), rustix::io::Errno> {
    let now = getrlimit(resource);
    let least = |present: Option<u64>| present.map_or(limit, |present| present.min(limit));
    setrlimit(
        resource,
        Rlimit {
            current: Some(least(now.current)),
            maximum: Some(least(now.maximum)),
        },
    )
}

/// PINs were read by now, so locking what exists keeps them out of the swap. Only what is touched is held in
/// memory. Future mappings are left alone: under a small limit they would fail instead of being unlocked.
fn lock_memory() -> bool {
    use rustix::mm::{MlockAllFlags, mlockall};
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::ONFAULT).is_ok()
}

impl fmt::Display for Layer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Full => "in force",
            Self::Partial => "partly in force (older kernel)",
            Self::Missing => "NOT in force (the kernel lacks it)",
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "no new privileges and no core dumps; file sandbox {}; system-call filter {}; network {}; memory {}",
            self.files,
            self.system_calls,
            if self.network {
                "open, as configured"
            } else {
                "closed"
            },
            if self.memory_locked {
                "locked"
            } else {
                "not locked (limit on locked memory)"
            },
        )
    }
}
