//! Who is told of changes to rooms.

use crate::room::Room;
use crate::socket_id::SocketId;

/// Is told when rooms come and go and when sockets join and leave them.
///
/// The methods are called in the order of the changes while the index is locked. They must return at
/// once, must not panic, and must not call the index back: let them put the news into a channel.
/// Nothing is told when the index itself is dropped.
///
/// The room of a socket's own id is reported like another. Where other sockets have joined a room of
/// that name as well, the name is created twice and deleted twice, so count.
pub trait RoomObserver: Send + Sync + 'static {
    /// A room has its first member.
    fn create_room(&self, room: &Room) {
        let _ = room;
    }

    /// A room has lost its last member.
    fn delete_room(&self, room: &Room) {
        let _ = room;
    }

    /// A socket is now in a room.
    fn join_room(&self, room: &Room, id: &SocketId) {
        let _ = (room, id);
    }

    /// A socket leaves a room.
    fn leave_room(&self, room: &Room, id: &SocketId) {
        let _ = (room, id);
    }
}
