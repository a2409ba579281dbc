//! What values are written into.

use std::fmt::{self, Write as _};
use std::{io, str};

use bytes::Bytes;
use serde::Serialize;
use serde::ser::Error as _;
use serde_json::Error as JsonError;

use crate::attachments::Attachments;
use crate::json::{self, Placeholder};

/// The JSON of what has been written, and the attachments that its placeholders stand for.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) text: String,
    pub(super) attachments: Attachments,
}

impl Output {
    /// Writes a text in quotes.
    #[inline]
    pub(super) fn string(&mut self, text: &str) {
        if text == Placeholder::KEY {
            self.likeness();
        } else {
            json::push_string(&mut self.text, text);
        }
    }

    /// Writes in quotes what a value displays as.
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
            self.likeness();
        }
        Ok(())
    }

    pub(super) fn integer(&mut self, number: impl itoa::Integer) {
        json::push_integer(&mut self.text, number);
    }

    /// Writes a number as `serde_json` does.
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

    /// Keeps binary as an attachment, and writes the placeholder that stands for it.
    pub(super) fn attach(&mut self, bytes: &[u8]) {
        let index = self.attachments.len();
        Placeholder { index }.push(&mut self.text);
        self.attachments.push(Bytes::copy_from_slice(bytes));
    }

    /// Writes the text that marks placeholders so that it marks none: an object of the
    /// application's that looks like a placeholder is data.
    fn likeness(&mut self) {
        self.text.push('"');
        self.text.push_str(Placeholder::PLAIN_KEY);
        self.text.push('"');
    }
}
