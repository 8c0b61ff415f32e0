//! Identities of persons and companies as ICP-Brasil writes them into subjectAltName (DOC-ICP-04).
//!
//! Each is an otherName with a text of fixed widths: no separators, zeros where a number is not known, and the
//! last field as long as needed. We write an OCTET STRING, the first of the two forms that DOC-ICP-04 allows:
//! unlike a PrintableString it can hold every letter of a company's name. The other string types are read too.
//!
//! Everything here is personal data: errors and debug output never show a value.

mod number;
mod person;

pub use number::{Cnpj, Cpf, Number};
pub use person::{BirthDate, IdentityCard, Person, Voter};

use const_oid::ObjectIdentifier;

use crate::asn1::write;
use crate::general_name::{GeneralName, OtherName};
use crate::oid::icp_brasil as known;
use crate::{Error, Result};

/// One identity of a subject or of who is responsible for it. A number that is not known is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// 2.16.76.1.3.1: the person.
    Person(Person),
    /// 2.16.76.1.3.2: the name of who is responsible for a company's certificate.
    ResponsibleName(PrivateText),
    /// 2.16.76.1.3.3: the company's CNPJ.
    Company(Option<Cnpj>),
    /// 2.16.76.1.3.4: who is responsible for a company's certificate.
    Responsible(Person),
    /// 2.16.76.1.3.5: the person's registration as a voter.
    Voter(Voter),
    /// 2.16.76.1.3.6: the person's registration with social security (CEI).
    PersonCei(Option<Number<12>>),
    /// 2.16.76.1.3.7: the company's registration with social security (CEI).
    CompanyCei(Option<Number<12>>),
    /// 2.16.76.1.3.8: the company's name, without abbreviations.
    CompanyName(PrivateText),
}

impl Identity {
    /// Reads the identity in an otherName; none if it is of another kind.
    pub fn from_other_name(name: &OtherName) -> Result<Option<Self>> {
        let read: fn(&str) -> Result<Self> = match name.type_id() {
            known::PERSON => |text| Person::from_text(text).map(Self::Person),
            known::RESPONSIBLE_NAME => |text| PrivateText::name(text).map(Self::ResponsibleName),
            known::COMPANY => |text| Cnpj::from_field(text).map(Self::Company),
            known::RESPONSIBLE => |text| Person::from_text(text).map(Self::Responsible),
            known::VOTER => |text| Voter::from_text(text).map(Self::Voter),
            known::PERSON_CEI => |text| Number::from_field(text).map(Self::PersonCei),
            known::COMPANY_CEI => |text| Number::from_field(text).map(Self::CompanyCei),
            known::COMPANY_NAME => |text| PrivateText::name(text).map(Self::CompanyName),
            _ => return Ok(None),
        };
        let text = name.text().ok_or(broken(
            "the value must be an OCTET STRING or a PrintableString of ASCII letters (DOC-ICP-04 section 7.1.2)",
        ))?;
        read(text).map(Some)
    }

    /// The otherName.
    pub fn to_other_name(&self) -> Result<OtherName> {
        OtherName::new(self.type_id(), write::octet_string(self.text().as_bytes()))
    }

    /// The name for subjectAltName.
    pub fn to_general_name(&self) -> Result<GeneralName> {
        self.to_other_name().map(GeneralName::OtherName)
    }

    /// Which kind.
    pub const fn type_id(&self) -> ObjectIdentifier {
        match self {
            Self::Person(_) => known::PERSON,
            Self::ResponsibleName(_) => known::RESPONSIBLE_NAME,
            Self::Company(_) => known::COMPANY,
            Self::Responsible(_) => known::RESPONSIBLE,
            Self::Voter(_) => known::VOTER,
            Self::PersonCei(_) => known::PERSON_CEI,
            Self::CompanyCei(_) => known::COMPANY_CEI,
            Self::CompanyName(_) => known::COMPANY_NAME,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Person(person) | Self::Responsible(person) => person.to_text(),
            Self::ResponsibleName(name) | Self::CompanyName(name) => name.as_str().to_owned(),
            Self::Company(cnpj) => cnpj
                .as_ref()
                .map_or_else(|| "0".repeat(14), |cnpj| cnpj.as_str().to_owned()),
            Self::Voter(voter) => voter.to_text(),
            Self::PersonCei(number) | Self::CompanyCei(number) => Number::to_field(number.as_ref()),
        }
    }
}

/// The error of an identity that breaks a rule; it never shows the value.
pub(crate) const fn broken(rule: &'static str) -> Error {
    Error::Rule {
        structure: "ICP-Brasil identity",
        rule,
    }
}

/// A text about a person: letters, digits and spaces between words. Debug output does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateText(String);

impl PrivateText {
    /// The name of a person or a company: at most 150 characters of the ASCII letters that DOC-ICP-04 lists.
    pub fn name(text: &str) -> Result<Self> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b" !\"#$%&'()*+,-./:;=?@\\".contains(&byte);
        if text.len() > 150 || !text.bytes().all(letter) || !is_trimmed(text) {
            return Err(broken(
                "a name has 1 to 150 ASCII letters, digits or common signs, accents left out (DOC-ICP-04 section 7.1.5)",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// Upper-case letters, digits and single spaces, from 1 to this many.
    pub(crate) fn plain(text: &str, longest: usize) -> Result<Self> {
        let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ';
        if text.len() > longest || !text.bytes().all(letter) || !is_trimmed(text) {
            return Err(broken(
                "only A to Z, 0 to 9 and spaces between words, no longer than its field (DOC-ICP-04 section 7.1.2)",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_trimmed(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains("  ")
}

impl std::fmt::Debug for PrivateText {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "({} characters)", self.0.len())
    }
}

#[cfg(test)]
mod tests;
