//! cRLDistributionPoints, freshestCRL and issuingDistributionPoint (RFC 5280 sections 4.2.1.13, 4.2.1.15,
//! 5.2.5): where the CRL of a certificate is, and which certificates a CRL is for.

use const_oid::ObjectIdentifier;

use super::content::{
    Wrong, broken, default_false, implicit, list_of, list_with_tag, optional_explicit, read_value,
    sequence_of,
};
use super::reasons::ReasonFlags;
use super::{ExtensionContent, oid};
use crate::Result;
use crate::asn1::{Element, Fault, Reader, tag, write};
use crate::general_name::GeneralName;
use crate::name::Name;

/// The name of a place where a CRL is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistributionPointName {
    /// Names of one and the same CRL, at least one.
    FullName(Vec<GeneralName>),
    /// A last part to be put behind the CRL issuer's name: the content octets of the SET. We never write it
    /// (RFC 5280 section 4.2.1.13: SHOULD NOT).
    RelativeToIssuer(Vec<u8>),
}

impl DistributionPointName {
    /// One HTTP address, without TLS.
    pub fn from_address(address: &str) -> Result<Self> {
        Ok(Self::FullName(vec![GeneralName::pointer(address)?]))
    }

    /// The DER of the CHOICE: what must be the same bytes in certificate and CRL.
    pub fn to_der(&self) -> Vec<u8> {
        match self {
            Self::FullName(names) => {
                let names: Vec<Vec<u8>> = names.iter().map(GeneralName::to_der).collect();
                list_with_tag(tag::context_constructed(0), &names)
            }
            Self::RelativeToIssuer(content) => write::value(tag::context_constructed(1), content),
        }
    }

    fn from_element(element: Element<'_>) -> std::result::Result<Self, Wrong> {
        const FULL: u8 = tag::context_constructed(0);
        const RELATIVE: u8 = tag::context_constructed(1);
        match element.tag {
            FULL => read_names(element).map(Self::FullName),
            RELATIVE => {
                // As the one part of a whole name it must keep the rules of such a part.
                Name::from_der(&write::sequence(&[&write::value(tag::SET, element.value)]))?;
                Ok(Self::RelativeToIssuer(element.value.to_vec()))
            }
            found => Err(Fault::UnexpectedTag {
                expected: FULL,
                found,
            }
            .into()),
        }
    }

    const fn is_empty(&self) -> bool {
        match self {
            Self::FullName(names) => names.is_empty(),
            Self::RelativeToIssuer(content) => content.is_empty(),
        }
    }
}

fn read_names(element: Element<'_>) -> std::result::Result<Vec<GeneralName>, Wrong> {
    list_of(element.reader(), |names| Ok(GeneralName::read(names)?))
}

/// One place where a CRL is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionPoint {
    /// The place.
    pub name: Option<DistributionPointName>,
    /// The reasons that the CRL covers; none means all.
    pub reasons: Option<ReasonFlags>,
    /// Who issues the CRL, if not the issuer of the certificate.
    pub crl_issuer: Option<Vec<GeneralName>>,
}

impl DistributionPoint {
    /// A place with one HTTP address, without TLS, for all reasons, by the certificate's issuer.
    pub fn from_address(address: &str) -> Result<Self> {
        Ok(Self {
            name: Some(DistributionPointName::from_address(address)?),
            reasons: None,
            crl_issuer: None,
        })
    }

