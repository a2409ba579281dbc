//! The errors of requests.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

/// The reason why a request is refused. A client receives `{"error": "…"}` and shows the text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Problem {
    /// The socket has already entered.
    AlreadyEntered,
    /// The text is empty.
    Empty(&'static str),
    /// The limit of users is reached.
    Full { max: usize },
    /// The text has invisible characters, or no letters and digits.
    Illegible(&'static str),
    /// The key or the nonce of the client is malformed.
    Malformed(&'static str),
    /// Another user has this name.
    NameTaken,
    /// The socket has not entered, or the user has entered from another window.
    NotEntered,
    /// The user is not in the room.
    NotInRoom(String),
    /// The room exists already.
    RoomExists(String),
    /// The text is too long.
    TooLong {
        what: &'static str,
        length: usize,
        max: usize,
    },
    /// All rooms are in use.
    TooManyRooms { max: usize },
    /// The room does not exist.
    UnknownRoom(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyEntered => {
                f.write_str("You are here already. Use rename to change your name.")
            }
            Self::Empty(what) => write!(f, "The {what} is empty. Write something."),
            Self::Full { max } => write!(f, "All {max} places are taken. Try again later."),
            Self::Illegible(what) => write!(
                f,
                "The {what} cannot be read. Use at least one letter or digit and no invisible characters."
            ),
            Self::Malformed(what) => write!(f, "The {what} is malformed. Reload the page."),
            Self::NameTaken => f.write_str("This name is taken. Choose another."),
            Self::NotEntered => f.write_str("You are not in the chat. Reload the page to enter."),
            Self::NotInRoom(room) => write!(f, "You are not in #{room}. Open the room first."),
            Self::RoomExists(room) => write!(
                f,
                "There is a room #{room}. Choose another name or open it."
            ),
            Self::TooLong { what, length, max } => write!(
                f,
                "The {what} has {length} characters. Shorten it to {max}."
            ),
            Self::TooManyRooms { max } => write!(
                f,
                "All {max} rooms are in use. Open one of them or wait until one is empty."
            ),
            Self::UnknownRoom(room) => {
                write!(f, "There is no room #{room}. Choose one from the list.")
            }
        }
    }
}

impl std::error::Error for Problem {}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Problem", 1)?;
        object.serialize_field("error", &format_args!("{self}"))?;
        object.end()
    }
}
