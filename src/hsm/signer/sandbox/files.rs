//! The file sandbox: Landlock. What is not listed cannot be opened, whoever the user is.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
};

use super::{Layer, Settings};
use crate::{Error, Result};

/// The newest rights this code was written for; older kernels give what they have.
const KNOWN: ABI = ABI::V7;

/// Libraries and the few files that the C library reads on its own. Not all of `/etc`: it holds secrets that
/// root may read, and vendors' configuration is listed by whoever needs it.
const SYSTEM_READ: [&str; 21] = [
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/passwd",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/softhsm",
    "/etc/pkcs11",
    "/sys/devices/system/cpu",
    "/dev/urandom",
    "/dev/random",
];

/// Where a program that writes nothing writes to.
const SYSTEM_WRITE: [&str; 2] = ["/dev/null", "/dev/zero"];

/// Closes everything that is not listed. Executing is granted nowhere.
pub(super) fn restrict(settings: &Settings) -> Result<Layer> {
    apply(settings).map_err(|error| Error::Sandbox {
        what: "close the files outside",
        reason: error.to_string(),
    })
}

fn apply(settings: &Settings) -> std::result::Result<Layer, landlock::RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = read
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSock
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer
        | AccessFs::IoctlDev;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?;
    if !settings.network {
        rules = rules.handle_access(AccessNet::from_all(KNOWN))?;
    }
    let mut rules = rules.create()?;
    let system = SYSTEM_READ.iter().map(Path::new);
    for path in system.chain(settings.read.iter().map(AsRef::as_ref)) {
        rules = grant(rules, path, read)?;
    }
    let system = SYSTEM_WRITE.iter().map(Path::new);
    for path in system.chain(settings.write.iter().map(AsRef::as_ref)) {
        rules = grant(rules, path, write)?;
    }
    Ok(match rules.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => Layer::Full,
        RulesetStatus::PartiallyEnforced => Layer::Partial,
        RulesetStatus::NotEnforced => Layer::Missing,
    })
}

/// A path that is not there needs no right; rights that only folders have are dropped for files.
fn grant(
    rules: landlock::RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> std::result::Result<landlock::RulesetCreated, landlock::RulesetError> {
    let Ok(opened) = PathFd::new(path) else {
        return Ok(rules);
    };
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(KNOWN)
    };
    rules.add_rule(PathBeneath::new(opened, access))
}
