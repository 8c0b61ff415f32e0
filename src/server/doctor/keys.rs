//! The list of keys, and each key against its certificate. What is on the token itself, [`super::tokens`] looks at.

use hsm::inventory::{Inventory, KeyEntry, Material};

use super::{Discovery, Report};
use crate::authority::read_certificate;
use crate::config::Configuration;

/// Reads the list of keys.
pub(super) fn inventory(config: &Configuration, report: &mut Report) -> Option<Inventory> {
    let path = config.office.state.keys();
    if !path.exists() {
        // Without a state folder that is what is missing.
        if config.office.state.path().is_dir() {
            report.add(Discovery::NoInventory { path });
        }
        return None;
    }
    Inventory::read(&path)
        .map_err(|error| {
            let message = error.to_string();
            report.add(Discovery::InventoryWrong { message });
        })
        .ok()
}

pub(super) fn examine(config: &Configuration, inventory: &Inventory, report: &mut Report) {
    for entry in &inventory.keys {
        if !config
            .tokens
            .iter()
            .any(|token| token.settings.label == entry.token)
        {
            report.add(Discovery::TokenNotConfigured {
                key: entry.name.clone(),
                token: entry.token.clone(),
            });
        }
        certificate(config, entry, report);
    }
}

fn certificate(config: &Configuration, entry: &KeyEntry, report: &mut Report) {
    let (
        Some(relative),
        Material::Pair {
            public_key_sha256, ..
        },
    ) = (&entry.certificate, entry.material)
    else {
        return;
    };
    match read_certificate(&config.office.state.path().join(relative)) {
        Ok(certificate) if certificate.content().public_key.fingerprint() == public_key_sha256 => {}
        Ok(_) => report.add(Discovery::CertificateOfOtherKey {
            key: entry.name.clone(),
            certificate: relative.clone(),
        }),
        Err(error) => report.add(Discovery::CertificateUnreadable {
            message: error.to_string(),
        }),
    }
}
