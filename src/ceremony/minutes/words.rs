//! Numbers in Portuguese words, as notarial documents write them beside the digits.

const SMALL: [&str; 20] = [
    "zero",
    "um",
    "dois",
    "três",
    "quatro",
    "cinco",
    "seis",
    "sete",
    "oito",
    "nove",
    "dez",
    "onze",
    "doze",
    "treze",
    "quatorze",
    "quinze",
    "dezesseis",
    "dezessete",
    "dezoito",
    "dezenove",
];
const TENS: [&str; 10] = [
    "",
    "",
    "vinte",
    "trinta",
    "quarenta",
    "cinquenta",
    "sessenta",
    "setenta",
    "oitenta",
    "noventa",
];
const HUNDREDS: [&str; 10] = [
    "",
    "cento",
    "duzentos",
    "trezentos",
    "quatrocentos",
    "quinhentos",
    "seiscentos",
    "setecentos",
    "oitocentos",
    "novecentos",
];

/// The months, January first.
pub(super) const MONTHS_PT: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];
/// The months, January first.
pub(super) const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The name of a month, counted from one.
pub(super) fn month(names: &[&'static str; 12], number: usize) -> &'static str {
    number
        .checked_sub(1)
        .and_then(|at| names.get(at))
        .copied()
        .unwrap_or("?")
}

/// A number below ten thousand in words; larger ones stay digits.
pub(super) fn portuguese(number: u32) -> String {
    match number {
        0..=999 => below_thousand(number),
        1000..=9999 => {
            let thousands = match number / 1000 {
                1 => "mil".to_owned(),
                several => format!("{} mil", below_thousand(several)),
            };
            match number % 1000 {
                0 => thousands,
                // "mil e duzentos", "dois mil e vinte e seis", but "mil duzentos e dez".
                rest if rest < 100 || rest % 100 == 0 => format!("{thousands} e {}", below_thousand(rest)),
                rest => format!("{thousands} {}", below_thousand(rest)),
            }
        }
        _ => number.to_string(),
    }
}

fn below_thousand(number: u32) -> String {
    let word = |list: &[&'static str], at: u32| {
        usize::try_from(at)
            .ok()
            .and_then(|at| list.get(at))
            .copied()
            .unwrap_or_default()
    };
    match number {
        0..=19 => word(&SMALL, number).to_owned(),
        20..=99 if number.is_multiple_of(10) => word(&TENS, number / 10).to_owned(),
        20..=99 => format!("{} e {}", word(&TENS, number / 10), word(&SMALL, number % 10)),
        100 => "cem".to_owned(),
        _ if number.is_multiple_of(100) => word(&HUNDREDS, number / 100).to_owned(),
        _ => format!(
            "{} e {}",
            word(&HUNDREDS, number / 100),
            below_thousand(number % 100)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_a_notary_writes_them() {
        for (number, words) in [
            (1, "um"),
            (20, "vinte"),
            (21, "vinte e um"),
            (100, "cem"),
            (101, "cento e um"),
            (1000, "mil"),
            (1200, "mil e duzentos"),
            (1985, "mil novecentos e oitenta e cinco"),
            (2000, "dois mil"),
            (2026, "dois mil e vinte e seis"),
            (2100, "dois mil e cem"),
            (20_000, "20000"),
        ] {
            assert_eq!(portuguese(number), words);
        }
        assert_eq!((month(&MONTHS_PT, 11), month(&MONTHS_EN, 0)), ("novembro", "?"));
    }
}
