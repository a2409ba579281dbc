//! The calls of an observer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use socketio_adapter::{RoomEvent, Rooms, Target};

use crate::socket::Socket;

/// Observes the rooms and returns the receiver of the events.
fn observe(rooms: &Rooms<Socket>) -> Receiver<String> {
    let (sender, receiver) = channel();
    rooms.observe(move |event: &RoomEvent| sender.send(describe(event)).unwrap());
    receiver
}

fn describe(event: &RoomEvent) -> String {
    match event {
        RoomEvent::Created { room, .. } => format!("create {room}"),
        RoomEvent::Deleted { room, .. } => format!("delete {room}"),
        RoomEvent::Joined { room, socket, .. } => format!("join {room} {socket}"),
        RoomEvent::Left { room, socket, .. } => format!("leave {room} {socket}"),
        event => panic!("an unknown event: {event:?}"),
    }
}

#[test]
fn an_observer_sees_a_socket_leave_its_own_room() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    let events = observe(&rooms);
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
    let events = observe(&rooms);
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
            "leave alice alice",
            "delete alice",
            "leave news alice",
            "delete news"
        ]
    );
    rooms.join(&alice, "news").unwrap();
    assert!(events().is_empty());

    drop(rooms);
    assert!(events().is_empty(), "dropping the index reports nothing");
}

/// As in Node, the room of a socket's id is the room that others join under this name.
#[test]
fn a_room_of_another_socket_exists_until_both_have_left() {
    let rooms = Rooms::new();
    let events = observe(&rooms);
    let events = || events.try_iter().collect::<Vec<_>>();
    let alice = Socket::connected(&rooms, "alice");
    let bob = Socket::connected(&rooms, "bob");
    events();
    rooms.join(&bob, "alice").unwrap();
    assert_eq!(events(), ["join alice bob"]);
    assert_eq!(rooms.room_size("alice"), 2);
    rooms.leave(&alice, "alice");
    assert_eq!(events(), ["leave alice alice"]);
    rooms.join(&alice, "alice").unwrap();
    assert_eq!(events(), ["join alice alice"]);
    rooms.leave(&bob, "alice");
    assert_eq!(events(), ["leave alice bob"]);
    rooms.join(&bob, "alice").unwrap();
    rooms.remove(&alice);
    assert_eq!(events(), ["join alice bob", "leave alice alice"]);
    rooms.remove(&bob);
    assert_eq!(
        events(),
        [
            "leave bob bob",
            "delete bob",
            "leave alice bob",
            "delete alice"
        ]
    );
    // A room that exists before the socket of that id.
    let carol = Socket::connected(&rooms, "carol");
    rooms.join(&carol, "dave").unwrap();
    events();
    let _dave = Socket::connected(&rooms, "dave");
    assert_eq!(events(), ["join dave dave"]);
}

#[test]
fn all_observers_see_later_changes() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    let first = observe(&rooms);
    rooms.join(&alice, "a").unwrap();
    let second = observe(&rooms);
    rooms.leave(&alice, "a");
    let of = |events: &Receiver<String>| events.try_iter().collect::<Vec<_>>();
    let expected = ["create a", "join a alice", "leave a alice", "delete a"];
    assert_eq!(of(&first), expected);
    assert_eq!(of(&second), expected[2..]);
}

#[test]
fn an_observer_may_use_and_change_the_index() {
    let rooms = Arc::new(Rooms::new());
    let alice = Socket::connected(&rooms, "alice");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (inner, socket, log) = (Arc::clone(&rooms), Arc::clone(&alice), Arc::clone(&seen));
    rooms.observe(move |event: &RoomEvent| {
        inner.for_each(&Target::all().to(event.room()), |_| {});
        let (sizes, joined) = (inner.room_sizes(), inner.rooms_of(&socket));
        assert!(joined.iter().all(|room| sizes[room] == 1));
        if *event.room() == *"outer" {
            inner.join(&socket, "inner").unwrap();
        }
        log.lock().unwrap().push(describe(event));
    });
    rooms.join(&alice, "outer").unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "create outer",
            "join outer alice",
            "create inner",
            "join inner alice"
        ]
    );
}

#[test]
fn a_panic_of_an_observer_loses_no_later_event() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    rooms.observe(|event: &RoomEvent| assert!(*event.room() != *"bad", "on purpose"));
    let events = observe(&rooms);
    let panics = |change: &dyn Fn()| catch_unwind(AssertUnwindSafe(change)).is_err();
    assert!(panics(&|| rooms.join(&alice, "bad").unwrap()), "create");
    assert!(rooms.is_member(&alice, "bad"));
    assert!(panics(&|| rooms.join(&alice, "good").unwrap()), "join");
    assert_eq!(events.try_iter().count(), 0);
    rooms.leave(&alice, "good");
    assert_eq!(
        events.try_iter().collect::<Vec<_>>(),
        [
            "create good",
            "join good alice",
            "leave good alice",
            "delete good"
        ]
    );
}
