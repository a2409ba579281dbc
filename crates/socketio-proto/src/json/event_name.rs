//! The position of an event name in a payload.

use std::borrow::Cow;

use super::unescape;

/// The position of an event name: the first element of an array, a string or a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct EventName {
    /// The offset in the array after the name and its closing quote.
    pub(crate) end: usize,
    /// Whether the name is known to be a string without escapes that follows the bracket directly.
    pub(crate) is_plain: bool,
}

impl EventName {
    /// Returns the name if it is known to be a string without escapes.
    #[inline]
    pub(crate) fn plain(self, array: &str) -> Option<&str> {
        if self.is_plain {
            array.get(2..self.end.checked_sub(1)?)
        } else {
            None
        }
    }

    /// Returns the JSON token of the name.
    pub(crate) fn token(self, array: &str) -> &str {
        let token = array.get('['.len_utf8()..self.end).unwrap_or_default();
        token.trim_ascii_start()
    }

    /// Reads the name from its token. A number is returned as its text.
    pub(crate) fn read(token: &str) -> Cow<'_, str> {
        let unquoted = token
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        match unquoted {
            Some(raw) if raw.as_bytes().contains(&b'\\') => Cow::Owned(unescape(raw)),
            Some(raw) => Cow::Borrowed(raw),
            None => Cow::Borrowed(token),
        }
    }
}
