//! What stands in JSON for binary.

use std::io;

use bytes::Bytes;
use serde_json::ser::Formatter;

/// Writes JSON without white space, and placeholders for bytes.
pub(super) struct Placeholders<'a> {
    pub(super) attachments: &'a mut Vec<Bytes>,
}

impl Formatter for Placeholders<'_> {
    fn write_byte_array<W>(&mut self, writer: &mut W, value: &[u8]) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        write!(
            writer,
            r#"{{"_placeholder":true,"num":{}}}"#,
            self.attachments.len()
        )?;
        self.attachments.push(Bytes::copy_from_slice(value));
        Ok(())
    }
}
