//! The rooms of a leaving socket that was replaced by another one.

use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwapOption;
use socketio_adapter::Room;

/// The rooms of a leaving socket that was replaced by another socket of the same id.
///
/// Its client has reconnected before the disconnecting handlers finished. These handlers still see
/// the rooms that the socket was in. A socket without such rooms stores one pointer.
#[derive(Default)]
pub(crate) struct RoomsAtLeave(ArcSwapOption<Vec<Room>>);

/// Marks a socket whose handlers have finished.
static CLOSED: LazyLock<Arc<Vec<Room>>> = LazyLock::new(Arc::default);

impl RoomsAtLeave {
    /// Stores the rooms unless the handlers have finished meanwhile.
    pub(crate) fn store(&self, rooms: Vec<Room>) {
        let none: Option<Arc<Vec<Room>>> = None;
        self.0.compare_and_swap(&none, Some(Arc::new(rooms)));
    }

    /// Removes the rooms for good because the handlers have finished.
    pub(crate) fn close(&self) {
        self.0.store(Some(Arc::clone(&CLOSED)));
    }

    /// Returns whether the socket was in a room. Copies no rooms.
    pub(crate) fn contains(&self, room: &str) -> bool {
        let rooms = self.0.load();
        rooms
            .as_ref()
            .is_some_and(|rooms| rooms.iter().any(|at_leave| at_leave == room))
    }

    pub(crate) fn get(&self) -> Vec<Room> {
        match &*self.0.load() {
            Some(rooms) => rooms.to_vec(),
            None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_stored_until_the_handlers_have_finished() {
        let rooms = RoomsAtLeave::default();
        assert!(rooms.get().is_empty());
        rooms.store(vec!["a".into()]);
        assert_eq!(rooms.get(), [Room::from("a")]);
        assert!(rooms.contains("a") && !rooms.contains("b"));
        rooms.close();
        assert!(!rooms.contains("a"));
        rooms.store(vec!["b".into()]);
        assert!(rooms.get().is_empty());
    }
}
