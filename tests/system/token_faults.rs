//! A token that vanishes, hangs or answers garbage while the server is at work: what asks for a signature gets a clear
//! error within its deadline, no wrong signature leaves, and soon after the token is well everything works again,
//! without a restart of the server.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use faulty_token::Control;
use faulty_token::fault::{Call, Fault};
use system_tests::harness::command::{Finished, run};
use system_tests::harness::office::{Office, Shim};
use system_tests::harness::server::Server;
use system_tests::harness::token::{Kind, PIN};

/// Reaching the signer and asking it: `deadline_ms` of the configuration is 5000 for each. The rest is starting a program
/// on a busy machine.
const DEADLINE: Duration = Duration::from_secs(12);

/// What the issue promises.
const RECOVERY: Duration = Duration::from_secs(5);

/// PKCS #11 v3.2 section 6: return values.
const CKR_DEVICE_ERROR: u64 = 0x30;
const CKR_DEVICE_REMOVED: u64 = 0x32;
const CKR_GENERAL_ERROR: u64 = 0x05;
const CKR_SESSION_HANDLE_INVALID: u64 = 0xB3;

#[test]
fn signatures_that_are_wrong_never_leave() {
    let (server, control) = serve("fault-garbage", Kind::SoftHsm);
    for fault in [Fault::Garbage, Fault::Short] {
        control
            .fail(Some(Call::Sign), fault, None)
            .expect("the test's folder is ours");
        let finished = issue(&server, "wrong");
        assert!(!finished.status.success(), "{fault:?}: {finished}");
        assert!(finished.took < DEADLINE, "{fault:?}: {finished}");
        nothing_was_issued(&server, &finished);
        is_well_again(&server, &control);
    }
    server.stop();
}

#[test]
fn a_token_that_fails_hangs_or_vanishes_costs_a_clear_error_and_nothing_else() {
    let (server, control) = serve("fault-broken", Kind::SoftHsm);
    let process = server.running.id();
    for (call, fault) in [
        (Some(Call::Sign), Fault::Return(CKR_DEVICE_ERROR)),
        (Some(Call::Sign), Fault::Return(CKR_GENERAL_ERROR)),
        (Some(Call::Sign), Fault::Hang),
        (None, Fault::Return(CKR_DEVICE_REMOVED)),
        (None, Fault::Gone),
        (None, Fault::Hang),
    ] {
        control
            .fail(call, fault, None)
            .expect("the test's folder is ours");
        let finished = issue(&server, "broken");
        assert!(!finished.status.success(), "{call:?} {fault:?}: {finished}");
        assert!(finished.took < DEADLINE, "{call:?} {fault:?}: {finished}");
        assert!(
            !finished.stderr.trim().is_empty(),
            "{call:?} {fault:?}: nothing was said"
        );
        nothing_was_issued(&server, &finished);
        assert!(
            server.get("/crl/root.crl").starts_with("HTTP/1.1 200"),
            "publishing needs no token"
        );
        is_well_again(&server, &control);
    }
    assert_eq!(server.running.id(), process);
    server.stop();
}

#[test]
fn what_a_token_forgets_is_done_again_and_nobody_notices() {
    for kind in [Kind::SoftHsm, Kind::Kryoptic] {
        let (server, control) = serve("fault-forgets", kind);
        for fault in [
            Fault::Logout,
            Fault::Reset,
            Fault::Return(CKR_SESSION_HANDLE_INVALID),
            Fault::Slow(Duration::from_millis(300)),
        ] {
            control
                .fail(Some(Call::SignInit), fault, Some(1))
                .expect("the test's folder is ours");
            let finished = issue(
                &server,
                &format!("{fault:?}").replace(|c: char| !c.is_ascii_alphanumeric(), ""),
            );
            assert!(finished.status.success(), "{kind:?} {fault:?}: {finished}");
        }
        server.stop();
    }
}

