//! The authorities whose certificates lie in the state folder: read once at the start, published as they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Bytes;
use pki::certificate::Certificate;
use pki::digest::sha256;
use pki::extension::BasicConstraints;
use pki::signing::SignedStructure as _;

use crate::config::StateFolder;
use crate::error::Error;

/// An authority's certificate and the name it is published under.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    /// The file's name without its ending, and the name in addresses.
    pub(crate) name: String,
    /// What the certificate says.
    pub(crate) certificate: Arc<Certificate>,
    /// The file's bytes.
    pub(crate) der: Bytes,
    /// SHA-256 over the certificate.
    pub(crate) fingerprint: [u8; 32],
    /// Where its CRL is put when there is one.
    pub(crate) crl: PathBuf,
}

impl Authority {
    /// Whether nobody stands above it.
    pub(crate) fn is_root(&self) -> bool {
        self.certificate.is_self_issued()
    }

    /// The name for people.
    pub(crate) fn title(&self) -> String {
        let subject = &self.certificate.content().subject;
        subject.common_name().unwrap_or_else(|| subject.to_string())
    }
}

/// All authorities: roots first, then by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Authorities(Vec<Authority>);

/// A certificate file larger than this is not one of ours.
const MAX_CERTIFICATE_BYTES: u64 = 256 * 1024;

impl Authorities {
    /// Reads every `<name>.cer` whose certificate may sign certificates. A folder that is not there has none; a file
    /// that is no certificate stops the reading: nobody should publish by halves.
    pub(crate) fn read(state: &StateFolder) -> Result<Self, Error> {
        let mut list = Vec::new();
        for path in certificate_files(&state.certificates())? {
            let certificate = read_certificate(&path)?;
            let constraints = certificate
                .content()
                .extensions
                .typed::<BasicConstraints>()
                .map_err(|error| unreadable(&path, &error))?;
            if !constraints.is_some_and(|constraints| constraints.ca) {
                continue;
            }
            let name = name_of(&path)?;
            list.push(Authority {
                der: Bytes::copy_from_slice(certificate.der()),
                fingerprint: sha256(certificate.der()),
                crl: state.crls().join(format!("{name}.crl")),
                certificate: Arc::new(certificate),
                name,
            });
        }
        list.sort_by_key(|authority| (!authority.is_root(), authority.name.clone()));
        Ok(Self(list))
    }

    /// The authority of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Authority> {
        self.0.iter().find(|authority| authority.name == name)
    }

    /// The authority that issued this certificate, by name and key.
    pub(crate) fn issuer_of(&self, certificate: &Certificate) -> Option<&Authority> {
        self.0.iter().find(|authority| {
            let content = authority.certificate.content();
            content.subject == certificate.content().issuer
                && certificate
                    .verify_signature(&content.public_key, &pki::aws_lc::AwsLc)
                    .is_ok()
        })
    }

    /// The certificates above this one, its issuer's first, up to the root.
    pub(crate) fn chain_above(&self, certificate: &Certificate) -> Vec<Certificate> {
        let mut chain: Vec<Certificate> = Vec::new();
        let mut below = certificate.clone();
        // No chain is longer than the list; a ring of cross-certificates must not go on for ever.
        while chain.len() < self.0.len() && !below.is_self_issued() {
            let Some(issuer) = self.issuer_of(&below) else {
                break;
            };
            below = (*issuer.certificate).clone();
            chain.push(below.clone());
        }
        chain
    }

    /// All of them.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Authority> {
        self.0.iter()
    }
}

/// Reads one certificate file strictly.
pub(crate) fn read_certificate(path: &Path) -> Result<Certificate, Error> {
    let length = std::fs::metadata(path)
        .map_err(Error::file("cannot read", path))?
        .len();
    if length > MAX_CERTIFICATE_BYTES {
        return Err(Error::Content {
            path: path.to_owned(),
            problem: format!("{length} bytes are no certificate; remove the file or put the right one there"),
        });
    }
    let der = std::fs::read(path).map_err(Error::file("cannot read", path))?;
    Certificate::parse(&der).map_err(|error| unreadable(path, &error))
}

/// Every `.cer` file of the folder; none if there is no folder.
pub(crate) fn certificate_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file("cannot list", folder)(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::file("cannot list", folder))?.path();
        if path.extension().is_some_and(|ending| ending == "cer") {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// Names stand in addresses, so they keep to characters that need no escaping.
fn name_of(path: &Path) -> Result<String, Error> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .filter(|stem| !stem.starts_with('.') && stem.chars().all(plain))
        .map(str::to_owned)
        .ok_or_else(|| Error::Content {
            path: path.to_owned(),
            problem: "an authority's file is named with small letters, digits, '-', '_' and '.'; rename it"
                .to_owned(),
        })
}

fn unreadable(path: &Path, error: &pki::Error) -> Error {
    Error::Content {
        path: path.to_owned(),
        problem: format!(
            "this is not one of our certificates: {error}; restore it from the ceremony's folder"
        ),
    }
}
