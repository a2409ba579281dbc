//! The errors of joining and inserting.

use std::error::Error;
use std::fmt;

/// The error that a socket would be in more rooms than the limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TooManyRooms {
    limit: usize,
}

impl TooManyRooms {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit }
    }

    /// Returns the maximum number of rooms per socket.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl fmt::Display for TooManyRooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a socket may be in at most {} rooms: leave rooms that are no longer needed, or raise \
             the limit of rooms per socket",
            self.limit
        )
    }
}

impl Error for TooManyRooms {}

/// The error that a member could not be inserted.
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
                 use a unique id"
            }
            Self::Removed => "the socket has left the namespace for good: create a new socket",
        })
    }
}

impl Error for InsertError {}
