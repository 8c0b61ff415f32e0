//! Whether the kernel can lock the signer in.

use std::path::Path;

use landlock::{ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};

use super::{Discovery, Report};

pub(super) fn examine(report: &mut Report) {
    if !has_landlock() {
        report.add(Discovery::NoLandlock);
    }
    // Present exactly when CONFIG_SECCOMP_FILTER is built in (seccomp(2), /proc interfaces).
    if !Path::new("/proc/sys/kernel/seccomp/actions_avail").exists() {
        report.add(Discovery::NoSeccomp);
    }
}

/// Asks for a rule set and drops it: nothing is restricted, but only a kernel that can answers with one.
fn has_landlock() -> bool {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create)
        .is_ok()
}
