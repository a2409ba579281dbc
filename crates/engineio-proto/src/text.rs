//! The text of messages, encoded for the wire.

use bytestring::ByteString;

use crate::scratch::Scratch;

/// The type of a message packet, the first character of every text on the wire.
const MESSAGE_TYPE: char = '4';

/// [`MESSAGE_TYPE`] as a byte.
const MESSAGE_TYPE_BYTE: u8 = b'4';

/// The text of a message, stored with the packet type (`4`) in front, as it is sent.
///
/// A text for many clients is encoded once. Clones share the bytes, and WebSocket frames and polling
/// payloads use them without a copy.
///
/// # Examples
///
/// ```
/// use engineio_proto::Text;
///
/// let text = Text::build(16, |out| {
///     out.push_str("2[\"news\",");
///     out.push_str("42]");
/// });
/// assert_eq!(text.as_str(), r#"2["news",42]"#);
/// assert_eq!(text.as_wire(), r#"42["news",42]"#);
/// ```
// Invariant: the content begins with `MESSAGE_TYPE`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Text(ByteString);

impl Text {
    /// Creates a text from what `write` appends to a string.
    ///
    /// `capacity` is the expected length in bytes; an estimate that is too low costs a reallocation.
    /// The string already holds the packet type. If `write` removes it, it is inserted again.
    #[must_use]
    pub fn build(capacity: usize, write: impl FnOnce(&mut String)) -> Self {
        TextBuf::build(capacity, write).into_text()
    }

    /// Copies `payload` and puts the packet type in front of it.
    #[must_use]
    pub fn new(payload: &str) -> Self {
        let len = payload.len().saturating_add(MESSAGE_TYPE.len_utf8());
        let mut wire = String::with_capacity(len);
        wire.push(MESSAGE_TYPE);
        wire.push_str(payload);
        Self(wire.into())
    }

    /// Creates a text from its wire form, or returns `None` if `wire` is not a message packet.
    #[must_use]
    pub fn from_wire(wire: ByteString) -> Option<Self> {
        Self::try_from_wire(wire).ok()
    }

    /// Creates a text from its wire form, or returns `wire` if it is not a message packet.
    #[inline]
    pub(crate) fn try_from_wire(wire: ByteString) -> Result<Self, ByteString> {
        match wire.as_bytes().first() {
            Some(&MESSAGE_TYPE_BYTE) => Ok(Self(wire)),
            _ => Err(wire),
        }
    }

    /// Copies the wire form of a text. A missing packet type is added.
    pub(crate) fn copy_wire(wire: &str) -> Self {
        match wire.as_bytes().first() {
            Some(&MESSAGE_TYPE_BYTE) => Self(wire.into()),
            _ => Self::new(wire),
        }
    }

    /// Returns the text without the packet type.
    #[must_use]
    pub fn as_str(&self) -> &str {
        without_type(&self.0)
    }

    /// Returns the text without the packet type. The bytes are shared, not copied.
    #[must_use]
    pub fn into_payload(self) -> ByteString {
        self.0.slice_ref(self.as_str())
    }

    /// Returns the wire form: the text with the packet type.
    #[must_use]
    #[inline]
    pub fn as_wire(&self) -> &ByteString {
        &self.0
    }

    /// Returns the wire form: the text with the packet type.
    #[must_use]
    pub fn into_wire(self) -> ByteString {
        self.0
    }

    /// Returns the length in bytes, without the packet type.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        len_without_type(&self.0)
    }

    /// Returns whether the text is empty apart from the packet type.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The text of a message for one client, written into a reused buffer of the thread.
///
/// [`Session::send_text_buf`](crate::Session::send_text_buf) copies a short one into the queue of that
/// client without an allocation. For a message to many clients, build a [`Text`].
///
/// # Examples
///
/// ```
/// use engineio_proto::{Text, TextBuf};
///
/// let text = TextBuf::build(16, |out| out.push_str("2[\"news\",42]"));
/// assert_eq!(text.as_wire(), r#"42["news",42]"#);
/// assert_eq!(text.into_text(), Text::new(r#"2["news",42]"#));
/// ```
// Invariant: the content begins with `MESSAGE_TYPE`.
#[derive(Debug)]
pub struct TextBuf(Scratch);

