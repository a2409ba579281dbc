use std::time::Instant;

use engineio_proto::Message;

use crate::session::now;

/// How many messages are taken before the task lets others run.
const MESSAGES: usize = 64;

/// How many bytes of messages are taken before the task lets others run, in pieces: 256 KiB, and what
/// the last message has beyond them.
///
/// What is compressed may be a thousandth of that on the wire, so that one read brings many of them.
const PIECES: usize = 64;

/// How many bytes are a piece: 4 KiB. A smaller message counts as one.
const PIECE: usize = 4 * 1024;

/// One run of a session's task.
#[derive(Debug, Default)]
pub(super) struct Turn {
    now: Option<Instant>,
    /// Whether the session knows that its task runs.
    pub(super) awake: bool,
    /// How many messages have been taken.
    pub(super) messages: usize,
    /// How many bytes of messages have been taken, in pieces.
    pieces: usize,
    /// When the session is to be looked at again, once the task has found nothing to do.
    pub(super) deadline: Option<Instant>,
}

impl Turn {
    /// The time of the run: to ask for it costs as much as a lock, and most runs that only write do not.
    pub(super) fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(now)
    }

    /// Whether more messages may be taken before others run.
    pub(super) fn has_time(&self) -> bool {
        self.messages < MESSAGES && self.pieces < PIECES
    }

    /// Counts the bytes of a message that has been taken.
    pub(super) fn count(&mut self, message: &Message) {
        self.pieces = self.pieces.saturating_add(message.len().div_ceil(PIECE));
    }
}
