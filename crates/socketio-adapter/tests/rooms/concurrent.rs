//! The index used by several threads. Each test runs a fixed number of rounds.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use socketio_adapter::{Member, RoomEvent, Rooms, Target};

use crate::socket::{Socket, reached, to};

/// Pseudo-random numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}

/// Runs two closures at the same time.
fn race(first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
    let start = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            first();
        });
        start.wait();
        second();
    });
}

#[test]
fn an_index_is_empty_when_all_sockets_are_removed() {
    let names = ["a", "b", "c", "d"];
    let rooms = Rooms::new();
    let mut weak = Vec::new();
    for round in 0..20 {
        let sockets: Vec<_> = (0..8)
            .map(|n| Socket::connected(&rooms, &format!("{round}-{n}")))
            .collect();
        thread::scope(|scope| {
            for seed in 1..5 {
                let (rooms, sockets) = (&rooms, &sockets);
                scope.spawn(move || {
                    let mut numbers = Numbers(seed * 7919 + round);
                    for _ in 0..300 {
                        let socket = &sockets[numbers.below(sockets.len())];
                        let name = names[numbers.below(names.len())];
                        match numbers.below(40) {
                            0 => _ = rooms.remove(socket),
                            1..15 => rooms.join(socket, name).unwrap(),
                            15..30 => _ = rooms.leave(socket, name),
                            30..35 => drop(reached(rooms, &to([name]))),
                            35..38 => drop(reached(rooms, &to(["a", "b"]).except("c"))),
                            _ => drop(reached(rooms, &Target::all().except(name))),
                        }
                    }
                });
            }
        });
        for socket in &sockets {
            rooms.remove(socket);
            weak.push(Arc::downgrade(socket));
        }
        assert_eq!((rooms.len(), rooms.room_count()), (0, 0));
    }
    assert!(weak.iter().all(|socket| socket.upgrade().is_none()));
}

#[test]
fn a_socket_that_joins_while_it_is_removed_stays_removed() {
    let rooms = Rooms::new();
    for round in 0..1000 {
        let socket = Socket::connected(&rooms, &format!("{round}"));
        race(
            || {
                for room in ["a", "b", "c"] {
                    rooms.join(&socket, room).unwrap();
                }
            },
            || assert!(rooms.remove(&socket)),
        );
        assert!(rooms.rooms_of(&socket).is_empty());
        assert!(reached(&rooms, &to(["a", "b", "c"])).is_empty());
        assert_eq!((rooms.len(), rooms.room_count()), (0, 0));
    }
}

#[test]
fn a_socket_that_is_inserted_while_it_is_removed_stays_removed() {
    let rooms = Rooms::new();
    for round in 0..1000 {
        let socket = Socket::new(&format!("{round}"));
        rooms.join(&socket, "a").unwrap();
        race(|| _ = rooms.insert(&socket), || _ = rooms.remove(&socket));
        assert_eq!((rooms.len(), rooms.room_count()), (0, 0));
        assert_eq!(Arc::strong_count(&socket), 1);
    }
}

#[test]
fn a_socket_that_joins_while_the_last_one_leaves_is_in_the_room() {
    let rooms = Rooms::new();
    let alice = Socket::connected(&rooms, "alice");
    let bob = Socket::connected(&rooms, "bob");
    for _ in 0..1000 {
        rooms.join(&alice, "a").unwrap();
        race(
            || assert!(rooms.leave(&alice, "a")),
            || rooms.join(&bob, "a").unwrap(),
        );
        assert_eq!(reached(&rooms, &to(["a"])), ["bob"]);
        assert_eq!(rooms.room_count(), 1);
        rooms.leave(&bob, "a");
        assert_eq!(rooms.room_count(), 0);
    }
}

#[test]
fn only_one_of_two_sockets_with_the_same_id_is_inserted() {
    let rooms = Rooms::new();
    for _ in 0..500 {
        let sockets = [Socket::new("twin"), Socket::new("twin")];
        race(
            || _ = rooms.insert(&sockets[0]),
            || _ = rooms.insert(&sockets[1]),
        );
        assert_eq!(rooms.len(), 1);
        let removed = sockets.iter().filter(|socket| rooms.remove(socket)).count();
        assert_eq!(removed, 1);
        assert!(rooms.is_empty());
    }
}

