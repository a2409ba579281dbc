//! The conversion of names to lists of rooms.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::hash::BuildHasher;

use smol_str::SmolStr;

use crate::room::Room;
use crate::room_list::RoomList;
use crate::socket_id::SocketId;

/// A type that names one or several rooms: a name, or an array, slice, vector or set of names.
///
/// Implement it for the types of an application that stand for rooms.
///
/// # Examples
///
/// ```
/// use socketio_adapter::{IntoRooms, RoomList};
///
/// fn to(rooms: impl IntoRooms) -> RoomList {
///     rooms.into_rooms()
/// }
///
/// let name = String::from("red");
/// assert_eq!(to(&name), to("red"));
/// assert_eq!(to(["red", "blue"]), to(vec!["red".to_owned(), "blue".to_owned()]));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a room or several rooms",
    label = "not the name of a room",
    note = "give a `&str`, `String`, `Room` or `SocketId`, or an array, slice or `Vec` of these"
)]
pub trait IntoRooms {
    /// Converts the value into a list of names.
    fn into_rooms(self) -> RoomList;
}

macro_rules! one_room {
    ($($name:ty),* $(,)?) => {
        $(
            impl IntoRooms for $name {
                fn into_rooms(self) -> RoomList {
                    Room::from(self).into()
                }
            }
        )*
    };
}

one_room!(
    Room,
    &Room,
    &str,
    &&str,
    String,
    &String,
    Cow<'_, str>,
    SmolStr,
    &SmolStr,
    SocketId,
    &SocketId,
);

impl IntoRooms for RoomList {
    fn into_rooms(self) -> RoomList {
        self
    }
}

impl IntoRooms for &RoomList {
    fn into_rooms(self) -> RoomList {
        self.clone()
    }
}

impl<R: Into<Room>, const N: usize> IntoRooms for [R; N] {
    fn into_rooms(self) -> RoomList {
        self.into_iter().collect()
    }
}

impl<'a, R, const N: usize> IntoRooms for &'a [R; N]
where
    &'a R: Into<Room>,
{
    fn into_rooms(self) -> RoomList {
        self.iter().collect()
    }
}

impl<'a, R> IntoRooms for &'a [R]
where
    &'a R: Into<Room>,
{
    fn into_rooms(self) -> RoomList {
        self.iter().collect()
    }
}

impl<R: Into<Room>> IntoRooms for Vec<R> {
    fn into_rooms(self) -> RoomList {
        let rooms = self.into_iter();
        if rooms.len() < 2 {
            return rooms.collect();
        }
        // A `Room` has the size of a `String`, so collecting reuses the allocation of the vector.
        rooms.map(Into::into).collect::<Vec<Room>>().into()
    }
}

impl<'a, R> IntoRooms for &'a Vec<R>
where
    &'a R: Into<Room>,
{
    fn into_rooms(self) -> RoomList {
        self.iter().collect()
    }
}

impl<R: Into<Room>> IntoRooms for BTreeSet<R> {
    fn into_rooms(self) -> RoomList {
        self.into_iter().collect()
    }
}

impl<R: Into<Room>, S: BuildHasher> IntoRooms for HashSet<R, S> {
    fn into_rooms(self) -> RoomList {
        self.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_any_form() {
        let expected = RoomList::from(Room::from("a"));
        let text = String::from("a");
        assert_eq!("a".into_rooms(), expected);
        assert_eq!((&text).into_rooms(), expected);
        assert_eq!(text.into_rooms(), expected);
        assert_eq!(Cow::Borrowed("a").into_rooms(), expected);
        assert_eq!(SocketId::from("a").into_rooms(), expected);
        assert_eq!((&Room::from("a")).into_rooms(), expected);
    }

    #[test]
    fn several_names_in_any_form() {
        let expected: RoomList = ["a", "b"].into_iter().collect();
        let owned = vec![String::from("a"), String::from("b")];
        assert_eq!(["a", "b"].into_rooms(), expected);
        assert_eq!((&["a", "b"]).into_rooms(), expected);
        assert_eq!((&owned).into_rooms(), expected);
        assert_eq!(owned.as_slice().into_rooms(), expected);
        assert_eq!(owned.into_rooms(), expected);
        assert_eq!(BTreeSet::from(["b", "a"]).into_rooms(), expected);
        assert_eq!(
            vec![Room::from("a"), Room::from("b")].into_rooms(),
            expected
        );
    }

    #[test]
    fn no_name_is_an_empty_list() {
        assert!(Vec::<Room>::new().into_rooms().is_empty());
        assert!(<[&str; 0]>::default().into_rooms().is_empty());
    }
}
