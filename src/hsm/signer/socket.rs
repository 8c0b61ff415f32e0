//! The signer's Unix socket: its folder, its lock, its rights, and who is at the other end.
//!
//! The folder decides who can reach the socket, so it is checked first: only its owner may write to it. A lock
//! file beside the socket says whether a signer is alive; the kernel releases it with the process, whatever
//! happened. Only the holder of the lock removes a socket that was left behind.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};

use crate::{Error, Result};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 128;

/// Who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedUsers(Vec<u32>);

impl AllowedUsers {
    /// These user ids; none means the user that the signer runs as.
    pub fn new(mut users: Vec<u32>) -> Self {
        if users.is_empty() {
            users.push(rustix::process::geteuid().as_raw());
        }
        Self(users)
    }

    /// Whether only the signer's own user may connect.
    fn own_only(&self) -> bool {
        self.0 == [rustix::process::geteuid().as_raw()]
    }

    /// Checks the process at the other end, as the kernel saw it when it connected.
    pub fn check(&self, stream: impl AsFd) -> std::result::Result<Peer, Stranger> {
        // A process of another PID namespace has no id here; the binding makes an error of that, and such a
        // process stays outside.
        let credentials = socket_peercred(stream).map_err(|_| Stranger { user: None })?;
        let user = credentials.uid.as_raw();
        if self.0.contains(&user) {
            Ok(Peer { user })
        } else {
            Err(Stranger { user: Some(user) })
        }
    }
}

/// The process at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its user id.
    pub user: u32,
}

/// A process that may not connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stranger {
    /// Its user id, if the kernel told.
    pub user: Option<u32>,
}

/// The right to be the signer behind this path, and the socket, not yet listening.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    socket: OwnedFd,
    /// Released by the kernel at the end of the process.
    lock: File,
}

/// The listening socket. Its file is removed when it is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    _lock: File,
}

impl Place {
    /// Checks the folder, takes the lock and binds the socket with its final rights. Connecting is refused until
    /// [`Place::listen`], so that clients wait for a signer that is ready.
    pub fn take(path: &Path, allowed: &AllowedUsers) -> Result<Self> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        prepare_folder(folder)?;
        let lock = take_lock(path)?;
        remove_stale(path)?;
        let socket = bind_at(path).map_err(failed(path, "bind the socket"))?;
        let mode = if allowed.own_only() { 0o600 } else { 0o660 };
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode))
            .map_err(failed(path, "set the rights of the socket"))?;
        if !allowed.own_only() {
            // Other users come in through the folder's group.
            let group = std::fs::metadata(folder)
                .map_err(failed(folder, "look at the folder"))?
                .gid();
            std::os::unix::fs::chown(path, None, Some(group))
                .map_err(failed(path, "give the socket to its folder's group"))?;
        }
        Ok(Self {
            path: path.to_owned(),
            socket,
            lock,
        })
    }

    /// Begins to accept connections.
    pub fn listen(self) -> Result<Listener> {
        listen(&self.socket, BACKLOG)
            .map_err(io::Error::from)
            .map_err(failed(&self.path, "listen on the socket"))?;
        Ok(Listener {
            socket: self.socket.into(),
            path: self.path,
            _lock: self.lock,
        })
    }
}

