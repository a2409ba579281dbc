//! A session, a clock that only tests move, and both ends' words for what happens.

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

/// How much is taken at once to be written, in bytes: a message or two.
const BATCH_BYTES: usize = 100;

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

    /// Lets time pass, firing every timeout on the way at its moment.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.session.poll_timeout().filter(|at| *at <= end) {
            self.now = at;
            self.session.handle_timeout(at);
        }
        self.now = end;
    }

    /// The client sends a packet on the transport that the session uses.
    pub(crate) fn client_sends(&mut self, wire: &'static str) -> Option<Message> {
        let packet = Packet::decode_text(wire.into()).expect("a packet");
        let transport = self.session.transport();
        match packet {
            // As drivers do.
            Packet::Message(message) if self.session.passes_messages(transport) => Some(message),
            packet => self.session.handle_packet(self.now, transport, packet),
        }
    }

    /// The server's application sends a text.
    pub(crate) fn server_sends(&mut self, text: &str) {
        self.session
            .send(Message::from(text))
            .expect("an open session");
    }

    /// The client polls; the poll has to be accepted.
    pub(crate) fn client_polls(&mut self) {
        self.session
            .handle_poll(self.now)
            .expect("the poll is accepted");
    }

    /// The client polls, where it does that at all.
    pub(crate) fn client_polls_on(&mut self, transport: Transport) {
        if transport == Transport::Polling {
            self.client_polls();
        }
    }

    /// A WebSocket arrives for the session; it has to be accepted.
    pub(crate) fn websocket_arrives(&mut self) {
        self.session
            .handle_probe(self.now, Transport::WebSocket)
            .expect("the WebSocket is accepted");
    }

    /// The client sends a packet on the WebSocket that probes.
    pub(crate) fn probe_sends(&mut self, wire: &'static str) -> ProbeResult {
        let packet = Packet::decode_text(wire.into()).expect("a packet");
        self.session.handle_probe_packet(self.now, packet)
    }

    /// A WebSocket arrives and its probe is answered.
    pub(crate) fn probed(&mut self) {
        self.websocket_arrives();
        let answer = ProbeResult::Reply(Packet::Pong("probe".into()));
        assert_eq!(self.probe_sends("2probe"), answer);
    }

    /// What the WebSocket gets now, in wire form.
    pub(crate) fn websocket_gets(&mut self) -> Vec<String> {
        self.drain(Transport::WebSocket)
    }

    /// What the pending poll is answered with now; nothing if it goes on waiting.
    pub(crate) fn poll_gets(&mut self) -> Vec<String> {
        self.drain(Transport::Polling)
    }

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
