//! Attachments inside JSON, in the form that `JSON.stringify` of Node writes a `Buffer` in:
//! `{"type":"Buffer","data":[1,2]}`.

use bytes::Bytes;
use memchr::{memchr2, memmem};

use crate::error::DecodeError;
use crate::json::{self, Cursor, Placeholder};
use crate::limits::DecodeLimits;

/// The text before the bytes, as Node writes it.
const OPENING: &[u8; 25] = br#"{"type":"Buffer","data":["#;

/// The text after the bytes.
const CLOSING: &[u8; 2] = b"]}";

/// The maximum length of one byte and its comma in decimal.
const BYTE_LEN: usize = 4;

/// Appends valid JSON with its attachments in place of their placeholders.
pub(super) fn push_inline(out: &mut String, json: &str, attachments: &[Bytes]) {
    if attachments.is_empty() {
        out.push_str(json);
        return;
    }
    let mut rest = Rest::new(json);
    while let Some(at) = rest.find_string_or_object() {
        if at == b'"' {
            rest.skip_string();
            continue;
        }
        let before = rest.before();
        match Placeholder::read(&mut rest.cursor)
            .and_then(|placeholder| attachments.get(placeholder.index))
        {
            Some(attachment) => {
                out.push_str(before);
                push_buffer(out, attachment);
                rest.restart();
            }
            None => rest.cursor.skip(1),
        }
    }
    out.push_str(rest.before());
}

/// Converts the buffers in valid JSON to attachments. Returns `None` if there are none.
pub(super) fn extract(
    json: &str,
    limits: &DecodeLimits,
) -> Result<Option<(String, Vec<Bytes>)>, DecodeError> {
    if memmem::find(json.as_bytes(), OPENING).is_none() {
        return Ok(None);
    }
    let mut out = String::with_capacity(json.len());
    let mut attachments = Vec::new();
    let mut size: usize = 0;
    let mut rest = Rest::new(json);
    while let Some(at) = rest.find_string_or_object() {
        let before = rest.before();
        if at == b'"' {
            if rest.cursor.eat_all(Placeholder::MARK) {
                // This object only looks like a placeholder.
                out.push_str(before);
                out.push('"');
                out.push_str(Placeholder::PLAIN_KEY);
                out.push('"');
                rest.restart();
            } else {
                rest.skip_string();
            }
            continue;
        }
        let Some(bytes) = read_buffer(&mut rest.cursor) else {
            rest.cursor.skip(1);
            continue;
        };
        let index = attachments.len();
        let limit = limits.max_attachments;
        if index >= limit {
            return Err(DecodeError::TooManyAttachments { limit });
        }
        let limit = limits.max_attachment_bytes;
        size = size.saturating_add(bytes.len());
        if size > limit {
            return Err(DecodeError::AttachmentsTooLarge { limit });
        }
        attachments.push(bytes.into());
        out.push_str(before);
        Placeholder { index }.push(&mut out);
        rest.restart();
    }
    out.push_str(rest.before());
    Ok((!attachments.is_empty()).then_some((out, attachments)))
}

/// The part of a text after the last replaced part.
struct Rest<'a> {
    text: &'a str,
    start: usize,
    cursor: Cursor<'a>,
}

impl<'a> Rest<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            start: 0,
            cursor: Cursor::new(text),
        }
    }

    /// Moves the cursor to the next string or object and returns its first byte, or to the end.
    fn find_string_or_object(&mut self) -> Option<u8> {
        match memchr2(b'"', b'{', self.cursor.rest()) {
            Some(count) => self.cursor.skip(count),
            None => self.cursor.skip(self.cursor.rest().len()),
        }
        self.cursor.peek()
    }

    fn skip_string(&mut self) {
        json::skip_value(&mut self.cursor);
    }

    /// Returns the text between the last replaced part and the cursor.
    fn before(&self) -> &'a str {
        self.text
            .get(self.start..self.cursor.offset())
            .unwrap_or_default()
    }

    /// Marks the text up to the cursor as replaced.
    fn restart(&mut self) {
        self.start = self.cursor.offset();
    }
}

