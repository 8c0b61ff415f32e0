//! Certificate revocation lists, version 2 (RFC 5280 section 5): the content to build and the list that was read.
//!
//! Entries come and go one at a time: [`CrlContent::prepare`] takes them from an iterator and keeps only their
//! bytes, [`Crl::entries`] reads them again from the bytes. A list of a million entries costs its own size and
//! no object per entry.

mod entry;
#[cfg(test)]
mod tests;

pub use entry::RevokedCertificate;

use std::ops::Range;

use crate::algorithm::SignatureAlgorithm;
use crate::asn1::{Element, Fault, Limits, Reader, check, tag, write};
use crate::certificate::Frame;
use crate::extension::{
    AuthorityKeyIdentifier, CrlNumber, DeltaCrlIndicator, Extension, ExtensionContent, Extensions,
    FreshestCrl, IssuingDistributionPoint,
};
use crate::name::Name;
use crate::oid::extension as known;
use crate::public_key::PublicKey;
use crate::serial::Serial;
use crate::signing::{SignedStructure, Unsigned, Verifier};
use crate::time::Time;
use crate::{Error, Result, pem};

const TBS: &str = "TBSCertList";
/// The label of RFC 7468 section 6.
const LABEL: &str = "X509 CRL";

/// Everything a CRL says besides its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlContent {
    /// How the issuer will sign.
    pub signature: SignatureAlgorithm,
    /// The issuer's name, byte for byte.
    pub issuer: Name,
    /// When the list was made.
    pub this_update: Time,
    /// When the next one will be there at the latest.
    pub next_update: Time,
    /// Which key the issuer signs with: its certificate's subjectKeyIdentifier.
    pub authority_key_identifier: AuthorityKeyIdentifier,
    /// Grows with every list of this issuer and scope, full and delta alike.
    pub number: CrlNumber,
    /// For a delta: the number of the full list that it starts from.
    pub base: Option<CrlNumber>,
    /// For a list that covers only some certificates: which, and where it is.
    pub issuing_distribution_point: Option<IssuingDistributionPoint>,
    /// For a full list: where its deltas are.
    pub freshest_crl: Option<FreshestCrl>,
}

impl CrlContent {
    /// Encodes the TBSCertList with these entries.
    ///
    /// They must come in strictly ascending order of their serial numbers, as [`Serial`] compares and as a
    /// database sorts octets: so none can be there twice, and the same entries always give the same bytes.
    pub fn prepare(&self, entries: impl IntoIterator<Item = RevokedCertificate>) -> Result<Unsigned<Crl>> {
        self.check()?;
        let entries = self.encode_entries(entries)?;
        // The list must be absent rather than empty (section 5.1.2.6).
        let entries_header = if entries.is_empty() {
            Vec::new()
        } else {
            write::header(tag::SEQUENCE, entries.len())
        };
        let tbs = write::sequence(&[
            &write::small_unsigned(1),
            self.signature.identifier_der(),
            self.issuer.der(),
            &self.this_update.to_der(),
            &self.next_update.to_der(),
            &entries_header,
            &entries,
            &write::explicit(0, &self.extensions()?.to_der()),
        ]);
        Ok(Unsigned::new(tbs, self.signature))
    }

    /// Whether this is a delta.
    pub const fn is_delta(&self) -> bool {
        self.base.is_some()
    }

    fn check(&self) -> Result<()> {
        let rule = |rule| Err(Error::Rule { structure: TBS, rule });
        if self.issuer.is_empty() {
            return rule("the issuer must have a name (RFC 5280 section 5.1.2.3)");
        }
        if self.next_update <= self.this_update {
            return rule("nextUpdate must be after thisUpdate (RFC 5280 section 5.1.2.5)");
        }
        if self.base.as_ref().is_some_and(|base| *base >= self.number) {
            return rule(
                "the number of a delta must be greater than that of its base (RFC 5280 section 5.2.4)",
            );
        }
        if self.is_delta() && self.freshest_crl.is_some() {
            return rule("a delta must not point to deltas (RFC 5280 section 5.2.6)");
        }
        Ok(())
    }

    fn encode_entries(&self, entries: impl IntoIterator<Item = RevokedCertificate>) -> Result<Vec<u8>> {
        let mut encoded = Vec::new();
        let mut previous: Option<Serial> = None;
        for entry in entries {
            if previous
                .as_ref()
                .is_some_and(|previous| *previous >= entry.serial)
            {
                return Err(Error::Rule {
                    structure: TBS,
                    rule: "entries must come in strictly ascending order of their serial numbers, each once; sort them",
                });
            }
            entry.check(self.is_delta())?;
            encoded.extend_from_slice(&entry.to_der()?);
            previous = Some(entry.serial);
        }
        Ok(encoded)
    }

