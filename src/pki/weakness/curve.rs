//! Elliptic-curve keys: the point must lie on its curve and generate a group worth the name.
//!
//! A point off the curve lies on another, weaker one; a protocol that multiplies it leaks the other side's
//! secret. SP 800-56A section 5.6.2.3 has who certifies a key make this check.

use num_bigint::BigUint;

use crate::algorithm::KeyAlgorithm;
use crate::public_key::PublicKey;

/// y^2 = x^3 - 3x + b over the field of this prime (SP 800-186 section 3.2.1).
struct Curve {
    prime: BigUint,
    b: &'static [u8],
}

impl Curve {
    fn of(algorithm: KeyAlgorithm) -> Option<Self> {
        let one = || BigUint::from(1_u32);
        let power = |exponent: u32| one() << exponent;
        match algorithm {
            KeyAlgorithm::EcdsaP256 => Some(Self {
                prime: power(256) + power(192) + power(96) - power(224) - one(),
                b: &B_256,
            }),
            KeyAlgorithm::EcdsaP384 => Some(Self {
                prime: power(384) + power(32) - power(128) - power(96) - one(),
                b: &B_384,
            }),
            KeyAlgorithm::EcdsaP521 => Some(Self {
                prime: power(521) - one(),
                b: &B_521,
            }),
            KeyAlgorithm::Rsa2048
            | KeyAlgorithm::Rsa3072
            | KeyAlgorithm::Rsa4096
            | KeyAlgorithm::Ed25519
            | KeyAlgorithm::MlDsa44
            | KeyAlgorithm::MlDsa65
            | KeyAlgorithm::MlDsa87 => None,
        }
    }

    /// SP 800-56A section 5.6.2.3.3 without its last step: these curves have prime order, so every point of
    /// them but infinity generates the whole group.
    fn check(&self, x: &BigUint, y: &BigUint) -> Result<(), &'static str> {
        if *x >= self.prime || *y >= self.prime {
            return Err(
                "a coordinate of its point is not below the field's prime (SP 800-56A section 5.6.2.3.3); make a new key pair",
            );
        }
        // x^3 - 3x + b, with 3p added so that nothing becomes negative.
        let right = x.pow(3) + &self.prime * 3_u32 + BigUint::from_bytes_be(self.b) - x * 3_u32;
        if y.pow(2) % &self.prime != right % &self.prime {
            return Err("its point is not on its curve (SP 800-56A section 5.6.2.3.3); make a new key pair");
        }
        Ok(())
    }
}

/// Checks an uncompressed point; infinity has no such form, and [`PublicKey`] admits no other.
pub(super) fn check_nist(key: &PublicKey) -> Result<(), &'static str> {
    const UNREADABLE: &str = "its point cannot be read; make a new key pair";
    let curve = Curve::of(key.algorithm()).ok_or(UNREADABLE)?;
    let coordinates = key.key_bits().get(1..).ok_or(UNREADABLE)?;
    let (x, y) = coordinates
        .split_at_checked(coordinates.len() / 2)
        .ok_or(UNREADABLE)?;
    curve.check(&BigUint::from_bytes_be(x), &BigUint::from_bytes_be(y))
}

/// RFC 8032 section 5.1.3: the encoding must be canonical and decode to a point; and that point must not be one
/// of the eight whose order is 8 or less, under which anybody can make signatures that verify.
pub(super) fn check_ed25519(encoded: &[u8]) -> Result<(), &'static str> {
    let prime = (BigUint::from(1_u32) << 255_u32) - 19_u32;
    let mut y = BigUint::from_bytes_le(encoded);
    // The sign of x. Both signs name a point: y = 1 and y = -1, where x is 0, are refused below anyway.
    y.set_bit(255, false);
    if y >= prime {
        return Err("its point is not canonically encoded (RFC 8032 section 5.1.3); make a new key pair");
    }
    if is_small_order(&y, &prime) {
        return Err("its point has an order of 8 or less; make a new key pair");
    }
    // x^2 = (y^2 - 1) / (d y^2 + 1). The quotient is a square exactly when the product is.
    let one = BigUint::from(1_u32);
    let y_squared = y.pow(2) % &prime;
    let numerator = (&y_squared + &prime - &one) % &prime;
    let denominator = (&y_squared * BigUint::from_bytes_be(&D_25519) + &one) % &prime;
    let product = numerator * denominator % &prime;
    if product.modpow(&((&prime - &one) >> 1_u32), &prime) != one {
        return Err("its point is not on its curve (RFC 8032 section 5.1.3); make a new key pair");
    }
    Ok(())
}

