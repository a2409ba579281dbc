//! Why a member could not be taken in.

use std::error::Error;
use std::fmt;

/// A socket was to be in more rooms than the limit allows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TooManyRooms {
    limit: usize,
}

impl TooManyRooms {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit }
    }

    /// Returns how many rooms a socket may join.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl fmt::Display for TooManyRooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a socket may join {} rooms and no more: let it leave rooms that it no longer needs, \
             or raise the limit of rooms per socket",
            self.limit
        )
    }
}

impl Error for TooManyRooms {}

/// A member could not be inserted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum InsertError {
    /// Another member has the same id.
    IdTaken,
    /// The member has been removed before.
    Removed,
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdTaken => {
                "another socket of the namespace has the same id: remove that socket first, or \
                 give this one an id of its own"
            }
            Self::Removed => "the socket has left the namespace for good: make a new socket",
        })
    }
}

impl Error for InsertError {}
