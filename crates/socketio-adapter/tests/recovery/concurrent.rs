//! Clients that come and go while broadcasts run on other threads.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use socketio_adapter::Target;

use crate::namespace::{Space, everyone, number, offset};

const SENDERS: u64 = 3;
const EACH: u64 = 400;
const CLIENTS: [&str; 4] = ["c0", "c1", "c2", "c3"];

/// Every client loses its connection again and again, now and then with packets in flight, and the
/// server notices it or not. In the end each has seen every packet of its rooms once, those of one
/// sender in the order in which they were sent, and those of all in the same order as everybody.
#[test]
fn no_gap_and_no_double() {
    let space = Space::new();
    let connections = CLIENTS.map(|id| space.connect(id, &["red"]));
    space.emit(0, everyone());
    let (done, start) = (AtomicBool::new(false), Barrier::new(CLIENTS.len() + 3));

    let seen: Vec<Vec<u64>> = thread::scope(|scope| {
        let clients: Vec<_> = CLIENTS
            .iter()
            .zip(connections)
            .enumerate()
            .map(|(index, (id, mut connection))| {
                let (space, done, start) = (&space, &done, &start);
                scope.spawn(move || {
                    start.wait();
                    let (mut seen, mut known) = (Vec::new(), String::new());
                    for round in 0.. {
                        let last = done.load(Ordering::Acquire);
                        let mut received = connection.received();
                        if !last && known.len() + received.len() > 1 {
                            // Not the only one that it knows.
                            let in_flight = (round + index) % 3;
                            let kept = received.len().saturating_sub(in_flight);
                            received.truncate(kept.max(usize::from(known.is_empty())));
                        }
                        if last {
                            space.lose(&connection);
                            seen.extend(connection.received().iter().map(number));
                            return seen;
                        }
                        seen.extend(received.iter().map(number));
                        known = offset(&received).unwrap_or(known);
                        space.lose(&connection);
                        if round % 4 == 0 {
                            thread::yield_now();
                        }
                        connection = space.come_back(id, &known).unwrap();
                    }
                    seen
                })
            })
            .collect();
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (space, start) = (&space, &start);
                scope.spawn(move || {
                    start.wait();
                    for n in 1..=EACH {
                        let target = if n % 2 == 0 {
                            everyone()
                        } else {
                            Target::all().to("red")
                        };
                        space.emit(sender * 1000 + n, target);
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.join().unwrap();
        }
        done.store(true, Ordering::Release);
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });

    for numbers in &seen {
        assert_eq!(numbers.len() as u64, SENDERS * EACH + 1);
        assert_eq!(*numbers, seen[0]);
    }
    for sender in 0..SENDERS {
        let range = sender * 1000 + 1..=sender * 1000 + EACH;
        let of_sender = seen[0].iter().copied().filter(|n| range.contains(n));
        assert!(of_sender.eq(range.clone()));
    }
}

/// Of several that come with the same id, one gets the session.
#[test]
fn a_session_is_taken_by_one() {
    let space = Space::new();
    for _ in 0..100 {
        let connection = space.connect("a", &[]);
        space.emit(1, everyone());
        let known = connection.offset();
        space.lose(&connection);
        let start = Barrier::new(3);
        let back: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        space.come_back("a", &known)
                    })
                })
                .collect();
            threads
                .into_iter()
                .filter_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(back.len(), 1);
        space.sockets.rooms.remove(&back[0]);
    }
}

/// Namespaces that are full look at each other while they are locked themselves.
#[test]
fn full_namespaces_do_not_wait_for_each_other() {
    let mut shared = None;
    let first = Space::with(|options| {
        let options = options.max_total_bytes(4 * 400);
        shared = Some(options.clone());
        options
    });
    let second = Space::with(|_| shared.unwrap());
    thread::scope(|scope| {
        for space in [&first, &second] {
            let clock = &first;
            scope.spawn(move || {
                for n in 0..2_000 {
                    space.emit(n, everyone());
                    clock.wait(1_000);
                }
            });
        }
    });
}
