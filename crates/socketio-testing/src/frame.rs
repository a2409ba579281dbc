//! WebSocket frames of the client, valid or malformed (RFC 6455, section 5.2).

/// The kind of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation,
    /// A text message, or its first fragment.
    Text,
    /// A binary message, or its first fragment.
    Binary,
    /// The closing handshake.
    Close,
    /// A WebSocket ping, not an Engine.IO ping.
    Ping,
    /// The answer to [`Ping`](Self::Ping).
    Pong,
    /// Any other number (0 to 15), all of which are reserved.
    Reserved(u8),
}

impl Opcode {
    /// Returns the kind with the number in the low four bits.
    pub(crate) fn from_bits(bits: u8) -> Self {
        match bits & 0x0f {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            other => Self::Reserved(other),
        }
    }

    fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
            Self::Reserved(other) => other & 0x0f,
        }
    }
}

/// A frame to send. It is valid unless a method makes it malformed.
#[derive(Clone, Debug)]
pub struct Frame {
    opcode: Opcode,
    payload: Vec<u8>,
    last: bool,
    rsv: u8,
    masked: bool,
    claimed: Option<u64>,
}

impl Frame {
    /// Creates a frame of this kind: final, masked, without reserved bits.
    pub fn new(opcode: Opcode, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            opcode,
            payload: payload.into(),
            last: true,
            rsv: 0,
            masked: true,
            claimed: None,
        }
    }

    /// Creates a text message. The payload may be invalid UTF-8.
    pub fn text(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::Text, payload)
    }

    /// Creates a binary message.
    pub fn binary(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::Binary, payload)
    }

    /// Creates a continuation frame.
    pub fn continuation(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::Continuation, payload)
    }

    /// Creates a close frame, with or without a status code.
    pub fn close(code: impl Into<Option<u16>>) -> Self {
        let payload = code.into().map(|code| code.to_be_bytes().to_vec());
        Self::new(Opcode::Close, payload.unwrap_or_default())
    }

    /// Clears the FIN bit: more fragments follow.
    #[must_use]
    pub fn not_last(mut self) -> Self {
        self.last = false;
        self
    }

    /// Sets the three reserved bits (0 to 7), which mean nothing unless an extension was negotiated.
    #[must_use]
    pub fn rsv(mut self, bits: u8) -> Self {
        self.rsv = bits & 0b111;
        self
    }

    /// Omits the masking, which is a protocol violation of a client.
    #[must_use]
    pub fn unmasked(mut self) -> Self {
        self.masked = false;
        self
    }

    /// Announces a length in bytes that differs from that of the payload.
    #[must_use]
    pub fn claiming(mut self, length: u64) -> Self {
        self.claimed = Some(length);
        self
    }

    /// Returns the encoded frame.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let first = u8::from(self.last) << 7 | self.rsv << 4 | self.opcode.bits();
        let mask_bit = u8::from(self.masked) << 7;
        let length = self.claimed.unwrap_or(self.payload.len() as u64);
        let mut bytes = vec![first];
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short @ 0..=125), _) => bytes.push(mask_bit | short),
            (_, Ok(medium)) => {
                bytes.push(mask_bit | 126);
                bytes.extend(medium.to_be_bytes());
            }
            _ => {
                bytes.push(mask_bit | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
        if self.masked {
            bytes.extend(MASK);
            bytes.extend(
                self.payload
                    .iter()
                    .zip(MASK.iter().cycle())
                    .map(|(byte, mask)| byte ^ mask),
            );
        } else {
            bytes.extend(&self.payload);
        }
        bytes
    }
}

/// The mask of the examples in RFC 6455, section 5.7. A test needs no unpredictable mask.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_equal_the_examples_of_the_rfc() {
        assert_eq!(
            Frame::text("Hello").encode(),
            [
                0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58
            ]
        );
        assert_eq!(
            Frame::text("Hel").not_last().unmasked().encode(),
            [0x01, 0x03, 0x48, 0x65, 0x6c]
        );
        assert_eq!(
            Frame::continuation("lo").unmasked().encode(),
            [0x80, 0x02, 0x6c, 0x6f]
        );
        assert_eq!(
            Frame::binary([7; 256]).unmasked().encode()[..4],
            [0x82, 0x7e, 0x01, 0x00]
        );
        assert_eq!(
            Frame::binary(vec![7; 65536]).unmasked().encode()[..10],
            [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]
        );
    }

    #[test]
    fn lengths_use_the_shortest_encoding() {
        assert_eq!(Frame::text([0; 125]).unmasked().encode()[1], 125);
        assert_eq!(
            Frame::text([0; 126]).unmasked().encode()[1..4],
            [126, 0, 126]
        );
        assert_eq!(
            Frame::text(vec![0; 65535]).unmasked().encode()[1..4],
            [126, 255, 255]
        );
    }

    #[test]
    fn frames_can_be_malformed() {
        assert_eq!(Frame::text("").rsv(0b100).unmasked().encode(), [0xc1, 0]);
        assert_eq!(
            Frame::text("a").claiming(70_000).unmasked().encode(),
            [0x81, 127, 0, 0, 0, 0, 0, 1, 17, 112, b'a']
        );
        assert_eq!(
            Frame::new(Opcode::Reserved(3), "").unmasked().encode(),
            [0x83, 0]
        );
    }

    #[test]
    fn close_frames_have_an_optional_code() {
        assert_eq!(Frame::close(None).unmasked().encode(), [0x88, 0]);
        assert_eq!(
            Frame::close(1000).unmasked().encode(),
            [0x88, 2, 0x03, 0xe8]
        );
    }
}
