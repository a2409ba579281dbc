//! Writes strings and integers as JSON.

use super::plain::plain_len;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends an integer in decimal.
pub(crate) fn push_integer(out: &mut String, number: impl itoa::Integer) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// Appends a string in quotes, with the escapes that JSON requires.
pub(crate) fn push_string(out: &mut String, text: &str) {
    // Most strings need no escapes, so reserve once.
    out.reserve(text.len().saturating_add(2));
    out.push('"');
    if plain_len(text.as_bytes()) == text.len() {
        out.push_str(text);
    } else {
        push_escaped(out, text);
    }
    out.push('"');
}

/// Appends a part of a string, with the escapes that JSON requires.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    // A special character is one byte of ASCII, so both parts end at character boundaries.
    while let Some((plain, special)) = rest.split_at_checked(plain_len(rest.as_bytes())) {
        out.push_str(plain);
        let mut chars = special.chars();
        let Some(char) = chars.next() else { break };
        push_escape(out, char);
        rest = chars.as_str();
    }
}

fn push_escape(out: &mut String, char: char) {
    match char {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\u{c}' => out.push_str("\\f"),
        '\r' => out.push_str("\\r"),
        char => {
            out.push_str("\\u00");
            let digit = |bits: u32| HEX.get(bits as usize & 0xf).copied().map(char::from);
            let code = u32::from(char);
            out.extend(digit(code >> 4));
            out.extend(digit(code));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn string(text: &str) -> String {
        let mut out = String::new();
        push_string(&mut out, text);
        out
    }

    #[test]
    fn every_control_character_is_escaped() {
        for char in '\0'..='\u{7f}' {
            let text = format!("é{char}{char}a");
            assert_eq!(string(&text), serde_json::to_string(&text).unwrap());
        }
    }

    proptest! {
        #[test]
        fn strings_are_written_as_serde_json_writes_them(text in "(.|[\"\\\\\n\t\u{1}]){0,60}") {
            prop_assert_eq!(string(&text), serde_json::to_string(&text).unwrap());
        }
    }
}
