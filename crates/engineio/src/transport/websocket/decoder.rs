//! The decoder of a client's messages.

use bytes::Bytes;
use bytestring::ByteString;
use tungstenite::protocol::frame::coding::CloseCode;

use super::frame::{Header, MAX_CLIENT_HEADER, Opcode};
use super::inflation::Inflation;
use super::mask::Mask;
use super::text::PartialText;
use crate::transport::message_buf::MessageBuf as _;

/// The maximum number of fragments of a message: 16 384, as in Node.
///
/// Each fragment costs processing time and may be empty, so the limit on the message size is not
/// sufficient.
const MAX_FRAGMENTS: u32 = 16_384;

/// The close code "bad gateway", which tungstenite does not accept. It was registered after RFC 6455,
/// and `ws` accepts it.
const BAD_GATEWAY: u16 = 1014;

/// A decoder of messages whose bytes may arrive in any pieces.
///
/// It holds the received part of an incomplete message, and nothing between messages.
#[derive(Debug)]
pub(super) struct Decoder {
    max_message: usize,
    partial: Option<Box<Partial>>,
    inflation: Option<Box<Inflation>>,
}

/// An item that the client has sent.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Event {
    Text(ByteString),
    Binary(Bytes),
    Ping(Bytes),
    Pong,
    /// The last event.
    Close(Option<CloseCode>),
}

/// The received part of a message.
#[derive(Debug, Default)]
struct Partial {
    head: Head,
    frame: Option<Frame>,
    /// The received payload of a control frame.
    control: Vec<u8>,
    message: Option<Message>,
}

/// The received part of a header.
#[derive(Debug, Default)]
struct Head {
    bytes: [u8; MAX_CLIENT_HEADER],
    length: usize,
}

/// A frame whose payload is incomplete.
#[derive(Debug)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    compressed: bool,
    mask: Mask,
    /// The number of missing payload bytes.
    missing: usize,
}

/// The received part of a message.
#[derive(Debug)]
struct Message {
    content: Content,
    compressed: bool,
    /// The size of the payload on the wire, as announced by the headers so far.
    announced: usize,
    fragments: u32,
}

#[derive(Debug)]
enum Content {
    Text(PartialText),
    Binary(Vec<u8>),
}

impl Decoder {
    pub(super) fn new(max_message: usize, inflation: Option<Box<Inflation>>) -> Self {
        Self {
            max_message,
            partial: None,
            inflation,
        }
    }

    /// Decodes bytes from `input` until an event is complete or the input is empty.
    ///
    /// The bytes are unmasked in place. After an error or [`Event::Close`] the decoder must not be
    /// used again.
    #[inline]
    pub(super) fn decode(&mut self, input: &mut &mut [u8]) -> Result<Option<Event>, CloseCode> {
        if self.partial.is_none()
            && let Some((header, start)) = Header::parse(input)?
            && let Some(event) = self.decode_complete(&header, start, input)
        {
            return event.map(Some);
        }
        self.decode_in_pieces(input)
    }

    /// Decodes the common case: an unfragmented message that is complete, which needs only its own
    /// allocation. Returns `None` in all other cases.
    #[inline]
    fn decode_complete(
        &self,
        header: &Header,
        start: usize,
        input: &mut &mut [u8],
    ) -> Option<Result<Event, CloseCode>> {
        let is_plain = header.fin
            && !header.compressed
            && matches!(header.opcode, Opcode::Text | Opcode::Binary);
        let length = usize::try_from(header.length).ok()?;
        if !is_plain || length > self.max_message || length > input.len().saturating_sub(start) {
            return None;
        }
        take(input, start);
        let payload = take(input, length);
        let mut mask = header.mask;
        mask.apply(payload);
        Some(whole_message(header.opcode, payload))
    }

    fn decode_in_pieces(&mut self, input: &mut &mut [u8]) -> Result<Option<Event>, CloseCode> {
        loop {
            let started = self
                .partial
                .as_mut()
                .and_then(|partial| partial.frame.take());
            let frame = match started {
                Some(frame) => frame,
                None => match self.header(input)? {
                    Some(header) => self.check_frame(&header)?,
                    None => return Ok(None),
                },
            };
            let event = self.payload(frame, input)?;
            if self
                .partial
                .as_ref()
                .is_some_and(|partial| partial.is_idle())
            {
                self.partial = None;
            }
            let unfinished = self
                .partial
                .as_ref()
                .is_some_and(|partial| partial.frame.is_some());
            if event.is_some() || unfinished {
                return Ok(event);
            }
        }
    }

