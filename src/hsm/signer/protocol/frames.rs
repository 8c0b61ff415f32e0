//! The length in front of a frame.

use super::{LENGTH_BYTES, Malformed};

/// A frame that begins at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameStart {
    /// Octets of the body, which follow the length.
    pub body_bytes: usize,
}

impl FrameStart {
    /// Octets of the whole frame.
    pub const fn frame_bytes(&self) -> usize {
        LENGTH_BYTES + self.body_bytes
    }
}

/// Reads the length; `None` while fewer than four octets are there. A length of zero or above the limit is
/// refused here, before anything of that size is allocated.
pub fn read_frame_start(bytes: &[u8], limit: u32) -> Result<Option<FrameStart>, Malformed> {
    let Some(octets) = bytes.first_chunk::<LENGTH_BYTES>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*octets);
    match usize::try_from(length) {
        Ok(body_bytes) if (1..=limit).contains(&length) => Ok(Some(FrameStart { body_bytes })),
        _ => Err(Malformed::Length { length, limit }),
    }
}
