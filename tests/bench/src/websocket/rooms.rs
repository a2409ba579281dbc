//! The rooms of the clients before the load.

use super::Clients;
use crate::ledger::{Ledger, Part, RoomTurn};
use crate::message;
use crate::scenario::Scenario;

/// The room that every client joins when it connects.
const ROOM: &str = "room";

impl Clients {
    /// Joins the first rooms of every connection.
    pub(crate) fn join_first_rooms(&mut self) {
        let (rooms, pool) = (self.options.rooms, self.options.room_pool);
        for (index, connection) in self.connections.iter_mut().enumerate() {
            let names = (0..rooms).map(|room| format!("r{}", (index * rooms + room) % pool));
            let join = message::rooms("join", 0, names);
            connection.ledger.rooms = vec![RoomTurn {
                join,
                leave: Vec::new(),
                joined: false,
            }];
        }
        self.touch_rooms(|_| true);
        for (index, connection) in self.connections.iter_mut().enumerate() {
            connection.ledger.rooms = Vec::new();
            if index < self.options.active {
                connection.ledger.rooms = (0..self.options.inflight)
                    .map(|slot| {
                        // Neighbors share some of their rooms.
                        let name =
                            |room| format!("x{}", (index * 7 + slot * 131 + room * 13) % pool);
                        RoomTurn {
                            join: message::rooms("join", slot, (0..rooms).map(name)),
                            leave: message::rooms("leave", slot, (0..rooms).map(name)),
                            joined: false,
                        }
                    })
                    .collect();
            }
        }
    }

    /// Removes the outsiders from the room. They are distributed evenly among the members. The first
    /// connection, which broadcasts, stays a member.
    pub(crate) fn remove_outsiders(&mut self) {
        let part = match self.options.scenario {
            Scenario::Joins => Part::Guest,
            _ => Part::Other,
        };
        let members = self.options.connections;
        let stride = (self.connections.len() / members.max(1)).max(1);
        let room = || [ROOM.to_owned()].into_iter();
        for (index, connection) in self.connections.iter_mut().enumerate() {
            if index % stride == 0 && index / stride < members {
                continue;
            }
            self.outsiders.push(index);
            connection.ledger.part = part;
            connection.ledger.rooms = vec![RoomTurn {
                join: message::rooms("timed_join", 0, room()),
                leave: message::rooms("leave", 0, room()),
                joined: true,
            }];
        }
        let left = self.touch_rooms(|ledger| ledger.part != Part::Member);
        self.errors += (self.outsiders.len() as u64).saturating_sub(left);
    }

    /// Returns the number of sockets that certainly receive a broadcast.
    pub(super) fn receivers(&self) -> usize {
        self.ready.saturating_sub(self.options.outside())
    }

    /// Joins or leaves on every connection that `wanted` selects, in any scenario. Returns the number of
    /// answers.
    fn touch_rooms(&mut self, wanted: fn(&Ledger) -> bool) -> u64 {
        let scenario = std::mem::replace(&mut self.traffic.scenario, Scenario::Rooms);
        let answered = self.touch_selected(wanted);
        self.traffic.scenario = scenario;
        answered
    }
}
