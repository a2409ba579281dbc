//! A place in a text.

/// A place in a text, which only moves forward and never past the end.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    len: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            rest: text.as_bytes(),
            len: text.len(),
        }
    }

    /// Bytes between the start of the text and this place.
    pub(crate) fn offset(&self) -> usize {
        self.len.saturating_sub(self.rest.len())
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub(crate) fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    /// Passes this byte if it is the next one.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Passes these bytes if they are the next ones.
    #[inline]
    pub(crate) fn eat_all<const LEN: usize>(&mut self, bytes: &[u8; LEN]) -> bool {
        match self.rest.split_first_chunk() {
            Some((first, rest)) if first == bytes => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Passes digits and returns how many there were.
    pub(crate) fn eat_digits(&mut self) -> usize {
        let before = self.rest.len();
        let mut left = self.rest;
        while let [b'0'..=b'9', rest @ ..] = left {
            left = rest;
        }
        self.rest = left;
        before.saturating_sub(left.len())
    }

    /// Passes the white space that JSON allows between its tokens.
    #[inline]
    pub(crate) fn eat_whitespace(&mut self) {
        // Hardly anybody sends any, and then one comparison is enough.
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.rest = skip_whitespace(self.rest);
        }
    }
}

fn skip_whitespace(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}
