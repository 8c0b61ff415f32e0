//! Mailboxes: `local-part@host` in the ASCII form of rfc822Name (RFC 5280 section 4.2.1.6).
//!
//! Departure: quoted local parts and address literals (`"a b"@example`, `a@[192.0.2.1]`) are legal in RFC 5321
//! and refused here. Programs disagree on where such an address ends, and nobody has one that a deed is sent to.

use super::{dns_name, excerpt};
use crate::{Error, Result};

/// A mailbox in ASCII; case as given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox(String);

impl Mailbox {
    /// Checks a mailbox.
    pub fn new(mailbox: &str) -> Result<Self> {
        check(mailbox, str::is_ascii).map_err(|rule| Error::Text {
            kind: "mailbox",
            text: excerpt(mailbox),
            rule,
        })?;
        Ok(Self(mailbox.to_owned()))
    }

    /// The mailbox.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the `@`.
    pub fn host(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, host)| host)
    }
}

/// Checks `local-part@host`; `alphabet` says which letters the local part may have beyond RFC 5321's atoms.
pub(super) fn check(
    mailbox: &str,
    alphabet: impl FnOnce(&str) -> bool,
) -> std::result::Result<(), &'static str> {
    let (local, host) = mailbox
        .split_once('@')
        .ok_or("a local part, an @ and a host (RFC 5321 section 4.1.2)")?;
    if !alphabet(local) {
        return Err(
            "letters outside ASCII make an SmtpUTF8Mailbox, and an SmtpUTF8Mailbox must have one (RFC 9598 section 3)",
        );
    }
    // RFC 5321 section 4.5.3.1.1.
    if local.len() > 64 || mailbox.len() > 254 {
        return Err("at most 64 octets before the @ and 254 in all (RFC 5321 section 4.5.3.1)");
    }
    let atom = |atom: &str| !atom.is_empty() && atom.chars().all(is_atom_text);
    if !local.split('.').all(atom) {
        return Err(
            "letters, digits, !#$%&'*+-/=?^_`{|}~ and single dots before the @; no quotes, no spaces (RFC 5321 section 4.1.2)",
        );
    }
    dns_name::check_host(host)
}

fn is_atom_text(letter: char) -> bool {
    if letter.is_ascii() {
        letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(letter)
    } else {
        // A letter that is not shown would make two mailboxes look the same.
        !letter.is_control() && !letter.is_whitespace() && letter != '\u{feff}'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_mailboxes_are_taken() {
        for mailbox in [
            "tabeliao@cartorio.example",
            "a.b+c@xn--mnchen-3ya.example",
            "o'neill@example",
        ] {
            assert_eq!(Mailbox::new(mailbox).unwrap().as_str(), mailbox);
        }
        assert_eq!(Mailbox::new("a@b.example").unwrap().host(), "b.example");
    }

    #[test]
    fn what_is_no_plain_mailbox_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for mailbox in [
            "",
            "@",
            "a",
            "a@",
            "@example.com",
            "a@b@example.com",
            "\"a b\"@example.com",
            "Nome <a@example.com>",
            "a@[192.0.2.1]",
            "a@192.0.2.1",
            ".a@example.com",
            "a..b@example.com",
            "a@*.example.com",
            "a@exam ple.com",
            "joão@example.com",
            "a@são.example",
            "a@example.com\0",
            "a@example.com, b@example.com",
            &long,
        ] {
            assert!(Mailbox::new(mailbox).is_err(), "{mailbox:?}");
        }
    }
}
