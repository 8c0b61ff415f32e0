//! The two long texts: a person (birth, CPF, NIS, RG) and a voter's registration.

use std::fmt;

use super::number::known;
use super::{Cpf, Number, PrivateText, broken};
use crate::Result;

/// A day of birth. Debug output does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate {
    year: u16,
    month: u8,
    day: u8,
}

impl BirthDate {
    /// A day of the calendar from 1850 on.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => 0,
        };
        if !(1850..=9999).contains(&year) || !(1..=last).contains(&day) {
            return Err(broken(
                "a day of birth must be in the calendar, from the year 1850 on",
            ));
        }
        Ok(Self { year, month, day })
    }

    /// The year.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, from 1.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Reads `ddmmyyyy`; all zeros are none.
    fn from_field(field: &str) -> Result<Option<Self>> {
        if !known(field) {
            return Ok(None);
        }
        let mut fields = Fields(field);
        let (day, month, year) = (fields.take(2)?, fields.take(2)?, fields.take(4)?);
        // A sign would be read as part of a number.
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u16>().ok().filter(|_| plain)
        };
        let part = |digits| number(digits).and_then(|part| u8::try_from(part).ok());
        match (number(year), part(month), part(day)) {
            (Some(year), Some(month), Some(day)) => Self::new(year, month, day).map(Some),
            _ => Err(broken(
                "a day of birth is written as ddmmyyyy (DOC-ICP-04 section 7.1.2)",
            )),
        }
    }

    fn to_field(date: Option<Self>) -> String {
        date.map_or_else(
            || "0".repeat(8),
            |date| format!("{:02}{:02}{:04}", date.day, date.month, date.year),
        )
    }
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("BirthDate(***)")
    }
}

/// A person: subject of a person's certificate, or responsible for a company's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Day of birth: 8 digits.
    pub birth: Option<BirthDate>,
    /// CPF: 11 digits.
    pub cpf: Option<Cpf>,
    /// Social identification (PIS, PASEP or CI): 11 digits.
    pub nis: Option<Number<11>>,
    /// Identity card (RG) in 15 places, with zeros on the left, and who issued it in up to 10, such as `SSPSP`.
    pub identity_card: Option<IdentityCard>,
}

/// An identity card: number, and issuer with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityCard {
    number: PrivateText,
    issuer: Option<PrivateText>,
}

const CARD_NUMBER: usize = 15;
const CARD_ISSUER: usize = 10;

impl IdentityCard {
    /// A number of up to 15 letters and digits without separators, and up to 10 of issuer and state.
    pub fn new(number: &str, issuer: Option<&str>) -> Result<Self> {
        let significant = number.trim_start_matches('0');
        let number = PrivateText::plain(significant, CARD_NUMBER)?;
        if number.as_str().contains(' ') {
            return Err(broken(
                "an identity card's number has no separators (DOC-ICP-04 section 7.1.2)",
            ));
        }
        let issuer = issuer
            .map(|issuer| PrivateText::plain(issuer, CARD_ISSUER))
            .transpose()?;
        Ok(Self { number, issuer })
    }

    /// The number, without the zeros on the left.
    pub fn number(&self) -> &str {
        self.number.as_str()
    }

    /// Issuer and state.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_ref().map(PrivateText::as_str)
    }
}

impl Person {
    pub(super) fn to_text(&self) -> String {
        let card = self.identity_card.as_ref();
        let number = card.map_or("", IdentityCard::number);
        let issuer = card.and_then(IdentityCard::issuer).unwrap_or_default();
        let cpf = self.cpf.as_ref().map_or("", Cpf::as_str);
        format!(
            "{}{cpf:0>11}{}{number:0>CARD_NUMBER$}{issuer}",
            BirthDate::to_field(self.birth),
            Number::to_field(self.nis.as_ref()),
        )
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        let mut fields = Fields(text);
        let birth = BirthDate::from_field(fields.take(8)?)?;
        let cpf = Cpf::from_field(fields.take(11)?)?;
        let nis = Number::from_field(fields.take(11)?)?;
        let (number, issuer) = (fields.take(CARD_NUMBER)?, fields.rest());
        let identity_card = match (known(number), issuer) {
            (false, "") => None,
            (false, _) => {
                return Err(broken(
                    "without an identity card's number its issuer must be left out (DOC-ICP-04 section 7.1.2)",
                ));
            }
            (true, "") => Some(IdentityCard::new(number, None)?),
            (true, issuer) => Some(IdentityCard::new(number, Some(issuer))?),
        };
        Ok(Self {
            birth,
            cpf,
            nis,
            identity_card,
        })
    }
}

/// A voter's registration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Voter {
    /// The registration: 12 digits.
    pub registration: Option<Number<12>>,
    /// The electoral zone: 3 digits.
    pub zone: Option<Number<3>>,
    /// The section: 4 digits.
    pub section: Option<Number<4>>,
    /// Municipality and state in up to 22 places, such as `SAO PAULOSP`.
    place: Option<PrivateText>,
}

const VOTER_PLACE: usize = 22;

impl Voter {
    /// A registration, and municipality and state in up to 22 upper-case letters.
    pub fn new(
        registration: Number<12>,
        zone: Option<Number<3>>,
        section: Option<Number<4>>,
        place: Option<&str>,
    ) -> Result<Self> {
        let place = place
            .map(|place| PrivateText::plain(place, VOTER_PLACE))
            .transpose()?;
        Ok(Self {
            registration: Some(registration),
            zone,
            section,
            place,
        })
    }

    /// Municipality and state.
    pub fn place(&self) -> Option<&str> {
        self.place.as_ref().map(PrivateText::as_str)
    }

    pub(super) fn to_text(&self) -> String {
        let registration = Number::to_field(self.registration.as_ref());
        let zone = Number::to_field(self.zone.as_ref());
        let section = Number::to_field(self.section.as_ref());
        format!(
            "{registration}{zone}{section}{}",
            self.place().unwrap_or_default()
        )
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        let mut fields = Fields(text);
        let registration = Number::from_field(fields.take(12)?)?;
        let zone = Number::from_field(fields.take(3)?)?;
        let section = Number::from_field(fields.take(4)?)?;
        let place = Some(fields.rest()).filter(|place| !place.is_empty());
        if registration.is_none() && place.is_some() {
            return Err(broken(
                "without a voter's registration its place must be left out (DOC-ICP-04 section 7.1.2)",
            ));
        }
        let place = place
            .map(|place| PrivateText::plain(place, VOTER_PLACE))
            .transpose()?;
        Ok(Self {
            registration,
            zone,
            section,
            place,
        })
    }
}

/// A text that is cut into fields of fixed width.
struct Fields<'a>(&'a str);

impl<'a> Fields<'a> {
    fn take(&mut self, width: usize) -> Result<&'a str> {
        let (field, rest) = self.0.split_at_checked(width).ok_or(broken(
            "the text is shorter than its fixed fields (DOC-ICP-04 section 7.1.2)",
        ))?;
        self.0 = rest;
        Ok(field)
    }

    const fn rest(&self) -> &'a str {
        self.0
    }
}
