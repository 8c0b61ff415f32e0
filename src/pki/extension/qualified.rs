//! qcStatements (RFC 3739 section 3.2.6, EN 319 412-5): what the issuer declares about a qualified certificate.

use const_oid::ObjectIdentifier;

use super::content::{Wrong, broken, list_of, list_with_tag, read_value, repeated, sequence_of};
use super::{ExtensionContent, oid};
use crate::Result;
use crate::asn1::{Element, Reader, tag, write};
use crate::general_name::{GeneralName, Uri, ascii};
use crate::oid::qualified as known;

/// Statements, at least one, none of a kind twice, in the order of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QcStatements(pub Vec<QcStatement>);

/// One declaration of the issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QcStatement {
    /// The certificate is qualified (EN 319 412-5 section 4.2.1).
    Compliance,
    /// The key is in a qualified device (section 4.2.2).
    SecureDevice,
    /// What the certificate is for (section 4.2.3).
    Type(QcType),
    /// The countries, as upper-case ISO 3166 codes, under whose law it is qualified (section 4.2.4).
    Legislation(Vec<String>),
    /// The highest value of a transaction that it may be used for (section 4.3.2).
    LimitValue(MonetaryValue),
    /// For how many years after its end the records about it are kept (section 4.3.3).
    RetentionYears(u16),
    /// Where the disclosure statement is, in several languages (section 4.3.4).
    DisclosureStatements(Vec<DisclosureStatement>),
    /// How the subject's attributes are meant (RFC 3739 section 3.2.6.1, EN 319 412-1 section 5).
    Semantics(Semantics),
    /// A statement that another standard defines: its identifier and perhaps exactly one DER value.
    Other(ObjectIdentifier, Option<Vec<u8>>),
}

/// What a qualified certificate is for: exactly one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QcType {
    /// Signatures of persons.
    Signature,
    /// Seals of organisations.
    Seal,
    /// Web sites.
    Website,
}

impl QcType {
    const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Signature => known::TYPE_SIGNATURE,
            Self::Seal => known::TYPE_SEAL,
            Self::Website => known::TYPE_WEBSITE,
        }
    }
}

/// An amount of money: `amount` times ten to the power of `exponent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonetaryValue {
    /// The currency.
    pub currency: Currency,
    /// The factor.
    pub amount: u64,
    /// The power of ten; EN 319 412-5 knows no negative one.
    pub exponent: u8,
}

/// A currency of ISO 4217.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Currency {
    /// Three upper-case letters, which is what we write.
    Alphabetic(String),
    /// A number from 1 to 999.
    Numeric(u16),
}

/// Where a disclosure statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosureStatement {
    /// An https address.
    pub address: Uri,
    /// Its language, as lower-case ISO 639-1 code.
    pub language: String,
}

/// How the subject's attributes are meant; empty when the statement says only that RFC 3739 is followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Semantics {
    /// The rules, such as [`crate::oid::qualified::SEMANTICS_NATURAL`].
    pub identifier: Option<ObjectIdentifier>,
    /// Who registers the names.
    pub authorities: Vec<GeneralName>,
}

impl QcStatement {
    fn id(&self) -> ObjectIdentifier {
        match self {
            Self::Compliance => known::COMPLIANCE,
            Self::SecureDevice => known::SECURE_DEVICE,
            Self::Type(_) => known::TYPE,
            Self::Legislation(_) => known::LEGISLATION,
            Self::LimitValue(_) => known::LIMIT_VALUE,
            Self::RetentionYears(_) => known::RETENTION_PERIOD,
            Self::DisclosureStatements(_) => known::DISCLOSURE_STATEMENTS,
            Self::Semantics(_) => known::SYNTAX_V2,
            Self::Other(id, _) => *id,
        }
    }

    fn info(&self) -> Vec<u8> {
        match self {
            Self::Compliance | Self::SecureDevice => Vec::new(),
            Self::Type(purpose) => write::sequence(&[&write::object_identifier(purpose.oid())]),
            Self::Legislation(countries) => {
                let countries: Vec<Vec<u8>> = countries.iter().map(|code| printable(code)).collect();
                sequence_of(&countries)
            }
            Self::LimitValue(value) => value.to_der(),
            Self::RetentionYears(years) => write::small_unsigned((*years).into()),
            Self::DisclosureStatements(list) => {
                let list: Vec<Vec<u8>> = list.iter().map(DisclosureStatement::to_der).collect();
                sequence_of(&list)
            }
            Self::Semantics(semantics) => semantics.to_der(),
            Self::Other(_, info) => info.clone().unwrap_or_default(),
        }
    }

