//! Dates as people read them, in their language; always UTC, and the exact form stands beside in the markup.

use pki::time::Time;

use super::language::Language;

/// `20 November 2026`, `20 de novembro de 2026`.
pub(crate) fn day(time: Time, language: Language) -> String {
    let (date, _) = split(time);
    let mut parts = date.split('-');
    let mut next = || parts.next().unwrap_or_default().to_owned();
    let (year, month, day) = (next(), next(), next());
    let number = month.parse::<usize>().unwrap_or(1);
    let name = language
        .texts()
        .months
        .get(number.saturating_sub(1))
        .copied()
        .unwrap_or_default();
    let day = day.trim_start_matches('0');
    match language {
        Language::English => format!("{day} {name} {year}"),
        Language::Portuguese => format!("{day} de {name} de {year}"),
    }
}

/// The day and the minute, with the word UTC.
pub(crate) fn minute(time: Time, language: Language) -> String {
    let (_, clock) = split(time);
    let clock = clock.get(..5).unwrap_or_default().to_owned();
    format!("{}, {clock} UTC", day(time, language))
}

/// The two halves of the RFC 3339 form.
fn split(time: Time) -> (String, String) {
    let text = time.to_string();
    let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
    (date.to_owned(), clock.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_people_write_them() {
        let time = Time::from_unix_seconds(1_780_272_000).unwrap();
        assert_eq!(day(time, Language::English), "1 June 2026");
        assert_eq!(day(time, Language::Portuguese), "1 de junho de 2026");
        let later = time.plus_seconds(3600 * 13 + 60 * 5);
        assert_eq!(minute(later, Language::English), "1 June 2026, 13:05 UTC");
    }
}