    fn extensions(&self) -> Result<Extensions> {
        fn optional<T: ExtensionContent>(content: Option<&T>) -> Result<Option<Extension>> {
            content.map(ExtensionContent::to_extension).transpose()
        }
        let base = self.base.clone().map(DeltaCrlIndicator);
        let list = [
            Some(self.authority_key_identifier.to_extension()?),
            Some(self.number.to_extension()?),
            optional(base.as_ref())?,
            optional(self.issuing_distribution_point.as_ref())?,
            optional(self.freshest_crl.as_ref())?,
        ];
        Extensions::new(list.into_iter().flatten().collect())
    }
}

/// A CRL that was read: the exact bytes and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crl {
    der: Vec<u8>,
    tbs: Range<usize>,
    /// The content octets of revokedCertificates; empty when there are none.
    entries: Range<usize>,
    content: CrlContent,
    extensions: Extensions,
    signature: Vec<u8>,
}

impl Crl {
    /// What the list says besides its entries.
    pub const fn content(&self) -> &CrlContent {
        &self.content
    }

    /// Every extension, also those that [`CrlContent`] does not know; none of those is critical.
    pub const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The entries in the order of the bytes. Each was read once already, so that none can fail now.
    pub fn entries(&self) -> Entries<'_> {
        Entries(Reader::new(
            self.der.get(self.entries.clone()).unwrap_or_default(),
        ))
    }

    /// The entry of this serial number. Goes through the list: for many questions, index the entries.
    pub fn find(&self, serial: &Serial) -> Option<RevokedCertificate> {
        self.entries().find(|entry| entry.serial == *serial)
    }

    /// Whether the moment lies between thisUpdate and nextUpdate, both included.
    pub fn is_current(&self, now: Time) -> bool {
        self.content.this_update <= now && now <= self.content.next_update
    }

    /// The complete DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Checks the signature under the issuer's key. Whether that issuer may speak about a certificate is path
    /// validation's business.
    pub fn verify_signature(&self, issuer: &PublicKey, verifier: &dyn Verifier) -> Result<()> {
        if verifier.verify(issuer, self.content.signature, self.tbs_der(), &self.signature) {
            Ok(())
        } else {
            Err(Error::BadSignature {
                structure: Self::NAME,
            })
        }
    }

    /// The PEM block.
    pub fn to_pem(&self) -> Result<String> {
        pem::encode(LABEL, &self.der)
    }

    /// Reads one PEM block.
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::parse(&pem::decode(LABEL, text)?)
    }

    /// Reads a list within limits of the caller's choice, for lists that others send.
    pub fn parse_within(der: &[u8], limits: Limits) -> Result<Self> {
        check(der, limits).map_err(Error::malformed(Self::NAME))?;
        let frame = Frame::read(der).map_err(Error::malformed(Self::NAME))?;
        let parts = Parts::read(frame.tbs)?;
        let content = parts.content()?;
        parts.check_entries(content.is_delta())?;
        if content.signature.identifier_der() != frame.algorithm {
            return Err(Error::Rule {
                structure: Self::NAME,
                rule: "the algorithm inside and outside must be the same (RFC 5280 section 5.1.1.2)",
            });
        }
        let tbs = frame.tbs_range();
        let start = tbs.start + parts.entries_at;
        let signature = frame.signature.to_vec();
        Ok(Self {
            der: der.to_vec(),
            tbs,
            entries: start..start + parts.entries.len(),
            content,
            extensions: parts.extensions,
            signature,
        })
    }
}

impl SignedStructure for Crl {
    const NAME: &'static str = "CertificateList";

    fn parse(der: &[u8]) -> Result<Self> {
        Self::parse_within(der, Limits::CRL)
    }

    fn tbs_der(&self) -> &[u8] {
        self.der.get(self.tbs.clone()).unwrap_or_default()
    }
}

/// The entries of a [`Crl`], read one after the other.
#[derive(Debug, Clone)]
pub struct Entries<'a>(Reader<'a>);

impl Iterator for Entries<'_> {
    type Item = RevokedCertificate;
    fn next(&mut self) -> Option<RevokedCertificate> {
        if self.0.is_empty() {
            return None;
        }
        RevokedCertificate::read(&mut self.0).ok()
    }
}

