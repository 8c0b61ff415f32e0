//! The sandbox has no way back, so it is entered in a process of its own: this test binary, started again.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use super::{Layer, Settings, enter};

/// Tells the second process which folder it may use.
const FOLDER: &str = "SINETE_TEST_SANDBOX_FOLDER";

fn attempt<T>(name: &str, result: std::io::Result<T>) {
    match result {
        Ok(_) => println!("\nattempt {name} worked"),
        Err(error) => println!("\nattempt {name} {:?}", error.kind()),
    }
}

/// Not a test of its own: what the second process does. Without the folder it does nothing.
#[test]
fn inside() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let listener = UnixListener::bind(folder.join("writable/outer.sock")).unwrap();
    let parent = rustix::process::getppid().unwrap();
    let settings = Settings {
        read: vec![folder.join("readable"), folder.join("not there")],
        write: vec![folder.join("writable")],
        network: std::env::var_os("SINETE_TEST_SANDBOX_NETWORK").is_some(),
    };
    let report = enter(&settings).unwrap();
    println!("\nattempt files-layer {:?}", report.files);
    println!("\nattempt calls-layer {:?}", report.system_calls);
    attempt("read-readable", fs::read(folder.join("readable/file")));
    attempt("write-readable", fs::write(folder.join("readable/file"), b"x"));
    attempt("read-secret", fs::read(folder.join("secret")));
    attempt("list-outside", fs::read_dir(folder));
    attempt("write-writable", fs::write(folder.join("writable/new"), b"x"));
    attempt("remove-writable", fs::remove_file(folder.join("writable/new")));
    attempt("create-outside", fs::write(folder.join("new"), b"x"));
    attempt("read-shadow", fs::read("/etc/shadow"));
    attempt("read-random", fs::File::open("/dev/urandom"));
    attempt("spawn", Command::new("/bin/true").spawn());
    attempt("exec", Err::<(), _>(Command::new("/bin/true").exec()));
    attempt("udp", UdpSocket::bind("127.0.0.1:0"));
    attempt("tcp", TcpStream::connect("127.0.0.1:9"));
    attempt("unix", UnixStream::connect(folder.join("writable/outer.sock")));
    attempt("accept", listener.accept());
    let thread = std::thread::Builder::new().spawn({
        let secret = folder.join("secret");
        move || attempt("read-secret-in-thread", fs::read(secret))
    });
    attempt("thread", thread.map(|thread| thread.join().unwrap()));
    let traceable = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable);
    attempt("traceable-again", traceable.map_err(Into::into));
    let signal = rustix::process::test_kill_process(parent);
    attempt("signal-parent", signal.map_err(Into::into));
    println!(
        "\nattempt core-limit {:?}",
        rustix::process::getrlimit(rustix::process::Resource::Core).maximum
    );
    println!(
        "\nattempt dumpable {:?}",
        rustix::process::dumpable_behavior().unwrap()
    );
}

fn attempts(network: bool) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    for name in ["readable", "writable"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("readable/file"), b"x").unwrap();
    fs::write(folder.path().join("secret"), b"x").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "signer::sandbox::tests::inside", "--nocapture"])
        .env(FOLDER, folder.path());
    if network {
        command.env("SINETE_TEST_SANDBOX_NETWORK", "yes");
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines()
        .filter_map(|line| line.strip_prefix("attempt "))
        .filter_map(|line| line.split_once(' '))
        .map(|(name, result)| (name.to_owned(), result.to_owned()))
        .collect()
}

#[test]
fn inside_only_what_was_listed_works() {
    let results = attempts(false);
    let result = |name: &str| results.get(name).map_or("not attempted", String::as_str);
    for works in [
        "write-writable",
        "remove-writable",
        "read-readable",
        "read-random",
        "unix",
        "accept",
        "thread",
    ] {
        assert_eq!(result(works), "worked", "{works}");
    }
    assert_eq!(result("calls-layer"), format!("{:?}", Layer::Full));
    for refused in ["spawn", "exec", "udp", "tcp", "traceable-again"] {
        assert_eq!(result(refused), "PermissionDenied", "{refused}");
    }
    assert_eq!(result("core-limit"), "Some(0)");
    assert_eq!(result("dumpable"), "NotDumpable");
    // Not every kernel has Landlock; the report then says so, and there is nothing to test.
    if result("files-layer") == format!("{:?}", Layer::Missing) {
        eprintln!("this kernel has no Landlock: files were not tested");
        return;
    }
    for refused in [
        "read-secret",
        "read-secret-in-thread",
        "list-outside",
        "write-readable",
        "create-outside",
        "read-shadow",
    ] {
        assert_eq!(result(refused), "PermissionDenied", "{refused}");
    }
    if result("files-layer") == format!("{:?}", Layer::Full) {
        assert_eq!(result("signal-parent"), "PermissionDenied");
    }
}

#[test]
fn a_network_token_opens_the_network_and_nothing_else() {
    let results = attempts(true);
    let result = |name: &str| results.get(name).map_or("not attempted", String::as_str);
    assert_eq!(result("udp"), "worked");
    // Nobody listens on the discard port; being told so needs a network.
    assert_eq!(result("tcp"), "ConnectionRefused");
    assert_eq!(result("exec"), "PermissionDenied");
    assert_eq!(result("spawn"), "PermissionDenied");
}
