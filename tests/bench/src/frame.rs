//! WebSocket frames: encodes frames of a client and parses frames of a server.

use crate::deflate;

/// The mask of every frame. It is constant because frames are encoded once. It is not zero because the
/// server has to bear the cost of unmasking.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The header bit of a compressed message.
const COMPRESSED: u8 = 0x40;

/// Encodes a masked frame.
pub fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(0x80 | opcode as u8);
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..65536 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// Encodes a masked text frame.
pub(crate) fn text(payload: &[u8]) -> Vec<u8> {
    masked(Opcode::Text, payload)
}

/// Encodes a masked frame with a compressed text that does not refer to earlier messages.
pub(crate) fn compressed_text(payload: &[u8]) -> Vec<u8> {
    let mut frame = masked(Opcode::Text, &deflate::alone(payload));
    if let Some(first) = frame.first_mut() {
        *first |= COMPRESSED;
    }
    frame
}

/// The kinds of frames that the generator sends or accepts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Opcode {
    /// A text message.
    Text = 1,
    /// A binary message.
    Binary = 2,
    /// The closing handshake.
    Close = 8,
    /// A ping of the WebSocket protocol.
    Ping = 9,
    /// The answer to a ping.
    Pong = 10,
}

/// The result of parsing the first frame of a buffer.
#[derive(Debug, Eq, PartialEq)]
pub enum Parsed<'a> {
    /// More bytes are needed.
    Partial,
    /// A complete frame.
    Whole {
        /// The kind of the frame.
        opcode: Opcode,
        /// Whether the payload is compressed; `false` for control frames.
        compressed: bool,
        /// The payload of the frame.
        payload: &'a [u8],
        /// The size of the frame with its header.
        used: usize,
    },
    /// A frame that a server may not send to this client: masked or fragmented.
    Refused {
        /// The first two bytes.
        header: [u8; 2],
    },
}

/// Parses the first frame.
#[inline]
pub fn parse(bytes: &[u8]) -> Parsed<'_> {
    let Some((&[first, second], rest)) = bytes.split_first_chunk::<2>() else {
        return Parsed::Partial;
    };
    let opcode = match first {
        0x81 | 0xc1 => Opcode::Text,
        0x82 | 0xc2 => Opcode::Binary,
        0x88 => Opcode::Close,
        0x89 => Opcode::Ping,
        0x8a => Opcode::Pong,
        _ => {
            return Parsed::Refused {
                header: [first, second],
            };
        }
    };
    let (length, rest) = match second {
        short @ 0..126 => (usize::from(short), rest),
        126 => match rest.split_first_chunk::<2>() {
            Some((length, rest)) => (usize::from(u16::from_be_bytes(*length)), rest),
            None => return Parsed::Partial,
        },
        127 => match rest.split_first_chunk::<8>() {
            Some((length, rest)) => match usize::try_from(u64::from_be_bytes(*length)) {
                Ok(length) => (length, rest),
                Err(_) => {
                    return Parsed::Refused {
                        header: [first, second],
                    };
                }
            },
            None => return Parsed::Partial,
        },
        _ => {
            return Parsed::Refused {
                header: [first, second],
            };
        }
    };
    match rest.split_at_checked(length) {
        Some((payload, rest)) => Parsed::Whole {
            opcode,
            compressed: first & COMPRESSED != 0,
            payload,
            used: bytes.len() - rest.len(),
        },
        None => Parsed::Partial,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the frame as a server sends it, without mask bit and mask.
    fn unmasked(frame: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut server = frame[..frame.len() - payload.len() - 4].to_vec();
        server[1] &= 0x7f;
        server.extend_from_slice(payload);
        server
    }

    #[test]
    fn a_client_frame_is_masked_and_carries_its_length() {
        let frame = text(b"40");
        assert_eq!(frame[..6], [0x81, 0x82, 0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(frame[6..], [b'4' ^ 0x37, b'0' ^ 0xfa]);
        assert_eq!(masked(Opcode::Binary, &[0; 126])[..4], [0x82, 0xfe, 0, 126]);
        assert_eq!(masked(Opcode::Close, &[0; 65536])[..4], [0x88, 0xff, 0, 0]);
    }

    #[test]
    fn masked_and_fragmented_frames_and_compressed_pings_are_refused() {
        for header in [[0x81, 0x82], [0x01, 2], [0xc9, 2], [0x80, 2], [0x83, 2]] {
            let bytes = [header[0], header[1], b'4', b'0'];
            assert_eq!(parse(&bytes), Parsed::Refused { header });
        }
    }

    #[test]
    fn a_compressed_text_is_marked() {
        let payload = [b'a'; 200];
        let frame = compressed_text(&payload);
        assert_eq!(frame[0], 0xc1);
        let bytes = unmasked(&frame, &frame[6..]);
        assert!(matches!(
            parse(&bytes),
            Parsed::Whole {
                opcode: Opcode::Text,
                compressed: true,
                ..
            }
        ));
    }

    proptest! {
        #[test]
        fn a_frame_is_read_whole_or_not_at_all(length in prop_oneof![0..300usize, 65000..66000usize], extra in 0..9usize) {
            let payload = vec![7; length];
            let mut bytes = unmasked(&masked(Opcode::Binary, &payload), &payload);
            for cut in [0, 1, 2, 3, 9, bytes.len() - 1] {
                if cut < bytes.len() {
                    prop_assert_eq!(parse(&bytes[..cut]), Parsed::Partial);
                }
            }
            let used = bytes.len();
            bytes.extend(vec![0x81; extra]);
            prop_assert_eq!(parse(&bytes), Parsed::Whole { opcode: Opcode::Binary, compressed: false, payload: &payload, used });
        }
    }
}
