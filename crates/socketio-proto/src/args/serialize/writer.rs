//! The array of the arguments.

use bytes::Bytes;

use super::output::Output;
use crate::json;

/// Writes an array of arguments behind what a text holds already, and collects attachments.
pub(crate) struct ArgsWriter {
    pub(super) output: Output,
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

    /// Closes the array.
    pub(crate) fn finish(mut self) -> (String, Vec<Bytes>) {
        self.output.text.push(']');
        (self.output.text, self.output.attachments)
    }

    /// Goes to the next argument.
    pub(super) fn separate(&mut self) {
        if !self.is_first {
            self.output.text.push(',');
        }
        self.is_first = false;
    }
}
