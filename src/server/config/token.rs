//! `[[token]]`: the PKCS#11 tokens, found by label (slot numbers are random), and where their PINs come from.

use std::path::Path;

use hsm::pin::PinSource;
use hsm::signer::process::SignerToken;
use hsm::token::TokenSettings;

use super::document::{Section, Text};

/// A label fills 32 octets of the token's information (PKCS#11 section 3.1, CK_TOKEN_INFO).
const LABEL_OCTETS: usize = 32;

/// Every `[[token]]`, in the order of the file.
pub(super) fn read_all(sections: Vec<Section<'_>>, base: &Path) -> Vec<SignerToken> {
    let mut tokens: Vec<SignerToken> = Vec::new();
    for section in sections {
        let Some(token) = read(section, base, &tokens) else {
            continue;
        };
        tokens.push(token);
    }
    tokens
}

fn read(mut section: Section<'_>, base: &Path, earlier: &[SignerToken]) -> Option<SignerToken> {
    let label = section.required_text("label", "the token's label, as `sinete hsm tokens` shows it");
    let serial = section.text("serial").map(|text| text.value.to_owned());
    let module = section.required_text("module", "the path of the vendor's PKCS#11 library (.so)");
    if let Some(label) = label {
        if label.value.is_empty() || label.value.len() > LABEL_OCTETS {
            section.invalid("label", label, "1 to 32 octets, as PKCS#11 labels are");
        }
        if earlier.iter().any(|token| token.settings.label == label.value) {
            section.invalid(
                "label",
                label,
                "each token once: another [[token]] has this label",
            );
        }
    }
    let pin = read_pin(&mut section, base);
    let paths = section.texts("paths").unwrap_or_default();
    let network = section.flag("network").unwrap_or(false);
    section.finish();
    Some(SignerToken {
        settings: TokenSettings {
            label: label?.value.to_owned(),
            serial,
            module: base.join(module?.value),
            pin: pin?,
        },
        paths: paths.into_iter().map(|path| base.join(path.value)).collect(),
        network,
    })
}

fn read_pin(section: &mut Section<'_>, base: &Path) -> Option<PinSource> {
    let file = section.text("pin_file");
    let credential = section.text("pin_credential");
    let prompt = section.text("pin");
    if let Some(text) = prompt
        && text.value != "prompt"
    {
        // The value is not shown: it may be the PIN itself.
        let hidden = Text {
            value: "(not shown)",
            ..text
        };
        section.invalid(
            "pin",
            hidden,
            "pin = \"prompt\", or pin_file, or pin_credential; a PIN never stands in this file",
        );
        return None;
    }
    match (file, credential, prompt) {
        (Some(file), None, None) => Some(PinSource::File(base.join(file.value))),
        (None, Some(credential), None) => {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if credential.value.is_empty() || !credential.value.chars().all(plain) {
                section.invalid(
                    "pin_credential",
                    credential,
                    "the name of a systemd credential: letters, digits, '-', '_', '.'",
                );
                return None;
            }
            Some(PinSource::Credential(credential.value.to_owned()))
        }
        (None, None, Some(_)) => Some(PinSource::Prompt),
        (None, None, None) => {
            section.missing(
                "pin_file",
                "pin_file = \"path\", or pin_credential = \"name\", or pin = \"prompt\"",
            );
            None
        }
        _ => {
            section.conflict("give exactly one of pin_file, pin_credential and pin".to_owned());
            None
        }
    }
}