#[test]
fn the_pin_is_in_no_argument_no_environment_no_log_and_not_in_the_servers_memory() {
    let server = Server::start(Office::demonstration("secrets", Kind::SoftHsm));
    issue(&server, "ana").succeeded();
    let (server_id, signer) = (server.running.id(), server.signer().as_raw_nonzero().get());
    for process in fs::read_dir("/proc").expect("Linux has it").flatten() {
        for file in ["cmdline", "environ"] {
            // Processes end while we read; what is not ours to read is not ours.
            let Ok(bytes) = fs::read(process.path().join(file)) else {
                continue;
            };
            assert!(
                !contains(&bytes, PIN),
                "{}/{file} holds the PIN",
                process.path().display()
            );
        }
    }
    let limits = fs::read_to_string(format!("/proc/{signer}/limits")).expect("the signer runs");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .expect("the kernel lists it");
    assert_eq!(
        core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(),
        ["0", "0"],
        "core dumps of the signer are on"
    );
    assert!(!memory_holds(server_id, PIN), "the server's memory holds the PIN");
    let (_, story) = server.stop();
    assert!(!story.contains(PIN), "{story}");
}

#[test]
fn the_search_through_memory_finds_what_is_there() {
    // The test above would pass as well if it could see nothing.
    let needle = format!("needle-{}", std::process::id());
    assert!(memory_holds(std::process::id(), &needle));
}

/// A server whose token fails on demand. The server cleans its signer's environment, so the module is told by a folder
/// of `HOME`, which stays.
fn serve(name: &str, kind: Kind) -> (Server, Control) {
    let mut office = Office::demonstration(name, kind);
    let home = office.folder().to_owned();
    let folder = home.join(".faulty-token");
    fs::create_dir(&folder).expect("the test's folder is ours");
    let real = office.tokens().module();
    fs::write(
        folder.join("real"),
        real.to_str().expect("a module's path is UTF-8"),
    )
    .expect("the test's folder is ours");
    let control = Control::new(&folder).expect("the test's folder is ours");
    office.put_between(Some(Shim {
        module: faulty_token::library().expect("Cargo builds it for this test"),
        environment: vec![("HOME", home)],
        paths: vec![folder, real],
    }));
    (Server::start(office), control)
}

/// Asks for a signature: an operator's certificate, by the running server's signer.
fn issue(server: &Server, name: &str) -> Finished {
    let mut command = server.office.sinete(&["operator", "issue", "--name", name]);
    command.arg("--out").arg(file(server, name, "p12"));
    run(command.arg("--password-file").arg(file(server, name, "password")))
}

fn file(server: &Server, name: &str, ending: &str) -> PathBuf {
    server.office.folder().join(format!("{name}.{ending}"))
}

#[track_caller]
fn nothing_was_issued(server: &Server, finished: &Finished) {
    for entry in fs::read_dir(server.office.folder())
        .expect("it is there")
        .flatten()
    {
        let name = entry.file_name();
        let ending = std::path::Path::new(&name)
            .extension()
            .map(|ending| ending.to_string_lossy().into_owned());
        let issued = name.to_string_lossy().starts_with("well") || ending.as_deref() != Some("p12");
        assert!(issued, "{} was written: {finished}", entry.path().display());
    }
}

/// Heals the token, and asks until a certificate is issued and the server says that it is ready: it must be soon.
#[track_caller]
fn is_well_again(server: &Server, control: &Control) {
    control.heal().expect("the test's folder is ours");
    let healed = Instant::now();
    let mut well = false;
    while !well || server.reasons() != [""; 0] {
        let number = fs::read_dir(server.office.folder()).expect("it is there").count();
        let finished = issue(server, &format!("well-{number}"));
        well |= finished.status.success();
        let took = healed.elapsed();
        assert!(
            took < RECOVERY,
            "not well after {took:?}, {:?}: {finished}",
            server.reasons()
        );
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Whether a text lies in a process's writable memory. A process that may not be looked into keeps its secrets too.
fn memory_holds(process: u32, text: &str) -> bool {
    use std::os::unix::fs::FileExt as _;
    let Ok(memory) = fs::File::open(format!("/proc/{process}/mem")) else {
        return false;
    };
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("the process runs");
    let writable = maps.lines().filter_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let bounds = (
            u64::from_str_radix(start, 16).ok()?,
            u64::from_str_radix(end, 16).ok()?,
        );
        rest.starts_with("rw").then_some(bounds)
    });
    for (start, end) in writable {
        let mut bytes = vec![0; usize::try_from(end - start).expect("memory fits into memory")];
        // Some regions, such as guards and devices, cannot be read.
        if memory.read_exact_at(&mut bytes, start).is_ok() && contains(&bytes, text) {
            return true;
        }
    }
    false
}
