//! What is taken from a session at once.

use std::collections::VecDeque;

use super::{outbound::Queued, transmit::Transmit};

/// Packets that have been taken from a session at once, in their order.
///
/// Keep it for the batches that follow: the queue and the batch exchange their memory.
#[derive(Debug, Default)]
pub struct Batch {
    /// A packet of the session's own.
    pub(super) own: Option<Transmit>,
    pub(super) messages: VecDeque<Queued>,
}

impl Batch {
    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.is_none() && self.messages.is_empty()
    }
}

/// Takes what is in the batch out of it.
impl Iterator for Batch {
    type Item = Transmit;

    #[inline]
    fn next(&mut self) -> Option<Transmit> {
        if self.own.is_some() {
            return self.own.take();
        }
        self.messages.pop_front().map(Queued::into_transmit)
    }
}
