//! From types to arguments.

mod key;
mod output;
mod refuse;
mod relay;
mod top_level;
mod value;

use bytes::Bytes;
use serde::Serialize;

use self::output::Output;
use self::top_level::TopLevel;
use crate::error::EncodeError;
use crate::json;

/// Writes one value as JSON and attachments.
pub(crate) fn write_value<T>(value: &T) -> Result<(String, Vec<Bytes>), EncodeError>
where
    T: Serialize + ?Sized,
{
    let mut output = Output::default();
    value.serialize(&mut output).map_err(EncodeError::new)?;
    Ok((output.text, output.attachments))
}

/// Writes an array of arguments behind what a text holds already, and collects attachments.
pub(crate) struct ArgsWriter {
    output: Output,
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
            output: Output { text, attachments },
            is_first,
        }
    }

    /// Opens the array, and writes the name of an event if there is one. Returns where the text
    /// ends then.
    pub(crate) fn begin(&mut self, event: Option<&str>) -> usize {
        self.output.text.push('[');
        if let Some(event) = event {
            json::push_string(&mut self.output.text, event);
            self.is_first = false;
        }
        self.output.text.len()
    }

    /// Writes the arguments that a value stands for.
    pub(crate) fn write<T>(&mut self, args: &T) -> Result<(), EncodeError>
    where
        T: Serialize + ?Sized,
    {
        args.serialize(TopLevel(self)).map_err(EncodeError::new)
    }

    /// Closes the array.
    pub(crate) fn finish(mut self) -> (String, Vec<Bytes>) {
        self.output.text.push(']');
        (self.output.text, self.output.attachments)
    }

    /// Goes to the next argument.
    fn separate(&mut self) {
        if !self.is_first {
            self.output.text.push(',');
        }
        self.is_first = false;
    }
}
