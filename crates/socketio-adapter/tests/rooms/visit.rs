//! Whom a target means.

use std::cell::Cell;

use socketio_adapter::{Member, Rooms, Target};

use crate::socket::{Socket, reached, to};

/// Returns a namespace with so many sockets in the room "all".
fn crowd(count: usize) -> Rooms<Socket> {
    let rooms = Rooms::new();
    for n in 0..count {
        let socket = Socket::connected(&rooms, &format!("{n:04}"));
        rooms.join(&socket, "all").unwrap();
    }
    rooms
}

#[test]
fn every_member_is_visited_once_whatever_their_number() {
    for count in [0, 1, 63, 64, 65, 1000] {
        let rooms = crowd(count);
        let expected: Vec<_> = (0..count).map(|n| format!("{n:04}")).collect();
        assert_eq!(reached(&rooms, &to(["all"])), expected);
        assert_eq!(reached(&rooms, &Target::all()), expected);
        assert_eq!(reached(&rooms, &to(["all", "none", "all"])), expected);
    }
}

#[test]
fn a_socket_in_two_rooms_is_visited_once() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    let bob = Socket::connected(&rooms, "bob");
    rooms.join(&alice, ["red", "blue"]).unwrap();
    rooms.join(&bob, "blue").unwrap();
    assert_eq!(reached(&rooms, &to(["red", "blue"])), ["alice", "bob"]);
    assert_eq!(reached(&rooms, &to(["alice", "red", "alice"])), ["alice"]);
}

#[test]
fn a_room_without_members_means_nobody() {
    let rooms = crowd(3);
    assert!(reached(&rooms, &to(["nowhere"])).is_empty());
    assert!(reached(&rooms, &to(["nowhere", "never"])).is_empty());
    assert_eq!(
        reached(&rooms, &Target::all().except(["nowhere", "never"])).len(),
        3
    );
}

#[test]
fn all_but_the_sender() {
    let rooms = crowd(3);
    let in_room = to(["all"]).except("0001");
    assert_eq!(reached(&rooms, &in_room), ["0000", "0002"]);
    let in_namespace = Target::all().except("0001");
    assert_eq!(reached(&rooms, &in_namespace), ["0000", "0002"]);
}

#[test]
fn members_of_excluded_rooms_are_left_out_though_they_are_meant() {
    let rooms = Rooms::new();
    for (id, joined) in [("a", "x"), ("b", "y"), ("c", "z"), ("d", "x")] {
        let socket = Socket::connected(&rooms, id);
        rooms.join(&socket, ["all", joined]).unwrap();
    }
    assert_eq!(reached(&rooms, &to(["all"]).except("x")), ["b", "c"]);
    assert_eq!(reached(&rooms, &to(["all"]).except(["x", "z"])), ["b"]);
    assert_eq!(reached(&rooms, &to(["all"]).except(["y", "a"])), ["c", "d"]);
    assert_eq!(reached(&rooms, &to(["x", "y"]).except("d")), ["a", "b"]);
    assert_eq!(reached(&rooms, &Target::all().except("x")), ["b", "c"]);
    assert!(reached(&rooms, &to(["x"]).except("all")).is_empty());
}

#[test]
fn many_can_be_left_out_one_by_one() {
    let rooms = crowd(500);
    let muted: Vec<_> = (0..499).map(|n| format!("{n:04}")).collect();
    assert_eq!(reached(&rooms, &to(["all"]).except(muted)), ["0499"]);
}

#[test]
fn who_leaves_before_its_turn_is_not_visited() {
    let rooms = crowd(200);
    let last = rooms.get("0199").unwrap();
    let mut seen = Vec::new();
    rooms.for_each(&to(["all"]), |socket| {
        rooms.leave(&last, "all");
        seen.push(socket.id().to_string());
    });
    assert_eq!(seen.len(), 199);
    assert!(!seen.contains(&"0199".to_owned()));
}

#[test]
fn who_joins_during_the_visit_waits_for_the_next() {
    let rooms = crowd(100);
    let mut visited = 0;
    rooms.for_each(&to(["all"]), |_| {
        let newcomer = Socket::connected(&rooms, &format!("new-{visited}"));
        rooms.join(&newcomer, "all").unwrap();
        visited += 1;
    });
    assert_eq!(visited, 100, "a visit must not chase its own tail");
    assert_eq!(reached(&rooms, &to(["all"])).len(), 200);
}

#[test]
fn a_visitor_may_use_the_index_as_it_likes() {
    for target in [Target::all(), to(["all"]), to(["all", "0000"])] {
        let rooms = crowd(150);
        let visited = Cell::new(0);
        rooms.for_each(&target, |socket| {
            visited.set(visited.get() + 1);
            rooms.join(socket, "seen").unwrap();
            rooms.leave(socket, "all");
            assert!(rooms.is_member(socket, "seen"));
            assert!(reached(&rooms, &to(["seen"])).contains(&socket.id().to_string()));
            assert!(rooms.get(socket.id().as_str()).is_some());
            rooms.remove(socket);
        });
        assert_eq!(visited.get(), 150);
        assert_eq!((rooms.len(), rooms.room_count()), (0, 0));
    }
}

#[test]
fn leaving_and_joining_again_during_the_visit_is_no_second_turn() {
    let rooms = crowd(150);
    for target in [to(["all"]), to(["all", "none"])] {
        let mut visited = 0;
        rooms.for_each(&target, |socket| {
            visited += 1;
            rooms.leave(socket, "all");
            rooms.join(socket, "all").unwrap();
        });
        assert_eq!(visited, 150);
    }
}

#[test]
fn a_visitor_that_panics_leaves_the_index_whole() {
    let rooms = crowd(100);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        rooms.for_each(&to(["all"]), |socket| assert_ne!(socket.id(), "0050"));
    }));
    assert!(outcome.is_err());
    assert_eq!(reached(&rooms, &to(["all"])).len(), 100);
    assert!(rooms.remove(&rooms.get("0050").unwrap()));
}
