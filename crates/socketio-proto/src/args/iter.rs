//! Iterates over the arguments in a JSON array.

use std::iter::FusedIterator;

use crate::json::{self, Cursor};

/// An iterator whose items are the text from the beginning of each argument to the end.
///
/// It skips an argument only when the next one is requested, so reading the first argument does not
/// scan it.
#[derive(Clone, Debug)]
pub(super) struct ArgSuffixes<'a> {
    rest: &'a str,
    is_at_argument: bool,
}

impl<'a> ArgSuffixes<'a> {
    /// Creates an iterator. `text` begins after the bracket, or after the event name and its comma.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            is_at_argument: false,
        }
    }
}

impl<'a> Iterator for ArgSuffixes<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let mut cursor = Cursor::new(self.rest);
        if self.is_at_argument {
            json::skip_value(&mut cursor);
            cursor.eat_whitespace();
            cursor.eat(b',');
        }
        cursor.eat_whitespace();
        self.rest = self.rest.get(cursor.offset()..).unwrap_or_default();
        self.is_at_argument = !matches!(cursor.peek(), None | Some(b']'));
        self.is_at_argument.then_some(self.rest)
    }
}

/// An iterator over the JSON texts of the arguments in [`Args`](crate::Args).
#[derive(Clone, Debug)]
pub struct ArgsIter<'a> {
    pub(super) suffixes: ArgSuffixes<'a>,
}

impl<'a> Iterator for ArgsIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let from = self.suffixes.next()?;
        let mut cursor = Cursor::new(from);
        json::skip_value(&mut cursor);
        from.get(..cursor.offset())
    }
}

impl FusedIterator for ArgsIter<'_> {}
