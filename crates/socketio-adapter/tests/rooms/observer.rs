//! The calls of an observer.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use socketio_adapter::{Room, RoomObserver, Rooms, SocketId};

use crate::socket::Socket;

struct Recorder(Sender<String>);

impl Recorder {
    fn new() -> (Arc<Self>, Receiver<String>) {
        let (sender, receiver) = channel();
        (Arc::new(Self(sender)), receiver)
    }

    fn record(&self, event: String) {
        self.0.send(event).unwrap();
    }
}

impl RoomObserver for Recorder {
    fn create_room(&self, room: &Room) {
        self.record(format!("create {room}"));
    }

    fn delete_room(&self, room: &Room) {
        self.record(format!("delete {room}"));
    }

    fn join_room(&self, room: &Room, id: &SocketId) {
        self.record(format!("join {room} {id}"));
    }

    fn leave_room(&self, room: &Room, id: &SocketId) {
        self.record(format!("leave {room} {id}"));
    }
}

#[test]
fn an_observer_sees_a_socket_leave_its_own_room() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    let (recorder, events) = Recorder::new();
    rooms.observe(recorder);
    rooms.leave(&alice, "alice");
    rooms.join(&alice, "alice").unwrap();
    assert_eq!(
        events.try_iter().collect::<Vec<_>>(),
        [
            "leave alice alice",
            "delete alice",
            "create alice",
            "join alice alice"
        ]
    );
}

#[test]
fn an_observer_sees_changes_in_order() {
    let rooms = Rooms::new();
    let (recorder, events) = Recorder::new();
    assert!(rooms.observe(recorder));
    let events = || events.try_iter().collect::<Vec<_>>();

    let alice = Socket::connected(&rooms, "alice");
    assert_eq!(events(), ["create alice", "join alice alice"]);

    rooms.join(&alice, ["news", "news"]).unwrap();
    assert_eq!(events(), ["create news", "join news alice"]);

    let bob = Socket::connected(&rooms, "bob");
    events();
    rooms.join(&bob, "news").unwrap();
    assert_eq!(events(), ["join news bob"]);

    rooms.leave(&bob, "news");
    rooms.leave(&bob, "news");
    assert_eq!(events(), ["leave news bob"]);

    rooms.remove(&alice);
    rooms.remove(&alice);
    assert_eq!(
        events(),
        [
            "leave news alice",
            "delete news",
            "leave alice alice",
            "delete alice"
        ]
    );
    rooms.join(&alice, "news").unwrap();
    assert!(events().is_empty());

    drop(rooms);
    assert!(events().is_empty(), "dropping the index reports nothing");
}

#[test]
fn the_first_observer_is_kept() {
    let rooms = Rooms::<Socket>::new();
    assert!(rooms.observe(Recorder::new().0));
    assert!(!rooms.observe(Recorder::new().0));
}
