//! Skips values.

use memchr::memchr2;

use super::Cursor;

/// Skips one value of valid JSON and the white space before it.
///
/// It does not recurse, and terminates for invalid JSON too.
pub(crate) fn skip_value(cursor: &mut Cursor<'_>) {
    cursor.eat_whitespace();
    match cursor.peek() {
        Some(b'"') => {
            cursor.skip(1);
            skip_string(cursor);
        }
        Some(b'[' | b'{') => skip_container(cursor),
        _ => {
            let is_part = |byte: &&u8| !matches!(byte, b',' | b']' | b'}' | b' ' | b'\t'..=b'\r');
            let count = cursor.rest().iter().take_while(is_part).count();
            cursor.skip(count);
        }
    }
}

/// Skips the rest of a string after its opening quote.
fn skip_string(cursor: &mut Cursor<'_>) {
    while let Some(plain) = memchr2(b'"', b'\\', cursor.rest()) {
        cursor.skip(plain);
        if cursor.eat(b'"') {
            return;
        }
        // A backslash and the escaped character.
        cursor.skip(2);
    }
    cursor.skip(cursor.rest().len());
}

fn skip_container(cursor: &mut Cursor<'_>) {
    let mut depth: usize = 0;
    while let Some(byte) = cursor.next() {
        match byte {
            b'"' => skip_string(cursor),
            b'[' | b'{' => depth = depth.saturating_add(1),
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return;
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipping_stops_after_the_value() {
        for value in [
            "1",
            "-1.5e+3",
            "true",
            "null",
            r#""""#,
            r#""a,]}b""#,
            r#""\"\\""#,
            "[]",
            "[[],{}]",
            r#"{"a":["]}",{"b":"\\\""}]}"#,
        ] {
            for (before, after) in [
                ("", ""),
                (" \t\r\n", ",1"),
                ("", "]"),
                ("", " ,"),
                ("", "}"),
            ] {
                let text = format!("{before}{value}{after}");
                let mut cursor = Cursor::new(&text);
                skip_value(&mut cursor);
                assert_eq!(cursor.rest(), after.as_bytes(), "{text}");
            }
        }
    }

    #[test]
    fn skipping_terminates_for_invalid_json() {
        for text in ["", "\"", "\"\\", "[", "[{\"", "]", "}", ","] {
            skip_value(&mut Cursor::new(text));
        }
    }
}
