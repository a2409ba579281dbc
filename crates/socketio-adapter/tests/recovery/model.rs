//! Generated sequences of client operations against a model: Node's rule over a list of all packets.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use socketio_adapter::{BroadcastOptions, Room, Target};

use crate::namespace::{Connection, TestNamespace, event, number, offset};

const CLIENTS: [&str; 3] = ["c0", "c1", "c2"];
const ROOMS: [&str; 6] = ["a", "b", "c", "c0", "c1", "c2"];
const WINDOW: u64 = 100;

#[derive(Clone, Debug)]
enum Operation {
    Emit(Vec<&'static str>, Vec<&'static str>),
    EmitVolatile,
    Join(usize, &'static str),
    Leave(usize, &'static str),
    /// The connection is lost together with the last packets that were sent on it.
    Lose(usize, usize),
    /// The client reconnects. The server may not have noticed the loss yet.
    ComeBack(usize),
    Wait(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    let client = 0..CLIENTS.len();
    let room = proptest::sample::select(&ROOMS[..]);
    prop_oneof![
        8 => (vec(room.clone(), 0..3), vec(room.clone(), 0..2))
            .prop_map(|(rooms, except)| Operation::Emit(rooms, except)),
        1 => Just(Operation::EmitVolatile),
        2 => (client.clone(), room.clone()).prop_map(|(c, r)| Operation::Join(c, r)),
        1 => (client.clone(), room).prop_map(|(c, r)| Operation::Leave(c, r)),
        3 => (client.clone(), 0..4_usize).prop_map(|(c, lost)| Operation::Lose(c, lost)),
        3 => client.prop_map(Operation::ComeBack),
        1 => (0..WINDOW).prop_map(Operation::Wait),
    ]
}

/// A client and the packets that it has seen over all its connections.
struct Client {
    id: &'static str,
    connection: Arc<Connection>,
    /// The numbers of the stored packets that the client has seen before this connection.
    seen: Vec<u64>,
    offset: Option<String>,
    /// The time at which the server noticed the loss, and the rooms at that time.
    lost: Option<(u64, Vec<Room>)>,
    /// The number of packets at the end of the connection that never arrived.
    in_flight: usize,
}

impl Client {
    /// Records the packets that arrived on the ending connection.
    fn arrive(&mut self) {
        let mut received = self.connection.received();
        received.truncate(received.len().saturating_sub(self.in_flight));
        self.in_flight = 0;
        let kept = received.iter().filter(|packet| packet.payload.len() == 2);
        self.seen.extend(kept.map(number));
        self.offset = offset(&received).or(self.offset.take());
    }
}

/// A stored packet, its target and the time at which it was sent.
struct Sent {
    number: u64,
    target: Target,
    at: u64,
}

struct Run {
    namespace: TestNamespace,
    clients: Vec<Client>,
    sent: Vec<Sent>,
    now: u64,
    next: u64,
    max_packets: usize,
}

impl Run {
    fn new(max_packets: usize) -> Self {
        let namespace = TestNamespace::with(|options| {
            options
                .max_disconnection_duration(Duration::from_millis(WINDOW))
                .max_packets(max_packets)
        });
        let clients = CLIENTS.map(|id| Client {
            id,
            connection: namespace.connect(id, &[]),
            seen: Vec::new(),
            offset: None,
            lost: None,
            in_flight: 0,
        });
        Self {
            namespace,
            clients: clients.into(),
            sent: Vec::new(),
            now: 0,
            next: 1,
            max_packets,
        }
    }

    fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Emit(rooms, except) => {
                let target = Target::all().to(rooms).except(except);
                self.namespace.emit(self.next, target.clone());
                self.sent.push(Sent {
                    number: self.next,
                    target,
                    at: self.now,
                });
                self.next += 1;
            }
            Operation::EmitVolatile => {
                let mut options = BroadcastOptions::default();
                options.flags.volatile = true;
                self.namespace.adapter.broadcast(event(0), options);
            }
            Operation::Join(client, room) => {
                let rooms = &self.namespace.sockets.rooms;
                rooms.join(&self.clients[client].connection, room).unwrap();
            }
            Operation::Leave(client, room) => {
                let rooms = &self.namespace.sockets.rooms;
                rooms.leave(&self.clients[client].connection, room);
            }
            Operation::Lose(client, in_flight) => {
                if self.clients[client].lost.is_none() {
                    self.clients[client].in_flight = in_flight;
                    self.notice(client);
                }
            }
            Operation::ComeBack(client) => {
                self.notice(client);
                self.reconnect(client);
            }
            Operation::Wait(millis) => {
                self.now += millis;
                self.namespace.wait(millis);
            }
        }
    }

    /// The server notices that a connection is lost.
    fn notice(&mut self, client: usize) {
        let client = &mut self.clients[client];
        if client.lost.is_none() {
            let rooms = self.namespace.sockets.rooms.rooms_of(&client.connection);
            self.namespace.lose(&client.connection);
            client.lost = Some((self.now, rooms));
            client.arrive();
        }
    }

    fn reconnect(&mut self, client: usize) {
        let client = &mut self.clients[client];
        let (since, rooms) = client.lost.take().unwrap();
        let offset = client.offset.clone().unwrap_or_default();
        let back = self.namespace.reconnect(client.id, &offset);

        // All packets after the last one that the client has seen must still be stored.
        let last = client.seen.last().copied();
        let after = |sent: &&Sent| Some(sent.number) > last;
        let all: Vec<&Sent> = self.sent.iter().filter(after).collect();
        let is_there = all.len() <= self.max_packets
            && all.iter().all(|sent| self.now - sent.at <= 2 * WINDOW);
        let in_time = self.now - since <= WINDOW;
        assert_eq!(back.is_some(), last.is_some() && is_there && in_time);

        let Some(back) = back else {
            // It starts as a new client.
            client.connection = self.namespace.connect(client.id, &[]);
            client.seen.clear();
            client.offset = None;
            return;
        };
        let meant = all.iter().filter(|sent| in_rooms(&sent.target, &rooms));
        let expected: Vec<u64> = meant.map(|sent| sent.number).collect();
        assert_eq!(back.numbers(), expected);
        assert_eq!(self.namespace.sockets.rooms.rooms_of(&back).len(), {
            // A new client is in its own room even if it had left it.
            rooms.len() + usize::from(!rooms.iter().any(|room| *room == *client.id))
        });
        client.connection = back;
    }
}

fn in_rooms(target: &Target, rooms: &[Room]) -> bool {
    let included = target.rooms().is_empty() || rooms.iter().any(|r| target.rooms().contains(r));
    included && rooms.iter().all(|room| !target.excluded().contains(room))
}

proptest! {
    #[test]
    fn a_recovered_client_gets_the_packets_of_the_model(
        operations in vec(operation(), 0..80),
        max_packets in prop_oneof![Just(1000_usize), 0..12_usize],
    ) {
        let mut run = Run::new(max_packets);
        for operation in operations {
            run.apply(operation);
        }
        for client in &mut run.clients {
            client.in_flight = 0;
            if client.lost.is_none() {
                client.arrive();
            }
            prop_assert!(client.seen.is_sorted_by(|a, b| a < b), "{:?}", client.seen);
        }
    }

    /// Clients that stay in their rooms see all packets of these rooms, however often they lose
    /// their connections.
    #[test]
    fn each_packet_is_seen_once_and_in_order(
        rooms in vec(vec(proptest::sample::select(&ROOMS[..3]), 0..3), 3),
        operations in vec(operation(), 0..120),
    ) {
        let mut run = Run::new(1000);
        for (client, rooms) in run.clients.iter().zip(&rooms) {
            run.namespace.sockets.rooms.join(&client.connection, rooms).unwrap();
        }
        let mut expected = vec![Vec::new(); CLIENTS.len()];
        // Every client needs an offset to recover with.
        let hello = Operation::Emit(Vec::new(), Vec::new());
        for operation in std::iter::once(hello).chain(operations) {
            match &operation {
                Operation::Join(..) | Operation::Leave(..) | Operation::Wait(_) => continue,
                Operation::Lose(client, in_flight) => {
                    let client = &run.clients[*client];
                    let known = client.offset.is_some()
                        || in_flight + 1 < client.connection.received().len();
                    if !known {
                        continue;
                    }
                }
                Operation::Emit(to, except) => {
                    let target = Target::all().to(to).except(except);
                    for (client, (rooms, expected)) in rooms.iter().zip(&mut expected).enumerate() {
                        let rooms = rooms.iter().chain([&CLIENTS[client]]);
                        let rooms: Vec<Room> = rooms.map(Room::from).collect();
                        if in_rooms(&target, &rooms) {
                            expected.push(run.next);
                        }
                    }
                }
                _ => {}
            }
            run.apply(operation);
        }
        for (client, expected) in expected.iter().enumerate() {
            if run.clients[client].lost.is_some() {
                run.reconnect(client);
            }
            run.clients[client].arrive();
            prop_assert_eq!(&run.clients[client].seen, expected);
        }
    }
}