impl Listener {
    /// The listening socket.
    pub const fn socket(&self) -> &UnixListener {
        &self.socket
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Still the lock's holder, so this is our own socket. Left behind, it would do no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Makes the folder if it is missing, for its owner alone; refuses one that others may write to: whoever can
/// replace the socket is the signer.
fn prepare_folder(folder: &Path) -> Result<()> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    created.map_err(failed(folder, "make the folder"))?;
    let metadata = std::fs::metadata(folder).map_err(failed(folder, "look at the folder"))?;
    let rule = |rule| Error::SignerSocket {
        path: folder.to_owned(),
        rule,
    };
    if metadata.mode() & 0o022 != 0 {
        return Err(rule(
            "the folder of the signer's socket must not be writable by group or others; run: chmod go-w on it",
        ));
    }
    let owner = metadata.uid();
    if owner != rustix::process::geteuid().as_raw() && owner != 0 {
        return Err(rule(
            "the folder of the signer's socket must belong to the user that the signer runs as; run: chown on it",
        ));
    }
    Ok(())
}

fn take_lock(path: &Path) -> Result<File> {
    let lock_path = path.with_extension("lock");
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits()).unwrap_or(0);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(&lock_path)
        .map_err(failed(&lock_path, "open the lock file"))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::SignerRunning {
            path: path.to_owned(),
        }),
        Err(error) => Err(failed(&lock_path, "lock the lock file")(error.into())),
    }
}

/// With the lock in hand, a socket at the path belongs to a signer that is gone. Anything else is not ours.
fn remove_stale(path: &Path) -> Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(path, "look at the socket")(error)),
        Ok(metadata) if metadata.file_type().is_socket() => {
            std::fs::remove_file(path).map_err(failed(path, "remove the socket that was left behind"))
        }
        Ok(_) => Err(Error::SignerSocket {
            path: path.to_owned(),
            rule: "something that is no socket is in the place of the signer's socket; move it away or choose another path",
        }),
    }
}

fn bind_at(path: &Path) -> io::Result<OwnedFd> {
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

fn failed(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::File {
        path,
        action,
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/signer.sock");
        (folder, path)
    }

    fn own() -> AllowedUsers {
        AllowedUsers::new(Vec::new())
    }

    #[test]
    fn the_socket_and_its_folder_are_their_owners_alone() {
        let (_folder, path) = folder();
        let listener = Place::take(&path, &own()).unwrap().listen().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        UnixStream::connect(&path).unwrap();
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_refused() {
        let (_folder, path) = folder();
        let parent = path.parent().unwrap();
        for mode in [0o720, 0o702, 0o777] {
            DirBuilder::new().recursive(true).create(parent).unwrap();
            std::fs::set_permissions(parent, PermissionsExt::from_mode(mode)).unwrap();
            let refusal = Place::take(&path, &own()).unwrap_err();
            assert!(refusal.to_string().contains("chmod go-w"), "{refusal}");
        }
    }

    #[test]
    fn there_is_one_signer_for_each_socket() {
        let (_folder, path) = folder();
        let first = Place::take(&path, &own()).unwrap();
        let second = Place::take(&path, &own()).unwrap_err();
        assert_eq!(second, Error::SignerRunning { path: path.clone() });
        assert!(path.exists());
        drop(first);
        Place::take(&path, &own()).unwrap();
    }

    #[test]
    fn a_socket_left_behind_is_replaced_and_a_file_is_not() {
        let (_folder, path) = folder();
        drop(Place::take(&path, &own()).unwrap());
        assert!(path.exists(), "dropping a place is like dying: the socket stays");
        drop(Place::take(&path, &own()).unwrap());
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, b"precious").unwrap();
        assert!(matches!(
            Place::take(&path, &own()),
            Err(Error::SignerSocket { .. })
        ));
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn nobody_connects_before_the_signer_listens() {
        let (_folder, path) = folder();
        let place = Place::take(&path, &own()).unwrap();
        assert!(UnixStream::connect(&path).is_err());
        let _listener = place.listen().unwrap();
        assert!(UnixStream::connect(&path).is_ok());
    }

    #[test]
    fn a_user_who_is_not_on_the_list_is_told_apart() {
        let (here, _there) = UnixStream::pair().unwrap();
        let me = rustix::process::geteuid().as_raw();
        assert_eq!(own().check(&here).unwrap().user, me);
        let others = AllowedUsers::new(vec![me + 1]);
        assert_eq!(others.check(&here), Err(Stranger { user: Some(me) }));
    }
}
