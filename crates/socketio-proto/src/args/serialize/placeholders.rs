//! What stands in JSON for binary.

use std::io;

use bytes::Bytes;
use serde_json::ser::Formatter;

use crate::json::Placeholder;

/// Writes JSON without white space, and placeholders for bytes.
pub(super) struct Placeholders<'a> {
    pub(super) attachments: &'a mut Vec<Bytes>,
}

impl Formatter for Placeholders<'_> {
    fn write_byte_array<W>(&mut self, writer: &mut W, value: &[u8]) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let index = self.attachments.len();
        write!(writer, "{}", Placeholder { index })?;
        self.attachments.push(Bytes::copy_from_slice(value));
        Ok(())
    }

    /// An object of the application's that looks like a placeholder is none.
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let fragment = if fragment == Placeholder::KEY {
            Placeholder::PLAIN_KEY
        } else {
            fragment
        };
        writer.write_all(fragment.as_bytes())
    }
}
