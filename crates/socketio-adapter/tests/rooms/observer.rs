//! The calls of an observer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use socketio_adapter::{PendingReport, RoomEvent, Rooms, Target};

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

/// Rooms with an observer that moves alice in and out of "a" at each event without end, and the
/// reports that operations have not finished.
fn flooded() -> (Arc<Rooms<Socket>>, Arc<Socket>, Receiver<PendingReport>) {
    let (sender, pending) = channel();
    let rooms = Rooms::new().with_report_spawner(move |report| sender.send(report).unwrap());
    let rooms = Arc::new(rooms);
    let alice = Socket::connected(&rooms, "alice");
    let (inner, socket) = (Arc::downgrade(&rooms), Arc::clone(&alice));
    rooms.observe(move |event: &RoomEvent| {
        let rooms = inner.upgrade().expect("the test owns the rooms");
        match event {
            RoomEvent::Joined { room, .. } if *room == *"a" => drop(rooms.leave(&socket, "a")),
            RoomEvent::Left { room, .. } if *room == *"a" => rooms.join(&socket, "a").unwrap(),
            _ => {}
        }
    });
    (rooms, alice, pending)
}

#[test]
fn a_call_reports_at_most_256_events() {
    let (rooms, alice, pending) = flooded();
    let events = observe(&rooms);
    rooms.join(&alice, "a").unwrap();
    let mut report = Some(pending.try_recv().expect("the call has left events"));
    for _ in 0..3 {
        assert_eq!(events.try_iter().count(), 256);
        report = report.expect("the observer causes more events").run();
    }
    // The next call does not wait for the task.
    events.try_iter().count();
    rooms.leave(&alice, "alice");
    assert_eq!(events.try_iter().count(), 256);
    assert!(pending.try_recv().is_err(), "one report is pending");
}

#[test]
fn a_report_that_is_dropped_is_left_to_the_next_call() {
    let (rooms, alice, pending) = flooded();
    let events = observe(&rooms);
    rooms.join(&alice, "a").unwrap();
    drop(pending.try_recv().expect("the call has left events"));
    assert_eq!(events.try_iter().count(), 256);
    rooms.leave(&alice, "alice");
    assert_eq!(events.try_iter().count(), 256);
    assert!(
        pending.try_recv().is_ok(),
        "the second call has left events"
    );
}

#[test]
fn a_thread_that_continues_a_report_keeps_the_order() {
    let (sender, pending) = channel();
    let rooms = Rooms::new().with_report_spawner(move |report| sender.send(report).unwrap());
    let alice = Socket::connected(&rooms, "alice");
    let events = observe(&rooms);
    let names: Vec<_> = (0..300).map(|room| format!("room {room}")).collect();
    rooms.join(&alice, names.clone()).unwrap();
    let report = pending.try_recv().expect("the call has left events");
    std::thread::spawn(move || run_all(report)).join().unwrap();
    let created = names.iter().flat_map(|name| {
        let joined = format!("join {name} alice");
        [format!("create {name}"), joined]
    });
    assert!(events.try_iter().eq(created));
    assert!(pending.try_recv().is_err());
}

fn run_all(report: PendingReport) {
    let mut pending = Some(report);
    while let Some(report) = pending {
        pending = report.run();
    }
}
