//! Publishing: certificates and CRLs where the server looks for them, keys in the inventory it reads.
//!
//! A key in an offline token goes into an inventory of its own, which no server reads: its token can be taken away
//! and nothing notices.

use std::path::{Path, PathBuf};

use hsm::inventory::{Budget, Inventory, KeyEntry, Material, Period};
use policy::hierarchy;

use super::{At, Session};
use crate::canonical::Hash;
use crate::key_name::KeyName;
use crate::office::{INVENTORY, OFFLINE_INVENTORY};
use crate::ring::{Pair, read_inventory};
use crate::script::KeyReference;
use crate::transcript::Done;
use crate::transcript::act::{Act, NamedHash, RecordKeys, RecordedKey};
use crate::{Result, storage};

impl Session<'_> {
    pub(super) fn plan_record_keys(&self, keys: &[KeyReference]) -> Result<Act> {
        let recorded = keys
            .iter()
            .map(|key| self.recorded(key))
            .collect::<Result<Vec<_>>>()?;
        let (certificates, crls) = self.made_so_far()?;
        Ok(Act::RecordKeys(RecordKeys {
            keys: recorded,
            certificates,
            crls,
        }))
    }

    fn recorded(&self, key: &KeyReference) -> Result<RecordedKey> {
        let held = self.ring.resolve(key)?;
        let offline = self.hierarchy.token(&held.token)?.offline;
        Ok(RecordedKey {
            key: held.name.clone(),
            token: held.token.clone(),
            id: held.id,
            purposes: held.purposes.clone(),
            public_key: held.pair.map(|pair| pair.public_key),
            inventory: if offline { OFFLINE_INVENTORY } else { INVENTORY }.to_owned(),
        })
    }

    /// The certificates and CRLs that this ceremony made or took in, each once, as they are now.
    fn made_so_far(&self) -> Result<(Vec<NamedHash>, Vec<NamedHash>)> {
        let (mut certificates, mut crls) = (Vec::new(), Vec::new());
        for (act, _) in self.transcript().acts_done() {
            match act {
                Act::SignCertificate(act) => certificates.push(act.name.clone()),
                Act::SignCrl(act) => crls.push(act.authority.to_string()),
                Act::ImportCertificates(act) => {
                    certificates.extend(
                        act.authorities
                            .iter()
                            .chain(&act.certificates)
                            .map(|item| item.name.clone()),
                    );
                    crls.extend(act.crls.iter().map(|item| item.name.clone()));
                }
                Act::GenerateKey(_)
                | Act::MakeRequest(_)
                | Act::ExportRequests(_)
                | Act::ImportRequests(_)
                | Act::ExportCertificates(_)
                | Act::RecordKeys(_)
                | Act::Close(_)
                | Act::Abandon(_) => {}
            }
        }
        Ok((
            self.hashes("certificates", "cer", certificates)?,
            self.hashes("crls", "crl", crls)?,
        ))
    }

    fn hashes(&self, folder: &str, ending: &str, mut names: Vec<String>) -> Result<Vec<NamedHash>> {
        names.sort();
        names.dedup();
        let hash = |name: String| {
            let bytes = storage::read(&self.folder.join(format!("{folder}/{name}.{ending}")))?;
            Ok(NamedHash {
                name,
                sha256: Hash::of(&bytes),
            })
        };
        names.into_iter().map(hash).collect()
    }

    /// Crash here: some files are published and some are not; the next run publishes all of them again, the
    /// inventories last, so that no inventory names a certificate that is not there.
    pub(super) fn record_keys(&mut self, at: At, act: &RecordKeys) -> Result<Done> {
        let targets = [
            (
                "certificates",
                "cer",
                &act.certificates,
                self.office.certificates(),
            ),
            ("crls", "crl", &act.crls, self.office.crls()),
        ];
        for (folder, ending, list, target) in targets {
            if !list.is_empty() && !target.is_dir() {
                self.disk.create_folder(&target)?;
            }
            for item in list {
                self.publish(at, (folder, ending), item, &target)?;
            }
        }
        for (file, path) in [
            (INVENTORY, self.office.inventory()),
            (OFFLINE_INVENTORY, self.office.offline_inventory()),
        ] {
            let keys: Vec<&RecordedKey> = act.keys.iter().filter(|key| key.inventory == file).collect();
            if !keys.is_empty() {
                self.update_inventory(&path, &keys)?;
            }
        }
        Ok(at.done(Vec::new()))
    }

    fn publish(&self, at: At, (folder, ending): (&str, &str), item: &NamedHash, target: &Path) -> Result<()> {
        for suffix in [ending, "pem"] {
            let file = format!("{}.{suffix}", item.name);
            let bytes = storage::read(&self.folder.join(folder).join(&file))?;
            if suffix == ending && Hash::of(&bytes) != item.sha256 {
                return Err(self.cannot_continue(
                    at.step,
                    format!("{folder}/{file} was exchanged after it was announced"),
                ));
            }
            self.disk.replace(&target.join(file), &bytes)?;
        }
        Ok(())
    }

    fn update_inventory(&self, path: &Path, keys: &[&RecordedKey]) -> Result<()> {
        let mut inventory = read_inventory(path)?;
        for key in keys {
            let entry = self.entry(key)?;
            put(&mut inventory, entry);
        }
        self.disk
            .guarded("write inventory", || Ok(inventory.write(path)?))
    }

    fn entry(&self, key: &RecordedKey) -> Result<KeyEntry> {
        let held = self.ring.key(&key.key)?;
        let file = format!("{}.cer", key.key);
        let certified = self.office.certificates().join(&file).exists();
        Ok(KeyEntry {
            name: key.key.to_string(),
            token: key.token.clone(),
            id: key.id,
            material: held.pair.map_or(Material::Aes256, Pair::to_material),
            purposes: key.purposes.clone(),
            certificate: certified.then(|| PathBuf::from("certificates").join(file)),
            budget: self.budget(&key.key),
        })
    }

    fn budget(&self, key: &KeyName) -> Option<Budget> {
        let authority = self
            .hierarchy
            .authority(&key.name)
            .ok()
            .and_then(|authority| authority.budget);
        let service = self
            .hierarchy
            .service(&key.name)
            .ok()
            .and_then(|service| service.budget);
        authority.or(service).map(|budget| Budget {
            signatures: budget.signatures,
            per: match budget.per {
                hierarchy::Period::Second => Period::Second,
                hierarchy::Period::Minute => Period::Minute,
                hierarchy::Period::Hour => Period::Hour,
                hierarchy::Period::Day => Period::Day,
            },
        })
    }
}

/// Replaces the entry of the same name in its place, or adds it at the end.
fn put(inventory: &mut Inventory, entry: KeyEntry) {
    match inventory.keys.iter_mut().find(|known| known.name == entry.name) {
        Some(known) => *known = entry,
        None => inventory.keys.push(entry),
    }
}
