//! Where the arguments are in a text.

use crate::json::{self, Cursor};

/// The places at which arguments begin; each item is the text from there on.
///
/// An argument is passed when the next one is asked for, not before: whoever wants only the first
/// one pays for no more.
#[derive(Clone, Debug)]
pub(super) struct ArgPlaces<'a> {
    rest: &'a str,
    is_at_argument: bool,
}

impl<'a> ArgPlaces<'a> {
    /// `text` begins behind the bracket, or behind the name of the event and its comma.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            is_at_argument: false,
        }
    }
}

impl<'a> Iterator for ArgPlaces<'a> {
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
