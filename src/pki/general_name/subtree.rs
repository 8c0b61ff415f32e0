//! Subtrees of names, as nameConstraints draws them (RFC 5280 section 4.2.1.10). They look like general names,
//! but the texts mean something else: a host is a whole domain, an address has a mask.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use const_oid::ObjectIdentifier;

use super::{Mailbox, OtherName, ascii, choice, dns_name, excerpt, read_registered};
use crate::asn1::{Fault, Reader, write};
use crate::name::Name;
use crate::{Error, Result};

/// All names of one kind below a base.
///
/// RFC 5280 gives no meaning to the subtrees of otherName, x400Address, ediPartyName and registeredID, and
/// advises against them; they are carried, because whoever does not know one must refuse what is below.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subtree {
    /// A kind of otherName.
    OtherName(OtherName),
    /// A mailbox, all mailboxes of a host, or with a leading dot of all hosts in a domain.
    Rfc822Name(String),
    /// A host and all below it; empty for all names.
    DnsName(String),
    /// X.400 addresses: the content octets, never looked into.
    X400Address(Vec<u8>),
    /// All names that begin with this one; an empty name for all.
    DirectoryName(Name),
    /// EDI parties: the content octets, never looked into.
    EdiPartyName(Vec<u8>),
    /// URIs with this host, or with a leading dot with all hosts in a domain.
    Uri(String),
    /// All addresses of a network.
    IpAddress(IpNetwork),
    /// A registered object.
    RegisteredId(ObjectIdentifier),
}

impl Subtree {
    /// A host and all below it.
    pub fn dns(host: &str) -> Result<Self> {
        Self::DnsName(host.to_owned()).checked()
    }

    /// A mailbox, a host, or with a leading dot a domain.
    pub fn email(text: &str) -> Result<Self> {
        Self::Rfc822Name(text.to_owned()).checked()
    }

    /// The host of URIs, or with a leading dot a domain.
    pub fn uri(host: &str) -> Result<Self> {
        Self::Uri(host.to_owned()).checked()
    }

    /// A network, such as `192.0.2.0/24` or `2001:db8::/32`.
    pub fn ip(network: &str) -> Result<Self> {
        IpNetwork::new(network).map(Self::IpAddress)
    }

    fn checked(self) -> Result<Self> {
        self.check()?;
        Ok(self)
    }

    /// Checks the syntax of a text.
    pub(crate) fn check(&self) -> Result<()> {
        let (text, syntax) = match self {
            Self::DnsName(text) if text.is_empty() => return Ok(()),
            Self::DnsName(text) => (text, dns_name::check_host(text)),
            Self::Rfc822Name(text) if text.contains('@') => return Mailbox::new(text).map(|_| ()),
            Self::Rfc822Name(text) | Self::Uri(text) => {
                (text, dns_name::check_host(text.strip_prefix('.').unwrap_or(text)))
            }
            Self::OtherName(_)
            | Self::X400Address(_)
            | Self::DirectoryName(_)
            | Self::EdiPartyName(_)
            | Self::IpAddress(_)
            | Self::RegisteredId(_) => return Ok(()),
        };
        syntax.map_err(|rule| Error::Text {
            kind: "subtree of names",
            text: excerpt(text),
            rule,
        })
    }

    /// The DER of the base.
    pub fn to_der(&self) -> Vec<u8> {
        match self {
            Self::OtherName(name) => name.to_der(choice::OTHER_NAME),
            Self::Rfc822Name(text) => write::value(choice::RFC822_NAME, text.as_bytes()),
            Self::DnsName(text) => write::value(choice::DNS_NAME, text.as_bytes()),
            Self::X400Address(content) => write::value(choice::X400_ADDRESS, content),
            Self::DirectoryName(name) => write::value(choice::DIRECTORY_NAME, name.der()),
            Self::EdiPartyName(content) => write::value(choice::EDI_PARTY_NAME, content),
            Self::Uri(text) => write::value(choice::URI, text.as_bytes()),
            Self::IpAddress(network) => write::value(choice::IP_ADDRESS, &network.octets()),
            Self::RegisteredId(identifier) => write::value(choice::REGISTERED_ID, identifier.as_bytes()),
        }
    }

