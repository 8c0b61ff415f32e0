//! Points in time as certificates write them: UTC, whole seconds.

use std::fmt;

use crate::asn1::{Element, Fault, tag, write};
use crate::{Error, Result};

/// Seconds since 1970-01-01T00:00:00Z; never a fraction, never a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(i64);

/// The first second of the year 1950, where UTCTime begins.
const YEAR_1950: i64 = -631_152_000;
/// The first second of the year 2050, where UTCTime ends (RFC 5280 section 4.1.2.5).
const YEAR_2050: i64 = 2_524_608_000;
/// The last second that GeneralizedTime can write.
const LAST: i64 = 253_402_300_799;

impl Time {
    /// 9999-12-31T23:59:59Z: "no well-defined expiration date" (RFC 5280 section 4.1.2.5).
    pub const NO_EXPIRATION: Self = Self(LAST);

    /// From seconds since 1970, if a certificate can carry it (years 1950 to 9999).
    pub const fn from_unix_seconds(seconds: i64) -> Option<Self> {
        if seconds >= YEAR_1950 && seconds <= LAST {
            Some(Self(seconds))
        } else {
            None
        }
    }

    /// Seconds since 1970.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// This many seconds later; stops at the last second a certificate can carry.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        match Self::from_unix_seconds(self.0.saturating_add(seconds)) {
            Some(time) => time,
            None => Self::NO_EXPIRATION,
        }
    }

    /// This many days of 86 400 seconds later.
    #[must_use]
    pub const fn plus_days(self, days: u32) -> Self {
        // as: widening u32 -> i64 in a const fn, where From is not available.
        #[expect(clippy::as_conversions, reason = "widening; From is not const")]
        self.plus_seconds(days as i64 * 86_400)
    }

    /// UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5).
    pub fn to_der(self) -> Vec<u8> {
        let (year, month, day, hour, minute, second) = self.civil();
        if self.0 < YEAR_2050 {
            let text = format!(
                "{:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z",
                year % 100
            );
            write::value(tag::UTC_TIME, text.as_bytes())
        } else {
            self.to_generalized_der()
        }
    }

    /// Always GeneralizedTime, as OCSP, time-stamps and invalidity dates demand.
    pub fn to_generalized_der(self) -> Vec<u8> {
        let (year, month, day, hour, minute, second) = self.civil();
        let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
        write::value(tag::GENERALIZED_TIME, text.as_bytes())
    }

    /// Reads the `Time` CHOICE with seconds and `Z`, in the form RFC 5280 demands for its year.
    pub fn from_element(element: Element<'_>) -> Result<Self> {
        let time = match element.tag {
            tag::UTC_TIME => Self::parse(element.value, 2),
            tag::GENERALIZED_TIME => Self::parse(element.value, 4),
            found => Err(Fault::UnexpectedTag {
                expected: tag::UTC_TIME,
                found,
            }),
        }
        .map_err(Error::malformed("Time"))?;
        if element.tag == tag::GENERALIZED_TIME && time.0 < YEAR_2050 {
            return Err(Error::Rule {
                structure: "Time",
                rule: "dates through 2049 must be UTCTime (RFC 5280 section 4.1.2.5)",
            });
        }
        Ok(time)
    }

    /// Reads a GeneralizedTime with seconds, without fraction, with `Z`.
    pub fn from_generalized_element(element: Element<'_>) -> Result<Self> {
        Self::parse(element.value, 4).map_err(Error::malformed("GeneralizedTime"))
    }

    fn parse(text: &[u8], year_digits: usize) -> std::result::Result<Self, Fault> {
        const WRONG: Fault = Fault::NotCanonical("a time is not written as [YY]YYMMDDHHMMSSZ");
        let digits = text.strip_suffix(b"Z").ok_or(WRONG)?;
        if digits.len() != year_digits + 10 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(WRONG);
        }
        let (year, rest) = digits.split_at_checked(year_digits).ok_or(WRONG)?;
        let number = |part: &[u8]| {
            part.iter()
                .fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'))
        };
        let mut pairs = rest.chunks(2).map(number);
        let mut next = || pairs.next().unwrap_or(0);
        let (month, day, hour, minute, second) = (next(), next(), next(), next(), next());
        let year = match (year_digits, number(year)) {
            (2, short) if short < 50 => 2000 + short,
            (2, short) => 1900 + short,
            (_, full) => full,
        };
        let calendar = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
        if !calendar || hour > 23 || minute > 59 || second > 59 {
            return Err(Fault::NotCanonical("a time is not in the calendar"));
        }
        let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        Self::from_unix_seconds(seconds).ok_or(Fault::NotCanonical("a time is before 1950"))
    }

    fn civil(self) -> (i64, i64, i64, i64, i64, i64) {
        let (days, rest) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        (year, month, day, rest / 3600, rest / 60 % 60, rest % 60)
    }
}

/// RFC 3339, as people and logs read it.
impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, second) = self.civil();
        write!(
            out,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, so that the leap
/// day comes last; an era is the 400 years after which the calendar repeats.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_time_ends_with_2049() {
        let last = Time::from_unix_seconds(YEAR_2050 - 1).unwrap();
        assert_eq!(last.to_der(), [&[0x17, 13][..], b"491231235959Z"].concat());
        assert_eq!(
            last.plus_seconds(1).to_der(),
            [&[0x18, 15][..], b"20500101000000Z"].concat()
        );
        assert_eq!(Time::NO_EXPIRATION.to_string(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn every_day_survives_a_round_trip() {
        for day in (-7305..80_000).step_by(13) {
            let time = Time::from_unix_seconds(day * 86_400 + 86_399).unwrap();
            let der = time.to_der();
            assert_eq!(
                Time::from_element(Element::only(&der).unwrap()),
                Ok(time),
                "{time}"
            );
        }
    }

    #[test]
    fn sloppy_times_are_refused() {
        for (tag, text) in [
            (tag::UTC_TIME, "2611201234Z"),
            (tag::UTC_TIME, "261120123456+0000"),
            (tag::UTC_TIME, "260230000000Z"),
            (tag::UTC_TIME, "260101240000Z"),
            (tag::UTC_TIME, "260101000060Z"),
            (tag::GENERALIZED_TIME, "20260101000000Z"),
            (tag::GENERALIZED_TIME, "20500101000000.5Z"),
            (tag::GENERALIZED_TIME, "19490101000000Z"),
        ] {
            let der = write::value(tag, text.as_bytes());
            assert!(
                Time::from_element(Element::only(&der).unwrap()).is_err(),
                "{text}"
            );
        }
    }
}
