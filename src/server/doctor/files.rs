//! Owner, rights and space of what the server reads and writes.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use hsm::pin::PinSource;

use super::{Discovery, Report};
use crate::config::Configuration;

/// Below this much free space a day of work may not fit.
const LOW_DISK_MEBIBYTES: u64 = 512;

/// What a file or folder must be like.
#[derive(Clone, Copy)]
enum Demand {
    /// Only its owner may change it.
    Unchanged,
    /// Only its owner may even read it; the mode is the remedy.
    Secret(u32),
}

pub(super) fn examine(config: &Configuration, report: &mut Report) {
    look(&config.path, Demand::Unchanged, report);
    look(&config.office.hierarchy(), Demand::Unchanged, report);
    for token in config.token_settings() {
        // A module that others may change is code that they run as us.
        look(&token.module, Demand::Unchanged, report);
        if let PinSource::File(pin) = &token.pin {
            look(pin, Demand::Secret(0o600), report);
        }
    }
    let state = &config.office.state;
    if !state.path().is_dir() {
        let path = state.path().to_owned();
        return report.add(Discovery::StateMissing { path });
    }
    look(state.path(), Demand::Unchanged, report);
    writable(state.path(), report);
    look(&state.keys(), Demand::Unchanged, report);
    look(&state.certificates(), Demand::Unchanged, report);
    look(&state.crls(), Demand::Unchanged, report);
    look(&state.ceremonies(), Demand::Unchanged, report);
    look(&state.run(), Demand::Secret(0o700), report);
    look(&state.operators(), Demand::Secret(0o700), report);
    look(&state.listener(), Demand::Secret(0o700), report);
    for entry in std::fs::read_dir(state.listener())
        .into_iter()
        .flatten()
        .flatten()
    {
        look(&entry.path(), Demand::Secret(0o600), report);
    }
    space(state.path(), report);
}

/// Looks at one file or folder; what is not there is judged elsewhere, by whoever needs it.
fn look(path: &Path, demand: Demand, report: &mut Report) {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return,
        Err(error) => {
            return report.add(Discovery::Unreadable {
                path: path.to_owned(),
                message: error.to_string(),
            });
        }
    };
    let (owner, ours) = (metadata.uid(), rustix::process::geteuid().as_raw());
    // What root owns is as good as ours: root can do anything anyway.
    if owner != ours && owner != 0 {
        report.add(Discovery::WrongOwner {
            path: path.to_owned(),
            owner,
            ours,
        });
    }
    let mode = metadata.mode() & 0o7777;
    let path = path.to_owned();
    match demand {
        Demand::Secret(wanted) if mode & 0o077 != 0 => {
            report.add(Discovery::OthersRead { path, mode, wanted });
        }
        Demand::Unchanged if others_may_change(&metadata) => {
            report.add(Discovery::OthersWrite { path, mode });
        }
        Demand::Secret(_) | Demand::Unchanged => {}
    }
}

/// In a sticky folder others may add what is theirs, and neither remove nor rename what is not: so the server and a
/// signer of its own user share a state folder that belongs to root (chmod(2), "restricted deletion flag").
fn others_may_change(metadata: &std::fs::Metadata) -> bool {
    let sticky = metadata.is_dir() && metadata.mode() & 0o1000 != 0;
    metadata.mode() & 0o022 != 0 && !sticky
}

fn writable(path: &Path, report: &mut Report) {
    use rustix::fs::{Access, access};
    if access(path, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let path = path.to_owned();
        report.add(Discovery::NotWritable { path });
    }
}

fn space(path: &Path, report: &mut Report) {
    let Ok(system) = rustix::fs::statvfs(path) else {
        return;
    };
    let free_mebibytes = system.f_bavail.saturating_mul(system.f_frsize) / (1024 * 1024);
    if free_mebibytes < LOW_DISK_MEBIBYTES {
        report.add(Discovery::DiskLow {
            path: path.to_owned(),
            free_mebibytes,
        });
    }
}
