//! The index against a naive model, over generated operations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use socketio_adapter::{Rooms, Target};

use crate::socket::{Socket, reached};

const SOCKETS: usize = 6;

/// The ids of the sockets are among the names of the rooms.
const NAMES: [&str; 9] = ["a", "b", "c", "s0", "s1", "s2", "s3", "s4", "s5"];

#[derive(Clone, Debug)]
enum Operation {
    Insert(usize),
    Join(usize, Vec<&'static str>),
    Leave(usize, &'static str),
    Remove(usize),
    /// Replaces a removed socket by another one with the same id.
    Replace(usize),
    Visit(Vec<&'static str>, Vec<&'static str>),
}

fn operation() -> impl Strategy<Value = Operation> {
    let socket = 0..SOCKETS;
    let name = proptest::sample::select(&NAMES[..]);
    prop_oneof![
        3 => socket.clone().prop_map(Operation::Insert),
        6 => (socket.clone(), vec(name.clone(), 0..4)).prop_map(|(s, r)| Operation::Join(s, r)),
        4 => (socket.clone(), name.clone()).prop_map(|(s, r)| Operation::Leave(s, r)),
        1 => socket.clone().prop_map(Operation::Remove),
        1 => socket.prop_map(Operation::Replace),
        6 => (vec(name.clone(), 0..4), vec(name, 0..3)).prop_map(|(r, e)| Operation::Visit(r, e)),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Presence {
    Waiting,
    Here,
    Gone,
}

struct Model {
    presence: [Presence; SOCKETS],
    rooms: BTreeMap<&'static str, BTreeSet<usize>>,
}

impl Model {
    fn id(socket: usize) -> &'static str {
        NAMES[3 + socket]
    }

    fn insert(&mut self, socket: usize) -> bool {
        if self.presence[socket] == Presence::Waiting {
            self.presence[socket] = Presence::Here;
            self.enter(socket, Self::id(socket));
        }
        self.presence[socket] == Presence::Here
    }

    fn remove(&mut self, socket: usize) {
        self.presence[socket] = Presence::Gone;
        self.rooms.retain(|_, members| {
            members.remove(&socket);
            !members.is_empty()
        });
    }

    fn replace(&mut self, socket: usize) {
        self.presence[socket] = Presence::Waiting;
    }

    fn join(&mut self, socket: usize, rooms: &[&'static str]) {
        for room in rooms {
            let own_too_early =
                self.presence[socket] == Presence::Waiting && *room == Self::id(socket);
            if self.presence[socket] != Presence::Gone && !own_too_early {
                self.enter(socket, room);
            }
        }
    }

    fn enter(&mut self, socket: usize, room: &'static str) {
        self.rooms.entry(room).or_default().insert(socket);
    }

    fn leave(&mut self, socket: usize, room: &'static str) -> bool {
        let Some(members) = self.rooms.get_mut(room) else {
            return false;
        };
        let left = members.remove(&socket);
        if members.is_empty() {
            self.rooms.remove(room);
        }
        left
    }

    fn rooms_of(&self, socket: usize) -> BTreeSet<String> {
        let joined = self.rooms.iter().filter(|(_, m)| m.contains(&socket));
        joined.map(|(room, _)| (*room).to_owned()).collect()
    }

    fn members(&self, room: &str) -> BTreeSet<usize> {
        let members = self.rooms.get(room).into_iter().flatten().copied();
        members
            .filter(|s| self.presence[*s] == Presence::Here)
            .collect()
    }

    fn reached(&self, rooms: &[&str], except: &[&str]) -> Vec<String> {
        let mut meant: BTreeSet<usize> = if rooms.is_empty() {
            (0..SOCKETS)
                .filter(|s| self.presence[*s] == Presence::Here)
                .collect()
        } else {
            rooms.iter().flat_map(|room| self.members(room)).collect()
        };
        for room in except {
            meant = &meant - &self.members(room);
        }
        meant.into_iter().map(|s| Self::id(s).to_owned()).collect()
    }

    /// Returns the number of rooms with a member other than the socket that has their name as its id.
    fn room_count(&self) -> usize {
        let others = |room: &&&str| self.members(room).iter().any(|s| Self::id(*s) != **room);
        self.rooms.keys().filter(others).count()
    }
}

fn names(rooms: &Rooms<Socket>, socket: &Socket) -> BTreeSet<String> {
    let names = rooms.rooms_of(socket);
    names.iter().map(ToString::to_string).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_index_agrees_with_the_model(operations in vec(operation(), 0..60)) {
        let rooms = Rooms::new();
        let mut sockets: Vec<_> = (0..SOCKETS).map(|s| Socket::new(Model::id(s))).collect();
        let mut model = Model { presence: [Presence::Waiting; SOCKETS], rooms: BTreeMap::new() };

        for operation in operations {
            match operation {
                Operation::Insert(s) => {
                    prop_assert_eq!(rooms.insert(&sockets[s]).is_ok(), model.insert(s));
                }
                Operation::Join(s, joined) => {
                    rooms.join(&sockets[s], &joined).unwrap();
                    model.join(s, &joined);
                }
                Operation::Leave(s, room) => {
                    prop_assert_eq!(rooms.leave(&sockets[s], room), model.leave(s, room));
                }
                Operation::Remove(s) => {
                    let was_here = model.presence[s] == Presence::Here;
                    prop_assert_eq!(rooms.remove(&sockets[s]), was_here);
                    model.remove(s);
                }
                Operation::Replace(s) if model.presence[s] == Presence::Gone => {
                    sockets[s] = Socket::new(Model::id(s));
                    model.replace(s);
                }
                Operation::Replace(_) => {}
                Operation::Visit(to, except) => {
                    let target = Target::all().to(&to).except(&except);
                    prop_assert_eq!(reached(&rooms, &target), model.reached(&to, &except));
                }
            }
            for (s, socket) in sockets.iter().enumerate() {
                prop_assert_eq!(names(&rooms, socket), model.rooms_of(s));
                for name in NAMES {
                    let expected = model.rooms_of(s).contains(name);
                    prop_assert_eq!(rooms.is_member(socket, name), expected);
                }
                let here = model.presence[s] == Presence::Here;
                prop_assert_eq!(rooms.get(Model::id(s)).is_some(), here);
            }
            prop_assert_eq!(rooms.room_count(), model.room_count());
            let here = model.presence.iter().filter(|p| **p == Presence::Here).count();
            prop_assert_eq!(rooms.len(), here);
        }

        for socket in &sockets {
            rooms.remove(socket);
            prop_assert_eq!(Arc::strong_count(socket), 1);
        }
        prop_assert_eq!((rooms.len(), rooms.room_count()), (0, 0));
    }
}
