//! The buffers that arguments are written to.

use std::fmt::{self, Write as _};
use std::{io, str};

use bytes::Bytes;
use serde::Serialize;
use serde::ser::Error as _;
use serde_json::Error as JsonError;

use crate::attachments::Attachments;
use crate::json::{self, Placeholder};

/// The written JSON and the attachments of its placeholders.
#[derive(Debug, Default)]
pub(super) struct JsonOutput {
    pub(super) text: String,
    pub(super) attachments: Attachments,
    /// Whether JSON that was written verbatim has the escape of an unpaired surrogate.
    pub(super) has_lone_surrogate: bool,
}

impl JsonOutput {
    /// Writes a string in quotes.
    #[inline]
    pub(super) fn string(&mut self, text: &str) {
        if text == Placeholder::KEY {
            self.escaped_placeholder_key();
        } else {
            json::push_string(&mut self.text, text);
        }
    }

    /// Writes the `Display` text of a value in quotes.
    pub(super) fn display<T: fmt::Display + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        struct Escaping<'a>(&'a mut String);

        impl fmt::Write for Escaping<'_> {
            fn write_str(&mut self, piece: &str) -> fmt::Result {
                json::push_escaped(self.0, piece);
                Ok(())
            }
        }

        let start = self.text.len();
        self.text.push('"');
        write!(Escaping(&mut self.text), "{value}")
            .map_err(|fmt::Error| JsonError::custom("a value fails to display"))?;
        self.text.push('"');
        if self.text.as_bytes().get(start..) == Some(Placeholder::MARK) {
            self.text.truncate(start);
            self.escaped_placeholder_key();
        }
        Ok(())
    }

    /// Writes valid JSON unchanged.
    pub(super) fn verbatim(&mut self, json: &str) {
        self.text.push_str(json);
        self.has_lone_surrogate |= json::has_lone_surrogate(json);
    }

    pub(super) fn integer(&mut self, number: impl itoa::Integer) {
        json::push_integer(&mut self.text, number);
    }

    /// Writes a float as `serde_json` does.
    pub(super) fn float(&mut self, number: impl Serialize) -> Result<(), JsonError> {
        struct Digits<'a>(&'a mut String);

        impl io::Write for Digits<'_> {
            fn write(&mut self, digits: &[u8]) -> io::Result<usize> {
                self.0
                    .push_str(str::from_utf8(digits).map_err(io::Error::other)?);
                Ok(digits.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        serde_json::to_writer(Digits(&mut self.text), &number)
    }

    /// Stores bytes as an attachment, and writes its placeholder.
    pub(super) fn attach(&mut self, bytes: &[u8]) {
        let index = self.attachments.len();
        Placeholder { index }.push(&mut self.text);
        self.attachments.push(Bytes::copy_from_slice(bytes));
    }

    /// Writes the key of placeholders with an escape, so that an object of the application that looks
    /// like a placeholder stays data.
    fn escaped_placeholder_key(&mut self) {
        self.text.push('"');
        self.text.push_str(Placeholder::PLAIN_KEY);
        self.text.push('"');
    }
}

/// Appends an array of arguments to a text, and collects the attachments.
pub(crate) struct ArgsWriter {
    pub(super) output: JsonOutput,
    /// Whether the next element is the first of the array, which has no comma before it.
    is_first: bool,
}

impl ArgsWriter {
    #[inline]
    pub(crate) fn new(text: String) -> Self {
        Self::resume(text, Attachments::new(), true)
    }

    /// Creates a writer that continues an array without its closing bracket.
    #[inline]
    pub(crate) fn resume(text: String, attachments: Attachments, is_first: bool) -> Self {
        Self {
            output: JsonOutput {
                text,
                attachments,
                has_lone_surrogate: false,
            },
            is_first,
        }
    }

    /// Opens the array and writes the name of an event, if any. Returns the length of the text.
    #[inline]
    pub(crate) fn begin(&mut self, event: Option<&str>) -> usize {
        self.output.text.push('[');
        if let Some(event) = event {
            json::push_string(&mut self.output.text, event);
            self.is_first = false;
        }
        self.output.text.len()
    }

    /// Closes the array and returns the text and the attachments.
    #[inline]
    pub(crate) fn finish(mut self) -> (String, Attachments) {
        self.output.text.push(']');
        (self.output.text, self.output.attachments)
    }

    /// Returns whether JSON that was written verbatim has the escape of an unpaired surrogate.
    pub(crate) fn has_lone_surrogate(&self) -> bool {
        self.output.has_lone_surrogate
    }

    /// Writes the comma before the next argument.
    #[inline]
    pub(super) fn separate(&mut self) {
        if !self.is_first {
            self.output.text.push(',');
        }
        self.is_first = false;
    }
}
