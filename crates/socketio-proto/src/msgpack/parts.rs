//! Iterates over the parts of a JSON text.

use bytes::Bytes;

use crate::json::{self, Cursor, Placeholder};

/// A part of a JSON text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum JsonPart<'a> {
    Attachment(&'a [u8]),
    /// The end of an array or object.
    Close,
    /// The separator of two elements or members.
    Comma,
    OpenArray,
    OpenObject,
    /// The characters between the quotes of a string.
    Text(&'a str),
    /// A number, a boolean or `null`.
    Word(&'a str),
}

/// An iterator over the parts of valid JSON. It terminates for invalid JSON too.
#[derive(Clone, Debug)]
pub(super) struct JsonParts<'a> {
    text: &'a str,
    attachments: &'a [Bytes],
    cursor: Cursor<'a>,
}

impl<'a> JsonParts<'a> {
    pub(super) fn new(text: &'a str, attachments: &'a [Bytes]) -> Self {
        Self {
            text,
            attachments,
            cursor: Cursor::new(text),
        }
    }

    /// Skips a placeholder that refers to an attachment, and returns the attachment.
    fn attachment(&mut self) -> Option<&'a [u8]> {
        let mut ahead = self.cursor.clone();
        let Placeholder { index } = Placeholder::read(&mut ahead)?;
        let attachment = self.attachments.get(index)?;
        self.cursor = ahead;
        Some(attachment)
    }

    /// Skips a value without elements and returns its text.
    fn scalar(&mut self) -> &'a str {
        let start = self.cursor.offset();
        json::skip_value(&mut self.cursor);
        self.text
            .get(start..self.cursor.offset())
            .unwrap_or_default()
    }

    fn advance(&mut self, part: JsonPart<'a>) -> JsonPart<'a> {
        self.cursor.skip(1);
        part
    }
}

impl<'a> Iterator for JsonParts<'a> {
    type Item = JsonPart<'a>;

    fn next(&mut self) -> Option<JsonPart<'a>> {
        self.cursor.eat_whitespace();
        if self.cursor.eat(b':') {
            self.cursor.eat_whitespace();
        }
        Some(match self.cursor.peek()? {
            b',' => self.advance(JsonPart::Comma),
            b'[' => self.advance(JsonPart::OpenArray),
            b']' | b'}' => self.advance(JsonPart::Close),
            b'{' => match self.attachment() {
                Some(bytes) => JsonPart::Attachment(bytes),
                None => self.advance(JsonPart::OpenObject),
            },
            b'"' => {
                let quoted = self.scalar();
                let rest = quoted.strip_prefix('"').unwrap_or(quoted);
                JsonPart::Text(rest.strip_suffix('"').unwrap_or(rest))
            }
            _ => match self.scalar() {
                "" => return None,
                word => JsonPart::Word(word),
            },
        })
    }
}

/// Returns the number of elements of each array and object, in the order in which they open.
///
/// MessagePack writes this number before the elements.
pub(super) fn lengths(json: &str, attachments: &[Bytes]) -> Vec<usize> {
    let mut lengths: Vec<usize> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut has_opened = false;
    for part in JsonParts::new(json, attachments) {
        // Each element except the first follows a comma.
        let is_counted = part == JsonPart::Comma || (has_opened && part != JsonPart::Close);
        let innermost = open.last().and_then(|&index| lengths.get_mut(index));
        if let (true, Some(length)) = (is_counted, innermost) {
            *length = length.saturating_add(1);
        }
        has_opened = matches!(part, JsonPart::OpenArray | JsonPart::OpenObject);
        if has_opened {
            open.push(lengths.len());
            lengths.push(0);
        } else if part == JsonPart::Close {
            open.pop();
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_counted_in_the_order_of_their_containers() {
        let placeholder = r#"{"_placeholder":true,"num":0}"#;
        let attachments = [Bytes::from("a")];
        for (json, expected) in [
            ("[]", vec![0]),
            ("1", vec![]),
            (" [ ] ", vec![0]),
            (r#"["a,b",{},[[]],3]"#, vec![4, 0, 1, 0]),
            (r#"{"a":[1,2],"b":{"c":"}"}}"#, vec![2, 2, 1]),
            (&format!("[{placeholder},{placeholder}]"), vec![2]),
            (r#"[{"_placeholder":true,"num":1}]"#, vec![1, 2]),
        ] {
            assert_eq!(lengths(json, &attachments), expected, "{json}");
        }
    }

    #[test]
    fn counting_terminates_for_invalid_json() {
        for text in [
            "", ":", "::", "[", "}", "\"", "]]", ",,", "{\"", "\u{b}", "a\u{b}",
        ] {
            assert!(lengths(text, &[]).len() <= text.len());
        }
    }
}
