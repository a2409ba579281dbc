//! Polls: the GETs of a client on polling.

use std::{mem, time::Instant};

use super::{error::PollError, machine::Session};
use crate::{close_reason::CloseReason, packet::Packet, transport::Transport};

/// Polls: the GETs of a client on polling.
impl Session {
    /// A poll arrived.
    ///
    /// It is pending until [`poll_transmit`](Self::poll_transmit) has yielded something for it and
    /// then `None`, or until [`handle_poll_aborted`](Self::handle_poll_aborted).
    ///
    /// # Errors
    ///
    /// [`PollError::Overlap`] if one is pending already: the session is closed with
    /// [`CloseReason::TransportError`] for that. [`PollError::NotPolling`] after the upgrade,
    /// [`PollError::Closed`] if the session is closed; these change nothing.
    pub fn handle_poll(&mut self, now: Instant) -> Result<(), PollError> {
        if self.is_closed() {
            return Err(PollError::Closed);
        }
        if self.transport != Transport::Polling {
            return Err(PollError::NotPolling);
        }
        if self.poll_pending() {
            self.abort(CloseReason::TransportError);
            return Err(PollError::Overlap);
        }
        self.poll.begin();
        // A session that waits for a poll to carry its close packet puts a noop in front, as Node's
        // server does.
        if self.is_closing() {
            self.poll.owe_noop();
        }
        if let Some(probe) = &mut self.probe {
            probe.handle_poll(now, &self.config);
        }
        Ok(())
    }

    /// The client gave up the pending poll.
    ///
    /// Closes the session with [`CloseReason::TransportError`], except while a WebSocket is being
    /// probed and after the upgrade: there clients discard polls that are of no use any more.
    pub fn handle_poll_aborted(&mut self) {
        if !self.poll_pending() {
            return;
        }
        // While probing, a poll that got nothing loses nothing.
        let of_use = self.poll.is_answering() || self.probe.is_none();
        self.handle_poll_answered();
        if of_use && self.transport == Transport::Polling {
            self.abort(CloseReason::TransportError);
        }
    }

    /// The pending poll is answered before [`poll_transmit`](Self::poll_transmit) yielded `None`.
    ///
    /// Only a driver that stops early, to keep an answer small, has to call this.
    pub fn handle_poll_answered(&mut self) {
        self.poll.end();
        if let Some(probe) = &mut self.probe {
            probe.handle_poll_end();
        }
    }

    /// Whether a poll waits for its answer.
    #[must_use]
    pub fn poll_pending(&self) -> bool {
        self.poll.is_pending()
    }
}

/// The GET of a polling client, which waits for packets.
#[derive(Debug, Default)]
pub(super) struct Poll {
    phase: Phase,
    /// It is to be ended by a noop unless something better is there.
    noop_due: bool,
    /// The session is over and this poll was not told yet.
    close_due: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Phase {
    #[default]
    Absent,
    Pending,
    /// Pending, and something was yielded for it.
    Answering,
}

impl Poll {
    pub(super) fn is_pending(&self) -> bool {
        self.phase != Phase::Absent
    }

    /// Whether something was yielded for it that its end would lose.
    pub(super) fn is_answering(&self) -> bool {
        self.phase == Phase::Answering
    }

    pub(super) fn begin(&mut self) {
        *self = Self {
            phase: Phase::Pending,
            ..Self::default()
        };
    }

    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// Owes the poll a noop, if one is pending.
    pub(super) fn owe_noop(&mut self) {
        self.noop_due = self.is_pending();
    }

    /// Owes the poll the close packet and nothing before it, if one is pending.
    pub(super) fn owe_close(&mut self) {
        self.noop_due = false;
        self.close_due = self.is_pending();
    }

    /// What the poll is owed.
    pub(super) fn take_due(&mut self) -> Option<Packet> {
        if mem::take(&mut self.noop_due) {
            Some(Packet::Noop)
        } else if mem::take(&mut self.close_due) {
            Some(Packet::Close)
        } else {
            None
        }
    }

    /// A packet was yielded for the poll, which makes a noop needless.
    pub(super) fn handle_yield(&mut self) {
        self.phase = Phase::Answering;
        self.noop_due = false;
    }
}
