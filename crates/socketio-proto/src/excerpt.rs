//! Text that quotes a peer, in a form that is safe in logs and terminals.

use std::fmt::{self, Write};

/// The longest text that quotes a peer, in bytes after escaping.
const MAX_LEN: usize = 256;

/// The sign at the end of a text that was cut.
const ELLIPSIS: char = '…';

/// Returns the text of a value, cut to [`MAX_LEN`] bytes. Control characters, and characters that
/// are invisible or change the direction of a text, are written as escapes of Rust.
///
/// The crate `engineio` escapes its log lines in the same way. It does not depend on this crate.
pub(crate) fn excerpt(value: impl fmt::Display) -> Box<str> {
    let mut excerpt = Excerpt(String::new());
    // Fails if the text is too long, or if the value does not display.
    let is_whole = write!(excerpt, "{value}").is_ok();
    let Excerpt(mut text) = excerpt;
    if !is_whole {
        let room = MAX_LEN.saturating_sub(ELLIPSIS.len_utf8());
        text.truncate(text.floor_char_boundary(room));
        text.push(ELLIPSIS);
    }
    text.into()
}

/// A buffer that refuses text beyond the limit, so that a long text is not copied whole.
struct Excerpt(String);

impl Excerpt {
    fn push(&mut self, part: &str) -> fmt::Result {
        if self.0.len().saturating_add(part.len()) > MAX_LEN {
            return Err(fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

impl Write for Excerpt {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|char| self.write_char(char))
    }

    fn write_char(&mut self, char: char) -> fmt::Result {
        // Marks that combine with the letter before them are printed as they are.
        let mut pair = [b'a'; 5];
        let len = char.encode_utf8(pair.split_at_mut(1).1).len();
        let pair = pair.get(..=len).unwrap_or_default();
        let pair = str::from_utf8(pair).unwrap_or_default();
        let is_plain = match char {
            ' '..='~' => true,
            _ => !char.is_whitespace() && pair.escape_debug().eq(pair.chars()),
        };
        if is_plain {
            self.push(char.encode_utf8(&mut [0; 4]))
        } else {
            self.push(&char.escape_debug().to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_unchanged() {
        for text in ["", "chat", "a 'b' \"c\" \\ `d`", "é 😀 हिन्दी 漢字"] {
            assert_eq!(&*excerpt(text), text);
        }
    }

    #[test]
    fn characters_that_affect_a_terminal_are_escaped() {
        for (text, escaped) in [
            ("a\nb\r\n", r"a\nb\r\n"),
            ("\u{1b}[31m\0\u{7f}", r"\u{1b}[31m\0\u{7f}"),
            ("\u{9b}\u{85}", r"\u{9b}\u{85}"),
            ("\u{2028}\u{202e}\u{2066}", r"\u{2028}\u{202e}\u{2066}"),
            ("\u{feff}\u{200b}\u{a0}", r"\u{feff}\u{200b}\u{a0}"),
        ] {
            assert_eq!(&*excerpt(text), escaped);
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let longest = "é".repeat(MAX_LEN / 2);
        assert_eq!(&*excerpt(&longest), longest);
        let cut = excerpt(longest + "y");
        assert!(cut.len() <= MAX_LEN && cut.ends_with("é…"), "{cut}");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_line(text: String) {
            let excerpt = excerpt(&text);
            prop_assert!(excerpt.len() <= MAX_LEN);
            prop_assert!(!excerpt.contains(char::is_control));
        }
    }
}
