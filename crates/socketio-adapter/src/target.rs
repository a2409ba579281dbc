//! Which sockets an operation is meant for.

use serde::{Deserialize, Serialize};

use crate::into_rooms::IntoRooms;
use crate::room::Room;
use crate::room_list::RoomList;

/// The sockets that an operation is meant for: those in any of some rooms, but in none of others.
///
/// Without rooms it means every socket of the namespace. A socket that is in several of the rooms is
/// meant once. Because each socket is in the room of its own id, a [`SocketId`](crate::SocketId)
/// may be used as a room to mean, or to leave out, a single socket.
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
    /// Means every socket of the namespace.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Adds rooms whose members are meant.
    ///
    /// As on Node's server an empty list adds nothing, so a target to which only empty lists were
    /// added means everyone.
    #[must_use]
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        self.add_rooms(rooms);
        self
    }

    /// Adds rooms whose members are left out, whatever other rooms they are in.
    #[must_use]
    pub fn except(mut self, rooms: impl IntoRooms) -> Self {
        self.add_excluded(rooms);
        self
    }

    /// Adds rooms whose members are meant; [`to`](Self::to) for a target in place.
    pub fn add_rooms(&mut self, rooms: impl IntoRooms) {
        append(&mut self.rooms, rooms.into_rooms());
    }

    /// Adds rooms whose members are left out; [`except`](Self::except) for a target in place.
    pub fn add_excluded(&mut self, rooms: impl IntoRooms) {
        append(&mut self.excluded, rooms.into_rooms());
    }

    /// Returns the rooms whose members are meant; none means everyone.
    #[must_use]
    pub fn rooms(&self) -> &[Room] {
        &self.rooms
    }

    /// Returns the rooms whose members are left out.
    #[must_use]
    pub fn excluded(&self) -> &[Room] {
        &self.excluded
    }

    /// Tells whether a socket that is in these rooms, that of its own id among them, is meant.
    #[must_use]
    pub fn includes(&self, rooms: &[Room]) -> bool {
        self.includes_by(|room| rooms.contains(room))
    }

    /// As [`includes`](Self::includes), of a socket that is in the rooms for which `is_in` says so.
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
    fn rooms_add_up() {
        let target = Target::all().to("a").to(["b", "c"]).except("d").except("e");
        assert_eq!(target.rooms(), ["a", "b", "c"]);
        assert_eq!(target.excluded(), ["d", "e"]);
    }

    #[test]
    fn a_target_includes_who_is_in_a_room_and_in_no_excluded_one() {
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
    fn an_empty_list_of_rooms_means_everyone() {
        assert_eq!(Target::all().to(Vec::<Room>::new()), Target::all());
    }
}
