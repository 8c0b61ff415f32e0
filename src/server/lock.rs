//! One server at a time works with a state folder: a file in it is locked for as long as the process lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::PathBuf;

use crate::config::StateFolder;
use crate::error::Error;
use crate::private_file;

/// The right to work with a state folder; given back when dropped, by the kernel even after a kill.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

fn path(state: &StateFolder) -> PathBuf {
    state.run().join("server.lock")
}

/// Takes the lock, or says who has it.
pub(crate) fn take(state: &StateFolder) -> Result<Lock, Error> {
    private_file::create_folder(&state.run())?;
    let path = path(state);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(Error::file("cannot open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            // Who it is is only for the message.
            let _ = file.read_to_string(&mut process);
            return Err(Error::AlreadyRunning {
                path: state.path().to_owned(),
                process: process.trim().chars().take(20).collect(),
            });
        }
        Err(TryLockError::Error(error)) => return Err(Error::file("cannot lock", &path)(error)),
    }
    let written = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(Error::file("cannot write", &path))?;
    Ok(Lock { _file: file })
}

/// Whether a server is at work with this folder. Never takes the lock from one that is about to start for longer
/// than the question.
pub(crate) fn is_held(state: &StateFolder) -> bool {
    let Ok(file) = File::open(path(state)) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fixture;

    #[test]
    fn a_second_server_is_told_who_has_the_folder() {
        let fixture = Fixture::new();
        let state = fixture.config().office.state;
        assert!(!is_held(&state));
        let first = take(&state).unwrap();
        assert!(is_held(&state));
        let refusal = take(&state).unwrap_err().to_string();
        assert!(
            refusal.contains(&format!("process {}", std::process::id())),
            "{refusal}"
        );
        drop(first);
        assert!(!is_held(&state) && take(&state).is_ok());
    }
}
