use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwapOption;
use socketio_adapter::Room;

/// The rooms of a socket whose client was back under the same id before its disconnecting handlers
/// had finished: another has its place, and they go on to see what they saw. Most sockets have none
/// and pay for one pointer.
#[derive(Default)]
pub(crate) struct RoomsAtLeave(ArcSwapOption<Vec<Room>>);

/// What those have who have left their rooms.
static NONE: LazyLock<Arc<Vec<Room>>> = LazyLock::new(Arc::default);

impl RoomsAtLeave {
    /// Keeps the rooms, unless the handlers have finished meanwhile.
    pub(crate) fn keep(&self, rooms: Vec<Room>) {
        let none: Option<Arc<Vec<Room>>> = None;
        self.0.compare_and_swap(&none, Some(Arc::new(rooms)));
    }

    /// The handlers have finished: there are none from now on.
    pub(crate) fn leave(&self) {
        self.0.store(Some(Arc::clone(&NONE)));
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
    fn they_are_kept_until_they_are_left_for_good() {
        assert_eq!(size_of::<RoomsAtLeave>(), size_of::<usize>());
        let rooms = RoomsAtLeave::default();
        assert!(rooms.get().is_empty());
        rooms.keep(vec!["a".into()]);
        assert_eq!(rooms.get(), [Room::from("a")]);
        rooms.leave();
        rooms.keep(vec!["b".into()]);
        assert!(rooms.get().is_empty());
    }
}
