//! The selection of sockets by rooms.

use serde::{Deserialize, Serialize};

use crate::into_rooms::IntoRooms;
use crate::room::Room;
use crate::room_list::RoomList;

/// A selection of sockets: the members of any of some rooms that are in none of the excluded rooms.
///
/// Without rooms it selects every socket of the namespace. A socket that is in several of the rooms is
/// selected once. Each socket is in its own room, which is named after its id, so a [`SocketId`](crate::SocketId) works
/// as a room that selects or excludes a single socket.
///
/// # Examples
///
/// ```
/// use socketio_adapter::Target;
///
/// let target = Target::all().to(["red", "blue"]).except("muted");
/// assert_eq!(target.rooms().len(), 2);
/// assert_eq!(target.excluded()[0], "muted");
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Target {
    #[serde(default)]
    rooms: RoomList,
    #[serde(default, rename = "except")]
    excluded: RoomList,
}

impl Target {
    /// Creates a target that selects every socket of the namespace.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Adds rooms whose members are selected.
    ///
    /// As in Node, an empty list adds nothing: a target with only empty lists selects every socket.
    #[must_use]
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        self.add_rooms(rooms);
        self
    }

    /// Adds rooms whose members are excluded, whichever other rooms they are in.
    #[must_use]
    pub fn except(mut self, rooms: impl IntoRooms) -> Self {
        self.add_excluded(rooms);
        self
    }

    /// Adds rooms whose members are selected; the in-place form of [`to`](Self::to).
    pub fn add_rooms(&mut self, rooms: impl IntoRooms) {
        append(&mut self.rooms, rooms.into_rooms());
    }

    /// Adds rooms whose members are excluded; the in-place form of [`except`](Self::except).
    pub fn add_excluded(&mut self, rooms: impl IntoRooms) {
        append(&mut self.excluded, rooms.into_rooms());
    }

    /// Returns the rooms whose members are selected; empty if every socket is.
    #[must_use]
    pub fn rooms(&self) -> &[Room] {
        &self.rooms
    }

    /// Returns the rooms whose members are excluded.
    #[must_use]
    pub fn excluded(&self) -> &[Room] {
        &self.excluded
    }

    /// Returns whether a socket in these rooms is selected. `rooms` includes its own room.
    #[must_use]
    pub fn includes(&self, rooms: &[Room]) -> bool {
        self.includes_by(|room| rooms.contains(room))
    }

    /// Returns whether a socket is selected that is in the rooms for which `is_in` returns true.
    pub(crate) fn includes_by(&self, is_in: impl Fn(&Room) -> bool) -> bool {
        let any_in = |names: &[Room]| names.iter().any(&is_in);
        (self.rooms.is_empty() || any_in(&self.rooms)) && !any_in(&self.excluded)
    }
}

fn append(list: &mut RoomList, more: RoomList) {
    if list.is_empty() {
        *list = more;
    } else {
        list.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_rooms_accumulate() {
        let target = Target::all().to("a").to(["b", "c"]).except("d").except("e");
        assert_eq!(target.rooms(), ["a", "b", "c"]);
        assert_eq!(target.excluded(), ["d", "e"]);
    }

    #[test]
    fn a_target_includes_members_of_its_rooms_but_not_of_excluded_rooms() {
        let rooms = ["id", "a", "b"].map(Room::from);
        assert!(Target::all().includes(&rooms));
        assert!(Target::all().includes(&[]));
        assert!(Target::all().to(["x", "b"]).includes(&rooms));
        assert!(Target::all().to("id").includes(&rooms));
        assert!(!Target::all().to(["x", "y"]).includes(&rooms));
        assert!(!Target::all().except("id").includes(&rooms));
        assert!(!Target::all().to("a").except(["x", "b"]).includes(&rooms));
        assert!(Target::all().to("a").except("x").includes(&rooms));
    }

    #[test]
    fn an_empty_list_of_rooms_selects_every_socket() {
        assert_eq!(Target::all().to(Vec::<Room>::new()), Target::all());
    }
}
