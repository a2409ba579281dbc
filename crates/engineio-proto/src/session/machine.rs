//! What a session consists of, and how it ends.

use std::{fmt, sync::Arc, time::Instant};

use super::{
    config::SessionConfig, heartbeat::Heartbeat, outbound::Outbound, output::Pending,
    polling::Poll, upgrade::Probe,
};
use crate::{close_reason::CloseReason, protocol::Protocol, transport::Transport};

/// One client's connection as a state machine. See the [module](super) for its states.
///
/// An idle session is small and owns no heap memory of its own.
pub struct Session {
    pub(super) config: Arc<SessionConfig>,
    pub(super) state: State,
    pub(super) outbound: Outbound,
    /// Boxed, because few sessions have one, and none for long.
    pub(super) probe: Option<Box<Probe>>,
    pub(super) protocol: Protocol,
    pub(super) transport: Transport,
    pub(super) poll: Poll,
    /// The server's side of the heartbeat waits to be transmitted: a ping in revision 4, a pong in
    /// revision 3.
    pub(super) beat_due: bool,
    /// A write is under way, on another transport than polling.
    pub(super) flushing: bool,
    /// The session has left the transport that it was opened on.
    pub(super) upgraded: bool,
    pub(super) events: Pending,
}

#[derive(Debug)]
pub(super) enum State {
    Open(Heartbeat),
    Closing {
        reason: CloseReason,
        /// When the patience with the client ends.
        until: Instant,
    },
    Closed(CloseReason),
}

impl Session {
    /// A session that was opened at `now` on `transport` by a client that speaks `protocol`.
    ///
    /// The `open` packet with the [`Handshake`](crate::Handshake) is not the session's business:
    /// it is the answer to the request that opened it.
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
            events: Pending::default(),
        }
    }

    /// Closes the session with `reason` at once; what is queued is dropped.
    ///
    /// A poll that is pending is answered with the packet `1`. A session that is closing ends now
    /// and keeps its first reason, as does one that is closed.
    pub fn abort(&mut self, reason: CloseReason) {
        let reason = match self.state {
            State::Open(_) => reason,
            State::Closing { reason, .. } => reason,
            State::Closed(_) => return,
        };
        self.finish(reason);
        if self.transport == Transport::Polling {
            self.poll.owe_close();
        }
    }

    pub(super) fn finish(&mut self, reason: CloseReason) {
        self.state = State::Closed(reason);
        self.outbound = Outbound::default();
        self.probe = None;
        self.beat_due = false;
        self.events.closed = true;
    }

    /// The revision of the protocol that the client speaks.
    #[must_use]
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The transport that the session uses.
    #[must_use]
    #[inline]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether the session takes and sends messages.
    #[must_use]
    #[inline]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Whether the session is being closed: it sends what is queued, and nothing more.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        matches!(self.state, State::Closing { .. })
    }

    /// Whether the session is over.
    #[must_use]
    #[inline]
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed(_))
    }
}

/// Shows what the session is doing, and nothing of what its client sends or receives.
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
