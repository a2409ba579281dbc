//! The parts of JSON, one after the other.

use bytes::Bytes;

use crate::json::{self, Cursor, Placeholder};

/// A part of a JSON text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part<'a> {
    Attachment(&'a [u8]),
    /// The end of an array or object.
    Close,
    /// What is between two elements or members.
    Comma,
    OpenArray,
    OpenObject,
    /// What is between the quotes of a string.
    Text(&'a str),
    /// A number, a truth value or `null`.
    Word(&'a str),
}

/// The parts of a text that is known to be JSON. Of any other text there is an end, too.
#[derive(Clone, Debug)]
pub(super) struct Parts<'a> {
    text: &'a str,
    attachments: &'a [Bytes],
    cursor: Cursor<'a>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(text: &'a str, attachments: &'a [Bytes]) -> Self {
        Self {
            text,
            attachments,
            cursor: Cursor::new(text),
        }
    }

    /// Passes a placeholder, if there is its attachment.
    fn attachment(&mut self) -> Option<&'a [u8]> {
        let mut ahead = self.cursor.clone();
        let Placeholder { index } = Placeholder::read(&mut ahead)?;
        let attachment = self.attachments.get(index)?;
        self.cursor = ahead;
        Some(attachment)
    }

    /// Passes a value without elements.
    fn scalar(&mut self) -> &'a str {
        let start = self.cursor.offset();
        json::skip_value(&mut self.cursor);
        self.text
            .get(start..self.cursor.offset())
            .unwrap_or_default()
    }

    fn pass(&mut self, part: Part<'a>) -> Part<'a> {
        self.cursor.skip(1);
        part
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        self.cursor.eat_whitespace();
        if self.cursor.eat(b':') {
            self.cursor.eat_whitespace();
        }
        Some(match self.cursor.peek()? {
            b',' => self.pass(Part::Comma),
            b'[' => self.pass(Part::OpenArray),
            b']' | b'}' => self.pass(Part::Close),
            b'{' => match self.attachment() {
                Some(bytes) => Part::Attachment(bytes),
                None => self.pass(Part::OpenObject),
            },
            b'"' => {
                let quoted = self.scalar();
                let rest = quoted.strip_prefix('"').unwrap_or(quoted);
                Part::Text(rest.strip_suffix('"').unwrap_or(rest))
            }
            _ => match self.scalar() {
                "" => return None,
                word => Part::Word(word),
            },
        })
    }
}

/// How many elements each array and object has, in the order in which they open.
///
/// MessagePack wants to be told before the elements come.
pub(super) fn lengths(json: &str, attachments: &[Bytes]) -> Vec<usize> {
    let mut lengths: Vec<usize> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut has_opened = false;
    for part in Parts::new(json, attachments) {
        // Each element but the first comes behind a comma.
        let is_counted = part == Part::Comma || (has_opened && part != Part::Close);
        let innermost = open.last().and_then(|&place| lengths.get_mut(place));
        if let (true, Some(length)) = (is_counted, innermost) {
            *length = length.saturating_add(1);
        }
        has_opened = matches!(part, Part::OpenArray | Part::OpenObject);
        if has_opened {
            open.push(lengths.len());
            lengths.push(0);
        } else if part == Part::Close {
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
    fn what_is_no_json_ends_too() {
        for text in [
            "", ":", "::", "[", "}", "\"", "]]", ",,", "{\"", "\u{b}", "a\u{b}",
        ] {
            assert!(lengths(text, &[]).len() <= text.len());
        }
    }
}
