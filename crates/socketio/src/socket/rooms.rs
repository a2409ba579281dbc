use socketio_adapter::{IntoRooms, Room, TooManyRooms};

use super::{Socket, SocketEmitter};
use crate::broadcast::BroadcastOperator;

impl Socket {
    /// Joins rooms: one, or several.
    ///
    /// A socket that is disconnected joins nothing; one that middleware has not let in yet joins
    /// when it is. A name that is too long
    /// ([`max_room_len`](crate::SocketIoBuilder::max_room_len)), or more rooms than allowed, are
    /// refused and logged; use [`try_join`](Self::try_join) to be told.
    pub fn join(&self, rooms: impl IntoRooms) {
        if let Err(error) = self.try_join(rooms) {
            tracing::warn!(socket = %self.id(), %error, "the rooms were not joined");
        }
    }

    /// Joins rooms, as [`join`](Self::join), and tells if that is refused.
    ///
    /// # Errors
    ///
    /// If a name is too long, or the socket would be in more rooms than
    /// [`max_rooms`](crate::SocketIoBuilder::max_rooms) allows. It has joined none of them then.
    pub fn try_join(&self, rooms: impl IntoRooms) -> Result<(), JoinError> {
        let rooms = rooms.into_rooms();
        let limit = self.state().client.limits.max_room_len;
        if let Some(room) = rooms.iter().find(|room| room.as_str().len() > limit) {
            return Err(JoinError::NameTooLong {
                len: room.as_str().len(),
                limit,
            });
        }
        self.namespace_shared()
            .local
            .rooms
            .join(self.state(), rooms)
            .map_err(JoinError::TooManyRooms)
    }

    /// Leaves rooms: one, or several.
    pub fn leave(&self, rooms: impl IntoRooms) {
        for room in &rooms.into_rooms() {
            self.namespace_shared()
                .local
                .rooms
                .leave(self.state(), room.as_str());
        }
    }

    /// The rooms that the socket is in, first the one of its own id.
    #[must_use]
    pub fn rooms(&self) -> Vec<Room> {
        let rooms = self.namespace_shared().local.rooms.rooms_of(self.state());
        if rooms.is_empty() {
            return self.state().rooms_at_leave.get();
        }
        rooms
    }

    /// Means the sockets in any of these rooms, but never this one itself.
    pub fn to(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.broadcast().to(rooms)
    }

    /// The same as [`to`](Self::to); `in` is a keyword.
    pub fn in_(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.to(rooms)
    }

    /// Means everybody in the namespace but those in these rooms, and never this one itself.
    pub fn except(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.broadcast().except(rooms)
    }

    /// Means everybody in the namespace but this socket.
    pub fn broadcast(&self) -> BroadcastOperator {
        BroadcastOperator::new(self.namespace_shared().clone(), self.others())
    }

    /// Means everybody in the namespace on this server but this socket.
    pub fn local(&self) -> BroadcastOperator {
        self.broadcast().local()
    }
}

/// Flags that were set before the rooms hold for the broadcast, as in Node:
/// `socket.volatile().to("room").emit(..)`.
impl SocketEmitter<'_> {
    /// Means the sockets in any of these rooms, but never the socket itself.
    pub fn to(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.broadcast().to(rooms)
    }

    /// The same as [`to`](Self::to); `in` is a keyword.
    pub fn in_(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.to(rooms)
    }

    /// Means everybody in the namespace but those in these rooms, and never the socket itself.
    pub fn except(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.broadcast().except(rooms)
    }

    /// Means everybody in the namespace but the socket itself.
    pub fn broadcast(&self) -> BroadcastOperator {
        let mut operator = self.socket.broadcast().compress(self.compress);
        if self.volatile {
            operator = operator.volatile();
        }
        match self.timeout {
            Some(timeout) => operator.timeout(timeout),
            None => operator,
        }
    }

    /// Means everybody in the namespace on this server but the socket itself.
    pub fn local(&self) -> BroadcastOperator {
        self.broadcast().local()
    }
}

/// Why a socket did not join rooms.
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// The name of a room is longer than allowed.
    NameTooLong {
        /// The length of the name, in bytes.
        len: usize,
        /// The longest name allowed.
        limit: usize,
    },
    /// The socket would be in too many rooms.
    TooManyRooms(TooManyRooms),
}

impl std::fmt::Display for JoinError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NameTooLong { len, limit } => write!(
                f,
                "the name of the room has {len} bytes and only {limit} are allowed: check what \
                 clients ask for, or raise `SocketIoBuilder::max_room_len`"
            ),
            Self::TooManyRooms(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for JoinError {}
