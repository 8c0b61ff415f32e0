//! Gives a fresh token its label and its PINs, with the standard's own calls (PKCS#11 v3.1 sections 5.5.6 and 5.6.4).
//!
//! For SoftHSM and other tokens that allow it; what a vendor demands beyond that, only the vendor's tool can do. A
//! token that carries a label is never initialised again: that would destroy its keys.

use cryptoki::session::UserType;
use cryptoki::slot::Slot;

use crate::module::{Lease, Module};
use crate::pin::Pin;
use crate::token::{TokenInfo, select};
use crate::{Error, Result};

/// A label fills 32 octets of the token's information (PKCS#11 v3.1 section 3.2, CK_TOKEN_INFO).
const LABEL_OCTETS: usize = 32;

/// Initialises the first token that nobody has initialised yet; answers what it says of itself afterwards.
///
/// Crash here: after the first call the token has its label and the security officer's PIN, but no user PIN. The
/// same call again, with the same security officer's PIN, finishes that.
pub fn initialise(module: &Module, label: &str, security_officer: &Pin, user: &Pin) -> Result<TokenInfo> {
    if label.is_empty() || label.len() > LABEL_OCTETS || label.trim() != label {
        return Err(Error::Text {
            kind: "token label",
            text: label.chars().take(40).collect(),
            rule: "1 to 32 octets, without blanks at its ends",
        });
    }
    let lease = module.lease();
    let labelled = lease.tokens()?.into_iter().any(|(_, info)| info.label == label);
    if !labelled {
        let slot = free_slot(&lease)?;
        lease
            .library()
            .init_token(slot, security_officer.as_auth_pin(), label)?;
    }
    // SoftHSM moves a token to another slot when it is initialised, so it is looked for again.
    let (slot, info) = select(&lease, label, None)?;
    if info.pin.initialized {
        return Err(Error::TokenExists {
            label: label.to_owned(),
        });
    }
    set_user_pin(&lease, slot, security_officer, user)?;
    select(&lease, label, None).map(|(_, info)| info)
}

fn free_slot(lease: &Lease) -> Result<Slot> {
    let free = |(slot, info): (Slot, TokenInfo)| info.label.is_empty().then_some(slot);
    lease
        .tokens()?
        .into_iter()
        .find_map(free)
        .ok_or_else(|| Error::NoFreeToken {
            path: lease.module().path().to_owned(),
        })
}

fn set_user_pin(lease: &Lease, slot: Slot, security_officer: &Pin, user: &Pin) -> Result<()> {
    let session = lease.library().open_rw_session(slot)?;
    session.login(UserType::So, Some(security_officer.as_auth_pin()))?;
    let set = session.init_pin(user.as_auth_pin());
    // All sessions of the process share the login; the next one must not be the security officer's.
    session.logout()?;
    Ok(set?)
}
