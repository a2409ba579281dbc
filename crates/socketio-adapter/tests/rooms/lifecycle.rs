//! Inserting and removing members, joining and leaving rooms.

use std::sync::Arc;

use socketio_adapter::{InsertError, Rooms, Target};

use crate::socket::{Socket, reached, to};

#[test]
fn a_socket_is_in_its_own_room() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");

    assert_eq!(rooms.rooms_of(&alice), ["alice"]);
    assert!(rooms.is_member(&alice, "alice"));
    assert_eq!(reached(&rooms, &to(["alice"])), ["alice"]);
    assert_eq!(rooms.room_count(), 0, "that room takes no memory");
}

#[test]
fn a_socket_can_leave_and_rejoin_its_own_room() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");

    assert!(rooms.leave(&alice, "alice"));
    assert!(!rooms.leave(&alice, "alice"));
    assert!(rooms.rooms_of(&alice).is_empty());
    assert!(reached(&rooms, &to(["alice"])).is_empty());
    assert_eq!(reached(&rooms, &Target::all()), ["alice"]);
    let but_alice = Target::all().except("alice");
    assert_eq!(
        reached(&rooms, &but_alice),
        ["alice"],
        "she is not in that room"
    );

    rooms.join(&alice, "alice").unwrap();
    assert_eq!(reached(&rooms, &to(["alice"])), ["alice"]);
    assert_eq!(rooms.room_count(), 0);
}

#[test]
fn other_sockets_can_join_a_sockets_own_room() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    let bob = Socket::connected(&rooms, "bob");
    rooms.join(&bob, "alice").unwrap();

    assert_eq!(reached(&rooms, &to(["alice"])), ["alice", "bob"]);
    assert!(reached(&rooms, &Target::all().except("alice")).is_empty());

    rooms.remove(&alice);
    assert_eq!(reached(&rooms, &to(["alice"])), ["bob"]);
    rooms.leave(&bob, "alice");
    assert_eq!(rooms.room_count(), 0);
}

#[test]
fn rooms_are_returned_in_the_order_of_joining() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    rooms.join(&alice, ["c", "a"]).unwrap();
    rooms.join(&alice, "b").unwrap();
    rooms.join(&alice, "a").unwrap();
    assert_eq!(rooms.rooms_of(&alice), ["alice", "c", "a", "b"]);
    assert!(rooms.leave(&alice, "c"));
    assert!(!rooms.leave(&alice, "c"));
    assert_eq!(rooms.rooms_of(&alice), ["alice", "a", "b"]);
}

#[test]
fn a_room_is_removed_with_its_last_member() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    let bob = Socket::connected(&rooms, "bob");
    rooms.join(&alice, "news").unwrap();
    rooms.join(&bob, "news").unwrap();
    assert_eq!(rooms.room_count(), 1);
    rooms.leave(&alice, "news");
    assert_eq!(rooms.room_count(), 1);
    rooms.leave(&bob, "news");
    assert_eq!(rooms.room_count(), 0);
    rooms.join(&bob, "news").unwrap();
    assert_eq!(reached(&rooms, &to(["news"])), ["bob"]);
}

#[test]
fn a_removed_socket_leaves_no_trace() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    rooms.join(&alice, ["news", "sport"]).unwrap();

    assert!(rooms.remove(&alice));
    assert!(!rooms.remove(&alice));
    assert_eq!((rooms.len(), rooms.room_count()), (0, 0));
    assert!(rooms.is_empty());
    assert!(rooms.get("alice").is_none());
    assert!(rooms.rooms_of(&alice).is_empty());
    assert_eq!(Arc::strong_count(&alice), 1);
}

#[test]
fn joining_after_removal_does_nothing() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    rooms.remove(&alice);
    rooms.join(&alice, "news").unwrap();
    assert!(!rooms.is_member(&alice, "news"));
    assert_eq!(rooms.room_count(), 0);
    assert_eq!(rooms.insert(&alice), Err(InsertError::Removed));
}

