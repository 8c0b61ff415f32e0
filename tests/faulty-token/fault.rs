//! The faults and how they are written in the control file: one per line, `<call> <fault> [argument] [times]`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The calls that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `C_SignInit`.
    SignInit,
    /// `C_Sign`, when it makes the signature.
    Sign,
    /// `C_OpenSession`.
    OpenSession,
    /// `C_Login`.
    Login,
    /// `C_GetSlotList`.
    SlotList,
    /// `C_GetSessionInfo`.
    SessionInfo,
    /// `C_FindObjectsInit`.
    Find,
    /// `C_GenerateKeyPair`, after the key was made.
    GenerateKeyPair,
    /// `C_GenerateRandom`.
    Random,
    /// `C_Initialize`.
    Initialize,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call takes this long and then works.
    Slow(Duration),
    /// The call does not return before the control file changes.
    Hang,
    /// The call returns this value and does nothing.
    Return(u64),
    /// The signature has the right length and is wrong.
    Garbage,
    /// The signature is one octet shorter.
    Short,
    /// All sessions are invalid from now on and the token is logged out: a token that was reset.
    Reset,
    /// The token is logged out, then the call goes on.
    Logout,
    /// The module answers that it was never started, until it is started anew.
    Forget,
    /// The token is not there: no slot has one, everything that needs one fails.
    Gone,
    /// The call works; afterwards the process ends at once, as by `kill -9`.
    Die,
}

/// One line of the control file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Which call; `None` for all of them.
    pub call: Option<Call>,
    /// What goes wrong with it.
    pub fault: Fault,
    /// How often; `None` for always.
    pub times: Option<u32>,
}

impl Call {
    const ALL: [(Self, &'static str); 10] = [
        (Self::SignInit, "sign-init"),
        (Self::Sign, "sign"),
        (Self::OpenSession, "open-session"),
        (Self::Login, "login"),
        (Self::SlotList, "slot-list"),
        (Self::SessionInfo, "session-info"),
        (Self::Find, "find"),
        (Self::GenerateKeyPair, "generate-key-pair"),
        (Self::Random, "random"),
        (Self::Initialize, "initialize"),
    ];

    /// The word in the control file.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(call, _)| *call == self)
            .map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Order {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.call.map_or("any", Call::name))?;
        match self.fault {
            Fault::Slow(time) => write!(out, " slow {}", time.as_millis())?,
            Fault::Hang => out.write_str(" hang 0")?,
            Fault::Return(value) => write!(out, " return {value}")?,
            Fault::Garbage => out.write_str(" garbage 0")?,
            Fault::Short => out.write_str(" short 0")?,
            Fault::Reset => out.write_str(" reset 0")?,
            Fault::Logout => out.write_str(" logout 0")?,
            Fault::Forget => out.write_str(" forget 0")?,
            Fault::Gone => out.write_str(" gone 0")?,
            Fault::Die => out.write_str(" die 0")?,
        }
        self.times.map_or(Ok(()), |times| write!(out, " {times}"))
    }
}

impl FromStr for Order {
    type Err = ();
    fn from_str(line: &str) -> Result<Self, ()> {
        let mut words = line.split_whitespace();
        let call = match words.next().ok_or(())? {
            "any" => None,
            word => Some(Call::ALL.iter().find(|(_, name)| *name == word).ok_or(())?.0),
        };
        let fault = words.next().ok_or(())?;
        let argument: u64 = words.next().ok_or(())?.parse().map_err(drop)?;
        let fault = match fault {
            "slow" => Fault::Slow(Duration::from_millis(argument)),
            "hang" => Fault::Hang,
            "return" => Fault::Return(argument),
            "garbage" => Fault::Garbage,
            "short" => Fault::Short,
            "reset" => Fault::Reset,
            "logout" => Fault::Logout,
            "forget" => Fault::Forget,
            "gone" => Fault::Gone,
            "die" => Fault::Die,
            _ => return Err(()),
        };
        let times = words.next().map(str::parse).transpose().map_err(drop)?;
        Ok(Self { call, fault, times })
    }
}
