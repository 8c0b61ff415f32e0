//! A strict, borrowing DER reader. Every accessor checks the canonical form; nothing is normalised.

use super::{Fault, tag};

/// One value: its tag, its content, and the exact bytes it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier octet.
    pub tag: u8,
    /// The content octets.
    pub value: &'a [u8],
    /// Identifier, length and content: what a hash or a comparison needs.
    pub raw: &'a [u8],
}

/// A cursor over consecutive DER values.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts reading at the first byte.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether everything was read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next value, if there is one.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Reads the next value, whatever its tag.
    pub fn any(&mut self) -> Result<Element<'a>, Fault> {
        let (&tag, after_tag) = self.rest.split_first().ok_or(Fault::Truncated)?;
        if tag & 0x1f == 0x1f {
            return Err(Fault::HighTag);
        }
        let (length, after_length) = read_length(after_tag)?;
        let (value, rest) = after_length.split_at_checked(length).ok_or(Fault::Truncated)?;
        let raw_length = self.rest.len() - rest.len();
        let (raw, _) = self.rest.split_at_checked(raw_length).ok_or(Fault::Truncated)?;
        self.rest = rest;
        Ok(Element { tag, value, raw })
    }

    /// Reads the next value, which must carry this tag.
    pub fn expect(&mut self, expected: u8) -> Result<Element<'a>, Fault> {
        let found = self.peek().ok_or(Fault::Truncated)?;
        if found != expected {
            return Err(Fault::UnexpectedTag { expected, found });
        }
        self.any()
    }

    /// Reads the next value if it carries this tag.
    pub fn optional(&mut self, expected: u8) -> Result<Option<Element<'a>>, Fault> {
        if self.peek() == Some(expected) {
            self.any().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Enters the SEQUENCE that comes next.
    pub fn sequence(&mut self) -> Result<Reader<'a>, Fault> {
        Ok(self.expect(tag::SEQUENCE)?.reader())
    }

    /// Reads an OBJECT IDENTIFIER and answers with its content octets' checked form.
    pub fn object_identifier(&mut self) -> Result<const_oid::ObjectIdentifier, Fault> {
        let element = self.expect(tag::OBJECT_IDENTIFIER)?;
        check_arcs(element.value)?;
        const_oid::ObjectIdentifier::from_bytes(element.value)
            .map_err(|_| Fault::NotCanonical("an object identifier is not valid"))
    }

    /// Reads an INTEGER that is not negative and fits into 64 bits.
    pub fn small_unsigned(&mut self) -> Result<u64, Fault> {
        self.expect(tag::INTEGER)?.small_unsigned()
    }

    /// Reads a BOOLEAN.
    pub fn boolean(&mut self) -> Result<bool, Fault> {
        self.expect(tag::BOOLEAN)?.boolean()
    }

    /// Demands that nothing is left.
    pub fn finish(self) -> Result<(), Fault> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(Fault::TrailingBytes { count }),
        }
    }
}

impl<'a> Element<'a> {
    /// Reads exactly one value that fills all the bytes.
    pub fn only(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(bytes);
        let element = reader.any()?;
        reader.finish()?;
        Ok(element)
    }

    /// Reads exactly one value with this tag that fills all the bytes.
    pub fn only_tagged(bytes: &'a [u8], expected: u8) -> Result<Self, Fault> {
        let mut reader = Reader::new(bytes);
        let element = reader.expect(expected)?;
        reader.finish()?;
        Ok(element)
    }

