//! A member, and shortcuts for queries of the index.

use std::sync::Arc;

use socketio_adapter::{Member, Memberships, Rooms, SocketId, Target};

#[derive(Debug)]
pub(crate) struct Socket {
    id: SocketId,
    memberships: Memberships<Self>,
}

impl Socket {
    pub(crate) fn new(id: &str) -> Arc<Self> {
        Arc::new(Self {
            id: id.into(),
            memberships: Memberships::new(),
        })
    }

    /// Creates a socket and inserts it.
    pub(crate) fn connected(rooms: &Rooms<Self>, id: &str) -> Arc<Self> {
        let socket = Self::new(id);
        rooms.insert(&socket).unwrap();
        socket
    }
}

impl Member for Socket {
    fn id(&self) -> &SocketId {
        &self.id
    }

    fn memberships(&self) -> &Memberships<Self> {
        &self.memberships
    }
}

pub(crate) fn to<const N: usize>(rooms: [&str; N]) -> Target {
    Target::all().to(rooms)
}

/// Returns the sorted ids of the selected members, each as often as it was visited.
pub(crate) fn reached(rooms: &Rooms<Socket>, target: &Target) -> Vec<String> {
    let mut ids = Vec::new();
    rooms.for_each(target, |socket| ids.push(socket.id().to_string()));
    ids.sort();
    ids
}
