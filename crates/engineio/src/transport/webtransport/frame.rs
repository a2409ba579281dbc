//! Frame headers as in `engine.io-parser`: a bit for binary, and the length.

/// The maximum size of a header: one byte, and eight bytes of length.
pub(super) const MAX_HEADER: usize = 9;

/// The maximum length of a payload: the largest safe integer of JavaScript, as in Node.
const MAX_LENGTH: u64 = (1 << 53) - 1;

const BINARY: u8 = 0x80;
const LENGTH: u8 = 0x7f;
/// Values of the length field that announce a longer length field.
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;

/// The header of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Header {
    pub(super) binary: bool,
    /// `None` if the length exceeds every limit.
    pub(super) length: Option<usize>,
}

impl Header {
    /// Parses the header at the start of `bytes` and returns its size as well. Returns `None` if
    /// more bytes are needed.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let (&first, rest) = bytes.split_first()?;
        let (length, size) = match first & LENGTH {
            LENGTH_16 => (u16::from_be_bytes(*rest.first_chunk()?).into(), 3),
            LENGTH_64 => (u64::from_be_bytes(*rest.first_chunk()?), MAX_HEADER),
            short => (short.into(), 1),
        };
        let length = Some(length).filter(|length| *length <= MAX_LENGTH);
        let header = Self {
            binary: first & BINARY != 0,
            length: length.and_then(|length| usize::try_from(length).ok()),
        };
        Some((header, size))
    }
}

/// Appends the header of a payload of `length` bytes.
pub(super) fn write_header(out: &mut Vec<u8>, binary: bool, length: usize) {
    let kind = if binary { BINARY } else { 0 };
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < LENGTH_16 => out.push(kind | short),
        (_, Ok(length)) => {
            out.push(kind | LENGTH_16);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(kind | LENGTH_64);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(binary: bool, length: usize) -> Vec<u8> {
        let mut out = Vec::new();
        write_header(&mut out, binary, length);
        out
    }

    #[test]
    fn written_headers_match_engine_io_parser() {
        // The output of `createPacketEncoderStream` for payloads of these lengths.
        assert_eq!(written(false, 1), [0x01]);
        assert_eq!(written(true, 125), [0xfd]);
        assert_eq!(written(false, 126), [0x7e, 0x00, 0x7e]);
        assert_eq!(written(true, 65_535), [0xfe, 0xff, 0xff]);
        assert_eq!(written(false, 65_536), [0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(written(true, 65_536), [0xff, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn a_written_header_parses_to_itself() {
        for length in [0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 1_000_000] {
            for binary in [false, true] {
                let mut bytes = written(binary, length);
                let size = bytes.len();
                for cut in 0..size {
                    assert_eq!(Header::parse(&bytes[..cut]), None);
                }
                bytes.extend_from_slice(b"payload");
                let header = Header {
                    binary,
                    length: Some(length),
                };
                assert_eq!(Header::parse(&bytes), Some((header, size)));
            }
        }
    }

    #[test]
    fn unsafe_javascript_integers_are_no_lengths() {
        let length = |wire: u64| {
            let mut bytes = vec![0x7f];
            bytes.extend_from_slice(&wire.to_be_bytes());
            Header::parse(&bytes).unwrap().0.length
        };
        assert_eq!(
            length((1 << 53) - 1),
            usize::try_from((1_u64 << 53) - 1).ok()
        );
        assert_eq!(length(1 << 53), None);
        assert_eq!(length(u64::MAX), None);
    }
}
