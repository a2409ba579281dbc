//! Everything the chat knows: rooms, people, messages. No sockets and no clock in here.

mod people;
mod room;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Instant};

use serde::Serialize;

use self::{people::People, room::Room};
pub(crate) use self::{
    people::{Member, UserId},
    room::Message,
};
use crate::{
    problem::Problem,
    text::{Key, MessageText, Nonce, RoomName, UserName},
};

/// How many rooms there can be.
pub(crate) const MAX_ROOMS: usize = 100;

/// The rooms that are always there.
const LASTING_ROOMS: [&str; 3] = ["general", "random", "questions"];

/// Rooms and people.
#[derive(Debug)]
pub(crate) struct Rooms {
    people: People,
    rooms: BTreeMap<RoomName, Room>,
}

/// A room in the list of rooms.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) name: RoomName,
    /// How many people are in it.
    pub(crate) count: usize,
    /// The id of the latest message; 0 before the first.
    pub(crate) last: u64,
}

/// An open room.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(crate) struct View {
    #[serde(flatten)]
    pub(crate) summary: Summary,
    pub(crate) members: Vec<Member>,
    pub(crate) messages: Vec<Message>,
}

/// Somebody has come.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) you: Member,
    /// The person's rooms.
    pub(crate) rooms: Vec<RoomName>,
    /// Those of them where the person was not before.
    pub(crate) joined: Vec<RoomName>,
    /// The socket through which the same person was here until now.
    pub(crate) replaced: Option<String>,
    /// Whether others know the person under another name.
    pub(crate) renamed: bool,
}

/// Somebody is gone.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Departure {
    pub(crate) user: Member,
    pub(crate) rooms: Vec<RoomName>,
}

impl Default for Rooms {
    fn default() -> Self {
        let lasting = LASTING_ROOMS.into_iter().filter_map(|name| {
            let room = Room {
                lasting: true,
                ..Room::default()
            };
            Some((RoomName::parse(name).ok()?, room))
        });
        Self {
            people: People::default(),
            rooms: lasting.collect(),
        }
    }
}

impl Rooms {
    /// Lets somebody in through a socket, back into `rooms` as far as these exist.
    ///
    /// # Errors
    ///
    /// When the name is taken, the house is full, or the socket belongs to somebody already.
    pub(crate) fn enter(
        &mut self,
        socket: &str,
        key: Key,
        name: &UserName,
        rooms: &[RoomName],
    ) -> Result<Entry, Problem> {
        let arrival = self.people.arrive(socket, key, name)?;
        let id = arrival.you.id;
        let mut joined = Vec::new();
        for name in rooms {
            if let Some(room) = self.rooms.get_mut(name)
                && room.members.insert(id)
            {
                joined.push(name.clone());
            }
        }
        Ok(Entry {
            rooms: self.rooms_of(id),
            joined,
            you: arrival.you,
            replaced: arrival.replaced,
            renamed: arrival.renamed,
        })
    }

    /// Gives the person behind a socket another name.
    ///
    /// # Errors
    ///
    /// When the name is taken or nobody is behind the socket.
    pub(crate) fn rename(&mut self, socket: &str, name: UserName) -> Result<Member, Problem> {
        let id = self.people.behind(socket)?;
        self.people.rename(id, name)?;
        self.people.member(id).ok_or(Problem::NotEntered)
    }

    /// Makes a room. If there are too many, one that nobody is in goes: it is the second value.
    ///
    /// # Errors
    ///
    /// When the room exists, all others are in use, or nobody is behind the socket.
    pub(crate) fn create(
        &mut self,
        socket: &str,
        name: &RoomName,
    ) -> Result<Option<RoomName>, Problem> {
        self.people.behind(socket)?;
        if self.rooms.contains_key(name) {
            return Err(Problem::RoomExists(name.to_string()));
        }
        let removed = if self.rooms.len() >= MAX_ROOMS {
            let unused = self
                .rooms
                .iter()
                .find(|(_, room)| room.members.is_empty() && !room.lasting)
                .map(|(name, _)| name.clone())
                .ok_or(Problem::TooManyRooms { max: MAX_ROOMS })?;
            self.rooms.remove(&unused);
            Some(unused)
        } else {
            None
        };
        self.rooms.insert(name.clone(), Room::default());
        Ok(removed)
    }

