//! Writes messages between servers.

use bytes::Bytes;

use super::buffers;
use crate::args::Args;
use crate::json;
use crate::msgpack::{self, MessageTooLarge, MsgpackOutput};

/// The initial capacity, enough for most messages.
const CAPACITY: usize = 256;

/// A writer of one message in JSON or MessagePack.
///
/// The caller opens and closes lists and maps, and announces the number of their elements, which
/// MessagePack needs. Strings, numbers and arguments are written as Node's servers write them, so the
/// bytes are the same. See the [module](super) for an example.
#[derive(Debug)]
pub struct EnvelopeWriter {
    output: Output,
    /// Whether a part was too large for MessagePack.
    is_too_large: bool,
}

#[derive(Debug)]
enum Output {
    Json(String),
    Msgpack(MsgpackOutput),
}

impl EnvelopeWriter {
    /// Creates a writer of JSON.
    ///
    /// Binary is written as `JSON.stringify` writes a `Buffer`: `{"type":"Buffer","data":[1,2]}`.
    #[must_use]
    pub fn json() -> Self {
        Self::new(Output::Json(String::with_capacity(CAPACITY)))
    }

    /// Creates a writer of MessagePack.
    #[must_use]
    pub fn msgpack() -> Self {
        Self::new(Output::Msgpack(MsgpackOutput::with_capacity(CAPACITY)))
    }

    fn new(output: Output) -> Self {
        Self {
            output,
            is_too_large: false,
        }
    }

    /// Opens a map with this number of members.
    pub fn open_map(&mut self, len: usize) {
        let written = match self.next() {
            Output::Json(json) => {
                json.push('{');
                Ok(())
            }
            Output::Msgpack(msgpack) => msgpack.map(len),
        };
        self.note(written);
    }

    /// Closes a map.
    pub fn close_map(&mut self) {
        if let Output::Json(json) = &mut self.output {
            json.push('}');
        }
    }

    /// Opens a list with this number of elements.
    pub fn open_array(&mut self, len: usize) {
        let written = match self.next() {
            Output::Json(json) => {
                json.push('[');
                Ok(())
            }
            Output::Msgpack(msgpack) => msgpack.array(len),
        };
        self.note(written);
    }

    /// Closes a list.
    pub fn close_array(&mut self) {
        if let Output::Json(json) = &mut self.output {
            json.push(']');
        }
    }

    /// Writes the key of the next member of a map.
    pub fn key(&mut self, key: &str) {
        self.text(key);
        if let Output::Json(json) = &mut self.output {
            json.push(':');
        }
    }

    /// Writes `null`.
    pub fn nil(&mut self) {
        match self.next() {
            Output::Json(json) => json.push_str("null"),
            Output::Msgpack(msgpack) => msgpack.nil(),
        }
    }

    /// Writes a boolean.
    pub fn bool(&mut self, value: bool) {
        match self.next() {
            Output::Json(json) => json.push_str(if value { "true" } else { "false" }),
            Output::Msgpack(msgpack) => msgpack.bool(value),
        }
    }

    /// Writes an integer.
    pub fn unsigned(&mut self, value: u64) {
        match self.next() {
            Output::Json(json) => json::push_integer(json, value),
            Output::Msgpack(msgpack) => msgpack.unsigned(value),
        }
    }

    /// Writes a string.
    pub fn text(&mut self, text: &str) {
        let written = match self.next() {
            Output::Json(json) => {
                json::push_string(json, text);
                Ok(())
            }
            Output::Msgpack(msgpack) => msgpack.text(text),
        };
        self.note(written);
    }

    /// Writes binary.
    pub fn binary(&mut self, bytes: &[u8]) {
        let written = match self.next() {
            Output::Json(json) => {
                buffers::push_buffer(json, bytes);
                Ok(())
            }
            Output::Msgpack(msgpack) => msgpack.binary(bytes),
        };
        self.note(written);
    }

    /// Writes all arguments as a list. The list of an event begins with its name.
    pub fn args(&mut self, args: &Args) {
        let json = args.as_json();
        self.encoded(
            if json.is_empty() { "[]" } else { json },
            args.attachments(),
        );
    }

    /// Writes the first argument, or `null` if there is none.
    pub fn argument(&mut self, args: &Args) {
        self.encoded(args.get(0).unwrap_or("null"), args.attachments());
    }

    /// Writes a value that is valid JSON already.
    pub fn raw_json(&mut self, text: &str) {
        self.encoded(text, &[]);
    }

    fn encoded(&mut self, text: &str, attachments: &[Bytes]) {
        let written = match self.next() {
            Output::Json(json) => {
                buffers::push_inline(json, text, attachments);
                Ok(())
            }
            Output::Msgpack(msgpack) => msgpack::write_data(msgpack, text, attachments),
        };
        self.note(written);
    }

    /// Returns the message.
    ///
    /// # Errors
    ///
    /// If a string, a list or an attachment has more than 2³² − 1 bytes or elements.
    pub fn finish(self) -> Result<Bytes, MessageTooLarge> {
        if self.is_too_large {
            return Err(MessageTooLarge::new());
        }
        Ok(match self.output {
            Output::Json(json) => json.into(),
            Output::Msgpack(msgpack) => msgpack.finish().into(),
        })
    }

    /// Prepares the output for a value: in JSON, a comma separates it from the value before it.
    fn next(&mut self) -> &mut Output {
        if let Output::Json(json) = &mut self.output
            && !json.is_empty()
            // No value ends with one of these.
            && !json.ends_with(['[', '{', ':'])
        {
            json.push(',');
        }
        &mut self.output
    }

    fn note(&mut self, written: Result<(), MessageTooLarge>) {
        self.is_too_large |= written.is_err();
    }
}
