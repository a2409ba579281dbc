//! One room: its members and its latest messages.

use std::collections::{BTreeSet, VecDeque};

use serde::Serialize;

use super::users::{Member, UserId};
use crate::text::{MessageText, Nonce, RoomName};

/// The most messages that the server stores for a room.
pub(crate) const MAX_HISTORY: usize = 100;

/// A message in a room.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Message {
    pub(crate) room: RoomName,
    /// The number of the message in its room, from 1 without gaps. Clients use it to sort, deduplicate and count.
    pub(crate) id: u64,
    pub(crate) from: Member,
    pub(crate) text: MessageText,
    /// The time of the message, in milliseconds since the Unix epoch.
    pub(crate) at: u64,
    pub(crate) nonce: Nonce,
}

#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) members: BTreeSet<UserId>,
    pub(super) history: VecDeque<Message>,
    /// The id of the latest message, or 0 if there is none.
    pub(super) last: u64,
    /// Whether the room is never removed.
    pub(super) permanent: bool,
}

impl Room {
    /// Adds a message and removes the oldest one if there are too many.
    ///
    /// Returns the message, and whether it is new. A message that a client sends again is found by its nonce.
    pub(super) fn post(
        &mut self,
        room: &RoomName,
        from: Member,
        text: MessageText,
        nonce: Nonce,
        at: u64,
    ) -> (Message, bool) {
        let existing = self
            .history
            .iter()
            .rev()
            .find(|message| message.from.id == from.id && message.nonce == nonce);
        if let Some(message) = existing {
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
