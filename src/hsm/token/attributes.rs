//! The attributes that a key must have to be ours, and how they are checked.

use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;

use crate::key::KeyId;
use crate::{Error, Result};

/// One demand on a key that signs or wraps.
struct Demand {
    attribute: AttributeType,
    name: &'static str,
    value: bool,
    rule: &'static str,
}

const NEVER_LEAVES: &str = "a key of an authority must never have been able to leave its token; make a new key with `sinete ceremony`";

/// What every private and secret key must say of itself (PKCS#11 v3.1 sections 4.8 to 4.10).
const DEMANDS: [Demand; 6] = [
    Demand {
        attribute: AttributeType::Private,
        name: "CKA_PRIVATE",
        value: true,
        rule: NEVER_LEAVES,
    },
    Demand {
        attribute: AttributeType::Sensitive,
        name: "CKA_SENSITIVE",
        value: true,
        rule: NEVER_LEAVES,
    },
    Demand {
        attribute: AttributeType::Extractable,
        name: "CKA_EXTRACTABLE",
        value: false,
        rule: NEVER_LEAVES,
    },
    Demand {
        attribute: AttributeType::AlwaysSensitive,
        name: "CKA_ALWAYS_SENSITIVE",
        value: true,
        rule: NEVER_LEAVES,
    },
    Demand {
        attribute: AttributeType::NeverExtractable,
        name: "CKA_NEVER_EXTRACTABLE",
        value: true,
        rule: NEVER_LEAVES,
    },
    Demand {
        attribute: AttributeType::Local,
        name: "CKA_LOCAL",
        value: true,
        rule: "a key of an authority must have been generated on its token; an imported one had an outside life",
    },
];

/// Checks every demand. An attribute that the token does not show is not believed to have the right value.
pub(super) fn check(session: &Session, token: &str, id: KeyId, key: ObjectHandle) -> Result<()> {
    let wanted: Vec<AttributeType> = DEMANDS
        .iter()
        .map(|demand| demand.attribute)
        .chain([AttributeType::AlwaysAuthenticate])
        .collect();
    let shown = session.get_attributes(key, &wanted)?;
    for demand in &DEMANDS {
        let found = shown
            .iter()
            .find_map(|attribute| truth(attribute, demand.attribute));
        if found != Some(demand.value) {
            return Err(refusal(token, id, demand.name, found, demand.rule));
        }
    }
    // Absent means no: the attribute is younger than many tokens (PKCS#11 v2.20).
    let asks_always = shown
        .iter()
        .find_map(|attribute| truth(attribute, AttributeType::AlwaysAuthenticate));
    if asks_always == Some(true) {
        let rule = "the PIN would be needed for every signature; make the key without that demand";
        return Err(refusal(token, id, "CKA_ALWAYS_AUTHENTICATE", asks_always, rule));
    }
    Ok(())
}

fn refusal(
    token: &str,
    id: KeyId,
    attribute: &'static str,
    found: Option<bool>,
    rule: &'static str,
) -> Error {
    let found = match found {
        Some(true) => "true",
        Some(false) => "false",
        None => "no value that the token shows",
    };
    Error::KeyAttribute {
        token: token.to_owned(),
        id,
        attribute,
        found: found.to_owned(),
        rule,
    }
}

fn truth(shown: &Attribute, wanted: AttributeType) -> Option<bool> {
    match (shown, wanted) {
        (Attribute::Private(value), AttributeType::Private)
        | (Attribute::Sensitive(value), AttributeType::Sensitive)
        | (Attribute::Extractable(value), AttributeType::Extractable)
        | (Attribute::AlwaysSensitive(value), AttributeType::AlwaysSensitive)
        | (Attribute::NeverExtractable(value), AttributeType::NeverExtractable)
        | (Attribute::Local(value), AttributeType::Local)
        | (Attribute::AlwaysAuthenticate(value), AttributeType::AlwaysAuthenticate) => Some(*value),
        _ => None,
    }
}
