//! A session with a virtual clock, and helpers for the actions of client and server.

use std::{
    iter,
    sync::Arc,
    time::{Duration, Instant},
};

use engineio_proto::{
    Batch, Event, Message, Packet, ProbeResult, Protocol, Session, SessionConfig, Transport,
};

pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(25);
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(20);
pub(crate) const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
pub(crate) const NOOP_INTERVAL: Duration = Duration::from_millis(100);
pub(crate) const MOMENT: Duration = Duration::from_millis(1);

/// The limit of a batch in bytes: one or two messages.
const BATCH_BYTES: usize = 100;

/// A session and the virtual time.
pub(crate) struct Conversation {
    pub(crate) session: Session,
    pub(crate) now: Instant,
}

impl Conversation {
    pub(crate) fn on(protocol: Protocol, transport: Transport) -> Self {
        Self::with(protocol, SessionConfig::default(), transport)
    }

    pub(crate) fn with(protocol: Protocol, config: SessionConfig, transport: Transport) -> Self {
        let now = Instant::now();
        Self {
            session: Session::new(Arc::new(config), protocol, transport, now),
            now,
        }
    }

    /// Advances the clock and handles each timeout at its time.
    pub(crate) fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.session.poll_timeout().filter(|at| *at <= end) {
            self.now = at;
            self.session.handle_timeout(at);
        }
        self.now = end;
    }

    /// Handles a packet of the client on the current transport.
    pub(crate) fn client_sends(&mut self, wire: &'static str) -> Option<Message> {
        let packet = Packet::decode_text(wire.into()).expect("a packet");
        let transport = self.session.transport();
        match packet {
            // The shortcut that drivers take.
            Packet::Message(message) if self.session.passes_messages(transport) => Some(message),
            packet => self.session.handle_packet(self.now, transport, packet),
        }
    }

    /// Sends a text from the application.
    pub(crate) fn server_sends(&mut self, text: &str) {
        self.session
            .send(Message::from(text))
            .expect("an open session");
    }

    /// Handles a poll of the client, which must be accepted.
    pub(crate) fn client_polls(&mut self) {
        self.session
            .handle_poll(self.now)
            .expect("the poll is accepted");
    }

    /// Handles a poll of the client if the transport is polling.
    pub(crate) fn client_polls_on(&mut self, transport: Transport) {
        if transport == Transport::Polling {
            self.client_polls();
        }
    }

    /// Handles a probing WebSocket, which must be accepted.
    pub(crate) fn start_probe(&mut self) {
        self.session
            .handle_probe(self.now, Transport::WebSocket)
            .expect("the WebSocket is accepted");
    }

    /// Handles a packet of the probed transport.
    pub(crate) fn probe_sends(&mut self, wire: &'static str) -> ProbeResult {
        let packet = Packet::decode_text(wire.into()).expect("a packet");
        self.session.handle_probe_packet(self.now, packet)
    }

    /// Starts a probe and checks the reply to it.
    pub(crate) fn probe(&mut self) {
        self.start_probe();
        let answer = ProbeResult::Reply(Packet::Pong("probe".into()));
        assert_eq!(self.probe_sends("2probe"), answer);
    }

    /// Returns the packets for the WebSocket in wire form.
    pub(crate) fn websocket_receives(&mut self) -> Vec<String> {
        self.drain(Transport::WebSocket)
    }

    /// Returns the packets for the pending poll in wire form. It stays pending if there are none.
    pub(crate) fn poll_receives(&mut self) -> Vec<String> {
        self.drain(Transport::Polling)
    }

    /// Returns the events that have not been returned yet.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        iter::from_fn(|| self.session.poll_event()).collect()
    }

    fn drain(&mut self, transport: Transport) -> Vec<String> {
        let mut packets = Vec::new();
        if transport == Transport::Polling {
            packets.extend(iter::from_fn(|| self.session.poll_transmit(transport)));
        } else {
            let mut batch = Batch::default();
            loop {
                self.session.take_batch(transport, &mut batch, BATCH_BYTES);
                if batch.is_empty() {
                    break;
                }
                packets.extend(&mut batch);
            }
        }
        let written = packets
            .iter()
            .map(|transmit| transmit.packet.encode_base64());
        written.map(|written| written.to_string()).collect()
    }
}
