//! Validates a payload in one pass.

use super::nesting::{Container, Nesting};
use super::plain::plain_len;
use super::unescape::{LoneSurrogate, UNIT_LEN, surrogate_escape_len};
use super::{Cursor, EventName, Placeholder};

/// The limits of a payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScanLimits {
    /// The maximum nesting of arrays and objects.
    pub(crate) depth: usize,
    /// The number of attachments that placeholders can refer to. If it is 0, objects that look like
    /// placeholders are plain data.
    pub(crate) attachments: usize,
}

/// The error of an invalid payload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ScanError {
    Placeholder,
    Syntax,
    TooDeep,
}

/// The positions in an array of arguments that the scan has found, so that later code need not search
/// for them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ArgOffsets {
    pub(crate) name: Option<EventName>,
    /// The offset after the first argument and its closing quote, if it is a string without escapes
    /// that follows a comma or the bracket directly.
    pub(crate) plain_end: Option<usize>,
    /// Whether a string has the escape of an unpaired surrogate.
    pub(crate) has_lone_surrogate: bool,
}

impl From<Option<EventName>> for ArgOffsets {
    fn from(name: Option<EventName>) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }
}

/// Checks that a text is one JSON value. It does not recurse, and allocates only for more than 64 levels
/// of nesting.
///
/// The grammar is exactly that of JSON, except that leading white space is an error: Node's parser reads
/// it as an acknowledgement id.
pub(crate) fn scan_value(text: &str, limits: ScanLimits) -> Result<ArgOffsets, ScanError> {
    let mut scanner = Scanner::new(text, limits);
    if matches!(scanner.cursor.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        return Err(ScanError::Syntax);
    }
    scanner.values()?;
    Ok(ArgOffsets {
        has_lone_surrogate: scanner.has_lone_surrogate,
        ..ArgOffsets::default()
    })
}

/// Checks that a text is a JSON array.
pub(crate) fn scan_args(text: &str, limits: ScanLimits) -> Result<ArgOffsets, ScanError> {
    let mut scanner = Scanner::new(text, limits);
    scanner.open()?;
    if scanner.cursor.peek() == Some(b']') {
        // Only the end of the text may follow.
        scanner.ends_value()?;
        return Ok(ArgOffsets::default());
    }
    let plain_end = scanner.arguments('['.len_utf8())?;
    Ok(ArgOffsets {
        name: None,
        plain_end,
        has_lone_surrogate: scanner.has_lone_surrogate,
    })
}

/// Checks that a text is a JSON array whose first element, the name, is a string or a number.
#[inline]
pub(crate) fn scan_event(text: &str, limits: ScanLimits) -> Result<ArgOffsets, ScanError> {
    let mut scanner = Scanner::new(text, limits);
    scanner.open()?;
    let start = scanner.cursor.offset();
    let is_plain = match scanner.cursor.peek() {
        Some(b'"') => scanner.string()? && start == '['.len_utf8(),
        Some(b'-' | b'0'..=b'9') => {
            scanner.number()?;
            false
        }
        _ => return Err(ScanError::Syntax),
    };
    let end = scanner.cursor.offset();
    // White space before the comma is rare.
    let plain_end = if !scanner.cursor.eat(b',') && scanner.ends_value()? {
        None
    } else {
        scanner.arguments(end.saturating_add(','.len_utf8()))?
    };
    Ok(ArgOffsets {
        name: Some(EventName { end, is_plain }),
        plain_end,
        has_lone_surrogate: scanner.has_lone_surrogate,
    })
}

