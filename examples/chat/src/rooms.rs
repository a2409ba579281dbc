//! The state of the chat: rooms, users and messages, without sockets and without a clock.

mod room;
#[cfg(test)]
mod tests;
mod users;

use std::{collections::BTreeMap, time::Instant};

use serde::Serialize;

pub(crate) use self::{
    room::Message,
    users::{Member, UserId},
};
use self::{room::Room, users::Users};
use crate::{
    problem::Problem,
    text::{Key, MessageText, Nonce, RoomName, UserName},
};

/// The most rooms.
pub(crate) const MAX_ROOMS: usize = 100;

/// The rooms that are never removed.
const PERMANENT_ROOMS: [&str; 3] = ["general", "random", "questions"];

/// The rooms and users.
#[derive(Debug)]
pub(crate) struct Rooms {
    users: Users,
    rooms: BTreeMap<RoomName, Room>,
}

/// A room in the list of rooms.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) name: RoomName,
    /// The number of members.
    pub(crate) count: usize,
    /// The id of the latest message, or 0 if there is none.
    pub(crate) last: u64,
}

/// The content of a room.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(crate) struct View {
    #[serde(flatten)]
    pub(crate) summary: Summary,
    pub(crate) members: Vec<Member>,
    pub(crate) messages: Vec<Message>,
}

/// The result of [`Rooms::enter`].
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) you: Member,
    /// The rooms of the user.
    pub(crate) rooms: Vec<RoomName>,
    /// The rooms in which the user was not before.
    pub(crate) joined: Vec<RoomName>,
    /// The previous socket of the user.
    pub(crate) replaced: Option<String>,
    /// Whether the name of a visible user has changed.
    pub(crate) renamed: bool,
}

/// The departure of a user.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Departure {
    pub(crate) user: Member,
    pub(crate) rooms: Vec<RoomName>,
}

impl Default for Rooms {
    fn default() -> Self {
        let permanent = PERMANENT_ROOMS.into_iter().filter_map(|name| {
            let room = Room {
                permanent: true,
                ..Room::default()
            };
            Some((RoomName::parse(name).ok()?, room))
        });
        Self {
            users: Users::default(),
            rooms: permanent.collect(),
        }
    }
}

impl Rooms {
    /// Identifies the user of a socket and adds the user to those of `rooms` that exist.
    ///
    /// # Errors
    ///
    /// If the name is taken, the limit of users is reached, or the socket has already entered.
    pub(crate) fn enter(
        &mut self,
        socket: &str,
        key: Key,
        name: &UserName,
        rooms: &[RoomName],
    ) -> Result<Entry, Problem> {
        let entry = self.users.enter(socket, key, name)?;
        let id = entry.you.id;
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
            you: entry.you,
            replaced: entry.replaced,
            renamed: entry.renamed,
        })
    }

    /// Changes the name of the user of a socket.
    ///
    /// # Errors
    ///
    /// If the name is taken, or the socket has not entered.
    pub(crate) fn rename(&mut self, socket: &str, name: UserName) -> Result<Member, Problem> {
        let id = self.users.user_of(socket)?;
        self.users.rename(id, name)?;
        self.users.member(id).ok_or(Problem::NotEntered)
    }

    /// Creates a room. Returns the empty room that was removed to stay within the limit.
    ///
    /// # Errors
    ///
    /// If the room exists, all rooms are in use, or the socket has not entered.
    pub(crate) fn create(
        &mut self,
        socket: &str,
        name: &RoomName,
    ) -> Result<Option<RoomName>, Problem> {
        self.users.user_of(socket)?;
        if self.rooms.contains_key(name) {
            return Err(Problem::RoomExists(name.to_string()));
        }
        let removed = if self.rooms.len() >= MAX_ROOMS {
            let unused = self
                .rooms
                .iter()
                .find(|(_, room)| room.members.is_empty() && !room.permanent)
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

    /// Opens a room and returns its content, and the user if it has joined by that.
    ///
    /// # Errors
    ///
    /// If the room does not exist, or the socket has not entered.
    pub(crate) fn open(
        &mut self,
        socket: &str,
        name: &RoomName,
    ) -> Result<(View, Option<Member>), Problem> {
        let id = self.users.user_of(socket)?;
        let room = self.rooms.get_mut(name);
        let room = room.ok_or_else(|| Problem::UnknownRoom(name.to_string()))?;
        let joined = room.members.insert(id).then(|| self.users.member(id));
        let view = View {
            summary: summary(name, room),
            members: room
                .members
                .iter()
                .filter_map(|id| self.users.member(*id))
                .collect(),
            messages: room.history.iter().cloned().collect(),
        };
        Ok((view, joined.flatten()))
    }

    /// Leaves a room.
    ///
    /// # Errors
    ///
    /// If the user is not in the room, or the socket has not entered.
    pub(crate) fn leave(&mut self, socket: &str, name: &RoomName) -> Result<Member, Problem> {
        let user = self.member(socket, name)?;
        if let Some(room) = self.rooms.get_mut(name) {
            room.members.remove(&user.id);
        }
        Ok(user)
    }

    /// Adds a message with the time `at`, in milliseconds since the Unix epoch.
    ///
    /// Returns the message, and whether it is new rather than sent again.
    ///
    /// # Errors
    ///
    /// If the user is not in the room, or the socket has not entered.
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

    /// Returns the user of a socket, as a member of the room.
    ///
    /// # Errors
    ///
    /// If the user is not in the room, or the socket has not entered.
    pub(crate) fn member(&self, socket: &str, name: &RoomName) -> Result<Member, Problem> {
        let id = self.users.user_of(socket)?;
        let room = self.rooms.get(name);
        room.filter(|room| room.members.contains(&id))
            .and_then(|_| self.users.member(id))
            .ok_or_else(|| Problem::NotInRoom(name.to_string()))
    }

    /// Handles the disconnect of a socket.
    pub(crate) fn disconnect(&mut self, socket: &str, now: Instant) {
        self.users.disconnect(socket, now);
    }

    /// Removes users from their rooms that have not reconnected in time.
    pub(crate) fn sweep(&mut self, now: Instant) -> Vec<Departure> {
        let mut departures = Vec::new();
        for user in self.users.sweep(now) {
            let rooms = self.rooms_of(user.id);
            for room in self.rooms.values_mut() {
                room.members.remove(&user.id);
            }
            departures.push(Departure { user, rooms });
        }
        departures
    }

    /// Returns the list of rooms.
    pub(crate) fn list(&self) -> Vec<Summary> {
        let rooms = self.rooms.iter();
        rooms.map(|(name, room)| summary(name, room)).collect()
    }

    /// Returns one entry of the list of rooms.
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
