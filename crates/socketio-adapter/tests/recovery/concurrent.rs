//! Clients that lose and recover connections while other threads broadcast.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use socketio_adapter::Target;

use crate::namespace::{TestNamespace, all, number, offset};

const SENDERS: u64 = 3;
const EACH: u64 = 400;
const CLIENTS: [&str; 4] = ["c0", "c1", "c2", "c3"];

/// Every client loses its connection repeatedly, sometimes with packets in flight and sometimes
/// unnoticed by the server. In the end each client has seen every packet of its rooms once, and all
/// clients have seen them in the same order, which preserves the order of each sender.
#[test]
fn every_client_sees_every_packet_once() {
    let namespace = TestNamespace::new();
    let connections = CLIENTS.map(|id| namespace.connect(id, &["red"]));
    namespace.emit(0, all());
    let (done, start) = (AtomicBool::new(false), Barrier::new(CLIENTS.len() + 3));

    let seen: Vec<Vec<u64>> = thread::scope(|scope| {
        let clients: Vec<_> = CLIENTS
            .iter()
            .zip(connections)
            .enumerate()
            .map(|(index, (id, mut connection))| {
                let (namespace, done, start) = (&namespace, &done, &start);
                scope.spawn(move || {
                    start.wait();
                    let (mut seen, mut known) = (Vec::new(), String::new());
                    for round in 0.. {
                        let last = done.load(Ordering::Acquire);
                        let mut received = connection.received();
                        if !last && known.len() + received.len() > 1 {
                            // An offset older than the last one that the client knows.
                            let in_flight = (round + index) % 3;
                            let kept = received.len().saturating_sub(in_flight);
                            received.truncate(kept.max(usize::from(known.is_empty())));
                        }
                        if last {
                            namespace.lose(&connection);
                            seen.extend(connection.received().iter().map(number));
                            return seen;
                        }
                        seen.extend(received.iter().map(number));
                        known = offset(&received).unwrap_or(known);
                        namespace.lose(&connection);
                        if round % 4 == 0 {
                            thread::yield_now();
                        }
                        connection = namespace.reconnect(id, &known).unwrap();
                    }
                    seen
                })
            })
            .collect();
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (namespace, start) = (&namespace, &start);
                scope.spawn(move || {
                    start.wait();
                    for n in 1..=EACH {
                        let target = if n % 2 == 0 {
                            all()
                        } else {
                            Target::all().to("red")
                        };
                        namespace.emit(sender * 1000 + n, target);
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

/// Several clients present the same id, and one gets the session.
#[test]
fn concurrent_takes_yield_a_session_once() {
    let namespace = TestNamespace::new();
    for _ in 0..100 {
        let connection = namespace.connect("a", &[]);
        namespace.emit(1, all());
        let known = connection.offset();
        namespace.lose(&connection);
        let start = Barrier::new(3);
        let back: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        namespace.reconnect("a", &known)
                    })
                })
                .collect();
            threads
                .into_iter()
                .filter_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(back.len(), 1);
        namespace.sockets.rooms.remove(&back[0]);
    }
}

/// Full namespaces sweep each other while their own locks are held.
#[test]
fn full_namespaces_do_not_deadlock() {
    let mut shared = None;
    let first = TestNamespace::with(|options| {
        let options = options.max_total_bytes(4 * 400);
        shared = Some(options.clone());
        options
    });
    let second = TestNamespace::with(|_| shared.unwrap());
    thread::scope(|scope| {
        for namespace in [&first, &second] {
            let clock = &first;
            scope.spawn(move || {
                for n in 0..2_000 {
                    namespace.emit(n, all());
                    clock.wait(1_000);
                }
            });
        }
    });
}
