//! Who is in which rooms before the load begins.

use super::Clients;
use crate::ledger::{Ledger, Part, RoomTurn};
use crate::message;
use crate::scenario::Scenario;

/// The room that everybody is in who connects.
const ROOM: &str = "room";

impl Clients {
    /// Every connection joins its rooms out of the pool.
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
                        // Spread so that neighbours share some rooms and not others.
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

    /// Those who are not in the room when the load begins leave it. They are spread among the members,
    /// as those would be who came at any time; the first connection, which broadcasts, is a member.
    pub(crate) fn let_outsiders_leave(&mut self) {
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

    /// How many sockets a broadcast reaches for certain.
    pub(super) fn receivers(&self) -> usize {
        self.ready.saturating_sub(self.options.outside())
    }

    /// One join or leave on every connection that `wanted` chooses, whatever the scenario is; returns
    /// how many were answered.
    fn touch_rooms(&mut self, wanted: fn(&Ledger) -> bool) -> u64 {
        let scenario = std::mem::replace(&mut self.traffic.scenario, Scenario::Rooms);
        let answered = self.touch_those(wanted);
        self.traffic.scenario = scenario;
        answered
    }
}
