//! What an observer is told.

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
fn leaving_the_own_room_is_told() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    let (recorder, told) = Recorder::new();
    rooms.observe(recorder);
    rooms.leave(&alice, "alice");
    rooms.join(&alice, "alice").unwrap();
    assert_eq!(
        told.try_iter().collect::<Vec<_>>(),
        [
            "leave alice alice",
            "delete alice",
            "create alice",
            "join alice alice"
        ]
    );
}

#[test]
fn changes_are_told_in_order() {
    let rooms = Rooms::new();
    let (recorder, told) = Recorder::new();
    assert!(rooms.observe(recorder));
    let told = || told.try_iter().collect::<Vec<_>>();

    let alice = Socket::connected(&rooms, "alice");
    assert_eq!(told(), ["create alice", "join alice alice"]);

    rooms.join(&alice, ["news", "news"]).unwrap();
    assert_eq!(told(), ["create news", "join news alice"]);

    let bob = Socket::connected(&rooms, "bob");
    told();
    rooms.join(&bob, "news").unwrap();
    assert_eq!(told(), ["join news bob"]);

    rooms.leave(&bob, "news");
    rooms.leave(&bob, "news");
    assert_eq!(told(), ["leave news bob"]);

    rooms.remove(&alice);
    rooms.remove(&alice);
    assert_eq!(
        told(),
        [
            "leave news alice",
            "delete news",
            "leave alice alice",
            "delete alice"
        ]
    );
    rooms.join(&alice, "news").unwrap();
    assert!(told().is_empty());

    drop(rooms);
    assert!(told().is_empty(), "bob is freed in silence");
}

#[test]
fn the_first_observer_stays() {
    let rooms = Rooms::<Socket>::new();
    assert!(rooms.observe(Recorder::new().0));
    assert!(!rooms.observe(Recorder::new().0));
}
