//! The messages of the layer above.

use bytes::Bytes;

use crate::text::Text;

/// A message that the layer above sends or receives.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Message {
    /// Text in its wire form.
    Text(Text),
    /// Bytes: a binary WebSocket frame, or base64 in a text payload.
    Binary(Bytes),
}

impl Message {
    /// Returns the length of the payload in bytes, without packet type and encoding.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Returns whether the payload is empty.
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

/// Copies the text. [`Text::build`] writes a text in place.
impl From<&str> for Message {
    fn from(payload: &str) -> Self {
        Self::Text(Text::new(payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_that_of_the_payload() {
        assert_eq!(Message::from("né").len(), 3);
        assert_eq!(Message::from(Bytes::from_static(&[1, 2])).len(), 2);
        assert!(Message::from("").is_empty());
        assert!(!Message::from("0").is_empty());
    }
}