    /// The addresses of this place.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let names = match &self.name {
            Some(DistributionPointName::FullName(names)) => names.as_slice(),
            _ => &[],
        };
        names.iter().filter_map(GeneralName::as_uri)
    }

    /// The rule that is broken, if any.
    fn broken_rule(&self) -> Option<&'static str> {
        if self.name.is_none() && self.crl_issuer.is_none() {
            return Some(
                "a distribution point must name its place or its CRL issuer (RFC 5280 section 4.2.1.13)",
            );
        }
        if self.name.as_ref().is_some_and(DistributionPointName::is_empty) {
            return Some(
                "a distribution point's name must hold at least one name (RFC 5280 section 4.2.1.6)",
            );
        }
        if self.reasons.as_ref().is_some_and(ReasonFlags::is_empty) {
            return Some(
                "a set of reasons must hold at least one; leave it out for all (X.509 section 9.6.2.1)",
            );
        }
        let issuer = self.crl_issuer.as_deref();
        if issuer.is_some_and(|names| !is_directory_names(names)) {
            return Some(
                "cRLIssuer must be the distinguished name of the CRL's issuer (RFC 5280 section 4.2.1.13)",
            );
        }
        let relative = matches!(self.name, Some(DistributionPointName::RelativeToIssuer(_)));
        if relative && issuer.is_some_and(|names| names.len() != 1) {
            return Some(
                "a relative name needs one CRL issuer to be relative to (RFC 5280 section 4.2.1.13)",
            );
        }
        None
    }

    fn to_der(&self) -> Vec<u8> {
        let name = self.name.as_ref().map(|name| write::explicit(0, &name.to_der()));
        let reasons = self
            .reasons
            .as_ref()
            .map(|reasons| reasons.to_der(tag::context(1)));
        let issuer = self.crl_issuer.as_ref().map(|names| {
            let names: Vec<Vec<u8>> = names.iter().map(GeneralName::to_der).collect();
            list_with_tag(tag::context_constructed(2), &names)
        });
        write::sequence(&[
            &name.unwrap_or_default(),
            &reasons.unwrap_or_default(),
            &issuer.unwrap_or_default(),
        ])
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = reader.sequence()?;
        let name = optional_explicit(&mut inside, 0)?
            .map(DistributionPointName::from_element)
            .transpose()?;
        let reasons = inside
            .optional(tag::context(1))?
            .map(ReasonFlags::from_element)
            .transpose()?;
        let crl_issuer = inside
            .optional(tag::context_constructed(2))?
            .map(read_names)
            .transpose()?;
        inside.finish()?;
        Ok(Self {
            name,
            reasons,
            crl_issuer,
        })
    }
}

fn is_directory_names(names: &[GeneralName]) -> bool {
    let directory = |name: &GeneralName| matches!(name, GeneralName::DirectoryName(name) if !name.is_empty());
    !names.is_empty() && names.iter().all(directory)
}

/// Where the CRLs are that cover this certificate, at least one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlDistributionPoints(pub Vec<DistributionPoint>);

impl CrlDistributionPoints {
    /// One place for each address.
    pub fn from_addresses<S: AsRef<str>>(addresses: &[S]) -> Result<Self> {
        points(addresses).map(Self)
    }

    /// All addresses of all places.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(DistributionPoint::addresses)
    }
}

/// Where the delta CRLs are that bring the CRL up to date, in certificates and in full CRLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshestCrl(pub Vec<DistributionPoint>);

impl FreshestCrl {
    /// One place for each address.
    pub fn from_addresses<S: AsRef<str>>(addresses: &[S]) -> Result<Self> {
        points(addresses).map(Self)
    }

    /// All addresses of all places.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(DistributionPoint::addresses)
    }
}

fn points<S: AsRef<str>>(addresses: &[S]) -> Result<Vec<DistributionPoint>> {
    let point = |address: &S| DistributionPoint::from_address(address.as_ref());
    addresses.iter().map(point).collect()
}

fn check_points<T: ExtensionContent>(points: &[DistributionPoint]) -> Result<()> {
    if let Some(rule) = points.iter().find_map(DistributionPoint::broken_rule) {
        return Err(broken::<T>(rule));
    }
    // An empty list has no such place either.
    if !points.iter().any(|point| point.reasons.is_none()) {
        return Err(broken::<T>(
            "at least one distribution point must cover all reasons (RFC 5280 section 4.2.1.13)",
        ));
    }
    Ok(())
}

fn write_points<T: ExtensionContent>(points: &[DistributionPoint]) -> Result<Vec<u8>> {
    check_points::<T>(points)?;
    let points: Vec<Vec<u8>> = points.iter().map(DistributionPoint::to_der).collect();
    Ok(sequence_of(&points))
}

impl ExtensionContent for CrlDistributionPoints {
    const OID: ObjectIdentifier = oid::CRL_DISTRIBUTION_POINTS;
    const CRITICAL: bool = false;
    const NAME: &'static str = "cRLDistributionPoints";

    fn to_value(&self) -> Result<Vec<u8>> {
        write_points::<Self>(&self.0)
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, |reader| {
            list_of(reader.sequence()?, DistributionPoint::read).map(Self)
        })?;
        check_points::<Self>(&read.0)?;
        Ok(read)
    }
}

