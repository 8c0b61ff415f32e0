//! PEM as RFC 7468 writes it: strict reading, 64-column writing.

use crate::{Error, Result};

/// Wraps DER into one PEM block with this label.
pub fn encode(label: &str, der: &[u8]) -> Result<String> {
    der::pem::encode_string(label, der::pem::LineEnding::LF, der).map_err(|_| Error::Text {
        kind: "PEM label",
        text: label.chars().take(40).collect(),
        rule: "printable characters without a hyphen at either end (RFC 7468 section 2)",
    })
}

/// Reads exactly one PEM block with this label.
pub fn decode(label: &str, text: &str) -> Result<Vec<u8>> {
    let wrong = |rule| Error::Text {
        kind: "PEM",
        text: text.chars().take(40).collect(),
        rule,
    };
    // What precedes the block may be any text (RFC 7468 section 2), for the decoder even another block whose
    // first line is indented. Which of the two is meant would be the reader's guess.
    if text.matches("-----BEGIN ").count() > 1 {
        return Err(wrong("one block and no second one beside it"));
    }
    let (found, der) = der::pem::decode_vec(text.trim().as_bytes())
        .map_err(|_| wrong("one block from -----BEGIN to -----END with base64 in 64 columns (RFC 7468)"))?;
    if found != label {
        return Err(Error::Text {
            kind: "PEM label",
            text: found.chars().take(40).collect(),
            rule: "another label is demanded here",
        });
    }
    Ok(der)
}

/// Splits a text of several PEM blocks, such as a chain file, and reads those with this label in their order.
pub fn decode_all(label: &str, text: &str) -> Result<Vec<Vec<u8>>> {
    let end = format!("-----END {label}-----");
    let begin = format!("-----BEGIN {label}-----");
    text.split_inclusive(&end)
        .filter_map(|part| part.find(&begin).and_then(|at| part.get(at..)))
        .map(|block| decode(label, block))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_blocks_are_never_taken_for_one() {
        let block = |octet| encode("CERTIFICATE", &[octet; 48]).unwrap();
        let (first, second) = (block(1), block(2));
        for (before, between) in [
            ("", ""),
            (" ", ""),
            ("\u{3}\u{c}", ""),
            ("x", "y\n"),
            ("", "text\n"),
        ] {
            let text = format!("{before}{first}{between}{second}");
            assert!(decode("CERTIFICATE", &text).is_err(), "{text}");
            assert_eq!(
                decode_all("CERTIFICATE", &text),
                Ok(vec![vec![1; 48], vec![2; 48]])
            );
        }
        let explained = format!("subject=CN = x\r\n{first}");
        assert_eq!(decode("CERTIFICATE", &explained), Ok(vec![1; 48]));
        let unfinished = format!("-----BEGIN CERTIFICATE-----\nAAAA\n{first}");
        assert!(decode_all("CERTIFICATE", &unfinished).is_err());
    }
}
