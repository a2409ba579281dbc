//! From types to arguments.

mod placeholders;
mod relay;
mod top_level;

use bytes::Bytes;
use serde::Serialize;

use self::placeholders::Placeholders;
use self::top_level::TopLevel;
use crate::error::EncodeError;

/// Writes one value as JSON and attachments.
pub(crate) fn write_value<T>(value: &T) -> Result<(String, Vec<Bytes>), EncodeError>
where
    T: Serialize + ?Sized,
{
    let mut text = Vec::new();
    let mut attachments = Vec::new();
    value
        .serialize(&mut serde_json::Serializer::with_formatter(
            &mut text,
            Placeholders {
                attachments: &mut attachments,
            },
        ))
        .map_err(EncodeError::new)?;
    let text = String::from_utf8(text).expect("serde_json writes text only");
    Ok((text, attachments))
}

/// Writes an array of arguments behind what a text holds already, and collects attachments.
pub(crate) struct ArgsWriter {
    // Bytes, because that is what serde_json writes; all that it writes is text.
    text: Vec<u8>,
    attachments: Vec<Bytes>,
    /// Whether the next element is the array's first, before which there is no comma.
    is_first: bool,
}

impl ArgsWriter {
    pub(crate) fn new(text: String) -> Self {
        Self::resume(text, Vec::new(), true)
    }

    /// A writer that continues an array without its closing bracket.
    pub(crate) fn resume(text: String, attachments: Vec<Bytes>, is_first: bool) -> Self {
        Self {
            text: text.into_bytes(),
            attachments,
            is_first,
        }
    }

    /// Opens the array, and writes the name of an event if there is one. Returns where the text
    /// ends then.
    pub(crate) fn begin(&mut self, event: Option<&str>) -> Result<usize, EncodeError> {
        self.text.push(b'[');
        if let Some(event) = event {
            serde_json::to_writer(&mut self.text, event).map_err(EncodeError::new)?;
            self.is_first = false;
        }
        Ok(self.text.len())
    }

    /// Writes the arguments that a value stands for.
    pub(crate) fn write<T>(&mut self, args: &T) -> Result<(), EncodeError>
    where
        T: Serialize + ?Sized,
    {
        let mut slot = None;
        args.serialize(TopLevel {
            text: &mut self.text,
            attachments: &mut self.attachments,
            is_first: &mut self.is_first,
            slot: &mut slot,
        })
        .map_err(EncodeError::new)
    }

    /// Closes the array.
    pub(crate) fn finish(mut self) -> (String, Vec<Bytes>) {
        self.text.push(b']');
        let text = String::from_utf8(self.text).expect("serde_json writes text only");
        (text, self.attachments)
    }
}
