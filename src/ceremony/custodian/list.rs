//! The custodians file as it is written.

use std::fmt::Write as _;
use std::path::Path;

use pki::public_key::PublicKey;
use serde::Deserialize;

use super::{Custodian, Custodians};
use crate::{Error, Result};

/// The label of a SubjectPublicKeyInfo in PEM (RFC 7468 section 13).
const PUBLIC_KEY: &str = "PUBLIC KEY";
/// The version of the file format that this program reads and writes.
const FORMAT: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    threshold: usize,
    service_threshold: Option<usize>,
    #[serde(default)]
    custodian: Vec<RawCustodian>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCustodian {
    name: String,
    full_name: String,
    role: String,
    public_key: String,
}

pub(super) fn parse(file: &Path, text: &str) -> Result<Custodians> {
    let raw: File = policy::strict::parse(file, text)?;
    if raw.format != FORMAT {
        return Err(Error::Format {
            what: file.display().to_string(),
            found: raw.format.to_string(),
            known: FORMAT.to_string(),
        });
    }
    let list = raw
        .custodian
        .into_iter()
        .map(custodian)
        .collect::<Result<Vec<_>>>()?;
    Custodians::new(raw.threshold, raw.service_threshold, list)
}

fn custodian(raw: RawCustodian) -> Result<Custodian> {
    for (what, words) in [("full_name", &raw.full_name), ("role", &raw.role)] {
        // They stand in Markdown tables and on one line each.
        if words.trim().is_empty() || words.chars().any(|c| c.is_control() || c == '|') {
            return Err(Error::Custodians {
                rule: format!("{what} of {:?} must be one line of text without \"|\"", raw.name),
            });
        }
    }
    let public_key = pki::pem::decode(PUBLIC_KEY, &raw.public_key)
        .and_then(|der| PublicKey::from_spki_der(&der))
        .map_err(|source| Error::Pki {
            what: format!("public_key of custodian {:?}", raw.name),
            source,
        })?;
    Ok(Custodian {
        name: raw.name,
        full_name: raw.full_name,
        role: raw.role,
        public_key,
    })
}

pub(super) fn render(custodians: &Custodians) -> Result<String> {
    let mut text = format!(
        "# Who must agree to every step of a ceremony. Both machines carry the same file.\nformat = {FORMAT}\nthreshold = {}\nservice_threshold = {}\n",
        custodians.threshold, custodians.service_threshold
    );
    for custodian in &custodians.list {
        let block = render_one(custodian)?;
        text.push_str(&block);
    }
    Ok(text)
}

/// One `[[custodian]]` table, as the new custodian hands it to whoever keeps the file.
pub(super) fn render_one(custodian: &Custodian) -> Result<String> {
    let pem = pki::pem::encode(PUBLIC_KEY, custodian.public_key.spki_der()).map_err(|source| Error::Pki {
        what: format!("public key of custodian {:?}", custodian.name),
        source,
    })?;
    let quoted = |words: &str| toml::Value::from(words).to_string();
    let mut text = String::new();
    // Unwrap: writing into a String cannot fail, so the result carries nothing.
    let _ = write!(
        text,
        "\n[[custodian]]\nname = {}\nfull_name = {}\nrole = {}\npublic_key = \"\"\"\n{pem}\"\"\"\n",
        quoted(&custodian.name),
        quoted(&custodian.full_name),
        quoted(&custodian.role),
    );
    Ok(text)
}
