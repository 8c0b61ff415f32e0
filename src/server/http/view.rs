//! What pages show of an authority, in the reader's language.

use pki::digest::hex;
use pki::time::Time;

use super::dates;
use super::language::Language;
use crate::authority::{Authorities, Authority};

/// Whether a certificate is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Force {
    /// Between its two dates.
    Valid,
    /// Before its first second.
    NotYet,
    /// After its last second.
    Expired,
}

/// An authority on a page.
#[derive(Debug, Clone)]
pub(crate) struct AuthorityView {
    /// The name in addresses.
    pub(crate) name: String,
    /// The name for people.
    pub(crate) title: String,
    /// Whether nobody stands above it.
    pub(crate) is_root: bool,
    /// Who issued it, for people; nothing for a root.
    pub(crate) issuer: Option<String>,
    /// The kind of its key.
    pub(crate) key: &'static str,
    /// Whether it is in force.
    pub(crate) force: Force,
    /// The last day, exact and for people.
    pub(crate) until: Moment,
    /// Whole days from now to the last second; negative when over.
    pub(crate) days_left: i64,
    /// SHA-256 in eight groups of eight digits.
    pub(crate) fingerprint: Vec<String>,
    /// Whether a CRL lies there.
    pub(crate) has_crl: bool,
}

/// A point in time: exact for programs, short for people.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// RFC 3339.
    pub(crate) exact: String,
    /// In the reader's language.
    pub(crate) shown: String,
}

impl Moment {
    /// The day.
    pub(crate) fn day(time: Time, language: Language) -> Self {
        Self {
            exact: time.to_string(),
            shown: dates::day(time, language),
        }
    }

    /// The minute.
    pub(crate) fn minute(time: Time, language: Language) -> Self {
        Self {
            exact: time.to_string(),
            shown: dates::minute(time, language),
        }
    }
}

/// Every authority, as a page shows it.
pub(crate) fn authorities(all: &Authorities, language: Language, now: Time) -> Vec<AuthorityView> {
    all.iter()
        .map(|authority| view(all, authority, language, now))
        .collect()
}

fn view(all: &Authorities, authority: &Authority, language: Language, now: Time) -> AuthorityView {
    let content = authority.certificate.content();
    let validity = content.validity;
    let force = if now < validity.not_before {
        Force::NotYet
    } else if now > validity.not_after {
        Force::Expired
    } else {
        Force::Valid
    };
    let issuer = || {
        let known = all.issuer_of(&authority.certificate).map(Authority::title);
        known.unwrap_or_else(|| content.issuer.to_string())
    };
    AuthorityView {
        name: authority.name.clone(),
        title: authority.title(),
        is_root: authority.is_root(),
        issuer: (!authority.is_root()).then(issuer),
        key: content.public_key.algorithm().name(),
        force,
        until: Moment::day(validity.not_after, language),
        days_left: (validity.not_after.unix_seconds() - now.unix_seconds()).div_euclid(86_400),
        fingerprint: grouped(&authority.fingerprint),
        has_crl: authority.crl.is_file(),
    }
}

/// Hexadecimal digits in groups that can be read aloud.
pub(crate) fn grouped(fingerprint: &[u8; 32]) -> Vec<String> {
    fingerprint
        .chunks(4)
        .map(|chunk| hex(chunk).to_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_shown_in_groups_of_eight_digits() {
        let groups = grouped(&[0xab; 32]);
        assert_eq!((groups.len(), groups[0].as_str()), (8, "ABABABAB"));
    }
}
