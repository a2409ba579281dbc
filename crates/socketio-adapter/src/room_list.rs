//! A short list of room names.

use std::fmt;
use std::ops::Deref;
use std::slice;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::room::Room;

/// A list of room names in insertion order.
///
/// Most lists have at most one name. These need no allocation.
///
/// # Examples
///
/// ```
/// use socketio_adapter::RoomList;
///
/// let rooms: RoomList = ["red", "blue"].into_iter().collect();
/// assert_eq!(rooms.len(), 2);
/// assert_eq!(rooms[0], "red");
/// ```
#[derive(Clone, Default)]
pub struct RoomList(Names);

#[derive(Clone, Default)]
enum Names {
    #[default]
    None,
    One(Room),
    Many(Vec<Room>),
}

impl RoomList {
    /// Creates an empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self(Names::None)
    }

    /// Returns the names as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[Room] {
        match &self.0 {
            Names::None => &[],
            Names::One(room) => slice::from_ref(room),
            Names::Many(rooms) => rooms,
        }
    }

    /// Appends one name.
    pub fn push(&mut self, room: Room) {
        self.0 = match std::mem::take(&mut self.0) {
            Names::None => Names::One(room),
            Names::One(first) => Names::Many(vec![first, room]),
            Names::Many(mut rooms) => {
                rooms.push(room);
                Names::Many(rooms)
            }
        };
    }
}

impl Deref for RoomList {
    type Target = [Room];

    fn deref(&self) -> &[Room] {
        self.as_slice()
    }
}

impl fmt::Debug for RoomList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

impl Eq for RoomList {}

impl PartialEq for RoomList {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Extend<Room> for RoomList {
    fn extend<I: IntoIterator<Item = Room>>(&mut self, rooms: I) {
        let mut rooms = rooms.into_iter();
        if self.is_empty() {
            *self = rooms.collect();
            return;
        }
        if let Some(room) = rooms.next() {
            self.push(room);
            if let Names::Many(names) = &mut self.0 {
                names.extend(rooms);
            }
        }
    }
}

impl From<Room> for RoomList {
    fn from(room: Room) -> Self {
        Self(Names::One(room))
    }
}

impl From<Vec<Room>> for RoomList {
    fn from(rooms: Vec<Room>) -> Self {
        Self(Names::Many(rooms))
    }
}

impl<R: Into<Room>> FromIterator<R> for RoomList {
    fn from_iter<I: IntoIterator<Item = R>>(rooms: I) -> Self {
        let mut rooms = rooms.into_iter().map(Into::into);
        let Some(first) = rooms.next() else {
            return Self::new();
        };
        let Some(second) = rooms.next() else {
            return Self(Names::One(first));
        };
        let mut names = Vec::with_capacity(rooms.size_hint().0.saturating_add(2));
        names.extend([first, second]);
        names.extend(rooms);
        Self(Names::Many(names))
    }
}

impl IntoIterator for RoomList {
    type IntoIter = RoomListIter;
    type Item = Room;

    fn into_iter(self) -> RoomListIter {
        let (one, many) = match self.0 {
            Names::None => (None, Vec::new()),
            Names::One(room) => (Some(room), Vec::new()),
            Names::Many(rooms) => (None, rooms),
        };
        RoomListIter {
            one,
            many: many.into_iter(),
        }
    }
}

impl<'a> IntoIterator for &'a RoomList {
    type IntoIter = slice::Iter<'a, Room>;
    type Item = &'a Room;

    fn into_iter(self) -> slice::Iter<'a, Room> {
        self.as_slice().iter()
    }
}

impl Serialize for RoomList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RoomList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Room>::deserialize(deserializer).map(Self::from)
    }
}

/// An iterator over the names of a [`RoomList`].
#[derive(Debug)]
pub struct RoomListIter {
    one: Option<Room>,
    many: std::vec::IntoIter<Room>,
}

impl Iterator for RoomListIter {
    type Item = Room;

    fn next(&mut self) -> Option<Room> {
        self.one.take().or_else(|| self.many.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = usize::from(self.one.is_some()).saturating_add(self.many.len());
        (len, Some(len))
    }
}

impl ExactSizeIterator for RoomListIter {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_growing_list_keeps_its_order() {
        let mut rooms = RoomList::new();
        assert!(rooms.is_empty());
        for name in ["a", "b", "c"] {
            rooms.push(name.into());
        }
        assert_eq!(rooms.as_slice(), ["a", "b", "c"]);
        assert_eq!(rooms.clone().into_iter().len(), 3);
        assert_eq!(rooms.into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn lists_are_equal_by_their_names() {
        let one = RoomList::from(Room::from("a"));
        assert_eq!(one, RoomList::from(vec![Room::from("a")]));
        assert_ne!(one, RoomList::new());
    }

    #[test]
    fn a_list_is_an_array_in_json() {
        let rooms: RoomList = ["a", "b"].into_iter().collect();
        let json = serde_json::to_string(&rooms).unwrap();
        assert_eq!(json, r#"["a","b"]"#);
        assert_eq!(serde_json::from_str::<RoomList>(&json).unwrap(), rooms);
    }

    #[test]
    fn a_list_is_at_most_32_bytes() {
        assert!(size_of::<RoomList>() <= 32);
    }
}
