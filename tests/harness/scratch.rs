//! Throw-away folders, short enough for Unix sockets, kept when their test fails.

use std::fs;
use std::ops::Deref;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of one test. Deleted with the value, unless the test is failing: then its path is printed.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes an empty folder, readable by nobody else. `name` is for the person who looks into it.
    pub fn new(name: &str) -> Self {
        static SWEEP: Once = Once::new();
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        SWEEP.call_once(sweep);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = home()
            .join(process::id().to_string())
            .join(format!("{number}-{name}"));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .expect("the folder for temporary files is writable");
        Self { path }
    }
}

impl Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("kept for you to look at: {}", self.path.display());
        } else {
            // What a killed process left half-deleted goes with the next run's sweep.
            drop(fs::remove_dir_all(&self.path));
        }
    }
}

fn home() -> PathBuf {
    // Not under target/: a Unix socket's path has room for 107 bytes, a deep checkout may not leave it any.
    std::env::temp_dir().join(format!("sinete-tests-{}", rustix::process::getuid().as_raw()))
}

/// Deletes what earlier runs left: folders that outlive their value (statics) and those kept for looking.
fn sweep() {
    for entry in fs::read_dir(home()).into_iter().flatten().flatten() {
        let alive = Path::new("/proc").join(entry.file_name()).exists();
        if !alive {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}