// Some methods are always inlined: they run at least once per token, and calls would make the scan of
// objects and of lists of numbers a quarter slower.
struct Scanner<'a> {
    cursor: Cursor<'a>,
    nesting: Nesting,
    limits: ScanLimits,
    has_lone_surrogate: bool,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, limits: ScanLimits) -> Self {
        Self {
            cursor: Cursor::new(text),
            nesting: Nesting::default(),
            limits,
            has_lone_surrogate: false,
        }
    }

    /// Scans the opening bracket of the array of arguments.
    #[inline(always)]
    fn open(&mut self) -> Result<(), ScanError> {
        if self.cursor.peek() != Some(b'[') {
            return Err(ScanError::Syntax);
        }
        self.enter(Container::Array)?;
        self.cursor.eat_whitespace();
        Ok(())
    }

    /// Scans from the start of the first argument to the end of the text. Returns the end of that
    /// argument if it is a string without escapes and without white space before it.
    fn arguments(&mut self, start: usize) -> Result<Option<usize>, ScanError> {
        let is_compact = self.cursor.offset() == start;
        if !is_compact || self.cursor.peek() != Some(b'"') {
            self.values()?;
            return Ok(None);
        }
        let is_plain = self.string()?;
        let end = self.cursor.offset();
        // Usually this was the last argument.
        if self.cursor.rest() != b"]" && !self.ends_value()? {
            self.values()?;
        }
        Ok(is_plain.then_some(end))
    }

    /// Scans from the start of a value to the end of the text.
    fn values(&mut self) -> Result<(), ScanError> {
        loop {
            self.cursor.eat_whitespace();
            match self.cursor.peek().ok_or(ScanError::Syntax)? {
                b'"' => {
                    self.string()?;
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b'{' => {
                    if !self.placeholder()? {
                        self.enter(Container::Object)?;
                        self.cursor.eat_whitespace();
                        if self.cursor.peek() != Some(b'}') {
                            self.key()?;
                            continue;
                        }
                    }
                }
                b'[' => {
                    self.enter(Container::Array)?;
                    self.cursor.eat_whitespace();
                    if self.cursor.peek() != Some(b']') {
                        continue;
                    }
                }
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => return Err(ScanError::Syntax),
            }
            if self.ends_value()? {
                return Ok(());
            }
        }
    }

    /// Scans the tokens after a value, up to the next value. Returns true at the end of the text.
    #[inline(always)]
    fn ends_value(&mut self) -> Result<bool, ScanError> {
        loop {
            self.cursor.eat_whitespace();
            let Some(byte) = self.cursor.next() else {
                return if self.nesting.depth() == 0 {
                    Ok(true)
                } else {
                    Err(ScanError::Syntax)
                };
            };
            match (byte, self.nesting.innermost()) {
                (b',', Some(Container::Array)) => return Ok(false),
                (b',', Some(Container::Object)) => {
                    self.cursor.eat_whitespace();
                    self.key()?;
                    return Ok(false);
                }
                (b']', Some(Container::Array)) | (b'}', Some(Container::Object)) => {
                    self.nesting.leave();
                }
                _ => return Err(ScanError::Syntax),
            }
        }
    }

    #[inline(always)]
    fn enter(&mut self, container: Container) -> Result<(), ScanError> {
        if self.nesting.depth() >= self.limits.depth {
            return Err(ScanError::TooDeep);
        }
        self.nesting.enter(container);
        self.cursor.skip(1);
        Ok(())
    }

    /// Scans a placeholder if there are attachments. Returns whether there was one.
    fn placeholder(&mut self) -> Result<bool, ScanError> {
        if self.limits.attachments == 0 {
            return Ok(false);
        }
        match Placeholder::read(&mut self.cursor) {
            None => Ok(false),
            Some(_) if self.nesting.depth() >= self.limits.depth => Err(ScanError::TooDeep),
            Some(Placeholder { index }) if index < self.limits.attachments => Ok(true),
            Some(_) => Err(ScanError::Placeholder),
        }
    }

    /// Scans the key of a member and the colon.
    fn key(&mut self) -> Result<(), ScanError> {
        if self.cursor.peek() != Some(b'"') {
            return Err(ScanError::Syntax);
        }
        let marks =
            self.limits.attachments > 0 && self.cursor.rest().starts_with(Placeholder::MARK);
        self.string()?;
        self.cursor.eat_whitespace();
        if !self.cursor.eat(b':') {
            return Err(ScanError::Syntax);
        }
        if marks {
            self.cursor.eat_whitespace();
            if Placeholder::is_marked(&self.cursor) {
                return Err(ScanError::Placeholder);
            }
        }
        Ok(())
    }

    fn literal<const LEN: usize>(&mut self, literal: &[u8; LEN]) -> Result<(), ScanError> {
        self.cursor
            .eat_all(literal)
            .then_some(())
            .ok_or(ScanError::Syntax)
    }

    #[inline(always)]
    fn number(&mut self) -> Result<(), ScanError> {
        self.cursor.eat(b'-');
        if !self.cursor.eat(b'0') {
            self.digits()?;
        }
        if self.cursor.peek() == Some(b'.') {
            self.cursor.skip(1);
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.cursor.peek() {
            self.cursor.skip(1);
            if let Some(b'+' | b'-') = self.cursor.peek() {
                self.cursor.skip(1);
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ScanError> {
        match self.cursor.eat_digits() {
            0 => Err(ScanError::Syntax),
            _ => Ok(()),
        }
    }

    /// Scans a string. Returns whether it has no escapes.
    #[inline(always)]
    fn string(&mut self) -> Result<bool, ScanError> {
        self.cursor.skip(1);
        self.cursor.skip(plain_len(self.cursor.rest()));
        if self.cursor.eat(b'"') {
            Ok(true)
        } else {
            self.rest_of_string().map(|()| false)
        }
    }

    /// Scans the rest of a string from an escape on.
    fn rest_of_string(&mut self) -> Result<(), ScanError> {
        loop {
            match self.cursor.next() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape()?,
                // A control character, or the end of the text.
                _ => return Err(ScanError::Syntax),
            }
            self.cursor.skip(plain_len(self.cursor.rest()));
        }
    }

    fn escape(&mut self) -> Result<(), ScanError> {
        match self.cursor.next() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => {
                self.check_hex_digits()?;
                match surrogate_escape_len(self.cursor.rest()) {
                    Ok(UNIT_LEN) => {}
                    // A pair: the second half follows the `\u`.
                    Ok(_) => {
                        self.cursor.skip(UNIT_LEN.saturating_add(r"\u".len()));
                        self.check_hex_digits()?;
                    }
                    Err(LoneSurrogate) => self.has_lone_surrogate = true,
                }
                self.cursor.skip(UNIT_LEN);
                Ok(())
            }
            _ => Err(ScanError::Syntax),
        }
    }

    /// Checks that the digits of a `\u` escape follow.
    fn check_hex_digits(&self) -> Result<(), ScanError> {
        let digits = self
            .cursor
            .rest()
            .get(..UNIT_LEN)
            .ok_or(ScanError::Syntax)?;
        if digits.iter().all(u8::is_ascii_hexdigit) {
            Ok(())
        } else {
            Err(ScanError::Syntax)
        }
    }
}

#[cfg(test)]
mod tests;
