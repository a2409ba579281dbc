//! Frame headers (RFC 6455, section 5.2).

use tungstenite::protocol::frame::coding::CloseCode;

use super::mask::Mask;

/// The maximum size of a client's header: two bytes, eight bytes of length and four of the key.
pub(super) const MAX_CLIENT_HEADER: usize = 14;

/// The maximum size of the payload of a control frame.
pub(super) const MAX_CONTROL_PAYLOAD: usize = 125;

// Bits of the first byte.
const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV2: u8 = 0x20;
const RSV3: u8 = 0x10;
const OPCODE: u8 = 0x0f;

// Bits of the second byte.
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;
/// Announces a length of two bytes.
const LENGTH_OF_2: u8 = 126;
/// Announces a length of eight bytes.
const LENGTH_OF_8: u8 = 127;

/// The type of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn from_wire(opcode: u8) -> Option<Self> {
        Some(match opcode {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    fn to_wire(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The header of a client's frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    /// Whether the frame is the last one of its message.
    pub(super) fin: bool,
    /// Whether the message that starts with this frame is compressed.
    pub(super) compressed: bool,
    pub(super) length: u64,
    pub(super) mask: Mask,
}

impl Header {
    /// Parses the header at the start of `bytes` and returns its size as well. Returns `None` if
    /// more bytes are needed.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, CloseCode> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let fin = first & FIN != 0;
        let compressed = first & RSV1 != 0;
        let opcode = Opcode::from_wire(first & OPCODE).ok_or(CloseCode::Protocol)?;
        let length = second & LENGTH;
        let malformed_control =
            opcode.is_control() && (!fin || usize::from(length) > MAX_CONTROL_PAYLOAD);
        // Only the first frame of a message has the compression bit.
        let opens = matches!(opcode, Opcode::Text | Opcode::Binary);
        let unmasked = second & MASKED == 0;
        let reserved = first & (RSV2 | RSV3) != 0 || (compressed && !opens);
        if malformed_control || unmasked || reserved {
            return Err(CloseCode::Protocol);
        }
        let length = match length {
            LENGTH_OF_2 => rest
                .split_first_chunk()
                .map(|(length, rest)| (u64::from(u16::from_be_bytes(*length)), rest)),
            LENGTH_OF_8 => rest
                .split_first_chunk()
                .map(|(length, rest)| (u64::from_be_bytes(*length), rest)),
            short => Some((u64::from(short), rest)),
        };
        let Some((length, rest)) = length else {
            return Ok(None);
        };
        let Some((key, payload)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        let header = Self {
            opcode,
            fin,
            compressed,
            length,
            mask: Mask::new(*key),
        };
        Ok(Some((header, bytes.len().saturating_sub(payload.len()))))
    }
}

/// Writes the header of an unfragmented message or of a control frame.
pub(super) fn write_header(out: &mut Vec<u8>, opcode: Opcode, compressed: bool, length: usize) {
    let compressed = if compressed { RSV1 } else { 0 };
    let first = FIN | compressed | opcode.to_wire();
    if let Ok(short) = u8::try_from(length)
        && short < LENGTH_OF_2
    {
        out.extend_from_slice(&[first, short]);
    } else if let Ok(length) = u16::try_from(length) {
        let [high, low] = length.to_be_bytes();
        out.extend_from_slice(&[first, LENGTH_OF_2, high, low]);
    } else {
        out.extend_from_slice(&[first, LENGTH_OF_8]);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use tungstenite::protocol::frame::FrameHeader;

    use super::*;

    fn parse(bytes: &[u8]) -> Result<Option<(u64, usize)>, CloseCode> {
        Ok(Header::parse(bytes)?.map(|(header, length)| (header.length, length)))
    }

    proptest! {
        /// Every header that tungstenite accepts is parsed in the same way, or refused for a known
        /// reason.
        #[test]
        fn headers_are_parsed_like_tungstenite(bytes in vec(any::<u8>(), 0..20)) {
            let mut cursor = Cursor::new(&*bytes);
            let other = FrameHeader::parse(&mut cursor);
            match (Header::parse(&bytes), other) {
                (Ok(Some((header, end))), Ok(Some((other, length)))) => {
                    prop_assert_eq!(header.length, length);
                    prop_assert_eq!(end as u64, cursor.position());
                    prop_assert_eq!(header.fin, other.is_final);
                    prop_assert_eq!(header.compressed, other.rsv1);
                    prop_assert_eq!(header.opcode.to_wire(), u8::from(other.opcode));
                    let mut mask = header.mask;
                    let mut key = [0; 4];
                    mask.apply(&mut key);
                    prop_assert_eq!(Some(key), other.mask);
                }
                (Ok(None), Ok(None)) => {}
                (Ok(_), _) => prop_assert!(false, "only here it is a header"),
                (Err(code), _) => prop_assert_eq!(code, CloseCode::Protocol),
            }
        }
    }

    #[test]
    fn lengths_of_every_width_are_parsed() {
        assert_eq!(parse(&[0x81, 0x85, 1, 2, 3, 4]), Ok(Some((5, 6))));
        assert_eq!(parse(&[0x81, 0xfe, 1, 0, 1, 2, 3, 4]), Ok(Some((256, 8))));
        let long = [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4, 9];
        assert_eq!(parse(&long), Ok(Some((65536, MAX_CLIENT_HEADER))));
        for length in 0..MAX_CLIENT_HEADER {
            assert_eq!(parse(&long[..length]), Ok(None), "{length} bytes");
        }
    }

    #[test]
    fn lengths_of_every_width_are_written() {
        for (length, header) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 255, 255]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let mut out = Vec::new();
            write_header(&mut out, Opcode::Text, false, length);
            assert_eq!(out, header);
            assert!(out.len() <= crate::transport::write_queue::MAX_HEADER);
        }
        let mut out = Vec::new();
        write_header(&mut out, Opcode::Binary, true, 1);
        assert_eq!(out, [0xc2, 1]);
    }

    #[test]
    fn invalid_headers_are_refused() {
        let key = [1, 2, 3, 4];
        let wrong: [&[u8]; 9] = [
            &[0x81, 0x05], // not masked
            &[0xa1, 0x85], // a reserved bit
            &[0x91, 0x85],
            &[0x83, 0x85], // reserved kinds
            &[0x8b, 0x85],
            &[0x09, 0x80],       // a control frame in fragments
            &[0x89, 0xfe, 1, 0], // and one that is too long
            &[0xc0, 0x80],       // a compressed continuation
            &[0xc9, 0x80],       // and ping
        ];
        for header in wrong {
            let header = [header, &key].concat();
            assert_eq!(parse(&header), Err(CloseCode::Protocol), "{header:?}");
        }
        assert_eq!(parse(&[0xc1, 0x80]), Ok(None));
    }
}
