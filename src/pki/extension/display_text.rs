//! DisplayText: short texts for people inside policies, in one of four string types.

use crate::asn1::{Fault, Reader, tag, write};
use crate::general_name::{ascii, excerpt};
use crate::{Error, Result};

/// A short text for people. We write UTF8String; the other types are kept as they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayText {
    tag: u8,
    text: String,
}

impl DisplayText {
    /// A text of 1 to 200 characters without control characters (RFC 5280 section 4.2.1.4, RFC 6818 section 3).
    ///
    /// A longer one is still read, as RFC 5280 asks of relying parties.
    pub fn new(text: &str) -> Result<Self> {
        let length = text.chars().count();
        if length == 0 || length > 200 || text.chars().any(char::is_control) {
            return Err(Error::Text {
                kind: "notice",
                text: excerpt(text),
                rule: "1 to 200 characters, no control characters (RFC 5280 section 4.2.1.4)",
            });
        }
        Ok(Self {
            tag: tag::UTF8_STRING,
            text: text.to_owned(),
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        if self.tag == tag::BMP_STRING {
            let units: Vec<u8> = self.text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            write::value(self.tag, &units)
        } else {
            write::value(self.tag, self.text.as_bytes())
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Fault> {
        let element = reader.any()?;
        let text = match element.tag {
            tag::UTF8_STRING => std::str::from_utf8(element.value)
                .map_err(|_| Fault::NotCanonical("a UTF8String is not UTF-8"))?
                .to_owned(),
            tag::IA5_STRING | tag::VISIBLE_STRING => ascii(element)?.to_owned(),
            tag::BMP_STRING => read_bmp(element.value)?,
            found => {
                return Err(Fault::UnexpectedTag {
                    expected: tag::UTF8_STRING,
                    found,
                });
            }
        };
        if text.is_empty() {
            return Err(Fault::NotCanonical("a text for people is empty"));
        }
        Ok(Self {
            tag: element.tag,
            text,
        })
    }
}

/// Two octets a letter; surrogates would be letters outside the plane that a BMPString can write.
fn read_bmp(octets: &[u8]) -> std::result::Result<String, Fault> {
    const WRONG: Fault = Fault::NotCanonical("a BMPString is not made of letters of two octets");
    let units = octets.chunks(2).map(|pair| match pair {
        [high, low] => char::from_u32(u32::from(u16::from_be_bytes([*high, *low]))).ok_or(WRONG),
        _ => Err(WRONG),
    });
    units.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_type_is_read_and_kept() {
        for der in [
            &[0x0c, 3, b'S', 0xc3, 0xa3][..],
            &[0x16, 1, b'S'],
            &[0x1a, 1, b'S'],
            &[0x1e, 4, 0, b'S', 0, 0xe3],
        ] {
            let read = DisplayText::read(&mut Reader::new(der)).unwrap();
            assert!("Sã".starts_with(read.as_str()), "{read:?}");
            assert_eq!(read.to_der(), der);
        }
    }

    #[test]
    fn broken_texts_are_refused() {
        for der in [
            &[0x0c, 1, 0xff][..],
            &[0x16, 1, 0xff],
            &[0x1e, 3, 0, b'S', 0],
            &[0x1e, 4, 0xd8, 0, 0xdc, 0],
            &[0x0c, 0],
            &[0x13, 1, b'S'],
        ] {
            assert!(DisplayText::read(&mut Reader::new(der)).is_err(), "{der:02x?}");
        }
        assert!(DisplayText::new(&"ã".repeat(200)).is_ok());
        assert!(DisplayText::new(&"ã".repeat(201)).is_err());
        assert!(DisplayText::new("a\nb").is_err());
    }
}
