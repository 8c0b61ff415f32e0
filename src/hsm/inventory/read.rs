//! The strict reader of `keys.toml`: every refusal names the line and, for a mistyped key, the one meant.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::nearest::nearest;
use toml::de::{DeTable, DeValue};

use super::{Budget, Inventory, KeyEntry, Material, Period};
use crate::key::{Purpose, from_hex};
use crate::{Error, Result};

/// The name under which the inventory knows an AES-256 key.
pub(super) const AES_256: &str = "aes-256";

const KEY_FIELDS: [&str; 9] = [
    "name",
    "token",
    "id",
    "algorithm",
    "signature",
    "purposes",
    "public_key_sha256",
    "certificate",
    "budget",
];

pub(super) fn parse(text: &str, path: &Path) -> Result<Inventory> {
    let file = File { text, path };
    let document = DeTable::parse(text)
        .map_err(|error| file.refuse(error.span().map_or(0, |span| span.start), error.message()))?;
    let root = Fields::new(file, document.get_ref(), 0, &["key"])?;
    let mut keys = Vec::new();
    if let Some((value, at)) = root.get("key") {
        let entries = value
            .as_array()
            .ok_or_else(|| file.refuse(at, "keys are written as [[key]] tables"))?;
        for entry in entries {
            let at = entry.span().start;
            let table = entry
                .get_ref()
                .as_table()
                .ok_or_else(|| file.refuse(at, "keys are written as [[key]] tables"))?;
            keys.push((parse_key(file, table, at)?, at));
        }
    }
    check_unique(file, &keys)?;
    Ok(Inventory {
        keys: keys.into_iter().map(|(key, _)| key).collect(),
    })
}

fn parse_key(file: File<'_>, table: &DeTable<'_>, at: usize) -> Result<KeyEntry> {
    let fields = Fields::new(file, table, at, &KEY_FIELDS)?;
    let (name, name_at) = fields.text("name")?;
    if !is_name(name) {
        return Err(file.refuse(
            name_at,
            "`name` must be 1 to 64 letters, digits, '-', '_' or '.', not starting with '.'",
        ));
    }
    let (token, token_at) = fields.text("token")?;
    // PKCS#11 v3.1 section 3.2: a token's label is 32 octets.
    if token.is_empty() || token.len() > 32 {
        return Err(file.refuse(token_at, "`token` must be a token's label, 1 to 32 bytes"));
    }
    let (id, id_at) = fields.text("id")?;
    Ok(KeyEntry {
        name: name.to_owned(),
        token: token.to_owned(),
        id: id
            .parse()
            .map_err(|error: Error| file.refuse(id_at, &error.to_string()))?,
        material: parse_material(&fields)?,
        purposes: parse_purposes(&fields)?,
        certificate: parse_certificate(&fields)?,
        budget: parse_budget(&fields)?,
    })
    .and_then(|key| check_purposes(file, &fields, key))
}

fn parse_material(fields: &Fields<'_>) -> Result<Material> {
    let (algorithm, algorithm_at) = fields.text("algorithm")?;
    if algorithm == AES_256 {
        for field in ["signature", "public_key_sha256", "certificate"] {
            if let Some((_, at)) = fields.get(field) {
                let reason = format!("an {AES_256} key has no public half, so `{field}` must be left out");
                return Err(fields.file.refuse(at, &reason));
            }
        }
        return Ok(Material::Aes256);
    }
    let algorithm: KeyAlgorithm = algorithm.parse().map_err(|error: pki::Error| {
        fields
            .file
            .refuse(algorithm_at, &format!("{error}, or {AES_256}"))
    })?;
    let (signature, signature_at) = fields.text("signature")?;
    let signature: SignatureAlgorithm = signature
        .parse()
        .map_err(|error: pki::Error| fields.file.refuse(signature_at, &error.to_string()))?;
    if !signature.suits(algorithm) {
        let reason = Error::AlgorithmMismatch {
            key: algorithm,
            signature,
        }
        .to_string();
        return Err(fields.file.refuse(signature_at, &reason));
    }
    let (fingerprint, fingerprint_at) = fields.text("public_key_sha256")?;
    let public_key_sha256 = from_hex(fingerprint).ok_or_else(|| {
        fields.file.refuse(
            fingerprint_at,
            "`public_key_sha256` must be 64 lower-case hexadecimal digits",
        )
    })?;
    Ok(Material::Pair {
        algorithm,
        signature,
        public_key_sha256,
    })
}

fn parse_purposes(fields: &Fields<'_>) -> Result<Vec<Purpose>> {
    let (value, at) = fields.required("purposes")?;
    let list = value
        .as_array()
        .ok_or_else(|| fields.file.refuse(at, "`purposes` must be a list of words"))?;
    let mut purposes = Vec::new();
    for item in list {
        let at = item.span().start;
        let word = item.get_ref().as_str().unwrap_or_default();
        let purpose: Purpose = word
            .parse()
            .map_err(|error: Error| fields.file.refuse(at, &error.to_string()))?;
        if purposes.contains(&purpose) {
            return Err(fields
                .file
                .refuse(at, &format!("purpose {purpose} is written twice")));
        }
        purposes.push(purpose);
    }
    if purposes.is_empty() {
        return Err(fields.file.refuse(
            at,
            "`purposes` must not be empty: a key without a purpose signs nothing",
        ));
    }
    Ok(purposes)
}

