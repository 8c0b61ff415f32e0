//! Logging in without ever bringing a token closer to locking itself.
//!
//! Tokens count wrong PINs and lock, some for good. So: the token's own flags are read before each attempt; a PIN
//! that was refused is not tried again, neither by this process (it remembers) nor by the next one (the token's
//! flag `CKF_USER_PIN_COUNT_LOW` says so) until a person says that it was corrected.

use std::cell::OnceCell;

use cryptoki::error::{Error as Binding, RvError};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;

use super::TokenInfo;
use crate::module::Lease;
use crate::pin::{Pin, PinSource};
use crate::{Error, Result};

/// How sure we are of the PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caution {
    /// Nothing is known of it: any sign of an earlier wrong PIN stops the attempt.
    Careful,
    /// A person says that it was corrected: earlier wrong PINs do not stop the attempt, a locked token does.
    PinCorrected,
    /// It was accepted earlier in this process: somebody else's wrong PIN does not stop us, a last try does.
    Proven,
}

/// A PIN that is only asked for when it is needed, and then once.
pub(crate) struct PinOnce<'a> {
    source: &'a PinSource,
    read: OnceCell<Pin>,
}

impl<'a> PinOnce<'a> {
    pub(crate) fn new(source: &'a PinSource) -> Self {
        Self {
            source,
            read: OnceCell::new(),
        }
    }

    /// The PIN, if it was needed.
    pub(crate) fn into_read(self) -> Option<Pin> {
        self.read.into_inner()
    }

    fn get(&self, token: &str) -> Result<&Pin> {
        if self.read.get().is_none() {
            // Set cannot fail: the cell was empty and is not shared.
            let _ = self.read.set(self.source.read(token)?);
        }
        self.read.get().ok_or_else(|| Error::PinUnreadable {
            source_name: token.to_owned(),
            reason: "it was not read".to_owned(),
        })
    }
}

/// Logs the session in, unless the token is logged in already, which concerns all sessions of the process. Returns
/// whether it was this call that did it: handles of private objects from before are then worth nothing.
pub(crate) fn log_in(
    lease: &Lease,
    slot: Slot,
    session: &Session,
    pin: &PinOnce<'_>,
    caution: Caution,
) -> Result<bool> {
    // Held until the end: threads that recover together try one after the other, and the second sees the result.
    let mut refused = lease.module().refused_pins();
    let _alone = lease.module().during_login();
    let info = TokenInfo::from(&lease.library().get_token_info(slot)?);
    if is_logged_in(session, &info)? {
        return Ok(false);
    }
    if refused.contains(&info.serial) && caution != Caution::PinCorrected {
        return Err(Error::PinRefusedBefore { token: info.label });
    }
    check_flags(&info, caution)?;
    let answer = if info.pin_pad && matches!(pin.source, PinSource::Prompt) {
        // The PIN is typed on the device (CKF_PROTECTED_AUTHENTICATION_PATH), never seen by the host.
        session.login(UserType::User, None)
    } else {
        session.login(UserType::User, Some(pin.get(&info.label)?.as_auth_pin()))
    };
    match answer {
        // Another thread of this process was faster.
        Ok(()) | Err(Binding::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
            refused.remove(&info.serial);
            Ok(true)
        }
        Err(Binding::Pkcs11(
            RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange | RvError::PinLocked,
            _,
        )) => {
            refused.insert(info.serial);
            Err(Error::PinWrong { token: info.label })
        }
        Err(Binding::Pkcs11(RvError::PinExpired, _)) => Err(Error::PinToBeChanged { token: info.label }),
        Err(Binding::Pkcs11(RvError::UserPinNotInitialized, _)) => {
            Err(Error::PinNotInitialized { token: info.label })
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether private objects are seen by this session.
pub(crate) fn is_logged_in(session: &Session, token: &TokenInfo) -> Result<bool> {
    let state = session.get_session_info()?.session_state();
    Ok(!token.login_required || matches!(state, SessionState::RoUser | SessionState::RwUser))
}

/// What the token says of its PIN decides whether it is tried at all.
fn check_flags(info: &TokenInfo, caution: Caution) -> Result<()> {
    let token = || info.label.clone();
    let pin = info.pin;
    if pin.locked {
        return Err(Error::PinLocked { token: token() });
    }
    if pin.to_be_changed {
        return Err(Error::PinToBeChanged { token: token() });
    }
    if !pin.initialized {
        return Err(Error::PinNotInitialized { token: token() });
    }
    match caution {
        Caution::Careful | Caution::Proven if pin.final_try => Err(Error::PinFinalTry { token: token() }),
        Caution::Careful if pin.count_low => Err(Error::PinCountLow { token: token() }),
        Caution::Careful | Caution::Proven | Caution::PinCorrected => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::PinState;
    use super::*;

    fn checked(caution: Caution, set: fn(&mut PinState)) -> Result<()> {
        let mut info = TokenInfo {
            label: "t".to_owned(),
            ..TokenInfo::default()
        };
        info.pin.initialized = true;
        set(&mut info.pin);
        check_flags(&info, caution)
    }

    #[test]
    fn the_flags_of_the_token_decide_before_a_pin_is_tried() {
        let token = || "t".to_owned();
        for caution in [Caution::Careful, Caution::PinCorrected, Caution::Proven] {
            assert_eq!(checked(caution, |_| ()), Ok(()));
            assert_eq!(
                checked(caution, |pin| pin.locked = true),
                Err(Error::PinLocked { token: token() })
            );
            assert_eq!(
                checked(caution, |pin| pin.to_be_changed = true),
                Err(Error::PinToBeChanged { token: token() })
            );
            assert_eq!(
                checked(caution, |pin| pin.initialized = false),
                Err(Error::PinNotInitialized { token: token() })
            );
        }
        let low: fn(&mut PinState) = |pin| pin.count_low = true;
        let last: fn(&mut PinState) = |pin| pin.final_try = true;
        assert_eq!(
            checked(Caution::Careful, low),
            Err(Error::PinCountLow { token: token() })
        );
        assert_eq!(checked(Caution::Proven, low), Ok(()));
        assert_eq!(
            checked(Caution::Careful, last),
            Err(Error::PinFinalTry { token: token() })
        );
        assert_eq!(
            checked(Caution::Proven, last),
            Err(Error::PinFinalTry { token: token() })
        );
        assert_eq!(checked(Caution::PinCorrected, last), Ok(()));
    }
}
