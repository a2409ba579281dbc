//! What the layer above sends and receives.

use bytes::Bytes;

use crate::text::Text;

/// A message: what the layer above sends and receives.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Message {
    /// Text, held as it travels.
    Text(Text),
    /// Bytes: a binary WebSocket frame, or base64 where only text can travel.
    Binary(Bytes),
}

impl Message {
    /// The length of the payload in bytes, without packet type and without encoding.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Whether the message has no payload.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Text> for Message {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

/// Copies the text; see [`Text::build`] for putting a text together in place.
impl From<&str> for Message {
    fn from(payload: &str) -> Self {
        Self::Text(Text::new(payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_that_of_the_payload() {
        assert_eq!(Message::from("né").len(), 3);
        assert_eq!(Message::from(Bytes::from_static(&[1, 2])).len(), 2);
        assert!(Message::from("").is_empty());
        assert!(!Message::from("0").is_empty());
    }
}
