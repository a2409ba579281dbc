//! The budget of a run: how much a driver receives before it yields to other tasks.

use std::time::Instant;

use engineio_proto::Message;

use crate::session::now;

/// The number of messages that one run handles before it yields.
const MAX_MESSAGES: usize = 64;

/// The number of chunks of received payload that one run handles before it yields: 256 KiB in
/// total. The last message may exceed it.
///
/// Payload is counted after decompression. On the wire it may be a thousand times smaller.
const MAX_CHUNKS: usize = 64;

/// The size of a chunk in bytes: 4 KiB. A smaller message counts as one chunk.
const CHUNK: usize = 4 * 1024;

/// The budget of one run of a driver, and the state that only lives during the run.
#[derive(Debug, Default)]
pub(super) struct RunBudget {
    now: Option<Instant>,
    /// Whether the session's state is already marked as not parked.
    pub(super) unparked: bool,
    /// The number of packets that have been received.
    pub(super) messages: usize,
    /// The number of messages that have been delivered to the application.
    pub(super) delivered: usize,
    /// The number of bytes in the payloads of these messages.
    pub(super) bytes: usize,
    /// The number of chunks of payload that have been received.
    chunks: usize,
    /// The session's next deadline, as of the end of the run.
    pub(super) deadline: Option<Instant>,
}

impl RunBudget {
    /// Returns the time of the run. The clock is read on first use, because most runs that only
    /// write do not need it.
    pub(super) fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(now)
    }

    /// Returns whether the run may handle more messages before it yields.
    pub(super) fn is_left(&self) -> bool {
        self.messages < MAX_MESSAGES && self.chunks < MAX_CHUNKS
    }

    /// Counts the payload of a received message.
    pub(super) fn count(&mut self, message: &Message) {
        self.delivered += 1;
        self.bytes = self.bytes.saturating_add(message.len());
        self.chunks = self.chunks.saturating_add(message.len().div_ceil(CHUNK));
    }
}
