//! The id of a socket.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// The id of one socket in one namespace, as the client knows it.
///
/// The server creates ids of 20 URL-safe characters from 15 random bytes. Keep that length: Node's
/// sharded Redis adapter uses it to distinguish the ids of sockets from the names of rooms. Ids of up
/// to 23 bytes need no allocation.
///
/// # Examples
///
/// ```
/// use socketio_adapter::SocketId;
///
/// let id = SocketId::from("_1kqyu2LT4IHGYyqAAAB");
/// assert_eq!(id.as_str().len(), 20);
/// ```
#[derive(Clone, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct SocketId(SmolStr);

impl SocketId {
    /// Returns the id as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for SocketId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

// `Hash`, `Eq` and `Ord` of the string and of the id agree, because `SmolStr` hashes and compares as
// `str` does.
impl Borrow<str> for SocketId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<SmolStr> for SocketId {
    fn from(id: SmolStr) -> Self {
        Self(id)
    }
}

impl From<&str> for SocketId {
    fn from(id: &str) -> Self {
        Self(SmolStr::new(id))
    }
}

impl From<String> for SocketId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl From<SocketId> for SmolStr {
    fn from(id: SocketId) -> Self {
        id.0
    }
}

impl PartialEq<str> for SocketId {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for SocketId {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}
