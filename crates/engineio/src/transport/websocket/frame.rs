//! The headers of frames (RFC 6455, section 5.2).

use super::close_code::CloseCode;
use super::mask::Mask;

/// The longest header of a frame from a client: two bytes, a length of eight, a key of four.
pub(super) const MAX_CLIENT_HEADER: usize = 14;

/// The longest header of a frame to a client, which has no key.
pub(super) const MAX_SERVER_HEADER: usize = 10;

/// The largest payload of a control frame.
pub(super) const MAX_CONTROL_PAYLOAD: usize = 125;

const FIN: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const RESERVED: u8 = 0x30;
const OPCODE: u8 = 0x0f;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;
/// Lengths that say how many bytes the length takes.
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Opcode {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xa,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// What stands in front of the payload of a client's frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    /// Whether it is the last frame of its message.
    pub(super) fin: bool,
    /// Whether the message that begins with it is compressed.
    pub(super) compressed: bool,
    pub(super) length: u64,
    pub(super) mask: Mask,
}

impl Header {
    /// Reads the header at the beginning of `bytes`, and says how long it is. `None` if more bytes
    /// are needed; what is wrong is found as soon as it is there.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, CloseCode> {
        let Some((&[first, second], rest)) = bytes.split_first_chunk() else {
            return Ok(None);
        };
        let opcode = Opcode::from_bits(first & OPCODE).ok_or(CloseCode::PROTOCOL)?;
        let fin = first & FIN != 0;
        let compressed = first & COMPRESSED != 0;
        let short = second & LENGTH;
        let malformed_control =
            opcode.is_control() && (!fin || usize::from(short) > MAX_CONTROL_PAYLOAD);
        // Only the first frame of a message says whether that is compressed.
        let opens = matches!(opcode, Opcode::Text | Opcode::Binary);
        if first & RESERVED != 0
            || second & MASKED == 0
            || malformed_control
            || (compressed && !opens)
        {
            return Err(CloseCode::PROTOCOL);
        }
        let length = match short {
            LENGTH_16 => rest
                .split_first_chunk()
                .map(|(length, rest)| (u64::from(u16::from_be_bytes(*length)), rest)),
            LENGTH_64 => rest
                .split_first_chunk()
                .map(|(length, rest)| (u64::from_be_bytes(*length), rest)),
            short => Some((u64::from(short), rest)),
        };
        let Some((length, rest)) = length else {
            return Ok(None);
        };
        let Some((key, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        let header = Self {
            opcode,
            fin,
            compressed,
            length,
            mask: Mask::new(*key),
        };
        Ok(Some((header, bytes.len() - rest.len())))
    }
}

/// Writes the header of a frame that is a whole message, or a control frame.
pub(super) fn write_header(out: &mut Vec<u8>, opcode: Opcode, compressed: bool, length: usize) {
    let flag = if compressed { COMPRESSED } else { 0 };
    out.push(FIN | flag | opcode as u8);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < LENGTH_16 => out.push(short),
        (_, Ok(medium)) => {
            out.push(LENGTH_16);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out.push(LENGTH_64);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Option<(u64, usize)>, CloseCode> {
        Ok(Header::parse(bytes)?.map(|(header, length)| (header.length, length)))
    }

    #[test]
    fn lengths_of_every_width_are_read() {
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
            assert!(out.len() <= MAX_SERVER_HEADER);
        }
        let mut out = Vec::new();
        write_header(&mut out, Opcode::Binary, true, 1);
        assert_eq!(out, [0xc2, 1]);
    }

    #[test]
    fn what_is_wrong_is_found_in_two_bytes() {
        let wrong: [&[u8]; 8] = [
            &[0x81, 0x05], // not masked
            &[0xa1, 0x85], // a reserved bit
            &[0x91, 0x85],
            &[0x83, 0x85], // reserved kinds
            &[0x8b, 0x85],
            &[0x09, 0x80], // a control frame in fragments
            &[0x89, 0xfe], // and one that is too long
            &[0xc0, 0x80], // a compressed continuation
        ];
        for header in wrong {
            assert_eq!(parse(header), Err(CloseCode::PROTOCOL), "{header:?}");
        }
        assert_eq!(parse(&[0xc9, 0x80]), Err(CloseCode::PROTOCOL));
        assert_eq!(parse(&[0xc1, 0x80]), Ok(None));
    }
}
