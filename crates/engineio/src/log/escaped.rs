//! Text of clients in a form that is safe in logs, terminals and answers.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Write as _};

/// The longest text of a client in a log line or an answer, in bytes after escaping.
///
/// Names and messages of applications are shorter. A client can send a megabyte.
pub const MAX_TEXT: usize = 256;

/// The sign at the end of a text that was cut.
const ELLIPSIS: char = '…';

/// Displays a text that a client may have written, without characters that affect a log or a
/// terminal, and cut to [`MAX_TEXT`] bytes.
///
/// Line breaks, control characters, and characters that are invisible or change the direction of a
/// text are written as escapes of Rust, such as `\n` and `\u{1b}`. With `{:?}`, the text is quoted.
#[derive(Clone, Copy)]
pub struct Escaped<T>(pub T);

impl<T: fmt::Display> fmt::Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&EscapedText::of(&self.0, false))
    }
}

impl<T: fmt::Display> fmt::Debug for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", EscapedText::of(&self.0, true))
    }
}

/// A buffer that refuses text beyond the limit, so that a long text is not copied whole.
struct EscapedText {
    text: String,
    /// Whether quotes and backslashes are escaped too.
    quoted: bool,
}

impl EscapedText {
    fn of(value: &dyn fmt::Display, quoted: bool) -> String {
        let text = String::new();
        let mut escaped = Self { text, quoted };
        // Fails if the text is too long, or if the value does not display.
        let is_whole = write!(escaped, "{value}").is_ok();
        let Self { mut text, .. } = escaped;
        if !is_whole {
            let room = MAX_TEXT.saturating_sub(ELLIPSIS.len_utf8());
            text.truncate(text.floor_char_boundary(room));
            text.push(ELLIPSIS);
        }
        text
    }

    fn push(&mut self, part: &str) -> fmt::Result {
        if self.text.len().saturating_add(part.len()) > MAX_TEXT {
            return Err(fmt::Error);
        }
        self.text.push_str(part);
        Ok(())
    }
}

impl fmt::Write for EscapedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|char| self.write_char(char))
    }

    fn write_char(&mut self, char: char) -> fmt::Result {
        if is_plain(char) || matches!(char, '"' | '\\') && !self.quoted {
            self.push(char.encode_utf8(&mut [0; 4]))
        } else {
            let mut escape = String::new();
            write!(escape, "{}", char.escape_debug())?;
            self.push(&escape)
        }
    }
}

/// Returns whether a character is written as it is.
fn is_plain(char: char) -> bool {
    match char {
        '"' | '\\' => false,
        ' '..='~' => true,
        _ if char.is_ascii() => false,
        // Marks that combine with the character before them are escaped by `escape_debug` as well,
        // but most scripts need them. They are preceded by a character here.
        _ => !char.is_whitespace() && is_printable(char),
    }
}

/// Returns whether the standard library prints a character in the middle of a text as it is.
fn is_printable(char: char) -> bool {
    let mut text = [0; 5];
    let (first, rest) = text.split_at_mut(1);
    first.fill(b'a');
    let len = char.encode_utf8(rest).len();
    let text = text.get(..=len).unwrap_or_default();
    let text = std::str::from_utf8(text).unwrap_or_default();
    text.escape_debug().eq(text.chars())
}

/// Displays an error and its sources.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

/// Returns the message of a caught panic. It may contain text of a client.
#[must_use]
pub fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is not a string")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_unchanged() {
        for text in ["", "chat", "a 'b' \"c\" \\ `d`", "é 😀 हिन्दी 漢字"] {
            assert_eq!(Escaped(text).to_string(), text);
        }
        assert_eq!(format!("{:?}", Escaped("a \"b\"\n")), r#""a \"b\"\n""#);
    }

    #[test]
    fn characters_that_affect_a_terminal_are_escaped() {
        for (text, escaped) in [
            ("a\nb\r\n", r"a\nb\r\n"),
            ("\u{1b}[31m\0\u{7f}", r"\u{1b}[31m\0\u{7f}"),
            ("\u{9b}\u{85}", r"\u{9b}\u{85}"),
            ("\u{2028}\u{2029}", r"\u{2028}\u{2029}"),
            ("\u{202e}\u{2066}\u{200f}", r"\u{202e}\u{2066}\u{200f}"),
            ("\u{feff}\u{200b}\u{ad}", r"\u{feff}\u{200b}\u{ad}"),
            ("\u{e0041}\u{a0}", r"\u{e0041}\u{a0}"),
        ] {
            assert_eq!(Escaped(text).to_string(), escaped);
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let longest = "x".repeat(MAX_TEXT);
        assert_eq!(Escaped(&longest).to_string(), longest);
        let cut = Escaped(longest + "y").to_string();
        assert_eq!(cut.len(), MAX_TEXT);
        assert!(cut.ends_with("x…"));
        let cut = Escaped("é".repeat(MAX_TEXT)).to_string();
        assert!(cut.len() <= MAX_TEXT && cut.ends_with("é…"), "{cut}");
    }

    #[test]
    fn the_sources_of_an_error_follow_it() {
        let error = std::io::Error::other(std::io::Error::other("inner"));
        assert_eq!(Chain(&error).to_string(), "inner");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_line(text: String) {
            let escaped = Escaped(&text).to_string();
            prop_assert!(escaped.len() <= MAX_TEXT);
            prop_assert!(!escaped.contains(char::is_control));
        }
    }
}
