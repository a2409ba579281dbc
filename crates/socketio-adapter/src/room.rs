//! The name of a room.

use std::borrow::{Borrow, Cow};
use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::socket_id::SocketId;

/// The name of a room.
///
/// A room exists while it has members. Every socket is also in its own room, which is named after its id, so a
/// [`SocketId`] can be used as a name. Names of up to 23 bytes need no allocation.
///
/// # Examples
///
/// ```
/// use socketio_adapter::Room;
///
/// assert_eq!(Room::from("news").as_str(), "news");
/// ```
#[derive(Clone, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Room(SmolStr);

impl Room {
    /// Returns the name as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Room {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

// `Hash`, `Eq` and `Ord` of the string and of the name agree, because `SmolStr` hashes and compares
// as `str` does.
impl Borrow<str> for Room {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&Self> for Room {
    fn from(name: &Self) -> Self {
        name.clone()
    }
}

impl From<SmolStr> for Room {
    fn from(name: SmolStr) -> Self {
        Self(name)
    }
}

impl From<&SmolStr> for Room {
    fn from(name: &SmolStr) -> Self {
        Self(name.clone())
    }
}

impl From<&str> for Room {
    fn from(name: &str) -> Self {
        Self(SmolStr::new(name))
    }
}

impl From<&&str> for Room {
    fn from(name: &&str) -> Self {
        Self(SmolStr::new(*name))
    }
}

impl From<String> for Room {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl From<&String> for Room {
    fn from(name: &String) -> Self {
        Self(SmolStr::new(name))
    }
}

impl From<Cow<'_, str>> for Room {
    fn from(name: Cow<'_, str>) -> Self {
        Self(SmolStr::new(name))
    }
}

impl From<SocketId> for Room {
    fn from(id: SocketId) -> Self {
        Self(id.into())
    }
}

impl From<&SocketId> for Room {
    fn from(id: &SocketId) -> Self {
        Self::from(id.clone())
    }
}

impl From<Room> for SmolStr {
    fn from(name: Room) -> Self {
        name.0
    }
}

impl PartialEq<str> for Room {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Room {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}
