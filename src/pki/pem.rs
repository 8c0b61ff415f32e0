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
