//! Strings as JSON writes them.

use super::plain::plain_len;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a text in quotes, with the escapes that JSON asks for.
pub(crate) fn push_string(out: &mut String, text: &str) {
    // Most texts need no escapes, so room is asked for once.
    out.reserve(text.len().saturating_add(2));
    out.push('"');
    if plain_len(text.as_bytes()) == text.len() {
        out.push_str(text);
    } else {
        push_escaped(out, text);
    }
    out.push('"');
}

/// Appends a piece of a text, with the escapes that JSON asks for.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    // What is special is one byte of ASCII, so what is around it is whole characters.
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
        fn it_writes_what_serde_json_writes(text in "(.|[\"\\\\\n\t\u{1}]){0,60}") {
            prop_assert_eq!(string(&text), serde_json::to_string(&text).unwrap());
        }
    }
}
