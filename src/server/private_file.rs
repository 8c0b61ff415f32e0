//! Files and folders that only their owner may read, written so that a crash leaves the old or the new, never half.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Makes the folder and those above it, for its owner alone. One that is there stays as it is.
pub(crate) fn create_folder(path: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(Error::file("cannot create the folder", path))
}

/// Replaces the file by these bytes, readable by its owner alone.
///
/// Crash here: before the rename the old file stands, with a `.new` beside it that the next write replaces; after
/// it the new one stands. The folder is flushed so that the rename survives a power cut.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let fresh = write_fresh(path, bytes)?;
    fs::rename(&fresh, path).map_err(Error::file("cannot replace", path))?;
    flush_folder(path)
}

/// Writes a file that must not be there yet, readable by its owner alone: whole, or not at all when the disk is full.
///
/// Crash here: at most a `.new` is left, which the next write replaces. The link is what fails if the file is there.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let fresh = write_fresh(path, bytes)?;
    let linked = fs::hard_link(&fresh, path).map_err(Error::file("cannot create", path));
    fs::remove_file(&fresh).map_err(Error::file("cannot remove", &fresh))?;
    linked?;
    flush_folder(path)
}

/// Writes the bytes beside the file that they are for, and to the disk.
fn write_fresh(path: &Path, bytes: &[u8]) -> Result<PathBuf, Error> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::file("cannot remove", &fresh)(error));
        }
        _ => {}
    }
    let mut file = create(&fresh)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // What is half there helps nobody; if it stays, the next write replaces it.
        let _ = fs::remove_file(&fresh);
        return Err(Error::file("cannot write", &fresh)(error));
    }
    Ok(fresh)
}

/// The mode is given at the creation: there is no moment in which others could open the file.
fn create(path: &Path) -> Result<File, Error> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::file("cannot create", path))
}

fn flush_folder(path: &Path) -> Result<(), Error> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(Error::file("cannot flush", folder))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_whole_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/secret");
        create_folder(path.parent().unwrap()).unwrap();
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(folder.path().join("sub/secret.new"), "left by a crash").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(
            (fs::read_to_string(&path).unwrap().as_str(), mode(&path)),
            ("new", 0o600)
        );
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_never_overwrites() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_new(&path, b"first").unwrap();
        assert!(
            write_new(&path, b"second")
                .unwrap_err()
                .to_string()
                .contains("cannot create")
        );
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing else is left"
        );
    }
}
