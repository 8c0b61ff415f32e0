//! Everything the doctor can discover, as facts. How it is said in which language stands in [`super::words`].

use std::path::PathBuf;

use pki::time::Time;
use serde::Serialize;

/// How bad it is, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// To look at.
    Warning,
    /// To mend.
    Error,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Area {
    /// `sinete.toml` and the hierarchy.
    Configuration,
    /// Folders and files: owner, rights, space.
    Files,
    /// The tokens.
    Tokens,
    /// Keys against inventory and certificates.
    Keys,
    /// Certificates' dates and chains, CRLs.
    Certificates,
    /// The clock.
    Clock,
    /// The listeners.
    Listeners,
    /// What the kernel offers to lock the signer in.
    Sandbox,
}

impl Area {
    /// Every area, in the order in which they are looked at.
    pub(crate) const ALL: [Self; 8] = [
        Self::Configuration,
        Self::Files,
        Self::Tokens,
        Self::Keys,
        Self::Certificates,
        Self::Clock,
        Self::Listeners,
        Self::Sandbox,
    ];

    /// The word on the terminal.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Files => "files",
            Self::Tokens => "tokens",
            Self::Keys => "keys",
            Self::Certificates => "certificates",
            Self::Clock => "clock",
            Self::Listeners => "listeners",
            Self::Sandbox => "sandbox",
        }
    }
}

/// Something to mend or to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Discovery {
    /// `sinete.toml` is not accepted; the message names every mistake.
    ConfigurationWrong { message: String },
    /// The hierarchy is not accepted.
    HierarchyWrong { message: String },
    /// A value of the hierarchy is legal and must not stay, such as a placeholder for the policy identifiers.
    HierarchyProvisional { key: String, message: String },
    /// There is no state folder.
    StateMissing { path: PathBuf },
    /// A file or folder belongs to somebody else.
    WrongOwner { path: PathBuf, owner: u32, ours: u32 },
    /// Others may change it.
    OthersWrite { path: PathBuf, mode: u32 },
    /// Others may read what is secret.
    OthersRead { path: PathBuf, mode: u32, wanted: u32 },
    /// We may not write where we must.
    NotWritable { path: PathBuf },
    /// It cannot be looked at.
    Unreadable { path: PathBuf, message: String },
    /// Little space is left.
    DiskLow { path: PathBuf, free_mebibytes: u64 },
    /// The module, the token or its PIN is not as it must be; the message says what and the remedy.
    TokenTrouble { token: String, message: String },
    /// The PIN was not tried, because the token says that a wrong one was given before.
    PinNotTried { token: String, message: String },
    /// The list of keys is not there.
    NoInventory { path: PathBuf },
    /// The list of keys is not accepted.
    InventoryWrong { message: String },
    /// A key is on a token that sinete.toml does not name.
    TokenNotConfigured { key: String, token: String },
    /// A key is missing, another one, or could leave the token.
    KeyTrouble { key: String, message: String },
    /// Key and certificate do not belong together.
    CertificateOfOtherKey { key: String, certificate: PathBuf },
    /// A certificate cannot be read.
    CertificateUnreadable { message: String },
    /// A certificate's time has not come.
    NotYetValid { name: String, from: Time },
    /// A certificate is over.
    Expired { name: String, until: Time },
    /// A certificate will soon be over.
    ExpiresSoon { name: String, until: Time, days: i64 },
    /// Nobody here issued this certificate.
    IssuerMissing { name: String, issuer: String },
    /// A CRL is not accepted or not its authority's.
    CrlWrong { name: String, message: String },
    /// A CRL is over.
    CrlExpired { name: String, until: Time },
    /// A CRL will soon be over.
    CrlExpiresSoon { name: String, until: Time, days: i64 },
    /// No time service keeps the clock.
    ClockNotSynchronised,
    /// The kernel does not say whether the clock is kept.
    ClockUnknown,
    /// The clock may be off by much, as its own service says.
    ClockInexact { milliseconds: u128 },
    /// The clock is before something that was made by this office already.
    ClockBehind { what: String, made: Time, now: Time },
    /// An address is taken by another program.
    AddressTaken { which: &'static str, address: String },
    /// An address cannot be opened.
    AddressRefused {
        which: &'static str,
        address: String,
        message: String,
    },
    /// The listener's certificate is for other names than sinete.toml says.
    NamesDiffer { certified: String, configured: String },
    /// The kernel has no Landlock.
    NoLandlock,
    /// The kernel has no seccomp.
    NoSeccomp,
}

