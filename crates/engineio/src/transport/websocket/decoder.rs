//! From the bytes of a client to its messages.

use bytes::Bytes;
use bytestring::ByteString;

use super::close_code::CloseCode;
use super::frame::{Header, MAX_CLIENT_HEADER, Opcode};
use super::inflation::Inflation;
use super::mask::Mask;
use super::text::PartialText;
use crate::transport::growth::Arrived as _;

/// In how many fragments a message may arrive: 16 384, as in Node's server.
///
/// Each costs a frame of work and may be empty, so that the size of the message does not limit them.
const MAX_FRAGMENTS: u32 = 16_384;

/// Reads the frames of a client, whatever the pieces in which their bytes arrive.
///
/// It holds what has arrived of a message that is not complete, and nothing between messages.
#[derive(Debug)]
pub(super) struct Decoder {
    max_message: usize,
    partial: Option<Box<Partial>>,
    inflation: Option<Box<Inflation>>,
}

/// What a client has sent.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Event {
    Text(ByteString),
    Binary(Bytes),
    Ping(Bytes),
    Pong,
    /// Nothing follows.
    Close(Option<CloseCode>),
}

/// What is not complete.
#[derive(Debug, Default)]
struct Partial {
    head: Head,
    frame: Option<Frame>,
    /// The payload of a control frame so far.
    control: Vec<u8>,
    message: Option<Message>,
}

/// A header so far.
#[derive(Debug, Default)]
struct Head {
    bytes: [u8; MAX_CLIENT_HEADER],
    length: usize,
}

/// A frame whose payload arrives.
#[derive(Debug)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    compressed: bool,
    mask: Mask,
    /// How much of the payload is still to come, in bytes.
    missing: usize,
}

/// A message so far.
#[derive(Debug)]
struct Message {
    content: Content,
    compressed: bool,
    /// The payload of all frames so far, as announced by their headers and as it travels.
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

    /// Takes bytes from `input` until there is an event or there are no more of them.
    ///
    /// They are unmasked in place. After an error, and after [`Event::Close`], nothing that follows
    /// means anything.
    #[inline]
    pub(super) fn decode(&mut self, input: &mut &mut [u8]) -> Result<Option<Event>, CloseCode> {
        if self.partial.is_none()
            && let Some((header, start)) = Header::parse(input)?
            && let Some(event) = self.whole(&header, start, input)
        {
            return event.map(Some);
        }
        self.decode_in_pieces(input)
    }

    /// The usual case: a message that is one frame, which is all there, and needs nothing but memory
    /// of its own. `None` is any other case.
    #[inline]
    fn whole(
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
            let begun = self
                .partial
                .as_mut()
                .and_then(|partial| partial.frame.take());
            let frame = match begun {
                Some(frame) => frame,
                None => match self.header(input)? {
                    Some(header) => self.admit(&header)?,
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

    /// The next header, if all of it is there.
    fn header(&mut self, input: &mut &mut [u8]) -> Result<Option<Header>, CloseCode> {
        let begun = self.partial.as_mut().map(|partial| &mut partial.head);
        if let Some(head) = begun.filter(|head| head.length > 0) {
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

    /// Whether the frame is allowed here and now.
    fn admit(&mut self, header: &Header) -> Result<Frame, CloseCode> {
        let message = self
            .partial
            .as_mut()
            .and_then(|partial| partial.message.as_mut());
        let length = usize::try_from(header.length).map_err(|_| CloseCode::SIZE)?;
        match (header.opcode, message) {
            (Opcode::Continuation, Some(message)) => {
                message.fragments = message.fragments.saturating_add(1);
                if message.fragments > MAX_FRAGMENTS {
                    return Err(CloseCode::POLICY);
                }
                message.announced = message.announced.saturating_add(length);
                if message.announced > self.max_message {
                    return Err(CloseCode::SIZE);
                }
            }
            (Opcode::Text | Opcode::Binary, None) => {
                if header.compressed && self.inflation.is_none() {
                    return Err(CloseCode::PROTOCOL);
                }
                if length > self.max_message {
                    return Err(CloseCode::SIZE);
                }
            }
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
            // A continuation of nothing, or a message within another.
            _ => return Err(CloseCode::PROTOCOL),
        }
        Ok(Frame {
            opcode: header.opcode,
            fin: header.fin,
            compressed: header.compressed,
            mask: header.mask,
            missing: length,
        })
    }

    /// Takes what is there of a payload.
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
        let begun = self
            .partial
            .as_ref()
            .map_or(0, |partial| partial.control.len());
        if complete && begun == 0 {
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
            let inflation = self.inflation.as_mut().ok_or(CloseCode::PROTOCOL)?;
            let max = self.max_message;
            inflation.inflate(bytes, |piece| message.push(piece, None, max))?;
            if complete && frame.fin {
                inflation.finish(|piece| message.push(piece, None, max))?;
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
    /// Takes what is missing, as far as it is there.
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

    /// Takes a piece. `expected` is how many bytes are still to come, those of the piece included, if
    /// that is known.
    fn push(&mut self, piece: &[u8], expected: Option<usize>, max: usize) -> Result<(), CloseCode> {
        let length = match &self.content {
            Content::Text(text) => text.len(),
            Content::Binary(bytes) => bytes.len(),
        };
        let allowed = max.saturating_sub(length);
        if piece.len() > allowed {
            return Err(CloseCode::SIZE);
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
        let text = simdutf8::basic::from_utf8(bytes).map_err(|_| CloseCode::INVALID)?;
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

/// The code of a close frame, whose reason is of no interest but must be text.
fn close_code(bytes: &[u8]) -> Result<Option<CloseCode>, CloseCode> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let (code, reason) = bytes.split_first_chunk().ok_or(CloseCode::PROTOCOL)?;
    let code = CloseCode::from_wire(u16::from_be_bytes(*code)).ok_or(CloseCode::PROTOCOL)?;
    str::from_utf8(reason).map_err(|_| CloseCode::INVALID)?;
    Ok(Some(code))
}

/// Takes at most `length` bytes from the beginning of `input`.
fn take<'a>(input: &mut &'a mut [u8], length: usize) -> &'a mut [u8] {
    let bytes = std::mem::take(input);
    let (taken, rest) = bytes.split_at_mut(length.min(bytes.len()));
    *input = rest;
    taken
}

#[cfg(test)]
mod tests;
