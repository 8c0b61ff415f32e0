//! Punycode (RFC 3492), the one question asked of an A-label: is it what an encoder would have written?
//!
//! The tables of IDNA2008 are not consulted: whether a registry may hold a label is for the proof of control
//! over the name. What is refused are labels that no encoder writes and that viewers would show as something else.

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 128;

/// Whether the part after `xn--` decodes to something beyond ASCII and encodes back to the same letters.
pub(super) fn is_canonical(encoded: &str) -> bool {
    let lower = encoded.to_ascii_lowercase();
    decode(&lower).is_some_and(|label| !label.is_ascii() && encode(&label).as_deref() == Some(&lower))
}

/// RFC 3492 section 6.2.
fn decode(encoded: &str) -> Option<String> {
    let (basic, extended) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut n, mut at, mut bias) = (INITIAL_N, 0_u32, INITIAL_BIAS);
    let mut digits = extended.bytes();
    while digits.len() > 0 {
        let before = at;
        let (mut weight, mut k) = (1_u32, BASE);
        loop {
            let digit = digit_value(digits.next()?)?;
            at = digit.checked_mul(weight)?.checked_add(at)?;
            let threshold = threshold(k, bias);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            k += BASE;
        }
        let count = u32::try_from(output.len()).ok()?.checked_add(1)?;
        bias = adapt(at - before, count, before == 0);
        n = n.checked_add(at / count)?;
        at %= count;
        output.insert(usize::try_from(at).ok()?, char::from_u32(n)?);
        at += 1;
    }
    Some(output.into_iter().collect())
}

/// RFC 3492 section 6.3.
fn encode(label: &str) -> Option<String> {
    let mut output: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(output.len()).ok()?;
    if basic > 0 {
        output.push('-');
    }
    let points: Vec<u32> = label.chars().map(u32::from).collect();
    let total = u32::try_from(points.len()).ok()?;
    let (mut n, mut delta, mut bias, mut handled) = (INITIAL_N, 0_u32, INITIAL_BIAS, basic);
    while handled < total {
        let next = points.iter().copied().filter(|point| *point >= n).min()?;
        delta = (next - n).checked_mul(handled + 1)?.checked_add(delta)?;
        n = next;
        for point in &points {
            if *point < n {
                delta = delta.checked_add(1)?;
            } else if *point == n {
                push_number(&mut output, delta, bias)?;
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n = n.checked_add(1)?;
    }
    Some(output)
}

fn push_number(output: &mut String, number: u32, bias: u32) -> Option<()> {
    let (mut rest, mut k) = (number, BASE);
    loop {
        let threshold = threshold(k, bias);
        if rest < threshold {
            output.push(digit_letter(rest)?);
            return Some(());
        }
        output.push(digit_letter(threshold + (rest - threshold) % (BASE - threshold))?);
        rest = (rest - threshold) / (BASE - threshold);
        k += BASE;
    }
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(T_MIN, T_MAX)
}

/// RFC 3492 section 6.1, with its constants skew 38 and damp 700.
fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let halved = if first { delta / 700 } else { delta / 2 };
    let mut delta = halved + halved / count;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + 38)
}

fn digit_value(letter: u8) -> Option<u32> {
    match letter {
        b'a'..=b'z' => Some(u32::from(letter - b'a')),
        b'0'..=b'9' => Some(u32::from(letter - b'0') + 26),
        _ => None,
    }
}

fn digit_letter(digit: u32) -> Option<char> {
    char::from_digit(if digit < 26 { digit + 10 } else { digit - 26 }, BASE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_decode_and_encode_as_other_encoders_do() {
        // Left: `echo ... | idn2` of libidn2 writes these; right: the label.
        for (encoded, label) in [
            ("tabelionato-so-joo-etbe", "tabelionato-são-joão"),
            ("mnchen-3ya", "münchen"),
            ("wgv71a119e", "日本語"),
            ("e1afmkfd", "пример"),
        ] {
            assert_eq!(decode(encoded).as_deref(), Some(label), "{encoded}");
            assert_eq!(encode(label).as_deref(), Some(encoded), "{label}");
            assert!(is_canonical(encoded));
        }
    }

    #[test]
    fn what_no_encoder_writes_is_refused() {
        for encoded in ["", "abc-", "-", "99999999", "mnchen-3y!", "a-", "mnchen-3ya9"] {
            assert!(!is_canonical(encoded), "{encoded}");
        }
    }
}
