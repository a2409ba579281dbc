//! JSONP polling, for browsers without cross-origin requests: a `<script>` element polls and a form
//! posts.

use std::borrow::Cow;
use std::fmt::Write as _;

use bytes::Bytes;
use percent_encoding::percent_decode;

/// The form field that contains the packets.
const FIELD: &[u8] = b"d";

/// The callback of a JSONP poll.
///
/// The response to a poll is a script that calls a function of the page with the payload as a
/// JavaScript string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Jsonp {
    /// The index of the function. Digits only, because it becomes part of a script.
    index: String,
}

impl Jsonp {
    /// Creates the callback for the `j` parameter of a query.
    pub(crate) fn with_index(index: &str) -> Self {
        let index = index.chars().filter(char::is_ascii_digit).collect();
        Self { index }
    }

    /// Returns the script that passes a text payload to the page.
    pub(crate) fn script(&self, payload: &str) -> Bytes {
        let mut out = String::with_capacity(payload.len() + payload.len() / 4 + 32);
        out.push_str("___eio[");
        out.push_str(&self.index);
        out.push_str("](\"");
        for character in payload.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                // The last two are valid in JSON strings, but not in those of older JavaScript.
                '\0'..' ' | '\u{2028}' | '\u{2029}' => {
                    // Writing to a `String` cannot fail.
                    let _ = write!(out, "\\u{:04x}", u32::from(character));
                }
                other => out.push(other),
            }
        }
        out.push_str("\");");
        out.into()
    }
}

/// Returns the payload in a form. Returns `None` if there is none, or more than one.
pub(crate) fn payload_of_form(form: &[u8]) -> Option<Bytes> {
    let mut payloads = form.split(|byte| *byte == b'&').filter_map(|pair| {
        let equals = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        let (name, value) = pair.split_at(equals);
        (decode(name) == FIELD).then(|| value.strip_prefix(b"=").unwrap_or_default())
    });
    let payload = payloads.next()?;
    if payloads.next().is_some() {
        return None;
    }
    Some(unescape(&decode(payload)).into())
}

fn decode(text: &[u8]) -> Vec<u8> {
    let with_blanks: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    match Cow::from(percent_decode(&with_blanks)) {
        Cow::Owned(decoded) => decoded,
        Cow::Borrowed(_) => with_blanks,
    }
}

/// Reverts the escaping of line ends, which browsers would normalize in forms: `\n` stands for a
/// line end, and `\\n` for `\n`.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match (&*out, byte) {
            ([.., b'\\', b'\\'], b'n') => {
                out.pop();
                out.push(b'n');
            }
            ([.., b'\\'], b'n') => {
                out.pop();
                out.push(b'\n');
            }
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_consists_of_digits() {
        let index = |asked: &str| Jsonp::with_index(asked).index;
        assert_eq!(index("12"), "12");
        assert_eq!(index(""), "");
        assert_eq!(index("0](alert(1))//"), "01");
        assert_eq!(index("%30"), "30");
    }

    #[test]
    fn a_payload_becomes_a_javascript_string() {
        let jsonp = Jsonp::with_index("3");
        let script = jsonp.script("a\"b\\c\n\r\t\0\u{1f}\u{2028}\u{2029}é🦀");
        let expected = r#"___eio[3]("a\"b\\c\n\r\t\u0000\u001f\u2028\u2029é🦀");"#;
        assert_eq!(script, expected);
    }

    #[test]
    fn the_payload_is_a_form_field() {
        let payload = |form: &str| payload_of_form(form.as_bytes());
        assert_eq!(payload("d=1%3A2").unwrap(), "1:2");
        assert_eq!(payload("a=b&d=4%C3%A9+b%2B&c").unwrap(), "4é b+");
        assert_eq!(payload("%64=x").unwrap(), "x");
        assert_eq!(payload("d").unwrap(), "");
        assert_eq!(payload("d=a=b").unwrap(), "a=b");
        assert_eq!(payload("d=%zz%4").unwrap(), "%zz%4");
        assert_eq!(payload(""), None);
        assert_eq!(payload("e=1"), None);
        assert_eq!(payload("d=1&d=2"), None);
    }

    #[test]
    fn escaped_line_ends_are_restored() {
        let unescaped = |text: &str| String::from_utf8(unescape(text.as_bytes())).unwrap();
        assert_eq!(unescaped(r"a\nb"), "a\nb");
        assert_eq!(unescaped(r"a\\nb"), r"a\nb");
        assert_eq!(unescaped(r"a\\\nb"), r"a\\nb");
        assert_eq!(unescaped(r"\n\n\\n\n"), "\n\n\\n\n");
        assert_eq!(unescaped(r"\t\\ \"), r"\t\\ \");
    }
}
