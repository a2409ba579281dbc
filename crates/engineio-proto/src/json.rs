//! JSON strings, for the fixed objects of the protocol.

use std::fmt::Write as _;

/// Appends `text` as a JSON string with its quotation marks.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                // Writing into a `String` cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = String::new();
        push_string(&mut out, text);
        out
    }

    #[test]
    fn plain_text_is_quoted() {
        assert_eq!(quoted("Transport unknown"), "\"Transport unknown\"");
        assert_eq!(quoted("grüße 🦀"), "\"grüße 🦀\"");
    }

    #[test]
    fn reserved_characters_are_escaped() {
        assert_eq!(quoted("a\"b\\c"), r#""a\"b\\c""#);
        assert_eq!(quoted("\n\r\t\u{1}\u{1f}"), r#""\n\r\t\u0001\u001f""#);
    }
}
