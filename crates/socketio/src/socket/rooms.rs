//! Rooms of a socket, and broadcasts that exclude the socket.

use engineio::log::Escaped;
use socketio_adapter::{IntoRooms, Room, TooManyRooms};

use super::{Socket, SocketEmitter};
use crate::broadcast::BroadcastOperator;

impl Socket {
    /// Joins one or more rooms.
    ///
    /// A disconnected socket joins no room. A socket that middleware has not accepted yet joins
    /// once it is accepted.
    ///
    /// If a name is longer than [`max_room_len`](crate::SocketIoBuilder::max_room_len), or the
    /// socket would be in more than [`max_rooms`](crate::SocketIoBuilder::max_rooms) rooms, a
    /// warning is logged. To handle the error, use [`try_join`](Self::try_join).
    pub fn join(&self, rooms: impl IntoRooms) {
        if let Err(error) = self.try_join(rooms) {
            engineio::log_limited!(
                warn,
                self.log_client(),
                "the rooms were not joined",
                socket = %self.logged_id(),
                error = %Escaped(&error),
            );
        }
    }

    /// Joins one or more rooms as [`join`](Self::join) does, and returns an error if that is
    /// refused.
    ///
    /// # Errors
    ///
    /// Returns an error if a name is too long, or the socket would be in more rooms than
    /// [`max_rooms`](crate::SocketIoBuilder::max_rooms) allows. The socket has joined none of the
    /// rooms then.
    pub fn try_join(&self, rooms: impl IntoRooms) -> Result<(), JoinError> {
        let rooms = rooms.into_rooms();
        let limit = self.state().client.limits.max_room_len;
        if let Some(room) = rooms.iter().find(|room| room.as_str().len() > limit) {
            return Err(JoinError::NameTooLong {
                len: room.as_str().len(),
                limit,
            });
        }
        // The disconnecting handlers still see the rooms of a socket that has left.
        if self.state().has_left() {
            return Ok(());
        }
        self.namespace_shared()
            .local
            .rooms
            .join(self.state(), rooms)
            .map_err(JoinError::TooManyRooms)
    }

    /// Leaves one or more rooms.
    pub fn leave(&self, rooms: impl IntoRooms) {
        for room in &rooms.into_rooms() {
            self.namespace_shared()
                .local
                .rooms
                .leave(self.state(), room.as_str());
        }
    }

    /// Returns the rooms that the socket is in. The first one is the room of its id.
    #[must_use]
    pub fn rooms(&self) -> Vec<Room> {
        let rooms = self.namespace_shared().local.rooms.rooms_of(self.state());
        if rooms.is_empty() {
            return self.state().rooms_at_leave.get();
        }
        rooms
    }

    /// Returns whether the socket is in a room (Node's `socket.rooms.has(room)`).
    ///
    /// Cheaper than searching [`rooms`](Self::rooms), which it agrees with.
    #[doc(alias = "rooms.has")]
    #[must_use]
    pub fn is_in(&self, room: &str) -> bool {
        let is_member = self
            .namespace_shared()
            .local
            .rooms
            .is_member(self.state(), room);
        is_member || self.state().rooms_at_leave.contains(room)
    }

    /// Returns an operator for the sockets in any of these rooms, except this one.
    pub fn to(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.broadcast().to(rooms)
    }

    /// Returns an operator for the sockets in any of these rooms, except this one (Node's
    /// `socket.in`).
    #[doc(alias = "in")]
    pub fn in_(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.to(rooms)
    }

    /// Returns an operator for all sockets in the namespace except those in these rooms and this
    /// one.
    pub fn except(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.broadcast().except(rooms)
    }

    /// Returns an operator for all sockets in the namespace except this one.
    pub fn broadcast(&self) -> BroadcastOperator {
        BroadcastOperator::new(self.namespace_shared().clone(), self.others())
    }

    /// Returns an operator for all sockets in the namespace on this server except this one.
    pub fn local(&self) -> BroadcastOperator {
        self.broadcast().local()
    }
}

/// Flags that were set before selecting rooms apply to the broadcast, as in Node:
/// `socket.volatile().to("room").emit(..)`.
impl SocketEmitter<'_> {
    /// Returns an operator for the sockets in any of these rooms, except this one.
    pub fn to(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.broadcast().to(rooms)
    }

    /// Returns an operator for the sockets in any of these rooms, except this one (Node's
    /// `socket.in`).
    #[doc(alias = "in")]
    pub fn in_(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.to(rooms)
    }

    /// Returns an operator for all sockets in the namespace except those in these rooms and this
    /// one.
    pub fn except(&self, rooms: impl IntoRooms) -> BroadcastOperator {
        self.broadcast().except(rooms)
    }

    /// Returns an operator for all sockets in the namespace except this one.
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

    /// Returns an operator for all sockets in the namespace on this server except this one.
    pub fn local(&self) -> BroadcastOperator {
        self.broadcast().local()
    }
}

/// The reason why a socket could not join rooms.
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// The name of a room is longer than allowed.
    NameTooLong {
        /// The length of the name, in bytes.
        len: usize,
        /// The limit for the length, in bytes.
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