/// A data key encrypts and nothing else; a key that signs never encrypts (NIST SP 800-57 part 1, section 5.2).
fn check_purposes(file: File<'_>, fields: &Fields<'_>, key: KeyEntry) -> Result<KeyEntry> {
    let at = fields.get("purposes").map_or(0, |(_, at)| at);
    let is_data = key.purposes.contains(&Purpose::Data);
    match key.material {
        Material::Aes256 if key.purposes != [Purpose::Data] => {
            Err(file.refuse(at, "an aes-256 key has exactly the purpose \"data\""))
        }
        Material::Pair { .. } if is_data => {
            Err(file.refuse(at, "only an aes-256 key may have the purpose \"data\""))
        }
        Material::Pair { .. } | Material::Aes256 => Ok(key),
    }
}

fn parse_certificate(fields: &Fields<'_>) -> Result<Option<PathBuf>> {
    let Some((value, at)) = fields.get("certificate") else {
        return Ok(None);
    };
    let path = Path::new(value.as_str().unwrap_or_default());
    let stays_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    if path.as_os_str().is_empty() || !stays_inside {
        return Err(fields.file.refuse(
            at,
            "`certificate` must be a file below the inventory's folder, without \"..\"",
        ));
    }
    Ok(Some(path.to_owned()))
}

fn parse_budget(fields: &Fields<'_>) -> Result<Option<Budget>> {
    let Some((value, at)) = fields.get("budget") else {
        return Ok(None);
    };
    let table = value.as_table().ok_or_else(|| {
        fields
            .file
            .refuse(at, "`budget` is written as { signatures = 1000, per = \"hour\" }")
    })?;
    let budget = Fields::new(fields.file, table, at, &["signatures", "per"])?;
    let (signatures, signatures_at) = budget.required("signatures")?;
    let signatures = signatures
        .as_integer()
        .and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok())
        .filter(|number| *number > 0)
        .ok_or_else(|| {
            fields
                .file
                .refuse(signatures_at, "`signatures` must be a whole number above 0")
        })?;
    let (per, per_at) = budget.text("per")?;
    let per = Period::ALL
        .into_iter()
        .find(|period| period.name() == per)
        .ok_or_else(|| {
            fields
                .file
                .refuse(per_at, "`per` must be one of second, minute, hour, day")
        })?;
    Ok(Some(Budget { signatures, per }))
}

fn check_unique(file: File<'_>, keys: &[(KeyEntry, usize)]) -> Result<()> {
    let mut names = BTreeSet::new();
    let mut places = BTreeSet::new();
    for (key, at) in keys {
        if !names.insert(&key.name) {
            return Err(file.refuse(*at, &format!("a key named {:?} is already there", key.name)));
        }
        if !places.insert((&key.token, key.id)) {
            return Err(file.refuse(
                *at,
                &format!("key {} of token {:?} is already there", key.id, key.token),
            ));
        }
    }
    Ok(())
}

/// Names stand in file names, so they are narrow.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.starts_with('.') && (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

/// The text being read, for saying where something is wrong.
#[derive(Clone, Copy)]
struct File<'a> {
    text: &'a str,
    path: &'a Path,
}

impl File<'_> {
    fn refuse(&self, at: usize, reason: &str) -> Error {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        Error::Inventory {
            path: self.path.to_owned(),
            line: 1 + before.split(|byte| *byte == b'\n').skip(1).count(),
            reason: reason.to_owned(),
        }
    }
}

/// One table whose names were all known.
struct Fields<'a> {
    file: File<'a>,
    table: &'a DeTable<'a>,
    at: usize,
}

impl<'a> Fields<'a> {
    fn new(file: File<'a>, table: &'a DeTable<'a>, at: usize, known: &[&str]) -> Result<Self> {
        for (name, _) in table {
            let typed: &str = name.get_ref();
            if !known.contains(&typed) {
                let meant = nearest(typed, known).map_or_else(
                    || format!("known are {}", known.join(", ")),
                    |meant| format!("did you mean `{meant}`?"),
                );
                let typed: String = typed.chars().take(64).collect();
                return Err(file.refuse(name.span().start, &format!("unknown key `{typed}`; {meant}")));
            }
        }
        Ok(Self { file, table, at })
    }

    fn get(&self, name: &str) -> Option<(&'a DeValue<'a>, usize)> {
        self.table
            .iter()
            .find(|(key, _)| key.get_ref() == name)
            .map(|(_, value)| (value.get_ref(), value.span().start))
    }

    fn required(&self, name: &str) -> Result<(&'a DeValue<'a>, usize)> {
        self.get(name)
            .ok_or_else(|| self.file.refuse(self.at, &format!("`{name}` is missing")))
    }

    fn text(&self, name: &str) -> Result<(&'a str, usize)> {
        let (value, at) = self.required(name)?;
        let text = value
            .as_str()
            .ok_or_else(|| self.file.refuse(at, &format!("`{name}` must be a text")))?;
        Ok((text, at))
    }
}
