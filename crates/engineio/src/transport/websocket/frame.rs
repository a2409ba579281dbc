//! The headers of frames (RFC 6455, section 5.2).

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::close_code::CloseCode;
use super::mask::Mask;

/// The longest header of a frame from a client: two bytes, a length of eight, a key of four.
pub(super) const MAX_CLIENT_HEADER: usize = 14;

/// The largest payload of a control frame.
pub(super) const MAX_CONTROL_PAYLOAD: usize = 125;

/// The kind of a frame.
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
    fn from_wire(opcode: OpCode) -> Option<Self> {
        Some(match opcode {
            OpCode::Data(Data::Continue) => Self::Continuation,
            OpCode::Data(Data::Text) => Self::Text,
            OpCode::Data(Data::Binary) => Self::Binary,
            OpCode::Control(Control::Close) => Self::Close,
            OpCode::Control(Control::Ping) => Self::Ping,
            OpCode::Control(Control::Pong) => Self::Pong,
            OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => return None,
        })
    }

    fn to_wire(self) -> OpCode {
        match self {
            Self::Continuation => OpCode::Data(Data::Continue),
            Self::Text => OpCode::Data(Data::Text),
            Self::Binary => OpCode::Data(Data::Binary),
            Self::Close => OpCode::Control(Control::Close),
            Self::Ping => OpCode::Control(Control::Ping),
            Self::Pong => OpCode::Control(Control::Pong),
        }
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
    /// are needed.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, CloseCode> {
        let mut cursor = Cursor::new(bytes);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| CloseCode::PROTOCOL)?;
        let Some((header, length)) = parsed else {
            return Ok(None);
        };
        let opcode = Opcode::from_wire(header.opcode).ok_or(CloseCode::PROTOCOL)?;
        let mask = header.mask.ok_or(CloseCode::PROTOCOL)?;
        let malformed_control =
            opcode.is_control() && (!header.is_final || length > MAX_CONTROL_PAYLOAD as u64);
        // Only the first frame of a message says whether that is compressed.
        let opens = matches!(opcode, Opcode::Text | Opcode::Binary);
        if header.rsv2 || header.rsv3 || malformed_control || (header.rsv1 && !opens) {
            return Err(CloseCode::PROTOCOL);
        }
        let header = Self {
            opcode,
            fin: header.is_final,
            compressed: header.rsv1,
            length,
            mask: Mask::new(mask),
        };
        let end = usize::try_from(cursor.position()).map_err(|_| CloseCode::PROTOCOL)?;
        Ok(Some((header, end)))
    }
}

/// Writes the header of a frame that is a whole message, or a control frame.
pub(super) fn write_header(out: &mut Vec<u8>, opcode: Opcode, compressed: bool, length: usize) {
    let header = FrameHeader {
        rsv1: compressed,
        opcode: opcode.to_wire(),
        ..FrameHeader::default()
    };
    // Memory takes all that is written to it.
    header.format(length as u64, out).ok();
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
            assert!(out.len() <= crate::transport::outgoing::MAX_HEADER);
        }
        let mut out = Vec::new();
        write_header(&mut out, Opcode::Binary, true, 1);
        assert_eq!(out, [0xc2, 1]);
    }

    #[test]
    fn what_is_wrong_is_found_in_the_header() {
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
            assert_eq!(parse(&header), Err(CloseCode::PROTOCOL), "{header:?}");
        }
        assert_eq!(parse(&[0xc1, 0x80]), Ok(None));
    }
}
