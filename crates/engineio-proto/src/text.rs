//! Text that is ready to travel.

use bytestring::ByteString;

/// The type of a message packet, in front of every text that travels.
const MESSAGE_TYPE: char = '4';

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
    /// A text that `write` appends, with room for `capacity` bytes before anything is reallocated.
    ///
    /// The string that `write` receives already holds the packet type. Append to it; whatever else
    /// is done to it, the packet type is put back in front if it is gone afterwards.
    #[must_use]
    pub fn build(capacity: usize, write: impl FnOnce(&mut String)) -> Self {
        let mut wire = String::with_capacity(capacity.saturating_add(MESSAGE_TYPE.len_utf8()));
        wire.push(MESSAGE_TYPE);
        write(&mut wire);
        if !wire.starts_with(MESSAGE_TYPE) {
            wire.insert(0, MESSAGE_TYPE);
        }
        Self(wire.into())
    }

    /// A copy of `payload` with the packet type in front.
    #[must_use]
    pub fn new(payload: &str) -> Self {
        Self::build(payload.len(), |out| out.push_str(payload))
    }

    /// The text that `wire` is, packet type included, or `None` if it is no message packet.
    #[must_use]
    pub fn from_wire(wire: ByteString) -> Option<Self> {
        wire.starts_with(MESSAGE_TYPE).then_some(Self(wire))
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
    pub fn len(&self) -> usize {
        self.as_str().len()
    }

    /// Whether there is nothing behind the packet type.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_str().is_empty()
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
    fn only_a_message_packet_is_taken_from_the_wire() {
        assert_eq!(Text::from_wire("4a".into()), Some(Text::new("a")));
        assert_eq!(Text::from_wire("2probe".into()), None);
        assert_eq!(Text::from_wire("".into()), None);
    }
}