impl TextBuf {
    /// Creates a text from what `write` appends to a string, as [`Text::build`] does.
    #[must_use]
    pub fn build(capacity: usize, write: impl FnOnce(&mut String)) -> Self {
        let mut scratch = Scratch::new(capacity.saturating_add(MESSAGE_TYPE.len_utf8()));
        let wire = scratch.as_mut_string();
        wire.push(MESSAGE_TYPE);
        write(wire);
        if !wire.starts_with(MESSAGE_TYPE) {
            wire.insert(0, MESSAGE_TYPE);
        }
        Self(scratch)
    }

    /// Returns the text without the packet type.
    #[must_use]
    pub fn as_str(&self) -> &str {
        without_type(self.0.as_str())
    }

    /// Returns the wire form: the text with the packet type.
    #[must_use]
    #[inline]
    pub fn as_wire(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the length in bytes, without the packet type.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        len_without_type(self.0.as_str())
    }

    /// Returns whether the text is empty apart from the packet type.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Moves the text into an allocation that can be kept and shared.
    #[must_use]
    pub fn into_text(self) -> Text {
        Text(self.0.into_shared())
    }
}

fn without_type(wire: &str) -> &str {
    wire.get(MESSAGE_TYPE.len_utf8()..).unwrap_or_default()
}

#[inline]
fn len_without_type(wire: &str) -> usize {
    wire.len().saturating_sub(MESSAGE_TYPE.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_shares_the_bytes_of_the_wire_form() {
        let text = Text::new("hello");
        let behind_the_type = text.as_wire().as_bytes()[1..].as_ptr();
        let payload = text.into_payload();
        assert_eq!(payload, "hello");
        assert_eq!(payload.as_bytes().as_ptr(), behind_the_type);
    }

    #[test]
    fn an_empty_text_has_a_wire_form() {
        let text = Text::new("");
        assert!(text.is_empty());
        assert_eq!(text.as_wire(), "4");
        assert_eq!(text.into_payload(), "");
    }

    #[test]
    fn a_writer_cannot_remove_the_packet_type() {
        let text = Text::build(0, |out| {
            out.clear();
            out.push('é');
        });
        assert_eq!(text.as_wire(), "4é");
        assert_eq!(text.as_str(), "é");
    }

    #[test]
    fn texts_can_be_built_within_each_other() {
        const KIB: usize = 1024;
        for len in [0, 1, 100, 4 * KIB - 1, 4 * KIB, 12 * KIB] {
            for capacity in [0, len, 16 * KIB] {
                let content = "é".repeat(len);
                let mut inner = None;
                let outer = Text::build(capacity, |out| {
                    out.push_str(&content);
                    inner = Some(Text::build(capacity, |out| out.push_str(&content)));
                    out.push('!');
                });
                assert_eq!(outer.as_str(), format!("{content}!"));
                assert_eq!(inner, Some(Text::new(&content)));
            }
        }
    }

    #[test]
    fn a_text_buf_becomes_the_same_text() {
        for payload in ["", "é", "2[\"news\"]"] {
            let text = TextBuf::build(0, |out| out.push_str(payload));
            assert_eq!(text.as_str(), payload);
            assert_eq!(text.len(), payload.len());
            assert_eq!(text.is_empty(), payload.is_empty());
            assert_eq!(Text::copy_wire(text.as_wire()), Text::new(payload));
            assert_eq!(text.into_text(), Text::new(payload));
        }
        assert_eq!(Text::copy_wire(""), Text::new(""));
        assert_eq!(Text::copy_wire("2probe"), Text::new("2probe"));
    }

    #[test]
    fn only_message_packets_are_texts() {
        assert_eq!(Text::from_wire("4a".into()), Some(Text::new("a")));
        assert_eq!(Text::from_wire("2probe".into()), None);
        assert_eq!(Text::from_wire("".into()), None);
    }
}
