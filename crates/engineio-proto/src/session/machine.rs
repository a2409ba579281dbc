//! The state of a session and its end.

use std::{fmt, sync::Arc, time::Instant};

use super::{
    config::SessionConfig, heartbeat::Heartbeat, outbound::Outbound, poll::Poll, probe::Probe,
};
use crate::{close_reason::CloseReason, protocol::Protocol, transport::Transport};

/// The session of one client as a state machine, without IO and without a clock.
///
/// ```text
///                   Session::new
///                        │
///   ┌────────────────────▼────────────────────┐
///   │                  open                   │
///   │                                         │
///   │   polling ──handle_probe──► probing     │   probe rejected, expired or closed:
///   │      ▲                         │  │     │   back to polling
///   │      └─────────────────────────┘  │     │
///   │                                "5"│     │
///   │   websocket or                    │     │
///   │   webtransport ◄──────────────────┘     │   Event::Upgraded
///   └──────┬───────────────────────────┬──────┘
///          │ close, shut_down          │ abort, ping timeout, "1" on polling, bad packet,
///          ▼                           │ transport closed or failed, overlapping polls,
///   ┌─────────────┐                    │ outbound queue over its limit,
///   │   closing   │  sends the queue,  │ shut_down on polling with an empty queue
///   │             │  ignores packets,  │
///   │             │  may still upgrade │
///   └──────┬──────┘                    │
///          │ Packet::Close transmitted,│
///          │ queue of a shut-down      │
///          │ session transmitted,      │
///          │ close timeout, abort,     │
///          │ transport closed          │
///          ▼                           ▼
///   ┌─────────────────────────────────────────┐
///   │ closed: only a pending poll is answered │   Event::Closed
///   └─────────────────────────────────────────┘
/// ```
///
/// # Driving a session
///
/// The driver calls a `handle_*` method for each thing that happens. After it, and after
/// [`send`](Self::send), [`close`](Self::close) or [`abort`](Self::abort), it does the following:
///
/// 1. Call [`poll_transmit`](Self::poll_transmit) until it returns `None`. On polling, do so while a poll
///    is pending, and answer the poll if there were packets. On another transport, do so when it is
///    writable; [`take_batch`](Self::take_batch) is faster there.
/// 2. Call [`poll_event`](Self::poll_event) until it returns `None`.
/// 3. Wait until [`poll_timeout`](Self::poll_timeout), then call
///    [`handle_timeout`](Self::handle_timeout).
///
/// An idle session is small and owns no heap allocation.
pub struct Session {
    pub(super) config: Arc<SessionConfig>,
    pub(super) state: State,
    pub(super) outbound: Outbound,
    /// The transport that is being probed. Boxed, because few sessions have one, and not for long.
    pub(super) probe: Option<Box<Probe>>,
    pub(super) protocol: Protocol,
    pub(super) transport: Transport,
    pub(super) poll: Poll,
    /// Whether the server has to send its half of the heartbeat: a ping in revision 4, a pong in
    /// revision 3.
    pub(super) beat_due: bool,
    /// Whether a write is in progress on a transport other than polling.
    pub(super) flushing: bool,
    /// Whether the session has left the transport that it was opened on.
    pub(super) upgraded: bool,
    pub(super) events: PendingEvents,
}

/// The events that have not been returned yet. Their order is fixed, so this needs no queue.
#[derive(Debug, Default)]
pub(super) struct PendingEvents {
    pub(super) probe_expired: bool,
    pub(super) upgraded: bool,
    pub(super) closed: bool,
}

#[derive(Debug)]
pub(super) enum State {
    Open(Heartbeat),
    Closing {
        reason: CloseReason,
        /// The end of the close timeout.
        until: Instant,
        shutdown: Shutdown,
    },
    Closed(CloseReason),
}

/// Whether a closing session waits for a poll only to send the close packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shutdown {
    /// It does.
    No,
    /// On polling, it ends once the queue has been sent.
    Requested,
    /// The queue has been sent, and the client is about to upgrade. The wait for that is limited from the
    /// next timeout on.
    AwaitsUpgrade,
}

impl Session {
    /// Creates a session that a client with the revision `protocol` opened at `now` on `transport`.
    ///
    /// The session does not send the `open` packet with the [`Handshake`](crate::Handshake). The driver
    /// sends it in response to the request that opened the session.
    #[must_use]
    pub fn new(
        config: Arc<SessionConfig>,
        protocol: Protocol,
        transport: Transport,
        now: Instant,
    ) -> Self {
        Self {
            state: State::Open(Heartbeat::new(now, protocol, &config)),
            config,
            outbound: Outbound::default(),
            probe: None,
            protocol,
            transport,
            poll: Poll::default(),
            beat_due: false,
            flushing: false,
            upgraded: false,
            events: PendingEvents::default(),
        }
    }

    /// Closes the session with `reason` immediately and drops the queue.
    ///
    /// A pending poll is answered with the packet `1`. A closing or closed session keeps its first
    /// reason.
    pub fn abort(&mut self, reason: CloseReason) {
        let reason = match self.state {
            State::Open(_) => reason,
            State::Closing { reason, .. } => reason,
            State::Closed(_) => return,
        };
        self.finish(reason);
        if self.transport == Transport::Polling {
            self.poll.schedule_close();
        }
    }

    /// Enters the closed state.
    pub(super) fn finish(&mut self, reason: CloseReason) {
        self.state = State::Closed(reason);
        self.outbound = Outbound::default();
        self.probe = None;
        self.beat_due = false;
        self.events.closed = true;
    }

    /// Returns the revision of the protocol that the client speaks.
    #[must_use]
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Returns the current transport of the session.
    #[must_use]
    #[inline]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Returns whether the session is open: it sends and receives messages.
    #[must_use]
    #[inline]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Returns whether the session is closing: it sends the queue and accepts no messages.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        matches!(self.state, State::Closing { .. })
    }

    /// Returns whether the session is closed.
    #[must_use]
    #[inline]
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed(_))
    }
}

/// Shows the state of the session, but no content of messages.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("state", &self.state)
            .field("protocol", &self.protocol)
            .field("transport", &self.transport)
            .field("poll", &self.poll)
            .field("upgrading", &self.is_upgrading())
            .field("queued_bytes", &self.queued_bytes())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_session_is_small() {
        assert!(
            size_of::<Session>() <= 160,
            "{} bytes",
            size_of::<Session>()
        );
    }
}
