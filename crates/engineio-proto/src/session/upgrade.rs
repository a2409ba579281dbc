//! The upgrade from polling to a WebSocket.

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

/// The upgrade from polling to a WebSocket.
impl Session {
    /// A WebSocket arrived that names this session: from now on it is being probed.
    ///
    /// # Errors
    ///
    /// [`UpgradeError::AlreadyUpgraded`] or [`UpgradeError::AlreadyUpgrading`] if there is a
    /// WebSocket, [`UpgradeError::Closed`] if the session is closed or closing. Nothing changes.
    pub fn handle_probe(&mut self, now: Instant) -> Result<(), UpgradeError> {
        if !self.is_open() {
            return Err(UpgradeError::Closed);
        }
        if self.transport == Transport::WebSocket {
            return Err(UpgradeError::AlreadyUpgraded);
        }
        // An expiry that nobody has heard of yet belongs to the WebSocket before this one.
        if self.probe.is_some() || self.events.probe_expired {
            return Err(UpgradeError::AlreadyUpgrading);
        }
        self.probe = Some(Box::new(Probe::new(now, &self.config)));
        Ok(())
    }

    /// The WebSocket that is being probed sent a packet.
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
                self.upgrade(now);
                ProbeResult::Upgraded
            }
            _ => {
                self.probe = None;
                ProbeResult::Rejected
            }
        }
    }

    /// Whether a WebSocket is being probed.
    #[must_use]
    pub fn is_upgrading(&self) -> bool {
        self.probe.is_some()
    }

    /// Whether the session has moved from the transport that it was opened on to a WebSocket.
    #[must_use]
    pub fn is_upgraded(&self) -> bool {
        self.upgraded
    }

    fn upgrade(&mut self, now: Instant) {
        self.probe = None;
        self.upgraded = true;
        self.transport = Transport::WebSocket;
        self.poll.owe_noop();
        self.events.upgraded = true;
        if let State::Open(heartbeat) = &mut self.state {
            // A ping may have been lost between the two transports.
            heartbeat.postpone(now, &self.config);
        }
    }
}