/// The fields of a TBSCertList; neither its extensions nor its entries are looked into yet.
struct Parts<'a> {
    signature: SignatureAlgorithm,
    issuer: Name,
    this_update: Time,
    next_update: Time,
    entries: &'a [u8],
    /// Where they start inside the TBSCertList.
    entries_at: usize,
    extensions: Extensions,
}

impl<'a> Parts<'a> {
    fn read(tbs: &'a [u8]) -> Result<Self> {
        let fault = || Error::malformed(TBS);
        let rule = |rule| Error::Rule { structure: TBS, rule };
        let mut inside = Element::only_tagged(tbs, tag::SEQUENCE)
            .map_err(fault())?
            .reader();
        // Version 1 has no version field, no extensions and so no number: nobody conforming makes it.
        if inside.peek() != Some(tag::INTEGER) || inside.small_unsigned().map_err(fault())? != 1 {
            return Err(rule(
                "the version must be 2, which is written as 1 (RFC 5280 section 5.1.2.1)",
            ));
        }
        let algorithm = inside.expect(tag::SEQUENCE).map_err(fault())?;
        let signature = SignatureAlgorithm::from_identifier_der(algorithm.raw)?;
        let issuer = Name::from_der(inside.any().map_err(fault())?.raw)?;
        let this_update = Time::from_element(inside.any().map_err(fault())?)?;
        if !matches!(inside.peek(), Some(tag::UTC_TIME | tag::GENERALIZED_TIME)) {
            return Err(rule("nextUpdate is missing (RFC 5280 section 5.1.2.5)"));
        }
        let next_update = Time::from_element(inside.any().map_err(fault())?)?;
        let entries = inside.optional(tag::SEQUENCE).map_err(fault())?;
        let explicit = inside
            .optional(tag::context_constructed(0))
            .map_err(fault())?
            .ok_or(rule("extensions are missing (RFC 5280 section 5.2)"))?;
        inside.finish().map_err(fault())?;
        if entries.is_some_and(|list| list.value.is_empty()) {
            let empty = Fault::NotCanonical("revokedCertificates is present but empty");
            return Err(fault()(empty));
        }
        let entries = entries.map_or(&[][..], |list| list.value);
        Ok(Self {
            signature,
            issuer,
            this_update,
            next_update,
            entries,
            // The extensions end the structure, the entries end before them.
            entries_at: tbs.len() - explicit.raw.len() - entries.len(),
            extensions: Extensions::from_der(explicit.value)?,
        })
    }

    /// Types the extensions. One that is critical and not understood refuses the list (section 5.2), and so
    /// does one whose criticality is not what the standard demands: others would read the list differently.
    fn content(&self) -> Result<CrlContent> {
        for extension in &self.extensions {
            let critical = match extension.oid {
                known::DELTA_CRL_INDICATOR | known::ISSUING_DISTRIBUTION_POINT => true,
                known::AUTHORITY_KEY_IDENTIFIER | known::CRL_NUMBER | known::FRESHEST_CRL => false,
                other if extension.critical => {
                    return Err(Error::UnknownCriticalExtension {
                        structure: TBS,
                        oid: other.to_string(),
                    });
                }
                _ => false,
            };
            if extension.critical != critical {
                return Err(Error::Rule {
                    structure: TBS,
                    rule: "deltaCRLIndicator and issuingDistributionPoint must be critical, authorityKeyIdentifier, cRLNumber and freshestCRL must not (RFC 5280 section 5.2)",
                });
            }
        }
        let missing = |rule| Error::Rule { structure: TBS, rule };
        let content = CrlContent {
            signature: self.signature,
            issuer: self.issuer.clone(),
            this_update: self.this_update,
            next_update: self.next_update,
            authority_key_identifier: self
                .extensions
                .typed()?
                .ok_or_else(|| missing("authorityKeyIdentifier is missing (RFC 5280 section 5.2.1)"))?,
            number: self
                .extensions
                .typed()?
                .ok_or_else(|| missing("cRLNumber is missing (RFC 5280 section 5.2.3)"))?,
            base: self.extensions.typed::<DeltaCrlIndicator>()?.map(|base| base.0),
            issuing_distribution_point: self.extensions.typed()?,
            freshest_crl: self.extensions.typed()?,
        };
        content.check()?;
        Ok(content)
    }

    /// Reads every entry once. Their order is not looked at: others need not sort.
    fn check_entries(&self, is_delta: bool) -> Result<()> {
        let mut entries = Reader::new(self.entries);
        while !entries.is_empty() {
            RevokedCertificate::read(&mut entries)?.check(is_delta)?;
        }
        Ok(())
    }
}
