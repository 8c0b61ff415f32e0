//! Host names in the preferred name syntax (RFC 1034 section 3.5, RFC 1123 section 2.1), wildcards and A-labels.

use super::{excerpt, punycode};
use crate::{Error, Result};

/// A host name, possibly with `*` as its whole first label. Without trailing dot; case as given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DnsName(String);

impl DnsName {
    /// Checks a name.
    pub fn new(name: &str) -> Result<Self> {
        let host = name.strip_prefix("*.").unwrap_or(name);
        check_host(host)
            .and_then(|()| within_length(name))
            .map_err(|rule| Error::Text {
                kind: "DNS name",
                text: excerpt(name),
                rule,
            })?;
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the first label is `*`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }
}

fn within_length(name: &str) -> std::result::Result<(), &'static str> {
    // 255 octets on the wire (RFC 1035 section 2.3.4) are 253 characters of text.
    if name.len() > 253 {
        return Err("at most 253 characters (RFC 1035 section 2.3.4)");
    }
    Ok(())
}

/// Checks a host without wildcard; answers with the rule that it breaks.
pub(super) fn check_host(host: &str) -> std::result::Result<(), &'static str> {
    within_length(host)?;
    host.split('.').try_for_each(check_label)?;
    let numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    if host.rsplit('.').next().is_some_and(numeric) {
        return Err(
            "the last label must not be a number; give an address as IP address (RFC 1123 section 2.1)",
        );
    }
    Ok(())
}

fn check_label(label: &str) -> std::result::Result<(), &'static str> {
    if label.is_empty() || label.len() > 63 {
        return Err(
            "labels of 1 to 63 characters between single dots, no dot at the end (RFC 1034 section 3.5)",
        );
    }
    let ldh = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !label.bytes().all(ldh) {
        return Err(
            "letters, digits and hyphens only; * only as the whole first label; other letters as A-labels (RFC 1034 section 3.5, RFC 5890 section 2.3.2.1)",
        );
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("no hyphen at the ends of a label (RFC 1034 section 3.5)");
    }
    let Some(prefix) = label.get(..4).filter(|prefix| prefix.ends_with("--")) else {
        return Ok(());
    };
    let encoded = label.get(4..).unwrap_or_default();
    if prefix.eq_ignore_ascii_case("xn--") && punycode::is_canonical(encoded) {
        return Ok(());
    }
    Err(
        "a label with hyphens in places 3 and 4 must be an A-label that decodes and encodes back (RFC 5890 section 2.3.1)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_preferred_syntax_are_taken() {
        let longest = format!(
            "{}.{}.{}.{}",
            "a".repeat(63),
            "b".repeat(63),
            "c".repeat(63),
            "d".repeat(61)
        );
        for name in [
            "localhost",
            "www.Example.com",
            "*.example.com",
            "3com.example",
            "a-b.example",
            "xn--mnchen-3ya.example",
            "XN--MNCHEN-3YA.example",
            "1.2.3.example",
            &longest,
        ] {
            assert_eq!(DnsName::new(name).unwrap().as_str(), name);
        }
        assert!(DnsName::new("*.example.com").unwrap().is_wildcard());
    }

    #[test]
    fn names_outside_the_syntax_are_refused() {
        let too_long = format!(
            "{}.{}.{}.{}",
            "a".repeat(63),
            "b".repeat(63),
            "c".repeat(63),
            "d".repeat(62)
        );
        for name in [
            "",
            " ",
            ".",
            "*",
            "*.",
            "*.*.example",
            "a.*.example",
            "w*.example",
            "*a.example",
            ".example",
            "example.",
            "a..b",
            "_dmarc.example",
            "a b.example",
            "-a.example",
            "a-.example",
            "são.example",
            "ab--cd.example",
            "xn--.example",
            "xn--abc-.example",
            "xn--99999999.example",
            "192.0.2.1",
            "example.com\0.evil.example",
            "http://example.com",
            "user@example.com",
            &"a".repeat(64),
            &too_long,
        ] {
            assert!(DnsName::new(name).is_err(), "{name:?}");
        }
    }
}
