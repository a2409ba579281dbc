//! The upgrade from polling to another transport.

use std::time::Instant;

use super::{
    error::UpgradeError,
    event::ProbeResult,
    machine::{Session, State},
    probe::Probe,
};
use crate::{packet::Packet, transport::Transport};

/// What a client sends, and gets back, when it tries a transport.
const PROBE: &str = "probe";

/// The upgrade from polling to a WebSocket or to WebTransport.
impl Session {
    /// A WebSocket, or a WebTransport session, arrived that names this session: from now on it is
    /// being probed.
    ///
    /// # Errors
    ///
    /// [`UpgradeError::AlreadyUpgraded`] if the session does not poll, or `transport` is polling;
    /// [`UpgradeError::AlreadyUpgrading`] if another one is being probed; [`UpgradeError::Closed`]
    /// if the session is closed or closing. Nothing changes.
    pub fn handle_probe(&mut self, now: Instant, transport: Transport) -> Result<(), UpgradeError> {
        if !self.is_open() {
            return Err(UpgradeError::Closed);
        }
        if self.transport != Transport::Polling || transport == Transport::Polling {
            return Err(UpgradeError::AlreadyUpgraded);
        }
        // An expiry that nobody has heard of yet belongs to the one before this.
        if self.probe.is_some() || self.events.probe_expired {
            return Err(UpgradeError::AlreadyUpgrading);
        }
        self.probe = Some(Box::new(Probe::new(now, transport, &self.config)));
        Ok(())
    }

    /// The transport that is being probed sent a packet.
    pub fn handle_probe_packet(&mut self, now: Instant, packet: Packet) -> ProbeResult {
        let Some(probe) = &mut self.probe else {
            return ProbeResult::Rejected;
        };
        match packet {
            Packet::Ping(content) if content == PROBE => {
                if probe.handle_answer() {
                    self.poll.owe_noop();
                }
                ProbeResult::Reply(Packet::Pong(content))
            }
            // Even without a probe before it, as in Node's server.
            Packet::Upgrade => {
                let transport = probe.transport;
                self.upgrade(now, transport);
                ProbeResult::Upgraded
            }
            _ => {
                self.probe = None;
                ProbeResult::Rejected
            }
        }
    }

    /// Whether another transport is being probed.
    #[must_use]
    #[inline]
    pub fn is_upgrading(&self) -> bool {
        self.probe.is_some()
    }

    /// Whether the session has moved from the transport that it was opened on to another.
    #[must_use]
    pub fn is_upgraded(&self) -> bool {
        self.upgraded
    }

    fn upgrade(&mut self, now: Instant, transport: Transport) {
        self.probe = None;
        self.upgraded = true;
        self.transport = transport;
        self.poll.owe_noop();
        self.events.upgraded = true;
        if let State::Open(heartbeat) = &mut self.state {
            // A ping may have been lost between the two transports.
            heartbeat.postpone(now, &self.config);
        }
    }
}
