//! Writing `keys.toml`: rendered for people, replaced in one durable step.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{Inventory, KeyEntry, Material, read};
use crate::key::hex;
use crate::{Error, Result};

const HEADING: &str = "\
# The keys of this office. Written by the ceremony; it holds no secret.
# A key is found on its token by `id`; `public_key_sha256` (over the SubjectPublicKeyInfo) must match.
";

pub(super) fn render(inventory: &Inventory) -> String {
    let mut out = HEADING.to_owned();
    for key in &inventory.keys {
        render_key(&mut out, key);
    }
    out
}

fn render_key(out: &mut String, key: &KeyEntry) {
    let mut line = |name: &str, value: String| {
        // Unwrap: writing to a String cannot fail.
        let _ = writeln!(out, "{name} = {value}");
    };
    line("\n[[key]]\nname", quoted(&key.name));
    line("token", quoted(&key.token));
    line("id", quoted(&key.id.to_string()));
    match key.material {
        Material::Pair {
            algorithm,
            signature,
            public_key_sha256,
        } => {
            line("algorithm", quoted(algorithm.name()));
            line("signature", quoted(signature.name()));
            line("public_key_sha256", quoted(&hex(&public_key_sha256)));
        }
        Material::Aes256 => line("algorithm", quoted(read::AES_256)),
    }
    let purposes: Vec<String> = key
        .purposes
        .iter()
        .map(|purpose| quoted(purpose.name()))
        .collect();
    line("purposes", format!("[{}]", purposes.join(", ")));
    if let Some(certificate) = &key.certificate {
        line("certificate", quoted(&certificate.to_string_lossy()));
    }
    if let Some(budget) = &key.budget {
        line(
            "budget",
            format!(
                "{{ signatures = {}, per = {} }}",
                budget.signatures,
                quoted(budget.per.name())
            ),
        );
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Crash here: before the rename the old file stands and a `.new` file may lie beside it, which the next write
/// replaces; after the rename the new file stands. The folder is flushed so that the rename survives a power cut.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let failed = |action| {
        move |error: std::io::Error| Error::File {
            path: path.to_owned(),
            action,
            reason: error.to_string(),
        }
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut fresh_name = path.file_name().unwrap_or_default().to_owned();
    fresh_name.push(".new");
    let fresh = folder.join(fresh_name);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o644)
        .open(&fresh)
        .map_err(failed("create the new inventory beside it"))?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .map_err(failed("write the new inventory"))?;
    fs::rename(&fresh, path).map_err(failed("replace the inventory"))?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed("flush the folder"))
}
