//! What is to be done: packets, events, the next timeout.

use std::{mem, time::Instant};

use super::{
    batch::{Batch, Control},
    machine::{Session, State},
    transmit::Transmit,
};
use crate::{close_reason::CloseReason, protocol::Protocol, transport::Transport};

/// Something that the driver of a session, or the application, has to know. Each comes once.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The transport that is being probed took too long: close it. The session lives on polling.
    ProbeExpired,
    /// The session is on the transport that was probed.
    Upgraded,
    /// The session is over. No event follows.
    Closed(CloseReason),
}

/// The events that were not reported yet. The order in which they are reported is fixed, so no
/// queue is needed.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) probe_expired: bool,
    pub(super) upgraded: bool,
    pub(super) closed: bool,
}

/// What is to be done: packets, events, the next timeout.
impl Session {
    /// The next packet to write on `transport`, if there is one.
    ///
    /// For polling there is something only while a poll is pending. Once this has yielded packets
    /// for it and then `None`, the session takes the poll for answered with those packets. That
    /// holds for a closed session too, whose last poll is told so, and for a poll that was still
    /// pending at the upgrade. For others there is nothing before the upgrade: the driver
    /// writes the reply to a probe itself. [`Packet::Close`](crate::Packet::Close) there stands for
    /// the end of the transport, a close frame on a WebSocket.
    #[must_use = "the packet is gone from the session"]
    pub fn poll_transmit(&mut self, transport: Transport) -> Option<Transmit> {
        match transport {
            Transport::Polling if self.poll_pending() => {
                let packet = self.next_for_poll();
                if packet.is_none() && self.poll.is_answering() {
                    self.handle_poll_answered();
                }
                packet
            }
            Transport::Polling => None,
            current if current == self.transport => {
                let packet = self.next_queued();
                packet.or_else(|| self.next_close().map(Control::into_transmit))
            }
            _ => None,
        }
    }

    /// Moves the packets to write on `transport` to `batch`, which is empty, for a transport other than
    /// polling: those that [`poll_transmit`](Self::poll_transmit) would yield, until their messages reach
    /// `limit` bytes. There is nothing to write if the batch stays empty.
    ///
    /// Messages count as for [`max_outbound_bytes`](crate::SessionConfig::max_outbound_bytes); what
    /// is not taken still counts for that. It is the same to take one as to take many, so this suits
    /// a session that is locked meanwhile.
    #[inline]
    pub fn take_batch(&mut self, transport: Transport, batch: &mut Batch, limit: usize) {
        if transport != self.transport || transport == Transport::Polling {
            return;
        }
        batch.control = self.next_beat();
        self.outbound.take(&mut batch.messages, limit);
        if batch.is_empty() {
            batch.control = self.next_close();
        }
    }

    /// The next event, if there is one. [`Event::Closed`] is the last.
    #[must_use = "an event comes once"]
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
        if mem::take(&mut self.events.probe_expired) {
            return Some(Event::ProbeExpired);
        }
        if mem::take(&mut self.events.upgraded) {
            return Some(Event::Upgraded);
        }
        match self.state {
            State::Closed(reason) if mem::take(&mut self.events.closed) => {
                Some(Event::Closed(reason))
            }
            _ => None,
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, unless something happens
    /// before. `None` if the session is closed, and only then.
    #[must_use]
    #[inline]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let own = match &self.state {
            State::Open(heartbeat) => heartbeat.deadline(),
            State::Closing { until, .. } => *until,
            State::Closed(_) => return None,
        };
        Some(
            self.probe
                .as_ref()
                .map_or(own, |probe| own.min(probe.deadline())),
        )
    }

    fn next_for_poll(&mut self) -> Option<Transmit> {
        // After the upgrade all that is left for polling is to end its last poll.
        let current = self.transport == Transport::Polling;
        let mut packet = current.then(|| self.next_queued()).flatten();
        if packet.is_none() {
            packet = self.poll.take_due().map(Transmit::plain);
        }
        if packet.is_none() && current {
            packet = self.next_close().map(Control::into_transmit);
        }
        if packet.is_some() {
            self.poll.handle_yield();
        }
        packet
    }

    fn next_queued(&mut self) -> Option<Transmit> {
        let beat = self.next_beat().map(Control::into_transmit);
        beat.or_else(|| self.outbound.pop())
    }

    /// The server's side of the heartbeat, if it is due.
    #[inline]
    fn next_beat(&mut self) -> Option<Control> {
        mem::take(&mut self.beat_due).then_some(match self.protocol {
            Protocol::V3 => Control::Pong,
            Protocol::V4 => Control::Ping,
        })
    }

    /// The packet that ends a session whose queue has drained.
    #[inline]
    fn next_close(&mut self) -> Option<Control> {
        let State::Closing { reason, .. } = self.state else {
            return None;
        };
        self.finish(reason);
        Some(Control::Close)
    }
}