    /// The rule that is broken, if any.
    fn broken_rule(&self) -> Option<&'static str> {
        match self {
            Self::Compliance | Self::SecureDevice | Self::Type(_) | Self::Semantics(_) => None,
            Self::Legislation(countries) => (countries.is_empty()
                || repeated(countries)
                || !countries.iter().all(|code| is_code(code, 2, u8::is_ascii_uppercase)))
            .then_some(
                "countries are upper-case codes of two letters (ISO 3166), at least one, none twice (EN 319 412-5 section 4.2.4)",
            ),
            Self::LimitValue(value) => value.broken_rule(),
            Self::RetentionYears(years) => (*years == 0)
                .then_some("a retention period is a positive number of years (EN 319 412-5 section 4.3.3)"),
            Self::DisclosureStatements(list) => (list.is_empty()
                || list.iter().any(|statement| !statement.is_sound()))
            .then_some(
                "disclosure statements are https addresses with a lower-case language code of two letters (ISO 639-1), at least one (EN 319 412-5 section 4.3.4)",
            ),
            Self::Other(id, info) => (known::ALL.contains(id)
                || info.as_ref().is_some_and(|info| Element::only(info).is_err()))
            .then_some("another statement must have its own identifier and hold at most one DER value"),
        }
    }

    fn read(list: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = list.sequence()?;
        let id = inside.object_identifier()?;
        let statement = match id {
            known::COMPLIANCE => Self::Compliance,
            known::SECURE_DEVICE => Self::SecureDevice,
            known::TYPE => Self::Type(read_type(&mut inside)?),
            known::LEGISLATION => Self::Legislation(list_of(inside.sequence()?, read_printable)?),
            known::LIMIT_VALUE => Self::LimitValue(MonetaryValue::read(&mut inside)?),
            known::RETENTION_PERIOD => Self::RetentionYears(read_years(&mut inside)?),
            known::DISCLOSURE_STATEMENTS => {
                Self::DisclosureStatements(list_of(inside.sequence()?, DisclosureStatement::read)?)
            }
            known::SYNTAX_V2 if inside.is_empty() => Self::Semantics(Semantics::default()),
            known::SYNTAX_V2 => Self::Semantics(Semantics::read(&mut inside)?),
            other if inside.is_empty() => Self::Other(other, None),
            other => Self::Other(other, Some(inside.any()?.raw.to_vec())),
        };
        inside.finish()?;
        Ok(statement)
    }
}

fn read_type(inside: &mut Reader<'_>) -> std::result::Result<QcType, Wrong> {
    let mut list = inside.sequence()?;
    let purpose = list.object_identifier()?;
    list.finish()?;
    [QcType::Signature, QcType::Seal, QcType::Website]
        .into_iter()
        .find(|known| known.oid() == purpose)
        .ok_or(Wrong::Rule(
            "a type is exactly one of signature, seal and website (EN 319 412-5 section 4.2.3)",
        ))
}

fn read_years(inside: &mut Reader<'_>) -> std::result::Result<u16, Wrong> {
    u16::try_from(inside.small_unsigned()?)
        .map_err(|_| Wrong::Rule("a retention period above 65535 years is not supported"))
}

impl MonetaryValue {
    fn to_der(&self) -> Vec<u8> {
        let currency = match &self.currency {
            Currency::Alphabetic(code) => printable(code),
            Currency::Numeric(code) => write::small_unsigned((*code).into()),
        };
        write::sequence(&[
            &currency,
            &write::small_unsigned(self.amount),
            &write::small_unsigned(self.exponent.into()),
        ])
    }

    fn broken_rule(&self) -> Option<&'static str> {
        let sound = match &self.currency {
            Currency::Alphabetic(code) => is_code(code, 3, u8::is_ascii_uppercase),
            Currency::Numeric(code) => (1..=999).contains(code),
        };
        (!sound).then_some(
            "a currency is a code of three upper-case letters or a number from 1 to 999 (ISO 4217, EN 319 412-5 section 4.3.2)",
        )
    }

    fn read(inside: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut parts = inside.sequence()?;
        let currency = if parts.peek() == Some(tag::INTEGER) {
            let code = u16::try_from(parts.small_unsigned()?);
            // Zero is outside the range, so the check that follows refuses it.
            Currency::Numeric(code.unwrap_or(0))
        } else {
            Currency::Alphabetic(read_printable(&mut parts)?)
        };
        let amount = parts.small_unsigned()?;
        let exponent = u8::try_from(parts.small_unsigned()?)
            .map_err(|_| Wrong::Rule("an exponent above 255 is not supported"))?;
        parts.finish()?;
        Ok(Self {
            currency,
            amount,
            exponent,
        })
    }
}

