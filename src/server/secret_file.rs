//! Secrets that live in files for their owner alone: read, or made and written where there is none yet.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::Error;
use crate::private_file;
use crate::software_key::random;

/// A secret text, wiped when dropped.
pub(crate) type Secret = Zeroizing<String>;

/// 32 characters that are not mistaken for one another: five bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Characters of a generated secret: 125 bits.
const LENGTH: usize = 25;
/// No secret is longer; a larger file is another file.
const MAX_BYTES: u64 = 1024;

/// What a secret must be like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand {
    /// How it is called in messages.
    pub(crate) what: &'static str,
    /// The fewest characters.
    pub(crate) shortest: usize,
    /// After how many characters a generated one gets a hyphen, for people who copy it; 0 for none.
    pub(crate) group: usize,
}

/// Reads the secret, or makes one and writes the file. Answers whether it was made.
pub(crate) fn obtain(path: &Path, demand: Demand) -> Result<(Secret, bool), Error> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok((read(path, &metadata, demand)?, false)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secret = generate(demand.group)?;
            let line = Zeroizing::new(format!("{}\n", *secret));
            private_file::write_new(path, line.as_bytes())?;
            Ok((secret, true))
        }
        Err(error) => Err(Error::file("cannot read", path)(error)),
    }
}

fn read(path: &Path, metadata: &std::fs::Metadata, demand: Demand) -> Result<Secret, Error> {
    let wrong = |problem: String| Error::Content {
        path: path.to_owned(),
        problem,
    };
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(wrong(format!(
            "others may read this {} file (mode {mode:04o}); run: chmod 600 '{}'",
            demand.what,
            path.display()
        )));
    }
    if metadata.len() > MAX_BYTES {
        return Err(wrong(format!("{} bytes are no {}", metadata.len(), demand.what)));
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(Error::file("cannot read", path))?);
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let plain = line.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if line.len() < demand.shortest || !plain {
        return Err(wrong(format!(
            "the {} must be one line of at least {} printable ASCII characters; or remove the file, and one is made",
            demand.what, demand.shortest
        )));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

fn generate(group: usize) -> Result<Secret, Error> {
    let octets: Zeroizing<[u8; LENGTH]> = Zeroizing::new(random()?);
    let mut secret = Zeroizing::new(String::with_capacity(2 * LENGTH));
    for (position, octet) in octets.iter().enumerate() {
        if group > 0 && position > 0 && position % group == 0 {
            secret.push('-');
        }
        // Five bits of each octet: every character is equally likely.
        let letter = ALPHABET.get(usize::from(octet & 31)).copied().unwrap_or(b'a');
        secret.push(char::from(letter));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const PASSWORD: Demand = Demand {
        what: "password",
        shortest: 12,
        group: 5,
    };

    #[test]
    fn a_file_that_is_open_short_or_odd_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let long = "x".repeat(2000);
        for (content, mode, told) in [
            ("correct horse battery\n", 0o644, "chmod 600"),
            ("too short\n", 0o600, "at least 12"),
            ("São João do Rio\n", 0o600, "printable ASCII"),
            ("two lines of\ntext here", 0o600, "one line"),
            (&long, 0o600, "are no password"),
        ] {
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let refusal = obtain(&path, PASSWORD).unwrap_err().to_string();
            assert!(refusal.contains(told), "{refusal}");
            assert!(!refusal.contains(content.trim()), "{refusal}");
        }
        std::fs::write(&path, "correct horse battery\n").unwrap();
        let (read, made) = obtain(&path, PASSWORD).unwrap();
        assert_eq!((read.as_str(), made), ("correct horse battery", false));
    }

    #[test]
    fn a_secret_that_is_made_is_for_its_owner_alone_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let (first, made) = obtain(&path, PASSWORD).unwrap();
        assert!(made && first.len() == 29, "{} characters", first.len());
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let (again, made) = obtain(&path, PASSWORD).unwrap();
        assert_eq!((made, again), (false, first.clone()));
        assert_ne!(*generate(5).unwrap(), *first);
        assert!(!generate(0).unwrap().contains('-'));
    }
}
