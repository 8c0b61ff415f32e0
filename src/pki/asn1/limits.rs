//! The gate before any parser: size, depth and number of values are bounded before work is done.

use super::{Element, Fault, Reader};

/// How much of a structure is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// All bytes together.
    pub bytes: usize,
    /// Constructed values inside constructed values.
    pub depth: usize,
    /// Values of every kind together.
    pub values: usize,
}

impl Limits {
    /// For a certificate or a certification request: a real one has some 1-3 kB and 12 levels; ML-DSA keys and
    /// long lists of names need room.
    pub const CERTIFICATE: Self = Self {
        bytes: 256 * 1024,
        depth: 24,
        values: 16_384,
    };
    /// For a CRL of our own making: an entry has some 38 bytes and 8 values, so this is room for millions.
    pub const CRL: Self = Self {
        bytes: 256 * 1024 * 1024,
        depth: 16,
        values: 64 * 1024 * 1024,
    };
}

/// Checks one DER value against the limits: lengths definite and minimal all the way down, nothing after it.
///
/// Only constructed values are entered; what hides inside an OCTET STRING is checked by whoever opens it.
/// Runs without recursion, so a hostile depth costs a counter and not a stack.
pub fn check(bytes: &[u8], limits: Limits) -> Result<(), Fault> {
    if bytes.len() > limits.bytes {
        return Err(Fault::TooLarge {
            size: bytes.len(),
            limit: limits.bytes,
        });
    }
    let root = Element::only(bytes)?;
    let mut open: Vec<Reader<'_>> = Vec::new();
    let mut values = 0_usize;
    enter(root, &mut open, limits)?;
    while let Some(reader) = open.last_mut() {
        if reader.is_empty() {
            open.pop();
            continue;
        }
        values += 1;
        if values > limits.values {
            return Err(Fault::TooManyValues { limit: limits.values });
        }
        let element = reader.any()?;
        enter(element, &mut open, limits)?;
    }
    Ok(())
}

fn enter<'a>(element: Element<'a>, open: &mut Vec<Reader<'a>>, limits: Limits) -> Result<(), Fault> {
    const CONSTRUCTED: u8 = 0x20;
    if element.tag & CONSTRUCTED == 0 {
        return Ok(());
    }
    if open.len() >= limits.depth {
        return Err(Fault::TooDeep { limit: limits.depth });
    }
    open.push(element.reader());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::write;

    const LIMITS: Limits = Limits {
        bytes: 4096,
        depth: 8,
        values: 100,
    };

    #[test]
    fn depth_size_and_count_are_bounded() {
        let nested = |levels: usize| (0..levels).fold(Vec::new(), |inner, _| write::sequence(&[&inner]));
        assert_eq!(check(&nested(8), LIMITS), Ok(()));
        assert_eq!(check(&nested(9), LIMITS), Err(Fault::TooDeep { limit: 8 }));
        let nulls = [5_u8, 0].repeat(101);
        assert_eq!(
            check(&write::sequence(&[&nulls]), LIMITS),
            Err(Fault::TooManyValues { limit: 100 })
        );
        assert_eq!(
            check(&[0; 4097], LIMITS),
            Err(Fault::TooLarge {
                size: 4097,
                limit: 4096
            })
        );
    }
}