    /// Returns the next header if it is complete.
    fn header(&mut self, input: &mut &mut [u8]) -> Result<Option<Header>, CloseCode> {
        let started = self.partial.as_mut().map(|partial| &mut partial.head);
        if let Some(head) = started.filter(|head| head.length > 0) {
            return head.complete(input);
        }
        if input.is_empty() {
            return Ok(None);
        }
        if let Some((header, length)) = Header::parse(input)? {
            take(input, length);
            return Ok(Some(header));
        }
        self.partial.get_or_insert_default().head.complete(input)
    }

    /// Checks that a frame is allowed in the current state.
    fn check_frame(&mut self, header: &Header) -> Result<Frame, CloseCode> {
        let message = self
            .partial
            .as_mut()
            .and_then(|partial| partial.message.as_mut());
        let length = usize::try_from(header.length).map_err(|_| CloseCode::Size)?;
        match (header.opcode, message) {
            (Opcode::Continuation, Some(message)) => {
                message.fragments = message.fragments.saturating_add(1);
                if message.fragments > MAX_FRAGMENTS {
                    return Err(CloseCode::Policy);
                }
                message.announced = message.announced.saturating_add(length);
                if message.announced > self.max_message {
                    return Err(CloseCode::Size);
                }
            }
            (Opcode::Text | Opcode::Binary, None) => {
                if header.compressed && self.inflation.is_none() {
                    return Err(CloseCode::Protocol);
                }
                if length > self.max_message {
                    return Err(CloseCode::Size);
                }
            }
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
            // A continuation without a start, or a new message within another.
            _ => return Err(CloseCode::Protocol),
        }
        Ok(Frame {
            opcode: header.opcode,
            fin: header.fin,
            compressed: header.compressed,
            mask: header.mask,
            missing: length,
        })
    }

    /// Consumes the available part of a payload.
    fn payload(
        &mut self,
        mut frame: Frame,
        input: &mut &mut [u8],
    ) -> Result<Option<Event>, CloseCode> {
        let expected = frame.missing;
        let bytes = take(input, expected);
        frame.mask.apply(bytes);
        frame.missing = expected.saturating_sub(bytes.len());
        let complete = frame.missing == 0;
        let event = if frame.opcode.is_control() {
            self.control(&frame, bytes)?
        } else {
            self.data(&frame, bytes, expected)?
        };
        if !complete {
            self.partial.get_or_insert_default().frame = Some(frame);
        }
        Ok(event)
    }

    fn control(&mut self, frame: &Frame, bytes: &[u8]) -> Result<Option<Event>, CloseCode> {
        let complete = frame.missing == 0;
        let started = self
            .partial
            .as_ref()
            .map_or(0, |partial| partial.control.len());
        if complete && started == 0 {
            return control_event(frame.opcode, bytes).map(Some);
        }
        let control = &mut self.partial.get_or_insert_default().control;
        control.extend_from_slice(bytes);
        if !complete {
            return Ok(None);
        }
        control_event(frame.opcode, &std::mem::take(control)).map(Some)
    }

    fn data(
        &mut self,
        frame: &Frame,
        bytes: &[u8],
        expected: usize,
    ) -> Result<Option<Event>, CloseCode> {
        let complete = frame.missing == 0;
        let first = self
            .partial
            .as_ref()
            .is_none_or(|partial| partial.message.is_none());
        if complete && first && frame.fin && !frame.compressed {
            return whole_message(frame.opcode, bytes).map(Some);
        }
        let partial = self.partial.get_or_insert_default();
        let message = partial
            .message
            .get_or_insert_with(|| Message::new(frame, expected));
        if message.compressed {
            let inflation = self.inflation.as_mut().ok_or(CloseCode::Protocol)?;
            let max = self.max_message;
            let mut take = |piece: &[u8]| message.push(piece, None, max);
            inflation.inflate(bytes, &mut take)?;
            if complete && frame.fin {
                inflation.finish(&mut take)?;
            }
        } else {
            let expected = frame.fin.then_some(expected);
            message.push(bytes, expected, self.max_message)?;
        }
        if !(complete && frame.fin) {
            return Ok(None);
        }
        match partial.message.take() {
            Some(message) => message.content.finish().map(Some),
            None => Ok(None),
        }
    }
}

