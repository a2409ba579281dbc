//! Transcodes MessagePack to JSON and attachments.

use std::fmt::{Arguments, Write};

use bytes::Bytes;
use serde_json::Number;
use smallvec::SmallVec;

use super::date::IsoDate;
use super::input::Input;
use super::token::Token;
use crate::error::DecodeError;
use crate::json::{self, EventName, Placeholder};
use crate::limits::DecodeLimits;

/// The initial capacity of the JSON, enough for most packets.
const CAPACITY: usize = 512;

/// A value as JSON and attachments.
#[derive(Debug)]
pub(crate) struct Transcoded {
    pub(crate) json: String,
    pub(crate) attachments: Vec<Bytes>,
    pub(crate) root: Root,
    /// The nesting of arrays and objects, placeholders included.
    pub(crate) depth: usize,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Root {
    /// A list, with the position of its first element if it can be an event name.
    Array(Option<EventName>),
    Map,
    /// `nil` or `undefined`.
    Nothing,
    Other,
    Str,
}

/// Transcodes one value. It does not recurse, and allocates by the size of its input, not by announced
/// lengths.
pub(crate) fn value(
    input: &mut Input<'_>,
    message: &Bytes,
    limits: &DecodeLimits,
) -> Result<Transcoded, DecodeError> {
    let mut transcoder = Transcoder::new(message, limits);
    let token = Token::read(input)?;
    transcoder.write(token)?;
    let root = match token {
        Token::Array(_) => Root::Array(transcoder.first(input)?),
        Token::Map(_) => Root::Map,
        Token::Str(_) => Root::Str,
        Token::Nil | Token::Undefined => Root::Nothing,
        _ => Root::Other,
    };
    transcoder.finish(input, root)
}

/// Transcodes one value as the only element of a list.
pub(crate) fn argument(
    input: &mut Input<'_>,
    message: &Bytes,
    limits: &DecodeLimits,
) -> Result<Transcoded, DecodeError> {
    let mut transcoder = Transcoder::new(message, limits);
    transcoder.enter(1, false)?;
    transcoder.finish(input, Root::Array(None))
}

struct Transcoder<'a> {
    message: &'a Bytes,
    limits: &'a DecodeLimits,
    json: String,
    attachments: Vec<Bytes>,
    attachment_bytes: usize,
    /// The arrays and objects around the next value.
    open: SmallVec<[OpenContainer; 8]>,
    depth: usize,
}

/// An array or object with unread elements.
struct OpenContainer {
    remaining: u32,
    is_map: bool,
}

impl<'a> Transcoder<'a> {
    fn new(message: &'a Bytes, limits: &'a DecodeLimits) -> Self {
        Self {
            message,
            limits,
            json: String::with_capacity(message.len().min(CAPACITY)),
            attachments: Vec::new(),
            attachment_bytes: 0,
            open: SmallVec::new(),
            depth: 0,
        }
    }

    /// Transcodes what is left of the outermost value.
    fn finish(mut self, input: &mut Input<'_>, root: Root) -> Result<Transcoded, DecodeError> {
        while let Some(token) = self.next(input)? {
            self.write(token)?;
        }
        Ok(Transcoded {
            json: self.json,
            attachments: self.attachments,
            root,
            depth: self.depth,
        })
    }

    /// Transcodes the first element of the array that was just opened. Returns its position if it can
    /// be an event name.
    fn first(&mut self, input: &mut Input<'_>) -> Result<Option<EventName>, DecodeError> {
        let Some(token) = self.next(input)? else {
            return Ok(None);
        };
        let can_be_name = match token {
            Token::Signed(_) | Token::Str(_) | Token::Unsigned(_) => true,
            Token::Float(number) => number.is_finite(),
            _ => false,
        };
        self.write(token)?;
        Ok(can_be_name.then_some(EventName {
            end: self.json.len(),
            is_plain: false,
        }))
    }

