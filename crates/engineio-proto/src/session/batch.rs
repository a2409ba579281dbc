//! What is taken from a session at once.

use std::collections::VecDeque;

use super::{outbound::Queued, transmit::Transmit};
use crate::packet::Packet;

/// Packets that have been taken from a session at once, in their order.
///
/// Keep it for the batches that follow: the queue and the batch exchange their memory.
#[derive(Debug, Default)]
pub struct Batch {
    /// A packet of the session's own, which comes first.
    pub(super) own: Option<Own>,
    pub(super) messages: VecDeque<Queued>,
}

/// A packet of the session's own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Own {
    Ping,
    Pong,
    Close,
}

impl Own {
    pub(super) fn into_transmit(self) -> Transmit {
        match self {
            Self::Ping => Transmit::compressible(Packet::Ping(Default::default())),
            Self::Pong => Transmit::compressible(Packet::Pong(Default::default())),
            // There is nothing in it to compress.
            Self::Close => Transmit::plain(Packet::Close),
        }
    }
}

impl Batch {
    /// Whether nothing is in it.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.own.is_none() && self.messages.is_empty()
    }
}

/// Takes what is in the batch out of it.
impl Iterator for Batch {
    type Item = Transmit;

    #[inline]
    fn next(&mut self) -> Option<Transmit> {
        if let Some(own) = self.own.take() {
            return Some(own.into_transmit());
        }
        self.messages.pop_front().map(Queued::into_transmit)
    }
}
