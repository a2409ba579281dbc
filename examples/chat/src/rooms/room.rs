//! One room: its members and its latest messages.

use std::collections::{BTreeSet, VecDeque};

use serde::Serialize;

use super::people::{Member, UserId};
use crate::text::{MessageText, Nonce, RoomName};

/// How many messages of a room the server keeps.
pub(crate) const MAX_HISTORY: usize = 100;

/// A message that the server has accepted.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Message {
    pub(crate) room: RoomName,
    /// The number of the message in its room, from 1 without gaps: clients order, deduplicate and
    /// count by it.
    pub(crate) id: u64,
    pub(crate) from: Member,
    pub(crate) text: MessageText,
    /// When the server accepted it, in milliseconds since the Unix epoch.
    pub(crate) at: u64,
    pub(crate) nonce: Nonce,
}

#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) members: BTreeSet<UserId>,
    pub(super) history: VecDeque<Message>,
    /// The id of the latest message; 0 before the first.
    pub(super) last: u64,
    /// Whether the room stays when nobody is in it and space is needed.
    pub(super) lasting: bool,
}

impl Room {
    /// Adds a message and forgets the oldest if there are too many. One that is here already, since
    /// a client sent it again, is found instead of added; then the second value is false.
    pub(super) fn post(
        &mut self,
        room: &RoomName,
        from: Member,
        text: MessageText,
        nonce: Nonce,
        at: u64,
    ) -> (Message, bool) {
        let before = self
            .history
            .iter()
            .rev()
            .find(|message| message.from.id == from.id && message.nonce == nonce);
        if let Some(message) = before {
            return (message.clone(), false);
        }
        self.last += 1;
        let message = Message {
            room: room.clone(),
            id: self.last,
            from,
            text,
            at,
            nonce,
        };
        if self.history.len() == MAX_HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(message.clone());
        (message, true)
    }
}