    /// Reads the base that comes next.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let fault = || Error::malformed("GeneralSubtree");
        let element = reader.any().map_err(fault())?;
        let text = || ascii(element).map(str::to_owned).map_err(fault());
        match element.tag {
            choice::OTHER_NAME => Self::OtherName(OtherName::from_element(element)?),
            choice::RFC822_NAME => Self::Rfc822Name(text()?),
            choice::DNS_NAME => Self::DnsName(text()?),
            choice::X400_ADDRESS => Self::X400Address(element.value.to_vec()),
            choice::DIRECTORY_NAME => Self::DirectoryName(Name::from_der(element.value)?),
            choice::EDI_PARTY_NAME => Self::EdiPartyName(element.value.to_vec()),
            choice::URI => Self::Uri(text()?),
            choice::IP_ADDRESS => Self::IpAddress(IpNetwork::from_octets(element.value)?),
            choice::REGISTERED_ID => Self::RegisteredId(read_registered(element.value).map_err(fault())?),
            _ => {
                return Err(fault()(Fault::NotCanonical(
                    "a general name has a tag that is none of its nine kinds",
                )));
            }
        }
        .checked()
    }
}

/// A network: its first address and how many leading bits are its own (RFC 4632).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IpNetwork {
    address: IpAddr,
    prefix_bits: u8,
}

impl IpNetwork {
    /// A network as `address/bits`; the bits after the prefix must be zero.
    pub fn new(text: &str) -> Result<Self> {
        let parts = text.split_once('/');
        let network = parts.and_then(|(address, bits)| {
            let canonical = bits
                .parse::<u8>()
                .ok()
                .filter(|parsed| parsed.to_string() == bits)?;
            Self::from_parts(address.parse().ok()?, canonical)
        });
        network.ok_or_else(|| Error::Text {
            kind: "network",
            text: excerpt(text),
            rule: "address/bits with zeros after the prefix, such as 192.0.2.0/24 or 2001:db8::/32",
        })
    }

    /// The first address.
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// How many leading bits are the network's own.
    pub const fn prefix_bits(&self) -> u8 {
        self.prefix_bits
    }

    /// Whether the address lies in this network.
    pub fn contains(&self, address: IpAddr) -> bool {
        let same_family = self.address.is_ipv4() == address.is_ipv4();
        same_family && (widen(address) & self.mask()) == widen(self.address)
    }

    fn from_parts(address: IpAddr, prefix_bits: u8) -> Option<Self> {
        let network = Self { address, prefix_bits };
        let fits = u32::from(prefix_bits) <= family_bits(address);
        (fits && widen(address) & !network.mask() == 0).then_some(network)
    }

    /// The mask in the low bits, as wide as the family.
    fn mask(&self) -> u128 {
        let width = family_bits(self.address);
        let free = width.saturating_sub(self.prefix_bits.into());
        let all = u128::MAX.checked_shr(128 - width).unwrap_or(0);
        all & u128::MAX.checked_shl(free).unwrap_or(0)
    }

    /// Address and mask: 8 or 32 octets.
    fn octets(&self) -> Vec<u8> {
        let length = if self.address.is_ipv4() { 4 } else { 16 };
        let tail = |number: u128| number.to_be_bytes().into_iter().skip(16 - length);
        tail(widen(self.address)).chain(tail(self.mask())).collect()
    }

