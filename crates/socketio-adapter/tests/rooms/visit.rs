//! The members that a target selects.

use std::cell::Cell;

use socketio_adapter::{Member, Rooms, Target};

use crate::socket::{Socket, reached, to};

/// Creates a namespace with `count` sockets in the room "all".
fn crowd(count: usize) -> Rooms<Socket> {
    let rooms = Rooms::new();
    for n in 0..count {
        let socket = Socket::connected(&rooms, &format!("{n:04}"));
        rooms.join(&socket, "all").unwrap();
    }
    rooms
}

#[test]
fn every_member_is_visited_once() {
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
fn a_room_without_members_selects_no_socket() {
    let rooms = crowd(3);
    assert!(reached(&rooms, &to(["nowhere"])).is_empty());
    assert!(reached(&rooms, &to(["nowhere", "never"])).is_empty());
    assert_eq!(
        reached(&rooms, &Target::all().except(["nowhere", "never"])).len(),
        3
    );
}

#[test]
fn a_target_can_exclude_the_sender() {
    let rooms = crowd(3);
    let in_room = to(["all"]).except("0001");
    assert_eq!(reached(&rooms, &in_room), ["0000", "0002"]);
    let in_namespace = Target::all().except("0001");
    assert_eq!(reached(&rooms, &in_namespace), ["0000", "0002"]);
}

#[test]
fn an_excluded_room_takes_precedence() {
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
fn many_sockets_can_be_excluded_by_id() {
    let rooms = crowd(500);
    let muted: Vec<_> = (0..499).map(|n| format!("{n:04}")).collect();
    assert_eq!(reached(&rooms, &to(["all"]).except(muted)), ["0499"]);
}

#[test]
fn a_socket_that_leaves_before_it_is_visited_is_skipped() {
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
fn a_socket_that_joins_during_a_visit_is_not_visited() {
    let rooms = crowd(100);
    let mut visited = 0;
    rooms.for_each(&to(["all"]), |_| {
        let newcomer = Socket::connected(&rooms, &format!("new-{visited}"));
        rooms.join(&newcomer, "all").unwrap();
        visited += 1;
    });
    assert_eq!(visited, 100, "sockets that join must not extend the visit");
    assert_eq!(reached(&rooms, &to(["all"])).len(), 200);
}

#[test]
fn a_visitor_can_use_the_index() {
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
fn a_socket_that_rejoins_during_a_visit_is_visited_once() {
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
fn a_panicking_visitor_leaves_the_index_intact() {
    let rooms = crowd(100);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        rooms.for_each(&to(["all"]), |socket| assert_ne!(socket.id(), "0050"));
    }));
    assert!(outcome.is_err());
    assert_eq!(reached(&rooms, &to(["all"])).len(), 100);
    assert!(rooms.remove(&rooms.get("0050").unwrap()));
}
