//! The id of a session.

use std::{borrow::Borrow, fmt};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use smol_str::SmolStr;

/// The id of a session: the `sid` query parameter.
///
/// The id is a secret, because a request with it acts as the client. Create it from random bytes. `Debug`
/// shows only its first characters. An id from [`from_random`](Self::from_random) has 20 URL-safe
/// characters, which Node's cluster adapters rely on, and is stored without an allocation.
///
/// # Examples
///
/// ```
/// use engineio_proto::SessionId;
///
/// let id = SessionId::from_random([0xff; 15]);
/// assert_eq!(id.as_str(), "____________________");
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SessionId(SmolStr);

impl SessionId {
    /// The length in characters of an id from [`from_random`](Self::from_random).
    pub const LENGTH: usize = 20;

    /// Creates an id from 15 bytes of a cryptographic random generator.
    #[must_use]
    pub fn from_random(bytes: [u8; 15]) -> Self {
        Self(SmolStr::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Returns the id as it is sent in queries and in the handshake.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Wraps the id of a request. It is not validated.
impl From<&str> for SessionId {
    fn from(id: &str) -> Self {
        Self(SmolStr::new(id))
    }
}

/// Allows lookups with a `&str` in a map that is keyed by ids.
impl Borrow<str> for SessionId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for SessionId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let beginning: String = self.as_str().chars().take(4).collect();
        write!(f, "SessionId({beginning}…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn fifteen_bytes_make_twenty_url_safe_characters() {
        let id = SessionId::from_random([0xfb, 0xff, 0xbf, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(id.as_str(), "-_-_AAECAwQFBgcICQoL");
        assert_eq!(id.as_str().len(), SessionId::LENGTH);
    }

    #[test]
    fn a_map_of_ids_is_searched_with_text() {
        let id = SessionId::from_random([7; 15]);
        let text = id.to_string();
        let sessions = HashMap::from([(id, 1)]);
        assert_eq!(sessions.get(text.as_str()), Some(&1));
        assert_eq!(sessions.get("another"), None);
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let id = SessionId::from("abcdefghijklmnopqrst");
        assert_eq!(format!("{id:?}"), "SessionId(abcd…)");
    }
}