    /// A reader over the content.
    pub const fn reader(&self) -> Reader<'a> {
        Reader::new(self.value)
    }

    /// The content octets of an INTEGER, checked to be in shortest form. Two's complement, sign included.
    pub fn integer(&self) -> Result<&'a [u8], Fault> {
        match self.value {
            [] => Err(Fault::NotCanonical("an INTEGER has no content")),
            [0x00, next, ..] if next & 0x80 == 0 => {
                Err(Fault::NotCanonical("an INTEGER has a superfluous leading zero"))
            }
            [0xff, next, ..] if next & 0x80 != 0 => {
                Err(Fault::NotCanonical("an INTEGER has a superfluous leading ff"))
            }
            value => Ok(value),
        }
    }

    /// The magnitude of an INTEGER that is not negative, without its leading zero.
    pub fn unsigned(&self) -> Result<&'a [u8], Fault> {
        match self.integer()? {
            [0x00, rest @ ..] if !rest.is_empty() => Ok(rest),
            value if value.first().is_some_and(|first| first & 0x80 != 0) => {
                Err(Fault::NotCanonical("an INTEGER is negative"))
            }
            value => Ok(value),
        }
    }

    /// An INTEGER that is not negative and fits into 64 bits.
    pub fn small_unsigned(&self) -> Result<u64, Fault> {
        let magnitude = self.unsigned()?;
        if magnitude.len() > 8 {
            return Err(Fault::NotCanonical("an INTEGER is larger than 64 bits"));
        }
        Ok(magnitude
            .iter()
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    }

    /// A BOOLEAN: DER knows 00 and ff only (X.690 section 11.1).
    pub fn boolean(&self) -> Result<bool, Fault> {
        match self.value {
            [0x00] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(Fault::NotCanonical("a BOOLEAN is neither 00 nor ff")),
        }
    }

    /// A BIT STRING used as a list of this many named bits: a trailing zero bit must be removed
    /// (X.690 section 11.2.2), and a bit without a name is refused.
    pub fn named_bits(&self, names: usize) -> Result<Vec<bool>, Fault> {
        let (&unused, octets) = self.value.split_first().ok_or(Fault::Truncated)?;
        let Some(last) = octets.last() else {
            return if unused == 0 {
                Ok(Vec::new())
            } else {
                Err(Fault::NotCanonical("an empty BIT STRING has unused bits"))
            };
        };
        // Shortest form: the last used bit is the lowest set bit of the last octet.
        if *last == 0 || last.trailing_zeros() != u32::from(unused) {
            return Err(Fault::NotCanonical(
                "a list of named bits ends in zero bits, or its unused bits are miscounted",
            ));
        }
        if octets.len() * 8 - usize::from(unused) > names {
            return Err(Fault::NotCanonical("a bit is set that has no name"));
        }
        let bits = octets
            .iter()
            .flat_map(|octet| (0..8).map(move |position| octet & (0x80 >> position) != 0));
        Ok(bits.take(names).collect())
    }

    /// A BIT STRING whose length is a whole number of octets.
    pub fn bit_string_octets(&self) -> Result<&'a [u8], Fault> {
        match self.value {
            [0x00, octets @ ..] => Ok(octets),
            _ => Err(Fault::NotCanonical(
                "a BIT STRING is not a whole number of octets",
            )),
        }
    }
}

