//! The error of a decoder.

use std::{error::Error, fmt};

/// The reason why bytes are not a packet or not a payload. The client is at fault.
///
/// The session closes with [`CloseReason::ParseError`].
///
/// [`CloseReason::ParseError`]: crate::CloseReason::ParseError
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DecodeError {
    /// A packet is missing: a frame or a body is empty, or there is nothing between two separators.
    Empty,
    /// The text after `b` is not base64.
    InvalidBase64,
    /// The length in front of a packet of a revision 3 payload is missing, or does not match the packet.
    InvalidLength,
    /// The body of a request is not UTF-8.
    InvalidUtf8,
    /// The payload holds more packets than the limit allows.
    TooManyPackets {
        /// The limit that was exceeded.
        limit: usize,
    },
    /// The first byte of a packet is neither `0` to `6` nor `b`.
    UnknownPacketType(u8),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str(
                "empty Engine.IO packet: every packet begins with its type, a digit from 0 to 6",
            ),
            Self::InvalidBase64 => f.write_str(
                "invalid base64 after \"b\": encode binary messages with the standard alphabet",
            ),
            Self::InvalidLength => f.write_str(
                "invalid length in front of a packet: count UTF-16 code units in a text payload, \
                 and bytes in a binary one",
            ),
            Self::InvalidUtf8 => f.write_str(
                "payload is not UTF-8: send text as UTF-8 and binary messages as \"b\" and base64",
            ),
            Self::TooManyPackets { limit } => write!(
                f,
                "more than {limit} packets in one payload: send fewer packets per request",
            ),
            Self::UnknownPacketType(byte) => write!(
                f,
                "unknown Engine.IO packet type \"{}\": use a digit from 0 to 6, or \"b\" and \
                 base64",
                byte.escape_ascii(),
            ),
        }
    }
}

impl Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_type_is_escaped() {
        let error = DecodeError::UnknownPacketType(b'\n');
        assert!(error.to_string().contains(r#""\n""#), "{error}");
    }

    #[test]
    fn the_message_contains_the_limit() {
        let error = DecodeError::TooManyPackets { limit: 7 };
        assert!(
            error.to_string().starts_with("more than 7 packets"),
            "{error}"
        );
    }
}
