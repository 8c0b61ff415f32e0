//! GeneralName (RFC 5280 section 4.2.1.6): a name of any kind, as extensions carry them.
//!
//! Each kind of text has its own type that checks the syntax when it is made, from text and from bytes alike.
//! Nothing is normalised: case stays as given, because names are compared as bytes before they are signed.

mod dns_name;
mod mailbox;
mod other_name;
mod punycode;
mod subtree;
mod uri;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use const_oid::ObjectIdentifier;

pub use dns_name::DnsName;
pub use mailbox::Mailbox;
pub use other_name::OtherName;
pub use subtree::{IpNetwork, Subtree};
pub use uri::Uri;

use crate::asn1::{Element, Fault, Reader, tag, write};
use crate::name::Name;
use crate::{Error, Result};

/// One name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GeneralName {
    /// A name whose kind is an object identifier: ICP-Brasil identities, international mailboxes.
    OtherName(OtherName),
    /// A mailbox.
    Rfc822Name(Mailbox),
    /// A host, possibly with a wildcard.
    DnsName(DnsName),
    /// An X.400 address: the content octets, never looked into.
    X400Address(Vec<u8>),
    /// A distinguished name.
    DirectoryName(Name),
    /// An EDI party: the content octets, never looked into.
    EdiPartyName(Vec<u8>),
    /// An absolute URI.
    Uri(Uri),
    /// An IP address, without a mask.
    IpAddress(IpAddr),
    /// An object that was registered under an object identifier.
    RegisteredId(ObjectIdentifier),
}

impl GeneralName {
    /// A host name, possibly with a wildcard as its first label.
    pub fn dns(name: &str) -> Result<Self> {
        DnsName::new(name).map(Self::DnsName)
    }

    /// A mailbox. One with letters outside ASCII before the `@` becomes an SmtpUTF8Mailbox (RFC 9598).
    pub fn email(mailbox: &str) -> Result<Self> {
        if mailbox.is_ascii() {
            Mailbox::new(mailbox).map(Self::Rfc822Name)
        } else {
            OtherName::smtp_utf8_mailbox(mailbox).map(Self::OtherName)
        }
    }

    /// An absolute URI.
    pub fn uri(uri: &str) -> Result<Self> {
        Uri::new(uri).map(Self::Uri)
    }

    /// Where a CRL, a certificate or a responder is: an `http` address. To check the certificate of an `https`
    /// one, a client might have to fetch from that very address (RFC 5280 section 8).
    pub fn pointer(address: &str) -> Result<Self> {
        let uri = Uri::new(address)?;
        if !uri.scheme().eq_ignore_ascii_case("http") {
            return Err(Error::Text {
                kind: "address of a CRL, certificate or responder",
                text: excerpt(address),
                rule: "http:// without TLS: what is fetched is signed, and checking TLS could need it (RFC 5280 section 8)",
            });
        }
        Ok(Self::Uri(uri))
    }

    /// An IP address as text.
    pub fn ip(address: &str) -> Result<Self> {
        let parsed = address.parse().map_err(|_| Error::Text {
            kind: "IP address",
            text: excerpt(address),
            rule: "an IPv4 or IPv6 address without mask, such as 192.0.2.1 or 2001:db8::1",
        })?;
        Ok(Self::IpAddress(parsed))
    }

    /// The address, if this is a URI.
    pub fn as_uri(&self) -> Option<&str> {
        match self {
            Self::Uri(uri) => Some(uri.as_str()),
            _ => None,
        }
    }

    /// The DER.
    pub fn to_der(&self) -> Vec<u8> {
        match self {
            Self::OtherName(name) => name.to_der(choice::OTHER_NAME),
            Self::Rfc822Name(mailbox) => write::value(choice::RFC822_NAME, mailbox.as_str().as_bytes()),
            Self::DnsName(name) => write::value(choice::DNS_NAME, name.as_str().as_bytes()),
            Self::X400Address(content) => write::value(choice::X400_ADDRESS, content),
            Self::DirectoryName(name) => write::value(choice::DIRECTORY_NAME, name.der()),
            Self::EdiPartyName(content) => write::value(choice::EDI_PARTY_NAME, content),
            Self::Uri(uri) => write::value(choice::URI, uri.as_str().as_bytes()),
            Self::IpAddress(IpAddr::V4(address)) => write::value(choice::IP_ADDRESS, &address.octets()),
            Self::IpAddress(IpAddr::V6(address)) => write::value(choice::IP_ADDRESS, &address.octets()),
            Self::RegisteredId(identifier) => write::value(choice::REGISTERED_ID, identifier.as_bytes()),
        }
    }

