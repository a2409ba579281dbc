//! The decoder of a client's frames.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::Frame;

use super::frame::{Header, MAX_HEADER};
use crate::transport::message_buf::MessageBuf as _;

/// A decoder of frames whose bytes may arrive in any pieces.
///
/// It holds the received part of an incomplete frame, and nothing between frames.
#[derive(Debug)]
pub(super) struct Decoder {
    max_message: usize,
    partial: Option<Box<Partial>>,
}

/// The received part of a frame.
#[derive(Debug)]
enum Partial {
    Head {
        bytes: [u8; MAX_HEADER],
        length: usize,
    },
    Payload {
        binary: bool,
        bytes: Vec<u8>,
        /// The number of missing bytes.
        missing: usize,
    },
}

/// A fault in a frame. The frames after it cannot be decoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// An empty text frame, which is not a packet.
    Empty,
    /// A frame larger than the limit.
    TooLarge,
    /// A text frame that is not UTF-8.
    NotText,
    /// A frame that is not a packet.
    NotAPacket,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty text frame",
            Self::TooLarge => "a frame larger than `max_http_buffer_size`",
            Self::NotText => "a text that is not UTF-8",
            Self::NotAPacket => "a frame that is not a packet",
        })
    }
}

impl Decoder {
    pub(super) fn new(max_message: usize) -> Self {
        Self {
            max_message,
            partial: None,
        }
    }

    /// Decodes bytes from `input` until a frame is complete or the input is empty. After an error
    /// the decoder must not be used again.
    pub(super) fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, Fault> {
        let (binary, received, missing) = match self.partial.take().map(|partial| *partial) {
            Some(Partial::Payload {
                binary,
                bytes,
                missing,
            }) => (binary, bytes, missing),
            Some(Partial::Head { bytes, length }) => {
                match self.complete_header(bytes, length, input) {
                    Some(header) => (header.binary, Vec::new(), self.check_length(header)?),
                    None => return Ok(None),
                }
            }
            None => match self.header(input) {
                Some(header) => (header.binary, Vec::new(), self.check_length(header)?),
                None => return Ok(None),
            },
        };
        self.payload(binary, received, missing, input)
    }

    /// Returns the next header if it is complete.
    fn header(&mut self, input: &mut &[u8]) -> Option<Header> {
        if let Some((header, size)) = Header::parse(input) {
            take(input, size);
            return Some(header);
        }
        self.complete_header([0; MAX_HEADER], 0, input)
    }

    /// Completes a header of which `length` bytes are known.
    fn complete_header(
        &mut self,
        mut bytes: [u8; MAX_HEADER],
        length: usize,
        input: &mut &[u8],
    ) -> Option<Header> {
        let mut known = length;
        for (to, from) in bytes.iter_mut().skip(length).zip(input.iter()) {
            *to = *from;
            known += 1;
        }
        let parsed = Header::parse(bytes.get(..known).unwrap_or_default());
        if let Some((header, size)) = parsed {
            take(input, size.saturating_sub(length));
            return Some(header);
        }
        take(input, known - length);
        if known > 0 {
            let length = known;
            self.partial = Some(Box::new(Partial::Head { bytes, length }));
        }
        None
    }

    /// Returns the length of the payload if it is allowed.
    fn check_length(&self, header: Header) -> Result<usize, Fault> {
        match header.length {
            // The official clients send an empty attachment like this.
            Some(0) if header.binary => Ok(0),
            Some(0) => Err(Fault::Empty),
            Some(length) if length <= self.max_message => Ok(length),
            _ => Err(Fault::TooLarge),
        }
    }

    /// Consumes the available part of a payload.
    fn payload(
        &mut self,
        binary: bool,
        mut received: Vec<u8>,
        missing: usize,
        input: &mut &[u8],
    ) -> Result<Option<Frame>, Fault> {
        let bytes = take(input, missing);
        if bytes.len() == missing && received.is_empty() {
            // The common case: a complete payload, which needs only its own allocation.
            return if binary {
                Ok(Some(Frame::Binary(Bytes::copy_from_slice(bytes))))
            } else {
                let text = str::from_utf8(bytes).map_err(|_| Fault::NotText)?;
                Ok(Some(Frame::Text(ByteString::from(text))))
            };
        }
        // Allocates for received bytes, not for announced ones.
        received.grow(bytes.len(), missing);
        received.extend_from_slice(bytes);
        let missing = missing - bytes.len();
        if missing > 0 {
            self.partial = Some(Box::new(Partial::Payload {
                binary,
                bytes: received,
                missing,
            }));
            return Ok(None);
        }
        received.finish();
        Ok(Some(if binary {
            Frame::Binary(received.into())
        } else {
            let text = String::from_utf8(received).map_err(|_| Fault::NotText)?;
            Frame::Text(text.into())
        }))
    }
}

/// Removes at most `length` bytes from the start of `input`.
fn take<'a>(input: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(length.min(input.len()));
    *input = rest;
    taken
}

#[cfg(test)]
mod tests;
