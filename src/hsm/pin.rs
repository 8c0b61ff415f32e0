//! PINs: where they come from and how they stay out of everything else.
//!
//! A PIN is never an argument of a command, never part of the environment, never logged: [`Pin`] prints
//! nothing of itself and is wiped when the last user drops it.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use crate::{Error, Result};

/// Longer than any token's limit; a file larger than this is not a PIN file.
const MAX_PIN_BYTES: usize = 255;

/// A PIN in memory: shared, never copied, wiped at the end.
#[derive(Clone)]
pub struct Pin(Arc<AuthPin>);

impl Pin {
    /// Takes over a PIN: the boxed text itself is kept and wiped at the end.
    pub fn new(text: Box<str>) -> Self {
        Self(Arc::new(AuthPin::new(text)))
    }

    pub(crate) fn as_auth_pin(&self) -> &AuthPin {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Pin(..)")
    }
}

/// Where the PIN of a token comes from.
#[derive(Debug, Clone)]
pub enum PinSource {
    /// A file that only its owner may read, holding the PIN on one line.
    File(PathBuf),
    /// A systemd credential: `$CREDENTIALS_DIRECTORY/<name>`.
    Credential(String),
    /// Asked for on the terminal, without echo.
    Prompt,
    /// Already read by the caller, for instance before it gave up its rights to read files.
    Given(Pin),
}

impl PinSource {
    /// Reads the PIN of the token with this label.
    pub fn read(&self, token: &str) -> Result<Pin> {
        match self {
            Self::File(path) => read_file(path, 0o077),
            Self::Credential(name) => read_credential(name),
            Self::Prompt => ask(token),
            Self::Given(pin) => Ok(pin.clone()),
        }
    }
}

fn read_credential(name: &str) -> Result<Pin> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY");
    // systemd grants the service's user access by an ACL, whose mask shows as group permission: only the bits of
    // others say something here. The folder itself is the service's alone.
    read_file(&credential_file(name, folder.as_deref())?, 0o007)
}

fn credential_file(name: &str, folder: Option<&OsStr>) -> Result<PathBuf> {
    let unreadable = |reason: &str| Error::PinUnreadable {
        source_name: format!("systemd credential {name:?}"),
        reason: reason.to_owned(),
    };
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return Err(unreadable(
            "a credential is named without slashes and leading dots",
        ));
    }
    let folder = folder.ok_or_else(|| {
        unreadable("not started by systemd with credentials; add LoadCredential= to the unit")
    })?;
    Ok(Path::new(folder).join(name))
}

fn read_file(path: &Path, forbidden_mode: u32) -> Result<Pin> {
    let unreadable = |reason: String| Error::PinUnreadable {
        source_name: format!("file {}", path.display()),
        reason,
    };
    let mut file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    // Asked of the open file, so that it cannot be exchanged between the question and the reading.
    let metadata = file.metadata().map_err(|error| unreadable(error.to_string()))?;
    if !metadata.is_file() {
        return Err(unreadable("it is not a regular file".to_owned()));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & forbidden_mode != 0 {
        return Err(Error::PinFileMode {
            path: path.to_owned(),
            mode,
        });
    }
    let mut buffer = Zeroizing::new([0_u8; MAX_PIN_BYTES + 2]);
    let length =
        read_up_to(&mut file, buffer.as_mut_slice()).map_err(|error| unreadable(error.to_string()))?;
    parse(buffer.get(..length).unwrap_or_default()).map_err(|rule| unreadable(rule.to_owned()))
}

/// Reads until the file or the buffer ends; never allocates, so nothing is left unwiped.
fn read_up_to(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

fn ask(token: &str) -> Result<Pin> {
    let typed = rpassword::prompt_password(format!("PIN of token {token}: ")).map_err(|error| {
        Error::PinUnreadable {
            source_name: "the terminal".to_owned(),
            reason: format!("{error}; where nobody can type, use pin_file or pin_credential"),
        }
    })?;
    let typed = Zeroizing::new(typed);
    parse(typed.as_bytes()).map_err(|rule| Error::PinUnreadable {
        source_name: "the terminal".to_owned(),
        reason: rule.to_owned(),
    })
}

fn parse(bytes: &[u8]) -> std::result::Result<Pin, &'static str> {
    one_line(bytes).map(|text| Pin::new(Box::from(text)))
}

fn one_line(bytes: &[u8]) -> std::result::Result<&str, &'static str> {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err("it is empty");
    }
    if line.len() > MAX_PIN_BYTES {
        return Err("it is longer than 255 bytes, so it is no PIN");
    }
    if line.iter().any(|byte| matches!(byte, 0 | b'\n' | b'\r')) {
        return Err("a PIN is one line of text");
    }
    std::str::from_utf8(line).map_err(|_| "PKCS#11 demands UTF-8 (v3.1 section 5.6.6)")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;

    use super::*;

    fn file_of(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        use std::io::Write;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path)
            .unwrap();
        file.write_all(content).unwrap();
        (folder, path)
    }

    #[test]
    fn a_pin_never_shows_itself() {
        let pin = Pin::new(Box::from("12345678"));
        assert_eq!(format!("{pin:?}"), "Pin(..)");
        assert_eq!(format!("{:?}", PinSource::Given(pin.clone())), "Given(Pin(..))");
        assert!(!format!("{:?}", pin.as_auth_pin()).contains("1234"));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_remedy() {
        for mode in [0o640, 0o604, 0o620, 0o601] {
            let (_folder, path) = file_of(b"1234\n", mode);
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let refusal = PinSource::File(path.clone()).read("t").unwrap_err();
            assert_eq!(refusal, Error::PinFileMode { path, mode });
            assert!(refusal.to_string().contains("chmod 600"), "{refusal}");
        }
    }

    #[test]
    fn the_line_end_is_no_part_of_the_pin_and_spaces_are() {
        for content in [&b"1 234 "[..], b"1 234 \n", b"1 234 \r\n"] {
            assert_eq!(one_line(content), Ok("1 234 "));
            let (_folder, path) = file_of(content, 0o600);
            assert!(PinSource::File(path).read("t").is_ok());
        }
    }

    #[test]
    fn what_is_no_pin_is_refused_without_showing_it() {
        let long = [b'9'; 300];
        for content in [&b""[..], b"\n", b"12\n34\n", b"12\x0034", b"\xff\xfe12", &long] {
            let (_folder, path) = file_of(content, 0o600);
            let refusal = PinSource::File(path).read("t").unwrap_err();
            assert!(matches!(refusal, Error::PinUnreadable { .. }), "{refusal}");
            assert!(!refusal.to_string().contains("999"), "{refusal}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(PinSource::File(folder.path().to_owned()).read("t").is_err());
    }

    #[test]
    fn a_credential_cannot_leave_its_folder() {
        let folder = Some(OsStr::new("/run/credentials/x"));
        for name in ["", "../passwd", "/etc/passwd", ".hidden"] {
            assert!(credential_file(name, folder).is_err(), "{name:?}");
        }
        assert!(
            credential_file("pin", None)
                .unwrap_err()
                .to_string()
                .contains("LoadCredential")
        );
        assert_eq!(
            credential_file("pin", folder).unwrap(),
            Path::new("/run/credentials/x/pin")
        );
    }

    #[test]
    fn a_credential_may_show_its_access_list_as_group_permission_and_no_more() {
        let (_folder, path) = file_of(b"1234", 0o440);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o440)).unwrap();
        assert!(read_file(&path, 0o007).is_ok());
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
        assert!(matches!(read_file(&path, 0o007), Err(Error::PinFileMode { .. })));
    }
}
