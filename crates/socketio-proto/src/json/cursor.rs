//! A position in a text.

/// A position in a text that only moves forward and never past the end.
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

    /// Returns the number of bytes before the position.
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

    /// Skips this byte if it is the next one. Returns whether it was.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Skips these bytes if they are the next ones. Returns whether they were.
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

    /// Skips digits and returns their number.
    pub(crate) fn eat_digits(&mut self) -> usize {
        let before = self.rest.len();
        let mut left = self.rest;
        while let [b'0'..=b'9', rest @ ..] = left {
            left = rest;
        }
        self.rest = left;
        before.saturating_sub(left.len())
    }

    /// Skips the white space that JSON allows between tokens.
    #[inline]
    pub(crate) fn eat_whitespace(&mut self) {
        // White space is rare, so one comparison decides in most cases.
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
