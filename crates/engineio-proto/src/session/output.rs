//! The methods that return work for the driver: packets, events and the next timeout.

use std::{mem, time::Instant};

use super::{
    batch::{Batch, ControlPacket},
    machine::{Session, Shutdown, State},
    transmit::Transmit,
};
use crate::{close_reason::CloseReason, protocol::Protocol, transport::Transport};

/// A change of a session, returned once by [`Session::poll_event`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The upgrade took too long. Close the probed transport. The session stays on polling.
    ProbeExpired,
    /// The session has upgraded to the probed transport.
    Upgraded,
    /// The session is closed. This is the last event.
    Closed(CloseReason),
}

/// Packets, events and the next timeout.
impl Session {
    /// Returns the next packet to write on `transport`.
    ///
    /// On polling, packets are returned only while a poll is pending. After some packets, `None` ends the
    /// poll: the driver has to answer it with those packets. This includes the last poll of a closed session,
    /// and a poll that was pending at the upgrade. The close packet never follows messages in the same poll,
    /// because clients would handle it before them. It is returned for the next poll.
    ///
    /// On another transport, there are no packets before the upgrade. The driver writes the reply to a probe
    /// itself. [`Packet::Close`](crate::Packet::Close) stands for the end of the transport there, such as a
    /// close frame on a WebSocket.
    #[must_use = "the packet has been removed from the session"]
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
                packet.or_else(|| self.next_close().map(ControlPacket::into_transmit))
            }
            _ => None,
        }
    }

    /// Moves the packets to write on `transport`, which is not polling, to the empty `batch`.
    ///
    /// These are the packets that [`poll_transmit`](Self::poll_transmit) would return, until their messages
    /// reach `limit` bytes. If the batch stays empty, there is nothing to write. Messages count as for
    /// [`max_outbound_bytes`](crate::SessionConfig::max_outbound_bytes).
    ///
    /// The usual cost does not depend on the number of messages, which suits a session behind a lock.
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

    /// Returns the next event. [`Event::Closed`] is the last one.
    #[must_use = "an event is returned once"]
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

    /// Returns the time at which [`handle_timeout`](Self::handle_timeout) has to be called.
    ///
    /// Other calls change that time. A closed session has no timeout.
    #[must_use]
    #[inline]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let own = match &self.state {
            State::Open(heartbeat) => heartbeat.deadline(),
            // The time at which the session began to close: immediately.
            State::Closing {
                until,
                shutdown: Shutdown::AwaitsUpgrade,
                ..
            } => until
                .checked_sub(self.config.close_timeout)
                .unwrap_or(*until),
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
        // After the upgrade, polling has only its last poll to end.
        let current = self.transport == Transport::Polling;
        let mut packet = current.then(|| self.next_queued()).flatten();
        let queued = packet.is_some();
        if packet.is_none() {
            packet = self.poll.take_due().map(Transmit::plain);
        }
        if packet.is_none() && current && self.poll.accepts_close() {
            packet = self.next_close().map(ControlPacket::into_transmit);
        }
        if packet.is_some() {
            self.poll.handle_yield(queued);
        }
        packet
    }

    fn next_queued(&mut self) -> Option<Transmit> {
        let beat = self.next_beat().map(ControlPacket::into_transmit);
        beat.or_else(|| self.outbound.pop())
    }

    /// Returns the packet for the server's half of the heartbeat if it is due.
    #[inline]
    fn next_beat(&mut self) -> Option<ControlPacket> {
        mem::take(&mut self.beat_due).then_some(match self.protocol {
            Protocol::V3 => ControlPacket::Pong,
            Protocol::V4 => ControlPacket::Ping,
        })
    }

    /// Closes a closing session, whose queue is empty, and returns its last packet.
    #[inline]
    fn next_close(&mut self) -> Option<ControlPacket> {
        let State::Closing { reason, .. } = self.state else {
            return None;
        };
        self.finish(reason);
        Some(ControlPacket::Close)
    }
}
