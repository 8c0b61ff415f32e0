//! certificatePolicies (RFC 5280 section 4.2.1.4): under which rules the certificate was issued.

use const_oid::ObjectIdentifier;

use super::content::{Wrong, broken, list_of, read_value, repeated, sequence_of};
use super::display_text::DisplayText;
use super::{ExtensionContent, oid};
use crate::Result;
use crate::asn1::{Element, Reader, tag, write};
use crate::general_name::{Uri, ascii};
use crate::oid::policy as known;

/// Policies, at least one, none twice, in the order of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatePolicies(pub Vec<PolicyInformation>);

/// One policy and what qualifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInformation {
    /// The policy's object identifier.
    pub identifier: ObjectIdentifier,
    /// Where its text is, and a notice to the reader. May be empty.
    pub qualifiers: Vec<PolicyQualifier>,
}

/// What qualifies a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyQualifier {
    /// Where the certification practice statement is.
    Cps(Uri),
    /// A text to be shown to whoever relies on the certificate.
    UserNotice(UserNotice),
    /// A qualifier that another standard defines: its identifier and exactly one DER value.
    Other(ObjectIdentifier, Vec<u8>),
}

/// A text to be shown to whoever relies on the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserNotice {
    /// Numbered notices of an organisation. We never write it (RFC 5280 section 4.2.1.4: SHOULD NOT).
    pub reference: Option<NoticeReference>,
    /// The text itself.
    pub text: Option<DisplayText>,
}

/// Notices by number in an organisation's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeReference {
    /// Whose list.
    pub organization: DisplayText,
    /// Which notices.
    pub numbers: Vec<u64>,
}

impl PolicyInformation {
    /// A policy without qualifiers, which RFC 5280 recommends.
    pub const fn new(identifier: ObjectIdentifier) -> Self {
        Self {
            identifier,
            qualifiers: Vec::new(),
        }
    }

    /// The same with the address of the practice statement.
    pub fn with_cps(mut self, address: &str) -> Result<Self> {
        self.qualifiers.push(PolicyQualifier::Cps(Uri::new(address)?));
        Ok(self)
    }

    /// The same with a notice of 1 to 200 characters.
    pub fn with_notice(mut self, text: &str) -> Result<Self> {
        let notice = UserNotice {
            reference: None,
            text: Some(DisplayText::new(text)?),
        };
        self.qualifiers.push(PolicyQualifier::UserNotice(notice));
        Ok(self)
    }

    fn to_der(&self) -> Vec<u8> {
        let qualifiers: Vec<Vec<u8>> = self.qualifiers.iter().map(PolicyQualifier::to_der).collect();
        let qualifiers = if qualifiers.is_empty() {
            Vec::new()
        } else {
            sequence_of(&qualifiers)
        };
        write::sequence(&[&write::object_identifier(self.identifier), &qualifiers])
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = reader.sequence()?;
        let identifier = inside.object_identifier()?;
        let qualifiers = match inside.optional(tag::SEQUENCE)? {
            None => Vec::new(),
            Some(list) if list.value.is_empty() => {
                return Err(Wrong::Rule(
                    "a list of qualifiers is present but empty (RFC 5280 section 4.2.1.4)",
                ));
            }
            Some(list) => list_of(list.reader(), PolicyQualifier::read)?,
        };
        inside.finish()?;
        Ok(Self {
            identifier,
            qualifiers,
        })
    }
}

impl PolicyQualifier {
    fn to_der(&self) -> Vec<u8> {
        let (id, qualifier) = match self {
            Self::Cps(address) => (
                known::CPS,
                write::value(tag::IA5_STRING, address.as_str().as_bytes()),
            ),
            Self::UserNotice(notice) => (known::USER_NOTICE, notice.to_der()),
            Self::Other(id, qualifier) => (*id, qualifier.clone()),
        };
        write::sequence(&[&write::object_identifier(id), &qualifier])
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = reader.sequence()?;
        let qualifier = match inside.object_identifier()? {
            known::CPS => Self::Cps(Uri::new(ascii(inside.expect(tag::IA5_STRING)?)?)?),
            known::USER_NOTICE => Self::UserNotice(UserNotice::read(&mut inside)?),
            other => Self::Other(other, inside.any()?.raw.to_vec()),
        };
        inside.finish()?;
        Ok(qualifier)
    }
}

