//! The upgrade from polling to another transport.

use std::time::Instant;

use super::{
    config::{SessionConfig, deadline},
    error::UpgradeError,
    machine::{Session, State},
};
use crate::{packet::Packet, transport::Transport};

/// What a client sends, and gets back, when it tries a transport.
const PROBE: &str = "probe";

/// What to do with a transport that is being probed after it sent a packet.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub enum ProbeResult {
    /// Write this packet to it.
    Reply(Packet),
    /// The session moved to it: from now on it is the transport.
    Upgraded,
    /// Close it. The session lives on polling, if it lived.
    Rejected,
}

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

/// A transport that is being tried beside polling.
#[derive(Debug)]
pub(super) struct Probe {
    /// What is being tried.
    pub(super) transport: Transport,
    /// When the trial is over.
    expires: Instant,
    /// Whether the client's probe was answered. From then on it waits for its poll to end.
    answered: bool,
    /// When the poll that is pending is to be released.
    release: Option<Instant>,
}

impl Probe {
    pub(super) fn new(now: Instant, transport: Transport, config: &SessionConfig) -> Self {
        Self {
            transport,
            expires: deadline(now, config.upgrade_timeout),
            answered: false,
            release: None,
        }
    }

    pub(super) fn has_expired(&self, now: Instant) -> bool {
        now >= self.expires
    }

    /// The client's probe is answered. Whether this was the first time.
    pub(super) fn handle_answer(&mut self) -> bool {
        !std::mem::replace(&mut self.answered, true)
    }

    /// A poll arrived, which must not wait for long.
    pub(super) fn handle_poll(&mut self, now: Instant, config: &SessionConfig) {
        if self.answered {
            self.release = Some(deadline(now, config.noop_interval));
        }
    }

    /// The poll is no longer pending.
    pub(super) fn handle_poll_end(&mut self) {
        self.release = None;
    }

    /// Whether the pending poll is to be released now. True once.
    pub(super) fn take_release(&mut self, now: Instant) -> bool {
        self.release.take_if(|at| now >= *at).is_some()
    }

    pub(super) fn deadline(&self) -> Instant {
        self.release
            .map_or(self.expires, |release| release.min(self.expires))
    }
}