#[test]
fn a_socket_that_stays_is_visited_exactly_once() {
    let rooms = Rooms::new();
    let mut staying = Vec::new();
    let mut moving = Vec::new();
    for n in 0..300 {
        let socket = Socket::connected(&rooms, &format!("{n:03}"));
        rooms.join(&socket, "all").unwrap();
        match n % 3 {
            0 => staying.push(socket),
            _ => moving.push(socket),
        }
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut numbers = Numbers(42);
            while !done.load(Ordering::Relaxed) {
                let socket = &moving[numbers.below(moving.len())];
                if !rooms.leave(socket, "all") {
                    rooms.join(socket, "all").unwrap();
                }
            }
        });
        for round in 0..300 {
            let target = if round % 2 == 0 {
                to(["all"])
            } else {
                to(["all", "none"])
            };
            let mut visits: HashMap<String, u32> = HashMap::new();
            rooms.for_each(&target, |socket| {
                *visits.entry(socket.id().to_string()).or_default() += 1;
            });
            assert!(visits.values().all(|count| *count == 1));
            assert!(staying.iter().all(|s| visits.contains_key(s.id().as_str())));
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn no_visit_that_starts_after_removal_sees_the_socket() {
    let rooms = Rooms::new();
    let stayer = Socket::connected(&rooms, "stayer");
    rooms.join(&stayer, ["a", "b"]).unwrap();
    for round in 0..300 {
        let socket = Socket::connected(&rooms, &format!("{round}"));
        rooms.join(&socket, ["a", "b"]).unwrap();
        let removed = AtomicBool::new(false);
        race(
            || {
                rooms.remove(&socket);
                removed.store(true, Ordering::SeqCst);
            },
            || {
                for target in [Target::all(), to(["a"]), to(["a", "b"])] {
                    let after_removal = removed.load(Ordering::SeqCst);
                    let seen = reached(&rooms, &target);
                    assert!(seen.contains(&"stayer".to_owned()));
                    assert!(!after_removal || seen == ["stayer"]);
                }
            },
        );
    }
}

#[test]
fn visitors_that_change_the_index_do_not_block_each_other() {
    let rooms = Rooms::new();
    for n in 0..200 {
        let socket = Socket::connected(&rooms, &format!("{n}"));
        rooms.join(&socket, "all").unwrap();
    }
    thread::scope(|scope| {
        for seed in 1..5 {
            let rooms = &rooms;
            scope.spawn(move || {
                let mut numbers = Numbers(seed);
                for _ in 0..10 {
                    rooms.for_each(&to(["all", "some"]), |socket| match numbers.below(4) {
                        0 => rooms.join(socket, "some").unwrap(),
                        1 => _ = rooms.leave(socket, "some"),
                        2 => drop(rooms.rooms_of(socket)),
                        _ if numbers.below(100) == 0 => _ = rooms.remove(socket),
                        _ => {}
                    });
                }
            });
        }
    });
    rooms.for_each(&Target::all(), |socket| _ = rooms.remove(socket));
    assert_eq!((rooms.len(), rooms.room_count()), (0, 0));
}

/// The changes of a room are reported in an order in which they can have happened, also of the room of
/// a socket's id.
#[test]
fn an_observer_sees_a_possible_order_of_concurrent_changes() {
    for room in ["a", "alice"] {
        let rooms = Rooms::new();
        let alice = Socket::connected(&rooms, "alice");
        let bob = Socket::connected(&rooms, "bob");
        let members = Mutex::new(match room {
            "alice" => Some(HashSet::from(["alice".to_owned()])),
            _ => None,
        });
        let members = Arc::new(members);
        let model = Arc::clone(&members);
        rooms.observe(move |event: &RoomEvent| {
            if *event.room() != *room {
                return;
            }
            let mut model = model.lock().unwrap();
            let id = event.socket().map(ToString::to_string);
            match (event, id, &mut *model) {
                (RoomEvent::Created { .. }, None, model @ None) => *model = Some(HashSet::new()),
                (RoomEvent::Deleted { .. }, None, model @ Some(_)) => {
                    assert!(model.take().unwrap().is_empty(), "deleted with members");
                }
                (RoomEvent::Joined { .. }, Some(id), Some(members)) => assert!(members.insert(id)),
                (RoomEvent::Left { .. }, Some(id), Some(members)) => assert!(members.remove(&id)),
                (event, _, members) => panic!("impossible: {event:?} with {members:?}"),
            }
        });
        let churn = |socket: &Arc<Socket>| {
            for _ in 0..5000 {
                rooms.join(socket, room).unwrap();
                rooms.leave(socket, room);
            }
        };
        race(|| churn(&alice), || churn(&bob));
        rooms.remove(&alice);
        rooms.remove(&bob);
        assert_eq!(*members.lock().unwrap(), None);
        assert_eq!(rooms.room_count(), 0);
    }
}
