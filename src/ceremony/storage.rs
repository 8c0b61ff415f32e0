//! Files that survive a crash: each is either the old or the new one, never a part of it.
//!
//! Every write is announced to [`Faults`] before and after, so that tests can stop at each of them.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::environment::{Faults, Moment};
use crate::{Error, Result};

/// Larger than every file of a ceremony: certificates, envelopes and scripts are a few kilobytes.
const LARGEST_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The disk, with its fault points.
#[derive(Clone)]
pub(crate) struct Disk {
    faults: Arc<dyn Faults>,
}

impl Disk {
    pub(crate) fn new(faults: Arc<dyn Faults>) -> Self {
        Self { faults }
    }

    /// Runs an act between its two fault points; the act itself must be durable when it returns.
    pub(crate) fn guarded<T>(&self, point: &str, act: impl FnOnce() -> Result<T>) -> Result<T> {
        self.faults.reached(point, Moment::Before)?;
        let done = act()?;
        self.faults.reached(point, Moment::After)?;
        Ok(done)
    }

    /// Makes the file hold exactly these bytes: written beside it, synced, renamed, folder synced.
    ///
    /// Crash here: before the rename the old file stands and a `.new` file lies about, which the next write
    /// replaces; after it the new file stands.
    pub(crate) fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.guarded(&format!("write {}", name_of(path)), || {
            replace(path, bytes, 0o644)
        })
    }

    /// The same for what only its owner may read.
    pub(crate) fn replace_private(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.guarded(&format!("write {}", name_of(path)), || {
            replace(path, bytes, 0o600)
        })
    }

    /// Adds one line to the end of a file and syncs it.
    ///
    /// Crash here: a part of the line may stand without its line end. It was never acknowledged, and
    /// whoever reads the file next cuts it off.
    pub(crate) fn append_line(&self, path: &Path, line: &[u8]) -> Result<()> {
        self.guarded(&format!("append {}", name_of(path)), || {
            let failed = Error::file(path, "append to");
            let mut file = OpenOptions::new()
                .append(true)
                .create(true)
                .open(path)
                .map_err(&failed)?;
            let mut whole = line.to_vec();
            whole.push(b'\n');
            file.write_all(&whole)
                .and_then(|()| file.sync_all())
                .map_err(&failed)?;
            sync_folder(path)
        })
    }

    /// Shortens a file to this length.
    pub(crate) fn truncate(&self, path: &Path, length: u64) -> Result<()> {
        self.guarded(&format!("truncate {}", name_of(path)), || {
            let failed = Error::file(path, "shorten");
            let file = OpenOptions::new().write(true).open(path).map_err(&failed)?;
            file.set_len(length)
                .and_then(|()| file.sync_all())
                .map_err(&failed)
        })
    }

    /// Makes a folder and those above it.
    pub(crate) fn create_folder(&self, path: &Path) -> Result<()> {
        self.guarded(&format!("create {}", name_of(path)), || {
            fs::create_dir_all(path).map_err(Error::file(path, "create folder"))?;
            sync_folder(path)
        })
    }
}

/// Reads a file, but never more than a ceremony's file can be.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = Error::file(path, "read");
    let size = fs::metadata(path).map_err(&failed)?.len();
    if size > LARGEST_FILE_BYTES {
        return Err(Error::FileTooLarge {
            path: path.to_owned(),
            size,
            limit: LARGEST_FILE_BYTES,
        });
    }
    fs::read(path).map_err(&failed)
}

/// Reads a text file.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|_| Error::NotText {
        path: path.to_owned(),
    })
}

/// The file's entries by name, sorted; a folder that does not exist is empty.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = Error::file(folder, "list");
    let entries = fs::read_dir(folder).map_err(&failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(&failed)?;
    paths.sort();
    Ok(paths)
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let failed = Error::file(&beside, "write");
    // A leftover of a crash could have other rights; it is removed, not reused.
    if beside.exists() {
        fs::remove_file(&beside).map_err(&failed)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)
        .map_err(&failed)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(&failed)?;
    fs::rename(&beside, path).map_err(Error::file(path, "replace"))?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(Error::file(folder, "sync folder"))
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::NoFaults;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_rights() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(Arc::new(NoFaults));
        let path = folder.path().join("a");
        fs::write(folder.path().join("a.new"), b"left behind").unwrap();
        disk.replace_private(&path, b"one").unwrap();
        disk.replace_private(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(list(folder.path()).unwrap(), [path]);
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        File::create(&path)
            .unwrap()
            .set_len(LARGEST_FILE_BYTES + 1)
            .unwrap();
        let refusal = read(&path).unwrap_err().to_string();
        assert!(refusal.contains("large"), "{refusal}");
    }
}