impl ExtensionContent for FreshestCrl {
    const OID: ObjectIdentifier = oid::FRESHEST_CRL;
    const CRITICAL: bool = false;
    const NAME: &'static str = "freshestCRL";

    fn to_value(&self) -> Result<Vec<u8>> {
        write_points::<Self>(&self.0)
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, |reader| {
            list_of(reader.sequence()?, DistributionPoint::read).map(Self)
        })?;
        check_points::<Self>(&read.0)?;
        Ok(read)
    }
}

/// Which kind of certificates a CRL is for: at most one of three flags (RFC 5280 section 5.2.5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CrlScope {
    /// All kinds.
    #[default]
    All,
    /// onlyContainsUserCerts.
    UserCertificates,
    /// onlyContainsCACerts.
    AuthorityCertificates,
    /// onlyContainsAttributeCerts.
    AttributeCertificates,
}

/// Which certificates a CRL is for. A CRL without this extension is for all of its issuer's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssuingDistributionPoint {
    /// The place, as the certificates' cRLDistributionPoints name it, byte for byte.
    pub name: Option<DistributionPointName>,
    /// Only for certificates of this kind.
    pub scope: CrlScope,
    /// Only for revocations for these reasons; none means all.
    pub only_some_reasons: Option<ReasonFlags>,
    /// Entries may be of other issuers' certificates.
    pub indirect_crl: bool,
}

impl IssuingDistributionPoint {
    fn check(&self) -> Result<()> {
        if *self == Self::default() {
            return Err(broken::<Self>(
                "it must not be empty; leave the extension out (RFC 5280 section 5.2.5)",
            ));
        }
        if self.name.as_ref().is_some_and(DistributionPointName::is_empty) {
            return Err(broken::<Self>(
                "the distribution point's name must hold at least one name (RFC 5280 section 4.2.1.6)",
            ));
        }
        let reasons = self.only_some_reasons.as_ref();
        if reasons.is_some_and(ReasonFlags::is_empty) {
            return Err(broken::<Self>(
                "onlySomeReasons must hold at least one; leave it out for all (RFC 5280 section 5.2.5)",
            ));
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = reader.sequence()?;
        let name = optional_explicit(&mut inside, 0)?
            .map(DistributionPointName::from_element)
            .transpose()?;
        let user = default_false(&mut inside, tag::context(1))?;
        let authority = default_false(&mut inside, tag::context(2))?;
        let only_some_reasons = inside
            .optional(tag::context(3))?
            .map(ReasonFlags::from_element)
            .transpose()?;
        let indirect_crl = default_false(&mut inside, tag::context(4))?;
        let attribute = default_false(&mut inside, tag::context(5))?;
        inside.finish()?;
        let scope = match (user, authority, attribute) {
            (false, false, false) => CrlScope::All,
            (true, false, false) => CrlScope::UserCertificates,
            (false, true, false) => CrlScope::AuthorityCertificates,
            (false, false, true) => CrlScope::AttributeCertificates,
            _ => {
                return Err(Wrong::Rule(
                    "at most one of user, CA and attribute certificates only (RFC 5280 section 5.2.5)",
                ));
            }
        };
        Ok(Self {
            name,
            scope,
            only_some_reasons,
            indirect_crl,
        })
    }
}

impl ExtensionContent for IssuingDistributionPoint {
    const OID: ObjectIdentifier = oid::ISSUING_DISTRIBUTION_POINT;
    const CRITICAL: bool = true;
    const NAME: &'static str = "issuingDistributionPoint";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let name = self.name.as_ref().map(|name| write::explicit(0, &name.to_der()));
        let reasons = self
            .only_some_reasons
            .as_ref()
            .map(|reasons| reasons.to_der(tag::context(3)));
        let flag = |number, truth: bool| {
            let flag = truth.then(|| implicit(tag::context(number), write::boolean(true)));
            flag.unwrap_or_default()
        };
        Ok(write::sequence(&[
            &name.unwrap_or_default(),
            &flag(1, self.scope == CrlScope::UserCertificates),
            &flag(2, self.scope == CrlScope::AuthorityCertificates),
            &reasons.unwrap_or_default(),
            &flag(4, self.indirect_crl),
            &flag(5, self.scope == CrlScope::AttributeCertificates),
        ]))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, Self::read)?;
        read.check()?;
        Ok(read)
    }
}
