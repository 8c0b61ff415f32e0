//! What an operator takes along: key, certificate and chain as PKCS#12 for a browser and as PEM for programs.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use pki::certificate::Certificate;
use pki::digest::hex;
use pki::pkcs12::{self, Contents, Randomness};
use pki::time::Time;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::config::StateFolder;
use crate::error::Error;
use crate::private_file;
use crate::secret_file::{self, Demand, Secret};
use crate::software_key::{StoredKey, random};

/// PBKDF2 rounds. Every reader takes this many, and an office's own password is worth slowing a thief down for.
const ITERATIONS: NonZeroU32 = match NonZeroU32::new(200_000) {
    Some(rounds) => rounds,
    None => NonZeroU32::MIN,
};
/// A person copies it into a browser; shorter ones are guessed in spite of the rounds.
const PASSWORD: Demand = Demand {
    what: "password",
    shortest: 12,
    group: 5,
};

/// The files of one operator, beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    /// PKCS#12, for browsers.
    pub(crate) pkcs12: PathBuf,
    /// The certificate and those above it, PEM.
    pub(crate) certificate: PathBuf,
    /// The key, PEM, not encrypted.
    pub(crate) key: PathBuf,
}

impl Files {
    /// `ana.p12`, `ana.pem`, `ana.key.pem`.
    pub(crate) fn beside(pkcs12: &Path) -> Self {
        Self {
            pkcs12: pkcs12.to_owned(),
            certificate: pkcs12.with_extension("pem"),
            key: pkcs12.with_extension("key.pem"),
        }
    }

    /// Refuses to go on where one of them is there already or cannot be made, before anything is signed: a
    /// certificate whose key is lost would stay in force for its whole life.
    pub(crate) fn demand_room(&self) -> Result<(), Error> {
        if self.pkcs12 == self.certificate {
            return Err(Error::Content {
                path: self.pkcs12.clone(),
                problem: "the PEM files beside it need this name; give an --out that ends in .p12".to_owned(),
            });
        }
        for path in [&self.pkcs12, &self.certificate, &self.key] {
            if path.exists() {
                return Err(Error::Content {
                    path: path.clone(),
                    problem: "it is there already, and an operator's key is never overwritten; move it away, or give another --out".to_owned(),
                });
            }
        }
        private_file::write_new(&self.key, b"")?;
        std::fs::remove_file(&self.key).map_err(Error::file("cannot remove", &self.key))
    }

    /// Writes all three. The PKCS#12 file comes last: where it is, the others are.
    pub(crate) fn write(
        &self,
        name: &str,
        stored: &StoredKey,
        chain: &[Certificate],
        password: &Secret,
    ) -> Result<(), Error> {
        let Some((certificate, above)) = chain.split_first() else {
            return Ok(());
        };
        let contents = Contents {
            friendly_name: name,
            private_key_pkcs8: &stored.pkcs8,
            certificate,
            chain: above,
        };
        let randomness = Randomness {
            key_salt: random()?,
            key_iv: random()?,
            certificates_salt: random()?,
            certificates_iv: random()?,
            mac_salt: random()?,
        };
        let file = pkcs12::encode(&contents, password, &randomness, ITERATIONS)?;
        let key = Zeroizing::new(pki::pem::encode("PRIVATE KEY", &stored.pkcs8)?);
        let mut pem = String::new();
        for certificate in chain {
            pem.push_str(&certificate.to_pem()?);
        }
        private_file::write_new(&self.key, key.as_bytes())?;
        private_file::write_new(&self.certificate, pem.as_bytes())?;
        private_file::write_new(&self.pkcs12, &file)
    }
}

/// Reads the password, or makes one and writes the file. Answers whether it was made.
pub(crate) fn password(path: &Path) -> Result<(Secret, bool), Error> {
    secret_file::obtain(path, PASSWORD)
}

/// What is kept of an operator's certificate. No key and no password.
#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    serial: String,
    not_before: String,
    not_after: String,
    issued_at: String,
    sha256: String,
}

