//! Strict DER at the lowest level: a reader that never copies and never guesses, and a writer.
//!
//! The reader and the writer share nothing: what the writer gets wrong, the reader must be able to see.
//! Everything that is hashed, compared or signed is read here, contents of extensions too, because
//! decode-then-encode with `x509-cert` was seen to normalise bytes (explicit `FALSE`, unsorted SETs).

mod limits;
mod read;
pub mod write;

pub use limits::{Limits, check};
pub use read::{Element, Reader};

/// What is wrong with a run of bytes as DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes end inside a tag, a length or a value.
    #[error("the bytes end before the value does")]
    Truncated,
    /// Bytes follow the last expected value.
    #[error("{count} unexpected bytes follow")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// The indefinite form of BER, which DER forbids (X.690 section 10.1).
    #[error("indefinite length, which DER forbids")]
    IndefiniteLength,
    /// A length written with more octets than needed (X.690 section 10.1).
    #[error("a length is not in its shortest form, which DER demands")]
    LengthNotMinimal,
    /// A tag number above 30, which none of our structures uses.
    #[error("a tag number above 30, which no structure here uses")]
    HighTag,
    /// Another tag than the structure demands at this place.
    #[error("tag {found:#04x} where {expected:#04x} is demanded")]
    UnexpectedTag {
        /// The tag demanded.
        expected: u8,
        /// The tag found.
        found: u8,
    },
    /// A value whose encoding is legal BER but not DER.
    #[error("{0}")]
    NotCanonical(&'static str),
    /// Nested deeper than allowed.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit in force.
        limit: usize,
    },
    /// More bytes than allowed.
    #[error("{size} bytes are more than the {limit} allowed")]
    TooLarge {
        /// The size found.
        size: usize,
        /// The limit in force.
        limit: usize,
    },
    /// More values than allowed.
    #[error("more than {limit} values")]
    TooManyValues {
        /// The limit in force.
        limit: usize,
    },
}

impl Fault {
    /// What who made the bytes can do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Truncated => "send the whole structure",
            Self::TrailingBytes { .. } => "send one structure and nothing after it",
            Self::IndefiniteLength
            | Self::LengthNotMinimal
            | Self::HighTag
            | Self::UnexpectedTag { .. }
            | Self::NotCanonical(_) => "have it made again by a tool that writes it as DER",
            Self::TooDeep { .. } => "no structure of this kind needs that; have it made again",
            Self::TooLarge { .. } | Self::TooManyValues { .. } => "put less into one structure",
        }
    }
}

/// Identifier octets of the types used in PKIX structures.
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL.
    pub const NULL: u8 = 0x05;
    /// OBJECT IDENTIFIER.
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    /// ENUMERATED.
    pub const ENUMERATED: u8 = 0x0a;
    /// UTF8String.
    pub const UTF8_STRING: u8 = 0x0c;
    /// PrintableString.
    pub const PRINTABLE_STRING: u8 = 0x13;
    /// VisibleString.
    pub const VISIBLE_STRING: u8 = 0x1a;
    /// IA5String.
    pub const IA5_STRING: u8 = 0x16;
    /// UTCTime.
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// BMPString.
    pub const BMP_STRING: u8 = 0x1e;
    /// SEQUENCE and SEQUENCE OF.
    pub const SEQUENCE: u8 = 0x30;
    /// SET and SET OF.
    pub const SET: u8 = 0x31;
    /// `[number]` with a primitive value (implicit tagging of a primitive type).
    pub const fn context(number: u8) -> u8 {
        0x80 | number
    }
    /// `[number]` with a constructed value (explicit tagging, or implicit tagging of a constructed type).
    pub const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}
