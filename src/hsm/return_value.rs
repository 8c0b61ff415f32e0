//! What a PKCS#11 call returned, and what that means for the session it was made in.

use std::fmt;

use cryptoki::error::RvError;

/// A PKCS#11 return value other than `CKR_OK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnValue(pub RvError);

/// What is lost when a call returns an error, and therefore what must be made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Only this call failed: wrong input, wrong mechanism, no permission.
    Nothing,
    /// The cached object handle is worth nothing any more; the session may be fine.
    Handles,
    /// The session or its login is gone; a new session may work at once.
    Session,
    /// The token is gone or broken; nothing works until it is back.
    Token,
    /// The module lost its state (or was never started) and must be started anew.
    Module,
}

impl ReturnValue {
    /// What this value says is lost.
    ///
    /// Values not named here are judged by the vendor range or the specification to concern one call only.
    pub const fn loss(self) -> Loss {
        match self.0 {
            // PKCS#11 v3.1 section 5.1: a handle that was valid and is not any more.
            RvError::KeyHandleInvalid | RvError::ObjectHandleInvalid => Loss::Handles,
            RvError::SessionHandleInvalid
            | RvError::SessionClosed
            | RvError::UserNotLoggedIn
            // An operation that another caller left half-done in this session; a new session has none.
            | RvError::OperationActive
            | RvError::OperationNotInitialized => Loss::Session,
            RvError::DeviceError
            | RvError::DeviceRemoved
            | RvError::DeviceMemory
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::SlotIdInvalid
            // CKR_GENERAL_ERROR: "some horrible, unrecoverable error" (PKCS#11 v3.1 section 5.1.1), and what
            // network modules return when the appliance does not answer.
            | RvError::GeneralError
            | RvError::FunctionFailed
            | RvError::SessionCount
            // Vendors put their connection errors here; one call of a healthy token does not return them.
            | RvError::VendorDefined(_) => Loss::Token,
            RvError::CryptokiNotInitialized | RvError::MutexBad | RvError::MutexNotLocked => Loss::Module,
            _ => Loss::Nothing,
        }
    }
}

impl fmt::Display for ReturnValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RvError::VendorDefined(value) => write!(out, "vendor-defined error {value:#x}"),
            RvError::UnknownErrorCode(value) => write!(out, "unknown error {value:#x}"),
            known => {
                out.write_str("CKR")?;
                for letter in format!("{known:?}").chars() {
                    if letter.is_ascii_uppercase() {
                        out.write_str("_")?;
                    }
                    write!(out, "{}", letter.to_ascii_uppercase())?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_standard_writes_them() {
        assert_eq!(ReturnValue(RvError::DeviceError).to_string(), "CKR_DEVICE_ERROR");
        assert_eq!(
            ReturnValue(RvError::SessionHandleInvalid).to_string(),
            "CKR_SESSION_HANDLE_INVALID"
        );
        assert_eq!(
            ReturnValue(RvError::VendorDefined(0x8000_0042)).to_string(),
            "vendor-defined error 0x80000042"
        );
    }

    #[test]
    fn what_is_lost_follows_from_the_value() {
        assert_eq!(ReturnValue(RvError::DataLenRange).loss(), Loss::Nothing);
        assert_eq!(ReturnValue(RvError::KeyHandleInvalid).loss(), Loss::Handles);
        assert_eq!(ReturnValue(RvError::UserNotLoggedIn).loss(), Loss::Session);
        assert_eq!(ReturnValue(RvError::TokenNotPresent).loss(), Loss::Token);
        assert_eq!(ReturnValue(RvError::CryptokiNotInitialized).loss(), Loss::Module);
    }
}
