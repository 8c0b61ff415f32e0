//! `[listen]`: where the two listeners are opened, and under which names the private one is certified.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use pki::general_name::GeneralName;

use super::document::{Section, Text};

/// The two listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listen {
    /// Plain HTTP: certificates, CRLs, health. Port 0 takes a free one.
    pub(crate) public: SocketAddr,
    /// TLS with client certificates: the console and the API. Port 0 takes a free one.
    pub(crate) private: SocketAddr,
    /// The names in the private listener's certificate, never empty.
    pub(crate) names: Vec<ListenName>,
}

/// A name that a client calls the private listener by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListenName {
    /// A DNS name, lower-case.
    Dns(String),
    /// An address.
    Ip(IpAddr),
}

impl fmt::Display for ListenName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => out.write_str(name),
            Self::Ip(address) => write!(out, "{address}"),
        }
    }
}

impl Listen {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let public = address(&mut section, "public", SocketAddr::from(([127, 0, 0, 1], 8080)));
        let private = address(&mut section, "private", SocketAddr::from(([127, 0, 0, 1], 8443)));
        let names = match section.texts("names") {
            Some(texts) if texts.is_empty() => {
                section.missing("names", "at least one name, such as names = [\"localhost\"]");
                None
            }
            Some(texts) => texts
                .into_iter()
                .map(|text| name(&section, text))
                .collect::<Option<Vec<_>>>(),
            None => Some(vec![ListenName::Dns("localhost".to_owned())]),
        };
        if let (Some(public), Some(private)) = (public, private)
            && public == private
            && public.port() != 0
        {
            section.conflict(format!(
                "public and private must not be the same address ({public})"
            ));
        }
        section.finish();
        Some(Self {
            public: public?,
            private: private?,
            names: names?,
        })
    }
}

fn address(section: &mut Section<'_>, key: &'static str, default: SocketAddr) -> Option<SocketAddr> {
    let Some(text) = section.text(key) else {
        return Some(default);
    };
    let parsed = text.value.parse().ok();
    if parsed.is_none() {
        let rule = "an address and a port, such as \"127.0.0.1:8080\" or \"[::1]:0\"";
        section.invalid(key, text, rule);
    }
    parsed
}

fn name(section: &Section<'_>, text: Text<'_>) -> Option<ListenName> {
    if let Ok(address) = text.value.parse() {
        return Some(ListenName::Ip(address));
    }
    let lower = text.value.to_ascii_lowercase();
    if is_dns_name(&lower) {
        return Some(ListenName::Dns(lower));
    }
    section.invalid(
        "names",
        text,
        "a DNS name (letters, digits, '-', dots) or an IP address",
    );
    None
}

/// A DNS name as certificates carry it; wildcards are not names of a listener.
fn is_dns_name(text: &str) -> bool {
    matches!(GeneralName::dns(text), Ok(GeneralName::DnsName(name)) if !name.is_wildcard())
}