impl Discovery {
    /// How bad it is.
    pub(crate) const fn level(&self) -> Level {
        match self {
            Self::HierarchyProvisional { .. }
            | Self::DiskLow { .. }
            | Self::NoInventory { .. }
            | Self::ExpiresSoon { .. }
            | Self::CrlExpiresSoon { .. }
            | Self::ClockNotSynchronised
            | Self::ClockUnknown
            | Self::ClockInexact { .. }
            | Self::NamesDiffer { .. }
            | Self::NoLandlock
            | Self::NoSeccomp => Level::Warning,
            Self::ConfigurationWrong { .. }
            | Self::HierarchyWrong { .. }
            | Self::StateMissing { .. }
            | Self::WrongOwner { .. }
            | Self::OthersWrite { .. }
            | Self::OthersRead { .. }
            | Self::NotWritable { .. }
            | Self::Unreadable { .. }
            | Self::TokenTrouble { .. }
            | Self::PinNotTried { .. }
            | Self::InventoryWrong { .. }
            | Self::TokenNotConfigured { .. }
            | Self::KeyTrouble { .. }
            | Self::CertificateOfOtherKey { .. }
            | Self::CertificateUnreadable { .. }
            | Self::NotYetValid { .. }
            | Self::Expired { .. }
            | Self::IssuerMissing { .. }
            | Self::CrlWrong { .. }
            | Self::CrlExpired { .. }
            | Self::ClockBehind { .. }
            | Self::AddressTaken { .. }
            | Self::AddressRefused { .. } => Level::Error,
        }
    }

    /// Where it was found.
    pub(crate) const fn area(&self) -> Area {
        match self {
            Self::ConfigurationWrong { .. }
            | Self::HierarchyWrong { .. }
            | Self::HierarchyProvisional { .. } => Area::Configuration,
            Self::StateMissing { .. }
            | Self::WrongOwner { .. }
            | Self::OthersWrite { .. }
            | Self::OthersRead { .. }
            | Self::NotWritable { .. }
            | Self::Unreadable { .. }
            | Self::DiskLow { .. } => Area::Files,
            Self::TokenTrouble { .. } | Self::PinNotTried { .. } => Area::Tokens,
            Self::NoInventory { .. }
            | Self::InventoryWrong { .. }
            | Self::TokenNotConfigured { .. }
            | Self::KeyTrouble { .. }
            | Self::CertificateOfOtherKey { .. } => Area::Keys,
            Self::CertificateUnreadable { .. }
            | Self::NotYetValid { .. }
            | Self::Expired { .. }
            | Self::ExpiresSoon { .. }
            | Self::IssuerMissing { .. }
            | Self::CrlWrong { .. }
            | Self::CrlExpired { .. }
            | Self::CrlExpiresSoon { .. } => Area::Certificates,
            Self::ClockNotSynchronised
            | Self::ClockUnknown
            | Self::ClockInexact { .. }
            | Self::ClockBehind { .. } => Area::Clock,
            Self::AddressTaken { .. } | Self::AddressRefused { .. } | Self::NamesDiffer { .. } => {
                Area::Listeners
            }
            Self::NoLandlock | Self::NoSeccomp => Area::Sandbox,
        }
    }

    /// The code that programs look at; it never changes.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::ConfigurationWrong { .. } => "configuration-wrong",
            Self::HierarchyWrong { .. } => "hierarchy-wrong",
            Self::HierarchyProvisional { .. } => "hierarchy-provisional",
            Self::StateMissing { .. } => "state-missing",
            Self::WrongOwner { .. } => "wrong-owner",
            Self::OthersWrite { .. } => "others-write",
            Self::OthersRead { .. } => "others-read",
            Self::NotWritable { .. } => "not-writable",
            Self::Unreadable { .. } => "unreadable",
            Self::DiskLow { .. } => "disk-low",
            Self::TokenTrouble { .. } => "token-trouble",
            Self::PinNotTried { .. } => "pin-not-tried",
            Self::NoInventory { .. } => "no-inventory",
            Self::InventoryWrong { .. } => "inventory-wrong",
            Self::TokenNotConfigured { .. } => "token-not-configured",
            Self::KeyTrouble { .. } => "key-trouble",
            Self::CertificateOfOtherKey { .. } => "certificate-of-other-key",
            Self::CertificateUnreadable { .. } => "certificate-unreadable",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Expired { .. } => "expired",
            Self::ExpiresSoon { .. } => "expires-soon",
            Self::IssuerMissing { .. } => "issuer-missing",
            Self::CrlWrong { .. } => "crl-wrong",
            Self::CrlExpired { .. } => "crl-expired",
            Self::CrlExpiresSoon { .. } => "crl-expires-soon",
            Self::ClockNotSynchronised => "clock-not-synchronised",
            Self::ClockUnknown => "clock-unknown",
            Self::ClockInexact { .. } => "clock-inexact",
            Self::ClockBehind { .. } => "clock-behind",
            Self::AddressTaken { .. } => "address-taken",
            Self::AddressRefused { .. } => "address-refused",
            Self::NamesDiffer { .. } => "names-differ",
            Self::NoLandlock => "no-landlock",
            Self::NoSeccomp => "no-seccomp",
        }
    }
}