impl UserNotice {
    fn to_der(&self) -> Vec<u8> {
        let reference = self.reference.as_ref().map(|reference| {
            let numbers: Vec<Vec<u8>> = reference
                .numbers
                .iter()
                .copied()
                .map(write::small_unsigned)
                .collect();
            write::sequence(&[&reference.organization.to_der(), &sequence_of(&numbers)])
        });
        let text = self.text.as_ref().map(DisplayText::to_der);
        write::sequence(&[&reference.unwrap_or_default(), &text.unwrap_or_default()])
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = reader.sequence()?;
        let reference = match inside.optional(tag::SEQUENCE)? {
            None => None,
            Some(reference) => Some(NoticeReference::read(reference.reader())?),
        };
        let text = if inside.is_empty() {
            None
        } else {
            Some(DisplayText::read(&mut inside)?)
        };
        inside.finish()?;
        Ok(Self { reference, text })
    }
}

impl NoticeReference {
    fn read(mut inside: Reader<'_>) -> std::result::Result<Self, Wrong> {
        let organization = DisplayText::read(&mut inside)?;
        let numbers = list_of(inside.sequence()?, |numbers| Ok(numbers.small_unsigned()?))?;
        inside.finish()?;
        Ok(Self {
            organization,
            numbers,
        })
    }
}

impl CertificatePolicies {
    /// Whether this policy, or anyPolicy, is named.
    pub fn allows(&self, policy: ObjectIdentifier) -> bool {
        let is = |information: &PolicyInformation| {
            information.identifier == policy || information.identifier == known::ANY_POLICY
        };
        self.0.iter().any(is)
    }

    fn check(&self) -> Result<()> {
        if self.0.is_empty() {
            return Err(broken::<Self>(
                "at least one policy must be named (RFC 5280 section 4.2.1.4)",
            ));
        }
        let identifiers: Vec<ObjectIdentifier> = self.0.iter().map(|policy| policy.identifier).collect();
        if repeated(&identifiers) {
            return Err(broken::<Self>(
                "a policy must not be named twice (RFC 5280 section 4.2.1.4)",
            ));
        }
        self.0.iter().try_for_each(check_qualifiers)
    }
}

fn check_qualifiers(policy: &PolicyInformation) -> Result<()> {
    for qualifier in &policy.qualifiers {
        let PolicyQualifier::Other(id, value) = qualifier else {
            continue;
        };
        if policy.identifier == known::ANY_POLICY {
            return Err(broken::<CertificatePolicies>(
                "anyPolicy may be qualified by a practice statement and a notice only (RFC 5280 section 4.2.1.4)",
            ));
        }
        if [known::CPS, known::USER_NOTICE].contains(id) || Element::only(value).is_err() {
            return Err(broken::<CertificatePolicies>(
                "another qualifier must have its own identifier and hold exactly one DER value",
            ));
        }
    }
    Ok(())
}

impl ExtensionContent for CertificatePolicies {
    const OID: ObjectIdentifier = oid::CERTIFICATE_POLICIES;
    const CRITICAL: bool = false;
    const NAME: &'static str = "certificatePolicies";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let policies: Vec<Vec<u8>> = self.0.iter().map(PolicyInformation::to_der).collect();
        Ok(sequence_of(&policies))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, |reader| {
            list_of(reader.sequence()?, PolicyInformation::read).map(Self)
        })?;
        read.check()?;
        Ok(read)
    }
}