#[test]
fn rooms_joined_before_insertion_take_effect_at_insertion() {
    let rooms = Rooms::new();
    let alice = Socket::new("alice");
    rooms.join(&alice, ["news", "sport", "alice"]).unwrap();
    rooms.leave(&alice, "sport");

    assert!(rooms.is_member(&alice, "news"));
    assert_eq!(rooms.rooms_of(&alice), ["news"]);
    assert!(reached(&rooms, &to(["news"])).is_empty());
    assert_eq!(rooms.room_count(), 0);

    rooms.insert(&alice).unwrap();
    assert_eq!(rooms.rooms_of(&alice), ["alice", "news"]);
    assert_eq!(reached(&rooms, &to(["news"])), ["alice"]);
}

#[test]
fn a_refused_socket_leaves_no_room_behind() {
    let rooms = Rooms::new();
    let forgotten = Socket::new("forgotten");
    rooms.join(&forgotten, "news").unwrap();
    let weak = Arc::downgrade(&forgotten);
    drop(forgotten);
    assert!(weak.upgrade().is_none());

    let refused = Socket::new("refused");
    rooms.join(&refused, "news").unwrap();
    assert!(!rooms.remove(&refused), "it was never inserted");
    assert_eq!(rooms.insert(&refused), Err(InsertError::Removed));
    assert_eq!(rooms.room_count(), 0);
}

#[test]
fn an_id_belongs_to_one_socket_at_a_time() {
    let rooms = Rooms::new();
    let first = Socket::connected(&rooms, "alice");
    let second = Socket::new("alice");
    rooms.insert(&first).unwrap();
    rooms.join(&second, "news").unwrap();
    assert_eq!(rooms.insert(&second), Err(InsertError::IdTaken));
    assert_eq!((rooms.len(), rooms.room_count()), (1, 0));
    assert!(Arc::ptr_eq(&rooms.get("alice").unwrap(), &first));

    rooms.remove(&first);
    rooms.insert(&second).unwrap();
    assert_eq!(reached(&rooms, &to(["news"])), ["alice"]);
}

#[test]
fn the_limit_of_rooms_holds_before_and_after_insertion() {
    let rooms = Rooms::new().with_max_rooms(2);
    let alice = Socket::new("alice");
    assert_eq!(rooms.join(&alice, ["a", "b", "c"]).unwrap_err().limit(), 2);
    assert!(rooms.rooms_of(&alice).is_empty(), "all or none");
    rooms.join(&alice, "a").unwrap();

    rooms.insert(&alice).unwrap();
    rooms.join(&alice, ["a", "b", "b", "alice"]).unwrap();
    assert!(rooms.join(&alice, "c").is_err());
    assert_eq!(rooms.rooms_of(&alice), ["alice", "a", "b"]);

    rooms.leave(&alice, "a");
    rooms.join(&alice, "c").unwrap();
    rooms.remove(&alice);
    assert!(
        rooms.join(&alice, ["a", "b", "c"]).is_ok(),
        "it does nothing"
    );
}

#[test]
fn members_are_freed_with_the_index() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    rooms.join(&alice, ["a", "b"]).unwrap();
    let weak = Arc::downgrade(&alice);
    drop(alice);
    assert!(weak.upgrade().is_some());
    drop(rooms);
    assert!(weak.upgrade().is_none());
}

#[test]
fn own_rooms_are_not_counted() {
    let rooms = Rooms::new();
    let sockets: Vec<_> = (0..10_000)
        .map(|n| Socket::connected(&rooms, &format!("socket-{n}")))
        .collect();
    assert_eq!((rooms.len(), rooms.room_count()), (10_000, 0));
    assert!(rooms.get("socket-9999").is_some());
    for socket in &sockets {
        rooms.remove(socket);
    }
    assert!(rooms.is_empty());
}
