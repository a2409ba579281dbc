//! Where an event's name is.

use std::borrow::Cow;

use super::unescape;

/// The name of an event: the first element of an array, a string or a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct EventName {
    /// First byte of the array behind the name and its quote.
    pub(crate) end: usize,
    /// Whether it is known to be a string without escapes, right behind the bracket.
    pub(crate) is_plain: bool,
}

impl EventName {
    /// The name, if it is known to need no reading.
    #[inline]
    pub(crate) fn plain(self, array: &str) -> Option<&str> {
        if self.is_plain {
            array.get(2..self.end.checked_sub(1)?)
        } else {
            None
        }
    }

    /// The name as it is written in its array.
    pub(crate) fn token(self, array: &str) -> &str {
        let token = array.get('['.len_utf8()..self.end).unwrap_or_default();
        token.trim_ascii_start()
    }

    /// The name that a token is. Of a number it is the text.
    pub(crate) fn read(token: &str) -> Cow<'_, str> {
        let unquoted = token
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        match unquoted {
            Some(raw) if raw.contains('\\') => Cow::Owned(unescape(raw)),
            Some(raw) => Cow::Borrowed(raw),
            None => Cow::Borrowed(token),
        }
    }
}
