//! basicConstraints (RFC 5280 section 4.2.1.9): whether the key signs certificates, and how long chains get.

use const_oid::ObjectIdentifier;

use super::content::{Wrong, broken, default_false, read_value};
use super::{ExtensionContent, oid};
use crate::Result;
use crate::asn1::{Reader, tag, write};

/// Whether the subject is an authority, and how many intermediates may follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the key may sign certificates.
    pub ca: bool,
    /// How many non-self-issued intermediates may follow; none means any number.
    pub path_length: Option<u8>,
}

impl BasicConstraints {
    /// A certificate that is no authority: an empty SEQUENCE.
    pub const END_ENTITY: Self = Self {
        ca: false,
        path_length: None,
    };

    /// An authority.
    pub const fn authority(path_length: Option<u8>) -> Self {
        Self {
            ca: true,
            path_length,
        }
    }

    fn check(self) -> Result<()> {
        if self.path_length.is_some() && !self.ca {
            return Err(broken::<Self>(
                "a path length is given without cA; make it an authority or leave the length out (RFC 5280 section 4.2.1.9)",
            ));
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = reader.sequence()?;
        let ca = default_false(&mut inside, tag::BOOLEAN)?;
        let length = inside.optional(tag::INTEGER)?;
        inside.finish()?;
        let path_length = length
            .map(|length| {
                u8::try_from(length.small_unsigned()?)
                    .map_err(|_| Wrong::Rule("a path length above 255 is not supported; none means any"))
            })
            .transpose()?;
        Ok(Self { ca, path_length })
    }
}

impl ExtensionContent for BasicConstraints {
    const OID: ObjectIdentifier = oid::BASIC_CONSTRAINTS;
    const CRITICAL: bool = true;
    const NAME: &'static str = "basicConstraints";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let ca = if self.ca { write::boolean(true) } else { Vec::new() };
        let length = self
            .path_length
            .map(|length| write::small_unsigned(length.into()));
        Ok(write::sequence(&[&ca, &length.unwrap_or_default()]))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, Self::read)?;
        read.check()?;
        Ok(read)
    }
}