impl DisclosureStatement {
    fn to_der(&self) -> Vec<u8> {
        write::sequence(&[
            &write::value(tag::IA5_STRING, self.address.as_str().as_bytes()),
            &printable(&self.language),
        ])
    }

    fn is_sound(&self) -> bool {
        self.address.scheme().eq_ignore_ascii_case("https")
            && is_code(&self.language, 2, u8::is_ascii_lowercase)
    }

    fn read(list: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = list.sequence()?;
        let address = Uri::new(ascii(inside.expect(tag::IA5_STRING)?)?)?;
        let language = read_printable(&mut inside)?;
        inside.finish()?;
        Ok(Self { address, language })
    }
}

impl Semantics {
    /// The SemanticsInformation, or nothing when there is nothing to say.
    fn to_der(&self) -> Vec<u8> {
        if *self == Self::default() {
            return Vec::new();
        }
        let identifier = self.identifier.map(write::object_identifier);
        let authorities = if self.authorities.is_empty() {
            Vec::new()
        } else {
            let names: Vec<Vec<u8>> = self.authorities.iter().map(GeneralName::to_der).collect();
            list_with_tag(tag::SEQUENCE, &names)
        };
        write::sequence(&[&identifier.unwrap_or_default(), &authorities])
    }

    fn read(inside: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut parts = inside.sequence()?;
        let identifier = match parts.peek() {
            Some(tag::OBJECT_IDENTIFIER) => Some(parts.object_identifier()?),
            _ => None,
        };
        let authorities = match parts.optional(tag::SEQUENCE)? {
            Some(names) if names.value.is_empty() => {
                return Err(Wrong::Rule(
                    "nameRegistrationAuthorities is present but empty (RFC 3739 section 3.2.6.1)",
                ));
            }
            Some(names) => list_of(names.reader(), |names| Ok(GeneralName::read(names)?))?,
            None => Vec::new(),
        };
        parts.finish()?;
        let read = Self {
            identifier,
            authorities,
        };
        if read == Self::default() {
            return Err(Wrong::Rule(
                "SemanticsInformation must hold at least one of its parts (RFC 3739 section 3.2.6.1)",
            ));
        }
        Ok(read)
    }
}

fn printable(text: &str) -> Vec<u8> {
    write::value(tag::PRINTABLE_STRING, text.as_bytes())
}

fn read_printable(reader: &mut Reader<'_>) -> std::result::Result<String, Wrong> {
    Ok(ascii(reader.expect(tag::PRINTABLE_STRING)?)?.to_owned())
}

fn is_code(text: &str, length: usize, letter: impl Fn(&u8) -> bool) -> bool {
    text.len() == length && text.as_bytes().iter().all(letter)
}

impl QcStatements {
    /// Whether the certificate is declared qualified.
    pub fn is_qualified(&self) -> bool {
        self.0.contains(&QcStatement::Compliance)
    }

    fn check(&self) -> Result<()> {
        if self.0.is_empty() {
            return Err(broken::<Self>(
                "at least one statement must be made (RFC 3739 section 3.2.6)",
            ));
        }
        let ids: Vec<ObjectIdentifier> = self.0.iter().map(QcStatement::id).collect();
        if repeated(&ids) {
            return Err(broken::<Self>("a statement is made twice; make it once"));
        }
        let rule = self.0.iter().find_map(QcStatement::broken_rule);
        rule.map_or(Ok(()), |rule| Err(broken::<Self>(rule)))
    }
}

impl ExtensionContent for QcStatements {
    const OID: ObjectIdentifier = oid::QC_STATEMENTS;
    /// It must not be critical: EN 319 412-5 section 4.1.
    const CRITICAL: bool = false;
    const NAME: &'static str = "qcStatements";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let statement = |statement: &QcStatement| {
            write::sequence(&[&write::object_identifier(statement.id()), &statement.info()])
        };
        let statements: Vec<Vec<u8>> = self.0.iter().map(statement).collect();
        Ok(sequence_of(&statements))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, |reader| {
            list_of(reader.sequence()?, QcStatement::read).map(Self)
        })?;
        read.check()?;
        Ok(read)
    }
}
