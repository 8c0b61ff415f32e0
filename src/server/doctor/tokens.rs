//! The tokens: module, presence, standing of the PIN; and, once logged in, every key of the inventory.

use hsm::Error as HsmError;
use hsm::inventory::Inventory;
use hsm::module::Module;
use hsm::token::{Caution, Token, TokenInfo, TokenSettings};
use policy::hierarchy::Hierarchy;

use super::{Area, Discovery, Reach, Report};
use crate::config::Configuration;

pub(super) fn examine(
    config: &Configuration,
    hierarchy: Option<&Hierarchy>,
    inventory: Option<&Inventory>,
    reach: Reach,
    report: &mut Report,
) {
    match reach {
        Reach::SignerAtWork => {
            return report.skip(
                Area::Tokens,
                "a signer is at work and holds the tokens; it checks them itself",
            );
        }
        Reach::WithoutLogin => report.skip(Area::Keys, "not logged in, as asked: keys were not looked for"),
        Reach::Tokens => {}
    }
    for settings in &config.token_settings() {
        // A token that the hierarchy calls offline belongs in a safe; that it is not here is as it should be.
        let offline = hierarchy
            .is_some_and(|hierarchy| hierarchy.token(&settings.label).is_ok_and(|token| token.offline));
        let found = find(settings);
        match found {
            Err(HsmError::TokenMissing { .. }) if offline => {}
            Err(error) => report.add(trouble(settings, &error)),
            Ok(info) => standing(settings, &info, inventory, reach, report),
        }
    }
}

/// Looks at what is present, without logging in.
fn find(settings: &TokenSettings) -> hsm::Result<TokenInfo> {
    let present = Module::load(&settings.module)?.tokens()?;
    let serial_fits = |token: &TokenInfo| {
        settings
            .serial
            .as_ref()
            .is_none_or(|serial| *serial == token.serial)
    };
    let mut fitting: Vec<TokenInfo> = present
        .iter()
        .filter(|token| token.label == settings.label && serial_fits(token))
        .cloned()
        .collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => Err(HsmError::TokenAmbiguous {
            label: settings.label.clone(),
            serials: fitting
                .into_iter()
                .chain([last])
                .map(|token| token.serial)
                .collect(),
        }),
        (None, _) => Err(HsmError::TokenMissing {
            label: settings.label.clone(),
            serial: settings.serial.clone(),
            present: present
                .into_iter()
                .filter(|token| !token.label.is_empty())
                .map(|token| format!("{} ({})", token.label, token.serial))
                .collect(),
        }),
    }
}

/// What the token says of its PIN; only if all is well is it logged in to, and the keys are looked at.
fn standing(
    settings: &TokenSettings,
    info: &TokenInfo,
    inventory: Option<&Inventory>,
    reach: Reach,
    report: &mut Report,
) {
    let token = || settings.label.clone();
    let refusal = if info.pin.locked {
        Some(HsmError::PinLocked { token: token() })
    } else if info.pin.final_try {
        Some(HsmError::PinFinalTry { token: token() })
    } else if info.pin.count_low {
        Some(HsmError::PinCountLow { token: token() })
    } else if info.pin.to_be_changed {
        Some(HsmError::PinToBeChanged { token: token() })
    } else if info.pin.initialized {
        None
    } else {
        Some(HsmError::PinNotInitialized { token: token() })
    };
    if let Some(error) = refusal {
        return report.add(trouble(settings, &error));
    }
    if reach != Reach::Tokens {
        return;
    }
    match Token::open(settings, Caution::Careful) {
        Ok(open) => keys(&open, settings, inventory, report),
        Err(error) => report.add(trouble(settings, &error)),
    }
}

fn keys(token: &Token, settings: &TokenSettings, inventory: Option<&Inventory>, report: &mut Report) {
    for entry in inventory
        .into_iter()
        .flat_map(|all| all.on_token(&settings.label))
    {
        if let Err(error) = token.check(entry) {
            report.add(Discovery::KeyTrouble {
                key: entry.name.clone(),
                message: without_full_stop(&error),
            });
        }
    }
}

fn trouble(settings: &TokenSettings, error: &HsmError) -> Discovery {
    let token = settings.label.clone();
    let message = without_full_stop(error);
    match error {
        HsmError::PinCountLow { .. } | HsmError::PinFinalTry { .. } | HsmError::PinRefusedBefore { .. } => {
            Discovery::PinNotTried { token, message }
        }
        _ => Discovery::TokenTrouble { token, message },
    }
}

/// Messages of other crates end without one; the words around them add it.
fn without_full_stop(error: &HsmError) -> String {
    error.to_string().trim_end_matches('.').to_owned()
}
