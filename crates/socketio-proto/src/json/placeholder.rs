//! The placeholders of attachments.

use super::{Cursor, push_integer};

/// The object that refers to an attachment: `{"_placeholder":true,"num":0}`.
///
/// A placeholder has exactly these two members, in either order. Node's parser also accepts objects
/// with further members, which no client sends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Placeholder {
    /// The index of the attachment, counted from 0.
    pub(crate) index: usize,
}

impl Placeholder {
    /// The key that marks the object.
    pub(crate) const KEY: &'static str = "_placeholder";

    /// The same key written with an escape, which marks no placeholder: for objects of an application
    /// that look like placeholders.
    pub(crate) const PLAIN_KEY: &'static str = r"\u005fplaceholder";

    /// The key that marks the object, as a JSON text.
    pub(crate) const MARK: &'static [u8; 14] = br#""_placeholder""#;

    /// The text before the number, as all known clients write it.
    const OPENING: &'static [u8; 27] = br#"{"_placeholder":true,"num":"#;

    /// Reads a placeholder and moves the cursor after it. Otherwise the cursor does not move.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let mut ahead = cursor.clone();
        if ahead.eat_all(Self::OPENING)
            && let Some(index) = read_index(&mut ahead)
            && ahead.eat(b'}')
        {
            *cursor = ahead;
            return Some(Self { index });
        }
        Self::read_members(cursor)
    }

    /// Reads a placeholder with members in any order and with any white space.
    fn read_members(cursor: &mut Cursor<'_>) -> Option<Self> {
        let mut ahead = cursor.clone();
        if !ahead.eat(b'{') {
            return None;
        }
        let mut member = Member::read(&mut ahead)?;
        if !ahead.eat(b',') {
            return None;
        }
        let second = Member::read(&mut ahead)?;
        if !ahead.eat(b'}') {
            return None;
        }
        if member == Member::Mark {
            member = second;
        } else if second != Member::Mark {
            return None;
        }
        let Member::Index(index) = member else {
            return None;
        };
        *cursor = ahead;
        Some(Self { index })
    }

    /// Appends the form that [`read`](Self::read) reads.
    pub(crate) fn push(self, out: &mut String) {
        out.push_str(r#"{"_placeholder":true,"num":"#);
        push_integer(out, self.index);
        out.push('}');
    }

    /// Returns whether a member with the key [`MARK`](Self::MARK) makes its object a placeholder. The
    /// cursor is at the value of the member.
    pub(crate) fn is_marked(cursor: &Cursor<'_>) -> bool {
        cursor.rest().starts_with(b"true")
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Member {
    Mark,
    Index(usize),
}

impl Member {
    /// Reads a member of a placeholder and the white space around it.
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        cursor.eat_whitespace();
        let is_mark = cursor.eat_all(Placeholder::MARK);
        if !is_mark && !cursor.eat_all(br#""num""#) {
            return None;
        }
        cursor.eat_whitespace();
        if !cursor.eat(b':') {
            return None;
        }
        cursor.eat_whitespace();
        let member = if is_mark {
            cursor.eat_all(b"true").then_some(Self::Mark)
        } else {
            read_index(cursor).map(Self::Index)
        }?;
        cursor.eat_whitespace();
        Some(member)
    }
}

fn read_index(cursor: &mut Cursor<'_>) -> Option<usize> {
    let digits = cursor.rest();
    let count = cursor.eat_digits();
    // JSON has no leading zeros.
    if count > 1 && digits.first() == Some(&b'0') {
        return None;
    }
    std::str::from_utf8(digits.get(..count)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(usize, usize)> {
        let mut cursor = Cursor::new(text);
        let placeholder = Placeholder::read(&mut cursor);
        if placeholder.is_none() {
            assert_eq!(cursor.offset(), 0, "the cursor has moved in {text}");
        }
        placeholder.map(|placeholder| (placeholder.index, cursor.offset()))
    }

    #[test]
    fn a_placeholder_is_read_in_either_order_and_with_white_space() {
        assert_eq!(read(r#"{"_placeholder":true,"num":0}]"#), Some((0, 29)));
        assert_eq!(read(r#"{"num":12,"_placeholder":true},1"#), Some((12, 30)));
        assert_eq!(
            read("{ \"_placeholder\" :\ttrue , \"num\"\n: 3 }"),
            Some((3, 37))
        );
    }

    #[test]
    fn other_objects_are_not_placeholders() {
        for text in [
            "",
            "{}",
            r#""_placeholder""#,
            r#"{"_placeholder":true}"#,
            r#"{"num":0}"#,
            r#"{"num":0,"num":0}"#,
            r#"{"_placeholder":true,"_placeholder":true}"#,
            r#"{"_placeholder":false,"num":0}"#,
            r#"{"_placeholder":true,"num":"0"}"#,
            r#"{"_placeholder":true,"num":-1}"#,
            r#"{"_placeholder":true,"num":1.0}"#,
            r#"{"_placeholder":true,"num":1e0}"#,
            r#"{"_placeholder":true,"num":01}"#,
            r#"{"_placeholder":true,"num":}"#,
            r#"{"_placeholder":true,"num":99999999999999999999}"#,
            r#"{"_placeholder":true,"num":0,"more":1}"#,
            r#"{"_placeholder":true,"num":0"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
