//! The parts of valid JSON.

use std::borrow::Cow;

use crate::error::DecodeError;
use crate::json::{self, Cursor};

/// Returns the values of the members with these keys.
pub(super) fn members<'m, const N: usize>(
    text: &'m str,
    keys: [&str; N],
) -> Result<[Option<&'m str>; N], DecodeError> {
    let mut found = [None; N];
    let mut members = JsonElements::open(text, b'{', b'}')?;
    while let Some(key) = members.next() {
        members.cursor.eat_whitespace();
        members.cursor.eat(b':');
        let value = members.value();
        let key = unquote(key);
        if let Some((_, place)) = keys.iter().zip(&mut found).find(|(name, _)| **name == key) {
            *place = Some(value);
        }
    }
    Ok(found)
}

fn unquote(key: &str) -> Cow<'_, str> {
    let raw = key.strip_prefix('"').unwrap_or(key);
    let raw = raw.strip_suffix('"').unwrap_or(raw);
    if raw.as_bytes().contains(&b'\\') {
        Cow::Owned(json::unescape(raw))
    } else {
        Cow::Borrowed(raw)
    }
}

/// An iterator over the elements of a list. It ends for invalid JSON too.
#[derive(Clone, Debug)]
pub(super) struct JsonElements<'m> {
    text: &'m str,
    cursor: Cursor<'m>,
    close: u8,
    is_first: bool,
}

impl<'m> JsonElements<'m> {
    pub(super) fn new(text: &'m str) -> Result<Self, DecodeError> {
        Self::open(text, b'[', b']')
    }

    fn open(text: &'m str, open: u8, close: u8) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(text);
        if !cursor.eat(open) {
            return Err(DecodeError::InvalidPayload);
        }
        Ok(Self {
            text,
            cursor,
            close,
            is_first: true,
        })
    }

    /// Skips a value and returns its text.
    fn value(&mut self) -> &'m str {
        self.cursor.eat_whitespace();
        let start = self.cursor.offset();
        json::skip_value(&mut self.cursor);
        self.text
            .get(start..self.cursor.offset())
            .unwrap_or_default()
    }
}

impl<'m> Iterator for JsonElements<'m> {
    type Item = &'m str;

    fn next(&mut self) -> Option<&'m str> {
        self.cursor.eat_whitespace();
        let has_next = if self.is_first {
            self.cursor.peek().is_some_and(|byte| byte != self.close)
        } else {
            self.cursor.eat(b',')
        };
        self.is_first = false;
        has_next.then(|| self.value())
    }
}
