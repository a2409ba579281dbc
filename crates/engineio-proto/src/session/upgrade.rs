//! The upgrade from polling to another transport.

use std::time::Instant;

use super::{
    error::UpgradeError,
    machine::{Session, State},
    probe::Probe,
};
use crate::{packet::Packet, transport::Transport};

/// The content of the ping with which a client probes a transport, and of the pong.
const PROBE: &str = "probe";

/// The action for a probed transport after it has sent a packet.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub enum ProbeResult {
    /// Write this packet to the transport.
    Reply(Packet),
    /// The session has upgraded to the transport.
    Upgraded,
    /// Close the transport. The session stays on polling.
    Rejected,
}

/// The upgrade from polling to a WebSocket or to WebTransport.
impl Session {
    /// Handles a new WebSocket or WebTransport session for this session, which starts a probe.
    ///
    /// # Errors
    ///
    /// - [`UpgradeError::AlreadyUpgraded`] if the session does not use polling, or `transport` is polling.
    /// - [`UpgradeError::AlreadyUpgrading`] if another transport is being probed.
    /// - [`UpgradeError::Closed`] if the session is closing or closed.
    pub fn handle_probe(&mut self, now: Instant, transport: Transport) -> Result<(), UpgradeError> {
        if !self.is_open() {
            return Err(UpgradeError::Closed);
        }
        if self.transport != Transport::Polling || transport == Transport::Polling {
            return Err(UpgradeError::AlreadyUpgraded);
        }
        // The driver has not closed the previous transport yet if its expiry is still to be returned.
        if self.probe.is_some() || self.events.probe_expired {
            return Err(UpgradeError::AlreadyUpgrading);
        }
        self.probe = Some(Box::new(Probe::new(now, transport, &self.config)));
        Ok(())
    }

    /// Handles a packet of the probed transport.
    pub fn handle_probe_packet(&mut self, now: Instant, packet: Packet) -> ProbeResult {
        let Some(probe) = &mut self.probe else {
            return ProbeResult::Rejected;
        };
        match packet {
            Packet::Ping(content) if content == PROBE => {
                if probe.handle_answer() {
                    self.poll.schedule_noop();
                }
                ProbeResult::Reply(Packet::Pong(content))
            }
            // A probe need not precede it, as in Node's server.
            Packet::Upgrade => {
                let transport = probe.transport;
                self.upgrade(now, transport);
                ProbeResult::Upgraded
            }
            _ => {
                self.probe = None;
                self.finish_shutdown();
                ProbeResult::Rejected
            }
        }
    }

    /// Returns whether a transport is being probed.
    #[must_use]
    #[inline]
    pub fn is_upgrading(&self) -> bool {
        self.probe.is_some()
    }

    /// Returns whether the session has upgraded to another transport.
    #[must_use]
    pub fn is_upgraded(&self) -> bool {
        self.upgraded
    }

    /// Returns whether the client upgrades as soon as it has received the answer to its last poll.
    pub(super) fn upgrade_is_imminent(&self) -> bool {
        let probe = self.probe.as_deref();
        !self.poll_pending() && probe.is_some_and(Probe::upgrade_is_imminent)
    }

    fn upgrade(&mut self, now: Instant, transport: Transport) {
        self.probe = None;
        self.upgraded = true;
        self.transport = transport;
        self.poll.schedule_noop();
        self.events.upgraded = true;
        if let State::Open(heartbeat) = &mut self.state {
            // A ping may have been lost between the transports.
            heartbeat.postpone(now, &self.config);
        }
    }
}
