use parking_lot::Mutex;
use socketio_adapter::{RecoveryId, Room};
use tokio::sync::SetOnce;
use tokio::time::Instant;

/// What a socket has that may come back.
pub(crate) struct Recoverable {
    pub(crate) id: RecoveryId,
    /// Whether it has come back itself.
    pub(crate) recovered: bool,
    /// What has become of it, once it has left.
    fate: SetOnce<Fate>,
    last_rooms: Mutex<LastRooms>,
}

/// What has become of a socket that has left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// Its client may come back until then.
    Kept(Instant),
    /// It is over.
    Over,
}

/// The rooms of a socket whose client was back before its disconnecting handlers had finished:
/// another has its place.
enum LastRooms {
    InIndex,
    Here(Vec<Room>),
    /// The handlers have finished.
    Left,
}

impl Recoverable {
    pub(crate) fn new(id: RecoveryId, recovered: bool) -> Self {
        Self {
            id,
            recovered,
            fate: SetOnce::new(),
            last_rooms: Mutex::new(LastRooms::InIndex),
        }
    }

    /// Says what has become of the socket. Only the first word counts.
    pub(crate) fn settle(&self, fate: Fate) {
        self.fate.set(fate).ok();
    }

    /// Waits until the socket has left and its session is kept, or never will be.
    pub(crate) async fn settled(&self) {
        self.fate.wait().await;
    }

    /// Until when the client may come back, if it is away.
    pub(crate) fn kept_until(&self) -> Option<Instant> {
        match self.fate.get() {
            Some(Fate::Kept(until)) => Some(*until),
            Some(Fate::Over) | None => None,
        }
    }

    /// Lets the handlers that are running go on to see these rooms.
    pub(crate) fn keep_rooms(&self, rooms: Vec<Room>) {
        let mut last = self.last_rooms.lock();
        if matches!(*last, LastRooms::InIndex) {
            *last = LastRooms::Here(rooms);
        }
    }

    pub(crate) fn leave_rooms(&self) {
        let left = std::mem::replace(&mut *self.last_rooms.lock(), LastRooms::Left);
        drop(left);
    }

    pub(crate) fn last_rooms(&self) -> Vec<Room> {
        match &*self.last_rooms.lock() {
            LastRooms::Here(rooms) => rooms.clone(),
            LastRooms::InIndex | LastRooms::Left => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_socket_pays_is_small() {
        assert!(size_of::<Recoverable>() <= 160);
    }
}
