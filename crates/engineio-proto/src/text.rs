//! Text that is ready to travel.

use bytestring::ByteString;

use crate::scratch::Scratch;

/// The type of a message packet, in front of every text that travels.
const MESSAGE_TYPE: char = '4';

/// The same where bytes are looked at.
const MESSAGE_TYPE_BYTE: u8 = b'4';

/// The text of a message, held with the packet type (`4`) in front, as it travels.
///
/// So a text that is sent to many clients is put together once: every clone shares the bytes, and
/// they go into WebSocket frames and polling payloads as they are.
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
    /// A text that `write` appends. `capacity` is a guess at its bytes, best not too low.
    ///
    /// The string that `write` receives already holds the packet type. Append to it; whatever else
    /// is done to it, the packet type is put back in front if it is gone afterwards.
    #[must_use]
    pub fn build(capacity: usize, write: impl FnOnce(&mut String)) -> Self {
        TextBuf::build(capacity, write).into_text()
    }

    /// A copy of `payload` with the packet type in front.
    #[must_use]
    pub fn new(payload: &str) -> Self {
        let len = payload.len().saturating_add(MESSAGE_TYPE.len_utf8());
        let mut wire = String::with_capacity(len);
        wire.push(MESSAGE_TYPE);
        wire.push_str(payload);
        Self(wire.into())
    }

    /// The text that `wire` is, packet type included, or `None` if it is no message packet.
    #[must_use]
    pub fn from_wire(wire: ByteString) -> Option<Self> {
        Self::try_from_wire(wire).ok()
    }

    /// The text that `wire` is, or `wire` if it is no message packet.
    #[inline]
    pub(crate) fn try_from_wire(wire: ByteString) -> Result<Self, ByteString> {
        match wire.as_bytes().first() {
            Some(&MESSAGE_TYPE_BYTE) => Ok(Self(wire)),
            _ => Err(wire),
        }
    }

    /// The text without the packet type.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get(MESSAGE_TYPE.len_utf8()..).unwrap_or_default()
    }

    /// The text without the packet type; the bytes are shared, not copied.
    #[must_use]
    pub fn into_payload(self) -> ByteString {
        self.0.slice_ref(self.as_str())
    }

    /// The text with the packet type, as it travels.
    #[must_use]
    #[inline]
    pub fn as_wire(&self) -> &ByteString {
        &self.0
    }

    /// The text with the packet type, as it travels.
    #[must_use]
    pub fn into_wire(self) -> ByteString {
        self.0
    }

    /// The length of the text in bytes, without the packet type.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len().saturating_sub(MESSAGE_TYPE.len_utf8())
    }

    /// Whether there is nothing behind the packet type.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A text that has just been put together, in memory of the thread, and is meant for one client.
///
/// What is short is copied behind what else waits for that client, see
/// [`Session::send_text_buf`](crate::Session::send_text_buf), so that nothing is allocated for it. For
/// what goes to many, make a [`Text`].
///
/// # Examples
///
/// ```
/// use engineio_proto::{Text, TextBuf};
///
/// let text = TextBuf::build(16, |out| out.push_str("2[\"news\",42]"));
/// assert_eq!(text.as_text().as_wire(), r#"42["news",42]"#);
/// assert_eq!(text.into_text(), Text::new(r#"2["news",42]"#));
/// ```
// Invariant: the content begins with `MESSAGE_TYPE`.
#[derive(Debug)]
pub struct TextBuf(Scratch);

impl TextBuf {
    /// A text that `write` appends, as for [`Text::build`].
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

    /// The text, to be read.
    #[must_use]
    #[inline]
    pub fn as_text(&self) -> TextRef<'_> {
        TextRef(self.0.as_str())
    }

    /// The text with memory of its own, to be kept or shared.
    #[must_use]
    pub fn into_text(self) -> Text {
        Text(self.0.into_shared())
    }
}

/// The text of a message as [`Text`] holds it, but borrowed.
// Invariant: the content begins with `MESSAGE_TYPE`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TextRef<'a>(&'a str);

impl<'a> TextRef<'a> {
    /// The text that `wire` is, packet type included, or `None` if it is no message packet.
    #[must_use]
    #[inline]
    pub fn from_wire(wire: &'a str) -> Option<Self> {
        (wire.as_bytes().first() == Some(&MESSAGE_TYPE_BYTE)).then_some(Self(wire))
    }

    /// The text without the packet type.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0.get(MESSAGE_TYPE.len_utf8()..).unwrap_or_default()
    }

    /// The text with the packet type, as it travels.
    #[must_use]
    #[inline]
    pub fn as_wire(self) -> &'a str {
        self.0
    }

    /// The length of the text in bytes, without the packet type.
    #[must_use]
    #[inline]
    pub fn len(self) -> usize {
        self.0.len().saturating_sub(MESSAGE_TYPE.len_utf8())
    }

    /// Whether there is nothing behind the packet type.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// The empty text.
impl Default for TextRef<'_> {
    fn default() -> Self {
        Self("4")
    }
}

impl<'a> From<&'a Text> for TextRef<'a> {
    #[inline]
    fn from(text: &'a Text) -> Self {
        Self(&text.0)
    }
}

/// Copies the text.
impl From<TextRef<'_>> for Text {
    fn from(text: TextRef<'_>) -> Self {
        Self(text.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_shares_the_bytes_of_the_wire_form() {
        let text = Text::new("hello");
        let behind_the_type = text.as_wire().as_bytes()[1..].as_ptr();
        let payload = text.into_payload();
        assert_eq!(payload, "hello");
        assert_eq!(payload.as_bytes().as_ptr(), behind_the_type);
    }

    #[test]
    fn an_empty_text_still_travels_as_a_packet() {
        let text = Text::new("");
        assert!(text.is_empty());
        assert_eq!(text.as_wire(), "4");
        assert_eq!(text.into_payload(), "");
    }

    #[test]
    fn a_writer_that_wipes_the_string_cannot_lose_the_type() {
        let text = Text::build(0, |out| {
            out.clear();
            out.push('é');
        });
        assert_eq!(text.as_wire(), "4é");
        assert_eq!(text.as_str(), "é");
    }

    #[test]
    fn texts_of_any_length_are_whole_also_when_one_is_built_within_another() {
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
    fn a_borrowed_text_is_the_text() {
        for payload in ["", "é", "2[\"news\"]"] {
            let text = TextBuf::build(0, |out| out.push_str(payload));
            let text = text.as_text();
            assert_eq!(text.as_str(), payload);
            assert_eq!(text.len(), payload.len());
            assert_eq!(text.is_empty(), payload.is_empty());
            assert_eq!(Text::from(text), Text::new(payload));
            assert_eq!(TextRef::from_wire(text.as_wire()), Some(text));
        }
        assert_eq!(TextRef::default().as_str(), "");
        assert_eq!(TextRef::from_wire("2probe"), None);
        assert_eq!(TextRef::from_wire(""), None);
    }

    #[test]
    fn only_a_message_packet_is_taken_from_the_wire() {
        assert_eq!(Text::from_wire("4a".into()), Some(Text::new("a")));
        assert_eq!(Text::from_wire("2probe".into()), None);
        assert_eq!(Text::from_wire("".into()), None);
    }
}
