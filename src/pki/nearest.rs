//! The known name that a mistyped one most likely meant, for every file and command that people write.
//!
//! It stands here because every crate that reads such a file stands on this one.

/// The closest of the known names, if any is close enough to be worth saying.
pub fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let typed: String = typed.chars().take(64).collect();
    known
        .iter()
        .map(|name| (distance(&typed, name), *name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min()
        .map(|(_, name)| name)
}

/// Edits (insertions, deletions, replacements) that turn one word into the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (above, letter) in from.chars().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, other) in row.iter_mut().skip(1).zip(to.chars()) {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = *cell;
            left = replaced.min(left + 1).min(*cell + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_finds_the_one_meant() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        let known = ["name", "token", "purposes", "public_key_sha256"];
        assert_eq!(nearest("purpose", &known), Some("purposes"));
        assert_eq!(nearest("public_key_sha265", &known), Some("public_key_sha256"));
        assert_eq!(nearest("pin", &known), None);
    }
}