/// The points of order 1, 2, 4 and 8 have these y: 1, -1, 0, and plus or minus the y of order 8.
fn is_small_order(y: &BigUint, prime: &BigUint) -> bool {
    let zero = BigUint::from(0_u32);
    let one = BigUint::from(1_u32);
    let eighth = BigUint::from_bytes_be(&Y_OF_ORDER_8);
    [prime - &one, prime - &eighth, zero, one, eighth].contains(y)
}

/// SP 800-186 section 3.2.1.3.
#[rustfmt::skip]
const B_256: [u8; 32] = [
    0x5a, 0xc6, 0x35, 0xd8, 0xaa, 0x3a, 0x93, 0xe7, 0xb3, 0xeb, 0xbd, 0x55, 0x76, 0x98, 0x86, 0xbc,
    0x65, 0x1d, 0x06, 0xb0, 0xcc, 0x53, 0xb0, 0xf6, 0x3b, 0xce, 0x3c, 0x3e, 0x27, 0xd2, 0x60, 0x4b,
];

/// SP 800-186 section 3.2.1.4.
#[rustfmt::skip]
const B_384: [u8; 48] = [
    0xb3, 0x31, 0x2f, 0xa7, 0xe2, 0x3e, 0xe7, 0xe4, 0x98, 0x8e, 0x05, 0x6b, 0xe3, 0xf8, 0x2d, 0x19,
    0x18, 0x1d, 0x9c, 0x6e, 0xfe, 0x81, 0x41, 0x12, 0x03, 0x14, 0x08, 0x8f, 0x50, 0x13, 0x87, 0x5a,
    0xc6, 0x56, 0x39, 0x8d, 0x8a, 0x2e, 0xd1, 0x9d, 0x2a, 0x85, 0xc8, 0xed, 0xd3, 0xec, 0x2a, 0xef,
];

/// SP 800-186 section 3.2.1.5.
#[rustfmt::skip]
const B_521: [u8; 66] = [
    0x00, 0x51, 0x95, 0x3e, 0xb9, 0x61, 0x8e, 0x1c, 0x9a, 0x1f, 0x92, 0x9a, 0x21, 0xa0, 0xb6, 0x85,
    0x40, 0xee, 0xa2, 0xda, 0x72, 0x5b, 0x99, 0xb3, 0x15, 0xf3, 0xb8, 0xb4, 0x89, 0x91, 0x8e, 0xf1,
    0x09, 0xe1, 0x56, 0x19, 0x39, 0x51, 0xec, 0x7e, 0x93, 0x7b, 0x16, 0x52, 0xc0, 0xbd, 0x3b, 0xb1,
    0xbf, 0x07, 0x35, 0x73, 0xdf, 0x88, 0x3d, 0x2c, 0x34, 0xf1, 0xef, 0x45, 0x1f, 0xd4, 0x6b, 0x50,
    0x3f, 0x00,
];

/// -121665/121666 (RFC 8032 section 5.1).
#[rustfmt::skip]
pub(super) const D_25519: [u8; 32] = [
    0x52, 0x03, 0x6c, 0xee, 0x2b, 0x6f, 0xfe, 0x73, 0x8c, 0xc7, 0x40, 0x79, 0x77, 0x79, 0xe8, 0x98,
    0x00, 0x70, 0x0a, 0x4d, 0x41, 0x41, 0xd8, 0xab, 0x75, 0xeb, 0x4d, 0xca, 0x13, 0x59, 0x78, 0xa3,
];

/// The y of two of the four points of order 8; the other two have its negative. The test doubles it thrice.
#[rustfmt::skip]
pub(super) const Y_OF_ORDER_8: [u8; 32] = [
    0x05, 0xfc, 0x53, 0x6d, 0x88, 0x02, 0x38, 0xb1, 0x39, 0x33, 0xc6, 0xd3, 0x05, 0xac, 0xdf, 0xd5,
    0xf0, 0x98, 0xef, 0xf2, 0x89, 0xf4, 0xc3, 0x45, 0xb0, 0x27, 0xb2, 0xc2, 0x8f, 0x95, 0xe8, 0x26,
];