/// Checks that every arc is in its shortest form (X.690 section 8.19.2) and fits into 32 bits.
///
/// `const-oid` takes longer forms and drops the bits above 32, so that two encodings would show as one identifier.
fn check_arcs(octets: &[u8]) -> Result<(), Fault> {
    let arc_ends = |octet: &u8| octet & 0x80 == 0;
    for arc in octets.split_inclusive(arc_ends) {
        match arc {
            [0x80, ..] => {
                return Err(Fault::NotCanonical(
                    "an arc of an object identifier is not in its shortest form",
                ));
            }
            [_, _, _, _, _, _, ..] | [0x90..=0xff, _, _, _, _] => {
                return Err(Fault::NotCanonical(
                    "an arc of an object identifier is above 32 bits, which no identifier here uses",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads a definite length in its shortest form and answers with it and the bytes after it.
fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), Fault> {
    let (&first, rest) = bytes.split_first().ok_or(Fault::Truncated)?;
    match first {
        0x00..=0x7f => Ok((usize::from(first), rest)),
        0x80 => Err(Fault::IndefiniteLength),
        _ => {
            let count = usize::from(first & 0x7f);
            // Four octets reach 4 GiB; a longer length cannot fit what we accept.
            if count > 4 {
                return Err(Fault::Truncated);
            }
            let (octets, rest) = rest.split_at_checked(count).ok_or(Fault::Truncated)?;
            if octets.first() == Some(&0) {
                return Err(Fault::LengthNotMinimal);
            }
            let length = octets
                .iter()
                .fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
            if length < 0x80 {
                Err(Fault::LengthNotMinimal)
            } else {
                Ok((length, rest))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_must_be_minimal_and_definite() {
        for (bytes, fault) in [
            (&[0x04, 0x81, 0x05, 1, 2, 3, 4, 5][..], Fault::LengthNotMinimal),
            (&[0x04, 0x82, 0x00, 0x80][..], Fault::LengthNotMinimal),
            (&[0x30, 0x80, 0x00, 0x00][..], Fault::IndefiniteLength),
            (&[0x04, 0x03, 1, 2][..], Fault::Truncated),
            (&[0x04, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1][..], Fault::Truncated),
            (&[0x1f, 0x81, 0x00][..], Fault::HighTag),
            (&[][..], Fault::Truncated),
        ] {
            assert_eq!(Element::only(bytes), Err(fault), "{bytes:02x?}");
        }
    }

    #[test]
    fn integers_must_be_in_shortest_form() {
        let unsigned = |bytes: &[u8]| Element::only(bytes).unwrap().unsigned().map(<[u8]>::to_vec);
        assert_eq!(unsigned(&[2, 1, 0]), Ok(vec![0]));
        assert_eq!(unsigned(&[2, 2, 0, 0x80]), Ok(vec![0x80]));
        assert!(unsigned(&[2, 2, 0, 0x7f]).is_err());
        assert!(unsigned(&[2, 1, 0x80]).is_err());
        assert!(unsigned(&[2, 2, 0xff, 0x80]).is_err());
        assert!(unsigned(&[2, 0]).is_err());
    }

    #[test]
    fn object_identifiers_have_one_encoding_only() {
        let read = |bytes: &[u8]| Reader::new(bytes).object_identifier().map(|oid| oid.to_string());
        assert_eq!(read(&[6, 3, 0x2a, 0x86, 0x48]), Ok("1.2.840".to_owned()));
        assert_eq!(
            read(&[6, 6, 0x2a, 0x8f, 0xff, 0xff, 0xff, 0x7f]),
            Ok("1.2.4294967295".to_owned())
        );
        for wrong in [
            &[6, 0][..],
            &[6, 1, 0x80],
            &[6, 2, 0x2a, 0x86],
            &[6, 3, 0x2a, 0x80, 0x03],
            &[6, 6, 0x2a, 0x90, 0x80, 0x80, 0x80, 0x03],
            &[6, 7, 0x2a, 0x81, 0x80, 0x80, 0x80, 0x80, 0x03],
            &[&[6, 41, 0x2a][..], &[1; 40]].concat(),
        ] {
            assert!(read(wrong).is_err(), "{wrong:02x?}");
        }
    }

    #[test]
    fn named_bits_must_be_in_shortest_form() {
        let bits = |bytes: &[u8]| Element::only(bytes).unwrap().named_bits(9);
        assert_eq!(
            bits(&[3, 2, 6, 0x40]),
            Ok(vec![false, true, false, false, false, false, false, false])
        );
        assert_eq!(bits(&[3, 3, 7, 0, 0x80]).map(|bits| bits[8]), Ok(true));
        assert_eq!(bits(&[3, 1, 0]), Ok(vec![]));
        for wrong in [
            &[3, 2, 0, 0x40][..],
            &[3, 2, 5, 0x40],
            &[3, 2, 7, 0x40],
            &[3, 2, 9, 0x40],
            &[3, 3, 0, 0x40, 0],
            &[3, 3, 6, 0, 0x40],
            &[3, 1, 1],
            &[3, 0],
        ] {
            assert!(bits(wrong).is_err(), "{wrong:02x?}");
        }
    }

    #[test]
    fn bytes_after_the_value_are_refused() {
        assert_eq!(Element::only(&[5, 0, 7]), Err(Fault::TrailingBytes { count: 1 }));
    }
}
