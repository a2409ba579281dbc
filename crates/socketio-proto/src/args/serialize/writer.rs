//! The array of the arguments.

use super::output::Output;
use crate::attachments::Attachments;
use crate::json;

/// Writes an array of arguments behind what a text holds already, and collects attachments.
pub(crate) struct ArgsWriter {
    pub(super) output: Output,
    /// Whether the next element is the array's first, before which there is no comma.
    is_first: bool,
}

impl ArgsWriter {
    #[inline]
    pub(crate) fn new(text: String) -> Self {
        Self::resume(text, Attachments::new(), true)
    }

    /// A writer that continues an array without its closing bracket.
    #[inline]
    pub(crate) fn resume(text: String, attachments: Attachments, is_first: bool) -> Self {
        Self {
            output: Output { text, attachments },
            is_first,
        }
    }

    /// Opens the array, and writes the name of an event if there is one. Returns where the text
    /// ends then.
    #[inline]
    pub(crate) fn begin(&mut self, event: Option<&str>) -> usize {
        self.output.text.push('[');
        if let Some(event) = event {
            json::push_string(&mut self.output.text, event);
            self.is_first = false;
        }
        self.output.text.len()
    }

    /// Closes the array.
    #[inline]
    pub(crate) fn finish(mut self) -> (String, Attachments) {
        self.output.text.push(']');
        (self.output.text, self.output.attachments)
    }

    /// Goes to the next argument.
    #[inline]
    pub(super) fn separate(&mut self) {
        if !self.is_first {
            self.output.text.push(',');
        }
        self.is_first = false;
    }
}
