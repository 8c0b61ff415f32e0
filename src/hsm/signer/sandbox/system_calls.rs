//! The system-call sandbox: seccomp, as a list of what is refused.
//!
//! A list of what is allowed would be tighter, but it would have to know every vendor's module on every
//! architecture and C library, and the first unforeseen call would stop a working office. So the list holds what
//! no module needs and every intruder wants: new programs and processes, other processes' memory, mounts and
//! namespaces, kernel interfaces, the clock, and sockets that are not Unix sockets.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter_all_threads,
};

use super::Layer;
use crate::{Error, Result};

/// Refused whatever the arguments.
const REFUSED: &[libc::c_long] = &[
    // New programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Mounts and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    // Other users.
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setgroups,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_capset,
    // The kernel itself.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_personality,
    // The clock.
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
];

/// Refused where they exist.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[libc::c_long] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_kexec_file_load,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[libc::c_long] = &[];

/// `prctl(PR_SET_DUMPABLE)`: what was switched off stays off.
const PR_SET_DUMPABLE: u64 = 4;

/// Refuses the calls on every thread of the process.
pub(super) fn restrict(network: bool) -> Result<Layer> {
    let failed = |error: seccompiler::Error| Error::Sandbox {
        what: "filter system calls",
        reason: error.to_string(),
    };
    let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else {
        return Ok(Layer::Missing);
    };
    let filters = [
        absent_calls(arch).map_err(|error| failed(error.into()))?,
        refusals(arch, network).map_err(|error| failed(error.into()))?,
    ];
    for filter in &filters {
        match apply_filter_all_threads(filter) {
            Ok(()) => {}
            // A kernel built without seccomp filters.
            Err(seccompiler::Error::Seccomp(error)) if is_absent(&error) => return Ok(Layer::Missing),
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(Layer::Full)
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL))
}

/// clone3 hides its flags behind a pointer that a filter cannot follow. "No such call" makes the C library start
/// its threads with clone, whose flags can be seen. On x86-64 every call has a second number, of the x32 ABI,
/// past which a list of numbers would be walked; nothing of ours uses that ABI.
fn absent_calls(arch: TargetArch) -> std::result::Result<BpfProgram, seccompiler::BackendError> {
    const X32: std::ops::RangeInclusive<libc::c_long> = 0x4000_0000..=0x4000_0240;
    let mut rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    if cfg!(target_arch = "x86_64") {
        rules.extend(X32.map(|call| (call, Vec::new())));
    }
    compile(rules, libc::ENOSYS, arch)
}

fn refusals(arch: TargetArch, network: bool) -> std::result::Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<libc::c_long, Vec<SeccompRule>> = REFUSED
        .iter()
        .chain(REFUSED_HERE)
        .map(|call| (*call, Vec::new()))
        .collect();
    rules.insert(libc::SYS_clone, vec![without_thread_flag()?]);
    rules.insert(
        libc::SYS_prctl,
        vec![argument(0, SeccompCmpOp::Eq, PR_SET_DUMPABLE)?],
    );
    rules.insert(libc::SYS_socket, vec![foreign_socket(network)?]);
    compile(rules, libc::EPERM, arch)
}

/// clone that makes a process instead of a thread.
fn without_thread_flag() -> std::result::Result<SeccompRule, seccompiler::BackendError> {
    argument(0, SeccompCmpOp::MaskedEq(number(libc::CLONE_THREAD)), 0)
}

/// Any socket but a Unix one; with a network HSM also IPv4, IPv6 and netlink, which name resolution asks.
fn foreign_socket(network: bool) -> std::result::Result<SeccompRule, seccompiler::BackendError> {
    let families: &[i32] = if network {
        &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK]
    } else {
        &[libc::AF_UNIX]
    };
    let conditions = families
        .iter()
        .map(|family| SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, number(*family)))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    SeccompRule::new(conditions)
}

fn argument(
    index: u8,
    operator: SeccompCmpOp,
    value: u64,
) -> std::result::Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(
        index,
        SeccompCmpArgLen::Dword,
        operator,
        value,
    )?])
}

fn compile(
    rules: BTreeMap<libc::c_long, Vec<SeccompRule>>,
    errno: i32,
    arch: TargetArch,
) -> std::result::Result<BpfProgram, seccompiler::BackendError> {
    let refuse = SeccompAction::Errno(u32::try_from(errno).unwrap_or(1));
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into()
}

/// The constants of the C headers are positive.
fn number(constant: i32) -> u64 {
    u64::try_from(constant).unwrap_or(0)
}