/// Appends one buffer.
pub(super) fn push_buffer(out: &mut String, bytes: &[u8]) {
    out.reserve(bytes.len().saturating_mul(BYTE_LEN));
    out.push_str(r#"{"type":"Buffer","data":["#);
    for (index, &byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        json::push_integer(out, byte);
    }
    out.push_str("]}");
}

/// Reads a buffer and moves the cursor after it. Otherwise the cursor does not move.
fn read_buffer(cursor: &mut Cursor<'_>) -> Option<Vec<u8>> {
    let mut ahead = cursor.clone();
    if !ahead.eat_all(OPENING) {
        return None;
    }
    let mut bytes = Vec::new();
    if !ahead.eat_all(CLOSING) {
        loop {
            bytes.push(read_byte(&mut ahead)?);
            if ahead.eat_all(CLOSING) {
                break;
            }
            if !ahead.eat(b',') {
                return None;
            }
        }
    }
    *cursor = ahead;
    Some(bytes)
}

fn read_byte(cursor: &mut Cursor<'_>) -> Option<u8> {
    let digits = cursor.rest();
    let count = cursor.eat_digits();
    std::str::from_utf8(digits.get(..count)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline(json: &str, attachments: &[Bytes]) -> String {
        let mut out = String::new();
        push_inline(&mut out, json, attachments);
        out
    }

    #[test]
    fn placeholders_become_buffers() {
        let attachments = [Bytes::from_static(&[0, 255]), Bytes::new()];
        let json = r#"["{",{"_placeholder":true,"num":1},{"a":{"num":0,"_placeholder":true}},{}]"#;
        let expected =
            r#"["{",{"type":"Buffer","data":[]},{"a":{"type":"Buffer","data":[0,255]}},{}]"#;
        assert_eq!(inline(json, &attachments), expected);
        assert_eq!(inline(json, &[]), json);
    }

    #[test]
    fn buffers_become_attachments() {
        let json = r#"[{"type":"Buffer","data":[0,255]},"\"",{"b":{"type":"Buffer","data":[]}}]"#;
        let (text, attachments) = extract(json, &DecodeLimits::default()).unwrap().unwrap();
        let expected =
            r#"[{"_placeholder":true,"num":0},"\"",{"b":{"_placeholder":true,"num":1}}]"#;
        assert_eq!(text, expected);
        assert_eq!(attachments, [&[0, 255][..], &[]]);
        assert_eq!(inline(&text, &attachments), json);
    }

    #[test]
    fn objects_that_look_like_placeholders_stay_objects_beside_buffers() {
        let json = r#"[{"type":"Buffer","data":[1]},{"_placeholder":true,"num":0}]"#;
        let (text, attachments) = extract(json, &DecodeLimits::default()).unwrap().unwrap();
        let expected = r#"[{"_placeholder":true,"num":0},{"\u005fplaceholder":true,"num":0}]"#;
        assert_eq!(text, expected);
        assert_eq!(attachments.len(), 1);
    }

    #[test]
    fn other_objects_are_no_buffers() {
        for json in [
            r#"[{"type":"Buffer","data":[256]}]"#,
            r#"[{"type":"Buffer","data":[1,]}]"#,
            r#"[{"type":"Buffer","data":[-1]}]"#,
            r#"[{"type":"Buffer","data":[1.0]}]"#,
            r#"[{"type":"Buffer","data":[1],"more":1}]"#,
            r#"[{"data":[1],"type":"Buffer"}]"#,
            r#"["{\"type\":\"Buffer\",\"data\":[1]}"]"#,
        ] {
            assert_eq!(extract(json, &DecodeLimits::default()), Ok(None), "{json}");
        }
    }

    #[test]
    fn buffers_have_the_limits_of_attachments() {
        let json = r#"[{"type":"Buffer","data":[1,2]},{"type":"Buffer","data":[3]}]"#;
        let limits = DecodeLimits::default();
        let at = limits
            .clone()
            .with_max_attachments(2)
            .with_max_attachment_bytes(3);
        assert!(extract(json, &at).is_ok());
        assert_eq!(
            extract(json, &at.clone().with_max_attachments(1)),
            Err(DecodeError::TooManyAttachments { limit: 1 })
        );
        assert_eq!(
            extract(json, &at.with_max_attachment_bytes(2)),
            Err(DecodeError::AttachmentsTooLarge { limit: 2 })
        );
    }
}
