//! Absolute URIs (RFC 3986) as RFC 5280 section 4.2.1.6 restricts them.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{dns_name, excerpt};
use crate::{Error, Result};

/// An absolute URI in ASCII, as given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uri(String);

/// Longer addresses than any client fetches.
const LONGEST: usize = 2048;

impl Uri {
    /// Checks a URI.
    pub fn new(uri: &str) -> Result<Self> {
        check(uri).map_err(|rule| Error::Text {
            kind: "URI",
            text: excerpt(uri),
            rule,
        })?;
        Ok(Self(uri.to_owned()))
    }

    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the first colon, in the case as given.
    pub fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// Whether the scheme is http or https.
    pub fn is_http(&self) -> bool {
        let scheme = self.scheme();
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    }

    /// The host of the authority, if the URI has one; an IPv6 address keeps its brackets.
    pub fn host(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once(':')?;
        Some(split_authority(rest.strip_prefix("//")?).0).filter(|host| !host.is_empty())
    }
}

fn check(uri: &str) -> std::result::Result<(), &'static str> {
    if uri.len() > LONGEST {
        return Err("at most 2048 characters");
    }
    let (scheme, rest) = uri
        .split_once(':')
        .ok_or("an absolute URI with a scheme, such as http://pki.example/ (RFC 5280 section 4.2.1.6)")?;
    let scheme_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let starts_with_letter = scheme
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic());
    if !starts_with_letter || !scheme.bytes().all(scheme_letter) || rest.is_empty() {
        return Err("a scheme, a colon and something after it (RFC 3986 section 3)");
    }
    check_letters(rest)?;
    match rest.strip_prefix("//") {
        Some(after_slashes) => check_authority(scheme, after_slashes),
        None if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {
            Err("two slashes and a host after http: (RFC 9110 section 4.2)")
        }
        None => Ok(()),
    }
}

/// RFC 3986 section 2: reserved, unreserved, and `%` with two hexadecimal digits.
fn check_letters(text: &str) -> std::result::Result<(), &'static str> {
    const WRONG: &str = "only the letters of RFC 3986 section 2; all others as % and two hexadecimal digits";
    let mut pieces = text.split('%');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte);
    let first = pieces.next().unwrap_or_default();
    let escaped = |piece: &str| {
        piece
            .get(..2)
            .is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))
            && piece.bytes().skip(2).all(plain)
    };
    if text.matches('#').count() > 1 || !first.bytes().all(plain) || !pieces.all(escaped) {
        return Err(WRONG);
    }
    Ok(())
}

/// The host and the port of what follows `//`, without user information.
fn split_authority(after_slashes: &str) -> (&str, Option<&str>) {
    let authority = after_slashes.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host_and_port.rsplit_once(':') {
        // The colons of an IPv6 address stand inside its brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (host_and_port, None),
    }
}

/// RFC 5280 section 4.2.1.6: an authority must hold a fully qualified domain name or an IP address as host.
/// LDAP may leave the host out: the client then asks the directory that it knows (section 4.2.1.13).
fn check_authority(scheme: &str, after_slashes: &str) -> std::result::Result<(), &'static str> {
    let (host, port) = split_authority(after_slashes);
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("a port from 0 to 65535 after the host (RFC 3986 section 3.2.3)");
    }
    if host.is_empty() && scheme.eq_ignore_ascii_case("ldap") {
        return Ok(());
    }
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').map(str::parse::<Ipv6Addr>);
        return match address {
            Some(Ok(_)) => Ok(()),
            _ => Err("an IPv6 address between the brackets (RFC 3986 section 3.2.2)"),
        };
    }
    if host.parse::<Ipv4Addr>().is_ok() {
        return Ok(());
    }
    dns_name::check_host(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_uris_are_taken() {
        for uri in [
            "http://pki.example.com/crl/raiz.crl",
            "https://[2001:db8::1]:8443/a?b=c#d",
            "HTTP://192.0.2.1/",
            "ldap://ldap.example.com/cn=AC%20Raiz,dc=example?certificateRevocationList;binary",
            "ldap:///CN=Raiz?cACertificate?base?objectClass=certificationAuthority",
            "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "tag:example.com,2026:a",
            "http://user:secret@host.example:80",
        ] {
            assert_eq!(Uri::new(uri).unwrap().as_str(), uri);
        }
        assert_eq!(Uri::new("http://u@[::1]:80/x").unwrap().host(), Some("[::1]"));
        assert_eq!(
            Uri::new("http://a.example:80?x@y").unwrap().host(),
            Some("a.example")
        );
        assert_eq!(Uri::new("urn:x").unwrap().host(), None);
    }

    #[test]
    fn relative_and_broken_uris_are_refused() {
        for uri in [
            "",
            "/crl/raiz.crl",
            "pki.example.com",
            "http:",
            "http:relative",
            "http://",
            "http:///path",
            "http://a b/",
            "http://example.com/%zz",
            "http://example.com/%1",
            "http://example.com/\u{e3}",
            "http://exa_mple.com/",
            "http://example.com:port/",
            "http://example.com:65536/",
            "http://[::1/",
            "http://[example]/",
            "http://*.example.com/",
            "http://a/#b#c",
            "1http://example.com/",
            "http://example.com/<script>",
            "http://example.com/\0",
        ] {
            assert!(Uri::new(uri).is_err(), "{uri:?}");
        }
        assert!(Uri::new(&format!("http://example.com/{}", "a".repeat(2048))).is_err());
    }
}