/// Records a certificate before its key is handed out: one that is not on record was given to nobody.
pub(crate) fn record(
    state: &StateFolder,
    name: &str,
    certificate: &Certificate,
    now: Time,
) -> Result<(), Error> {
    let content = certificate.content();
    let serial = content.serial.to_string();
    let entry = Entry {
        name: name.to_owned(),
        serial: serial.clone(),
        not_before: content.validity.not_before.to_string(),
        not_after: content.validity.not_after.to_string(),
        issued_at: now.to_string(),
        sha256: hex(&pki::digest::sha256(certificate.der())),
    };
    private_file::create_folder(&state.operators())?;
    let path = state.operators().join(format!("{serial}.json"));
    let text = serde_json::to_string_pretty(&entry).unwrap_or_default();
    private_file::write_new(&path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;

    use pki::signing::Signer as _;

    use super::*;
    use crate::software_key;
    use crate::testing::Fixture;

    async fn issued(fixture: &Fixture, folder: &Path) -> (Files, Secret) {
        let stored = software_key::generate().unwrap();
        let issuing = fixture.issuing();
        let signed = issuing
            .operator("Ana Operadora", stored.key.public_key(), fixture.now)
            .await
            .unwrap();
        let certificate = signed.into_value();
        record(
            &fixture.config().office.state,
            "Ana Operadora",
            &certificate,
            fixture.now,
        )
        .unwrap();
        let files = Files::beside(&folder.join("ana.p12"));
        let (password, made) = password(&folder.join("ana.password")).unwrap();
        assert!(made);
        let chain: Vec<_> = std::iter::once(certificate)
            .chain(issuing.chosen.full_chain.clone())
            .collect();
        files.write("Ana Operadora", &stored, &chain, &password).unwrap();
        (files, password)
    }

    #[tokio::test]
    async fn the_browsers_file_opens_with_the_password_and_holds_the_whole_chain() {
        let fixture = Fixture::new();
        let folder = tempfile::tempdir().unwrap();
        let (files, password) = issued(&fixture, folder.path()).await;
        let read = Command::new("openssl")
            .args(["pkcs12", "-nodes", "-passin"])
            .arg(format!("file:{}", folder.path().join("ana.password").display()))
            .arg("-in")
            .arg(&files.pkcs12)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&read.stdout);
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 3, "{text}");
        assert!(text.contains("friendlyName: Ana Operadora"), "{text}");
        assert_eq!(password.len(), 29);
        for path in [&files.pkcs12, &files.key, &files.certificate] {
            let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", path.display());
        }
    }

    #[tokio::test]
    async fn openssl_accepts_the_certificate_as_a_tls_clients() {
        let fixture = Fixture::new();
        let folder = tempfile::tempdir().unwrap();
        let (files, _) = issued(&fixture, folder.path()).await;
        let pem = |name: &str, certificate: &Certificate| {
            let path = folder.path().join(name);
            std::fs::write(&path, certificate.to_pem().unwrap()).unwrap();
            path
        };
        let verified = Command::new("openssl")
            .args(["verify", "-x509_strict", "-purpose", "sslclient", "-attime"])
            .arg(fixture.now.unix_seconds().to_string())
            .arg("-CAfile")
            .arg(pem("root.pem", &fixture.root))
            .arg("-untrusted")
            .arg(pem("tls.pem", &fixture.tls))
            .arg(&files.certificate)
            .output()
            .unwrap();
        let text = [verified.stdout, verified.stderr].concat();
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn files_that_could_not_be_written_are_refused_before_anything_is_signed() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::beside(&folder.path().join("ana.p12"));
        files.demand_room().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let nowhere = Files::beside(&folder.path().join("missing/ana.p12"));
        let told = nowhere.demand_room().unwrap_err().to_string();
        assert!(told.contains("missing/ana.key.pem"), "{told}");
        let clash = Files::beside(&folder.path().join("ana.pem"));
        let told = clash.demand_room().unwrap_err().to_string();
        assert!(told.contains("ends in .p12"), "{told}");
    }

    #[tokio::test]
    async fn an_operators_files_are_never_overwritten_and_the_record_holds_no_secret() {
        let fixture = Fixture::new();
        let folder = tempfile::tempdir().unwrap();
        let (files, password) = issued(&fixture, folder.path()).await;
        assert!(
            files
                .demand_room()
                .unwrap_err()
                .to_string()
                .contains("never overwritten")
        );
        let records: Vec<_> = std::fs::read_dir(fixture.config().office.state.operators())
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        assert_eq!(records.len(), 1);
        assert!(
            records[0].contains("Ana Operadora") && !records[0].contains(password.as_str()),
            "{}",
            records[0]
        );
    }
}