    /// Opens a room, and joins it if the person is not in it yet: then the person is the second
    /// value.
    ///
    /// # Errors
    ///
    /// When there is no such room or nobody is behind the socket.
    pub(crate) fn open(
        &mut self,
        socket: &str,
        name: &RoomName,
    ) -> Result<(View, Option<Member>), Problem> {
        let id = self.people.behind(socket)?;
        let room = self.rooms.get_mut(name);
        let room = room.ok_or_else(|| Problem::UnknownRoom(name.to_string()))?;
        let joined = room.members.insert(id).then(|| self.people.member(id));
        let view = View {
            summary: summary(name, room),
            members: room
                .members
                .iter()
                .filter_map(|id| self.people.member(*id))
                .collect(),
            messages: room.history.iter().cloned().collect(),
        };
        Ok((view, joined.flatten()))
    }

    /// Leaves a room.
    ///
    /// # Errors
    ///
    /// When the person is not in the room or nobody is behind the socket.
    pub(crate) fn leave(&mut self, socket: &str, name: &RoomName) -> Result<Member, Problem> {
        let user = self.member(socket, name)?;
        if let Some(room) = self.rooms.get_mut(name) {
            room.members.remove(&user.id);
        }
        Ok(user)
    }

    /// Accepts a message; `at` is in milliseconds since the Unix epoch. The second value is false
    /// if the message was here already.
    ///
    /// # Errors
    ///
    /// When the person is not in the room or nobody is behind the socket.
    pub(crate) fn post(
        &mut self,
        socket: &str,
        name: &RoomName,
        text: MessageText,
        nonce: Nonce,
        at: u64,
    ) -> Result<(Message, bool), Problem> {
        let from = self.member(socket, name)?;
        let room = self.rooms.get_mut(name);
        let room = room.ok_or_else(|| Problem::UnknownRoom(name.to_string()))?;
        Ok(room.post(name, from, text, nonce, at))
    }

    /// The person behind a socket, who must be in the room.
    ///
    /// # Errors
    ///
    /// When the person is not, or nobody is behind the socket.
    pub(crate) fn member(&self, socket: &str, name: &RoomName) -> Result<Member, Problem> {
        let id = self.people.behind(socket)?;
        let room = self.rooms.get(name);
        room.filter(|room| room.members.contains(&id))
            .and_then(|_| self.people.member(id))
            .ok_or_else(|| Problem::NotInRoom(name.to_string()))
    }

    /// Notes that a socket is gone.
    pub(crate) fn disconnect(&mut self, socket: &str, now: Instant) {
        self.people.disconnect(socket, now);
    }

    /// Takes those out of their rooms who did not come back in time.
    pub(crate) fn sweep(&mut self, now: Instant) -> Vec<Departure> {
        let mut departures = Vec::new();
        for user in self.people.sweep(now) {
            let rooms = self.rooms_of(user.id);
            for room in self.rooms.values_mut() {
                room.members.remove(&user.id);
            }
            departures.push(Departure { user, rooms });
        }
        departures
    }

    /// The list of rooms.
    pub(crate) fn list(&self) -> Vec<Summary> {
        let rooms = self.rooms.iter();
        rooms.map(|(name, room)| summary(name, room)).collect()
    }

    /// One entry of the list of rooms.
    pub(crate) fn summary(&self, name: &RoomName) -> Option<Summary> {
        let room = self.rooms.get(name)?;
        Some(summary(name, room))
    }

    fn rooms_of(&self, id: UserId) -> Vec<RoomName> {
        let rooms = self.rooms.iter();
        rooms
            .filter(|(_, room)| room.members.contains(&id))
            .map(|(name, _)| name.clone())
            .collect()
    }
}

fn summary(name: &RoomName, room: &Room) -> Summary {
    Summary {
        name: name.clone(),
        count: room.members.len(),
        last: room.last,
    }
}