    /// Reads the name that comes next.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let fault = || Error::malformed("GeneralName");
        let element = reader.any().map_err(fault())?;
        Ok(match element.tag {
            choice::OTHER_NAME => Self::OtherName(OtherName::from_element(element)?),
            choice::RFC822_NAME => Self::Rfc822Name(Mailbox::new(ascii(element).map_err(fault())?)?),
            choice::DNS_NAME => Self::DnsName(DnsName::new(ascii(element).map_err(fault())?)?),
            choice::X400_ADDRESS => Self::X400Address(element.value.to_vec()),
            choice::DIRECTORY_NAME => Self::DirectoryName(Name::from_der(element.value)?),
            choice::EDI_PARTY_NAME => Self::EdiPartyName(element.value.to_vec()),
            choice::URI => Self::Uri(Uri::new(ascii(element).map_err(fault())?)?),
            choice::IP_ADDRESS => Self::IpAddress(read_address(element.value)?),
            choice::REGISTERED_ID => Self::RegisteredId(read_registered(element.value).map_err(fault())?),
            _ => {
                return Err(fault()(Fault::NotCanonical(
                    "a general name has a tag that is none of its nine kinds",
                )));
            }
        })
    }
}

/// Identifier octets of the CHOICE. A directory name is tagged explicitly, because it is a CHOICE itself.
pub(crate) mod choice {
    use crate::asn1::tag::{context, context_constructed};
    pub(crate) const OTHER_NAME: u8 = context_constructed(0);
    pub(crate) const RFC822_NAME: u8 = context(1);
    pub(crate) const DNS_NAME: u8 = context(2);
    pub(crate) const X400_ADDRESS: u8 = context_constructed(3);
    pub(crate) const DIRECTORY_NAME: u8 = context_constructed(4);
    pub(crate) const EDI_PARTY_NAME: u8 = context_constructed(5);
    pub(crate) const URI: u8 = context(6);
    pub(crate) const IP_ADDRESS: u8 = context(7);
    pub(crate) const REGISTERED_ID: u8 = context(8);
}

/// An IA5String as text.
pub(crate) fn ascii(element: Element<'_>) -> std::result::Result<&str, Fault> {
    std::str::from_utf8(element.value)
        .ok()
        .filter(|text| text.is_ascii())
        .ok_or(Fault::NotCanonical("an IA5String holds a byte above 127"))
}

/// Content octets of an OBJECT IDENTIFIER under another tag.
pub(crate) fn read_registered(value: &[u8]) -> std::result::Result<ObjectIdentifier, Fault> {
    Reader::new(&write::value(tag::OBJECT_IDENTIFIER, value)).object_identifier()
}

fn read_address(octets: &[u8]) -> Result<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return Ok(IpAddr::V4(Ipv4Addr::from(octets)));
    }
    <[u8; 16]>::try_from(octets)
        .map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))
        .map_err(|_| Error::Rule {
            structure: "iPAddress",
            rule: "an address has 4 or 16 octets (RFC 5280 section 4.2.1.6)",
        })
}

/// Enough of a text to recognise it in a message.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(80).collect()
}

/// `kind:value`, as people write them in files.
impl fmt::Display for GeneralName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherName(name) => write!(out, "otherName:{name}"),
            Self::Rfc822Name(mailbox) => write!(out, "email:{}", mailbox.as_str()),
            Self::DnsName(name) => write!(out, "dns:{}", name.as_str()),
            Self::X400Address(content) => write!(out, "x400:({} octets)", content.len()),
            Self::DirectoryName(name) => write!(out, "dirName:{name}"),
            Self::EdiPartyName(content) => write!(out, "ediParty:({} octets)", content.len()),
            Self::Uri(uri) => write!(out, "uri:{}", uri.as_str()),
            Self::IpAddress(address) => write!(out, "ip:{address}"),
            Self::RegisteredId(identifier) => write!(out, "registeredID:{identifier}"),
        }
    }
}