impl Partial {
    fn is_idle(&self) -> bool {
        self.head.length == 0 && self.frame.is_none() && self.message.is_none()
    }
}

impl Head {
    /// Completes a header as far as possible.
    fn complete(&mut self, input: &mut &mut [u8]) -> Result<Option<Header>, CloseCode> {
        let known = self.length;
        for (to, from) in self.bytes.iter_mut().skip(known).zip(input.iter()) {
            *to = *from;
            self.length += 1;
        }
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        let Some((header, length)) = Header::parse(bytes)? else {
            take(input, self.length - known);
            return Ok(None);
        };
        take(input, length.saturating_sub(known));
        self.length = 0;
        Ok(Some(header))
    }
}

impl Message {
    fn new(frame: &Frame, length: usize) -> Self {
        let content = match frame.opcode {
            Opcode::Text => Content::Text(PartialText::default()),
            _ => Content::Binary(Vec::new()),
        };
        Self {
            content,
            compressed: frame.compressed,
            announced: length,
            fragments: 1,
        }
    }

    /// Appends a piece. `expected` is the number of remaining bytes, including the piece, if it is
    /// known.
    fn push(&mut self, piece: &[u8], expected: Option<usize>, max: usize) -> Result<(), CloseCode> {
        let length = match &self.content {
            Content::Text(text) => text.len(),
            Content::Binary(bytes) => bytes.len(),
        };
        let allowed = max.saturating_sub(length);
        if piece.len() > allowed {
            return Err(CloseCode::Size);
        }
        let expected = expected.unwrap_or(allowed);
        match &mut self.content {
            Content::Text(text) => text.push(piece, expected),
            Content::Binary(bytes) => {
                bytes.grow(piece.len(), expected);
                bytes.extend_from_slice(piece);
                Ok(())
            }
        }
    }
}

impl Content {
    fn finish(self) -> Result<Event, CloseCode> {
        match self {
            Self::Text(text) => text.finish().map(Event::Text),
            Self::Binary(mut bytes) => {
                bytes.finish();
                Ok(Event::Binary(bytes.into()))
            }
        }
    }
}

#[inline]
fn whole_message(opcode: Opcode, bytes: &[u8]) -> Result<Event, CloseCode> {
    if opcode == Opcode::Text {
        let text = simdutf8::basic::from_utf8(bytes).map_err(|_| CloseCode::Invalid)?;
        Ok(Event::Text(text.into()))
    } else {
        Ok(Event::Binary(Bytes::copy_from_slice(bytes)))
    }
}

fn control_event(opcode: Opcode, bytes: &[u8]) -> Result<Event, CloseCode> {
    Ok(match opcode {
        Opcode::Close => Event::Close(close_code(bytes)?),
        Opcode::Ping => Event::Ping(Bytes::copy_from_slice(bytes)),
        _ => Event::Pong,
    })
}

/// Parses the payload of a close frame. The reason is ignored but must be UTF-8.
fn close_code(bytes: &[u8]) -> Result<Option<CloseCode>, CloseCode> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let (code, reason) = bytes.split_first_chunk().ok_or(CloseCode::Protocol)?;
    let code = u16::from_be_bytes(*code);
    if !CloseCode::from(code).is_allowed() && code != BAD_GATEWAY {
        return Err(CloseCode::Protocol);
    }
    str::from_utf8(reason).map_err(|_| CloseCode::Invalid)?;
    Ok(Some(code.into()))
}

/// Removes at most `length` bytes from the start of `input`.
fn take<'a>(input: &mut &'a mut [u8], length: usize) -> &'a mut [u8] {
    let bytes = std::mem::take(input);
    let (taken, rest) = bytes.split_at_mut(length.min(bytes.len()));
    *input = rest;
    taken
}

#[cfg(test)]
mod tests;