    fn from_octets(octets: &[u8]) -> Result<Self> {
        let rule = |rule| Error::Rule {
            structure: "iPAddress",
            rule,
        };
        let (address, mask) = octets.split_at_checked(octets.len() / 2).unwrap_or_default();
        let number = |octets: &[u8]| {
            octets
                .iter()
                .fold(0_u128, |sum, octet| (sum << 8) | u128::from(*octet))
        };
        let address = match (<[u8; 4]>::try_from(address), <[u8; 16]>::try_from(address)) {
            (Ok(four), _) if octets.len() == 8 => IpAddr::V4(Ipv4Addr::from(four)),
            (_, Ok(sixteen)) if octets.len() == 32 => IpAddr::V6(Ipv6Addr::from(sixteen)),
            _ => {
                return Err(rule(
                    "a network has 8 or 32 octets, address and mask (RFC 5280 section 4.2.1.10)",
                ));
            }
        };
        // Counting ones and comparing refuses masks with holes: RFC 4632 knows prefixes only.
        let prefix = u8::try_from(number(mask).count_ones()).unwrap_or(u8::MAX);
        Self::from_parts(address, prefix)
            .filter(|network| network.mask() == number(mask))
            .ok_or(rule(
                "a mask must be a prefix, and the address zero after it (RFC 5280 section 4.2.1.10, RFC 4632)",
            ))
    }
}

/// `address/bits`.
impl fmt::Display for IpNetwork {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.prefix_bits)
    }
}

const fn family_bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn widen(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_written_as_address_and_mask() {
        for (text, expected) in [
            ("192.0.2.0/24", [192, 0, 2, 0, 255, 255, 255, 0]),
            ("0.0.0.0/0", [0; 8]),
            ("192.0.2.1/32", [192, 0, 2, 1, 255, 255, 255, 255]),
        ] {
            let network = IpNetwork::new(text).unwrap();
            let octets = network.octets();
            assert_eq!(octets, expected);
            assert_eq!(IpNetwork::from_octets(&octets), Ok(network));
            assert_eq!(network.to_string(), text);
        }
        let wide = IpNetwork::new("2001:db8::/33").unwrap();
        assert_eq!(IpNetwork::from_octets(&wide.octets()), Ok(wide));
        assert!(wide.contains("2001:db8:7fff::1".parse().unwrap()));
        assert!(!wide.contains("2001:db8:8000::1".parse().unwrap()));
        assert!(
            !IpNetwork::new("0.0.0.0/0")
                .unwrap()
                .contains("::1".parse().unwrap())
        );
        assert!(IpNetwork::new("::/0").unwrap().contains("ff::".parse().unwrap()));
    }

    #[test]
    fn masks_with_holes_and_stray_bits_are_refused() {
        for text in [
            "192.0.2.0",
            "192.0.2.1/24",
            "192.0.2.0/33",
            "192.0.2.0/+8",
            "::/129",
            "a/8",
            "10.0.0.0/08",
        ] {
            assert!(IpNetwork::new(text).is_err(), "{text}");
        }
        for octets in [
            &[192, 0, 2, 0, 255, 0, 255, 0][..],
            &[192, 0, 2, 1, 255, 255, 255, 0],
            &[192, 0, 2, 0],
            &[0; 16],
            &[0; 9],
            &[],
        ] {
            assert!(IpNetwork::from_octets(octets).is_err(), "{octets:?}");
        }
    }

    #[test]
    fn texts_follow_the_syntax_of_their_kind() {
        for subtree in [
            Subtree::dns("example.com"),
            Subtree::dns(""),
            Subtree::email("a@example.com"),
            Subtree::email("example.com"),
            Subtree::email(".example.com"),
            Subtree::uri("host.example.com"),
            Subtree::uri(".example.com"),
        ] {
            assert!(subtree.is_ok());
        }
        for subtree in [
            Subtree::dns(".example.com"),
            Subtree::dns("*.example.com"),
            Subtree::email(""),
            Subtree::email("a@"),
            Subtree::email(".a@example.com"),
            Subtree::uri("http://example.com"),
            Subtree::uri("192.0.2.1"),
            Subtree::uri(".."),
        ] {
            assert!(subtree.is_err(), "{subtree:?}");
        }
    }
}