    /// Closes complete containers, writes the separator and the key of the next value, and reads its
    /// token. Returns `None` if the outermost value is complete.
    fn next<'m>(&mut self, input: &mut Input<'m>) -> Result<Option<Token<'m>>, DecodeError> {
        loop {
            let Some(open) = self.open.last_mut() else {
                return Ok(None);
            };
            let is_map = open.is_map;
            if open.remaining == 0 {
                self.json.push(if is_map { '}' } else { ']' });
                self.open.pop();
                continue;
            }
            open.remaining = open.remaining.saturating_sub(1);
            let before = self.json.len();
            // No value ends with one of these.
            if !self.json.ends_with(['[', '{']) {
                self.json.push(',');
            }
            if is_map {
                self.key(input)?;
            }
            let token = Token::read(input)?;
            if is_map && token == Token::Undefined {
                self.json.truncate(before);
                continue;
            }
            return Ok(Some(token));
        }
    }

    fn key(&mut self, input: &mut Input<'_>) -> Result<(), DecodeError> {
        match Token::read(input)? {
            // This object only looks like a placeholder.
            Token::Str(Placeholder::KEY) => {
                self.push(format_args!("\"{}\"", Placeholder::PLAIN_KEY));
            }
            Token::Str(key) => json::push_string(&mut self.json, key),
            Token::Bool(key) => self.push(format_args!("\"{key}\"")),
            Token::Signed(key) => self.push(format_args!("\"{key}\"")),
            Token::Unsigned(key) => self.push(format_args!("\"{key}\"")),
            Token::Nil => self.json.push_str("\"null\""),
            _ => return Err(DecodeError::InvalidMsgpack),
        }
        self.json.push(':');
        Ok(())
    }

    /// Writes a value, or the opening bracket of a value with elements.
    fn write(&mut self, token: Token<'_>) -> Result<(), DecodeError> {
        match token {
            Token::Array(len) => self.enter(len, false)?,
            Token::Map(len) => self.enter(len, true)?,
            Token::Binary(bytes) => self.attach(bytes)?,
            Token::Extension(kind, bytes) => {
                self.enter(0, false)?;
                self.push(format_args!("{kind},"));
                self.attach(bytes)?;
            }
            Token::Bool(value) => self.push(format_args!("{value}")),
            Token::Date(ms) => match IsoDate::new(ms) {
                Some(date) => self.push(format_args!("\"{date}\"")),
                None => self.json.push_str("null"),
            },
            Token::Float(value) => match Number::from_f64(value) {
                Some(number) => self.push(format_args!("{number}")),
                None => self.json.push_str("null"),
            },
            Token::Nil | Token::Undefined => self.json.push_str("null"),
            Token::Signed(value) => self.push(format_args!("{value}")),
            Token::Str(text) => json::push_string(&mut self.json, text),
            Token::Unsigned(value) => self.push(format_args!("{value}")),
        }
        Ok(())
    }

    fn enter(&mut self, remaining: u32, is_map: bool) -> Result<(), DecodeError> {
        self.deepen()?;
        self.json.push(if is_map { '{' } else { '[' });
        self.open.push(OpenContainer { remaining, is_map });
        Ok(())
    }

    /// Stores an attachment and writes its placeholder, which is an object.
    fn attach(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        self.deepen()?;
        let index = self.attachments.len();
        let limit = self.limits.max_attachments;
        if index >= limit {
            return Err(DecodeError::TooManyAttachments { limit });
        }
        let limit = self.limits.max_attachment_bytes;
        self.attachment_bytes = self.attachment_bytes.saturating_add(bytes.len());
        if self.attachment_bytes > limit {
            return Err(DecodeError::AttachmentsTooLarge { limit });
        }
        self.attachments.push(self.message.slice_ref(bytes));
        Placeholder { index }.push(&mut self.json);
        Ok(())
    }

    fn deepen(&mut self) -> Result<(), DecodeError> {
        let limit = self.limits.max_depth;
        let depth = self.open.len().saturating_add(1);
        if depth > limit {
            return Err(DecodeError::TooDeep { limit });
        }
        self.depth = self.depth.max(depth);
        Ok(())
    }

    fn push(&mut self, text: Arguments<'_>) {
        self.json
            .write_fmt(text)
            .expect("writing to a string does not fail");
    }
}
