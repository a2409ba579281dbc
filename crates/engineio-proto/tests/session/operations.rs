//! Property tests: generated sequences of operations, checked against a simple model.

use std::time::Duration;

use engineio_proto::{
    Batch, CloseReason, Event, MESSAGE_OVERHEAD, Message, Packet, PollError, ProbeResult, Protocol,
    SendError, SendOptions, Session, SessionConfig, TextBuf, Transport,
};
use proptest::{collection::vec, prelude::*};

use crate::conversation::Conversation;

#[derive(Clone, Debug)]
enum Operation {
    Send(usize),
    SendTextBuf(usize),
    SendThenDrain(usize),
    ClientSends(Packet),
    /// A ping or a pong of the client, whichever its revision sends.
    ClientHeartbeat,
    ClientSendsGarbage,
    ClientPolls,
    ClientPollsTwice,
    ClientDropsPoll,
    ProbeStarts(Transport),
    ProbeSends(Packet),
    TransportCloses(Transport, bool),
    Advance(Duration),
    NextTimeout,
    DrainPolling,
    TakeOneForPoll,
    EndPollEarly,
    Drain(Transport),
    TakeOneFor(Transport),
    TakeBatch(Transport, usize),
    SetFlushing(bool),
    DriverIsBlocked,
    Close(CloseReason),
    ShutDown(CloseReason),
    Abort(CloseReason),
    TakeEvents,
}

fn packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        8 => Just(Packet::Message(Message::from("from the client"))),
        1 => Just(Packet::Pong("".into())),
        1 => Just(Packet::Ping("".into())),
        1 => Just(Packet::Close),
        1 => Just(Packet::Open("{}".into())),
        1 => Just(Packet::Upgrade),
        1 => Just(Packet::Noop),
    ]
}

fn probe_packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        6 => Just(Packet::Ping("probe".into())),
        4 => Just(Packet::Upgrade),
        1 => packet(),
    ]
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![Just(Protocol::V3), Just(Protocol::V4)]
}

fn transport() -> impl Strategy<Value = Transport> {
    prop_oneof![
        2 => Just(Transport::Polling),
        1 => Just(Transport::WebSocket),
        1 => Just(Transport::WebTransport),
    ]
}

/// A transport other than polling.
fn duplex() -> impl Strategy<Value = Transport> {
    prop_oneof![Just(Transport::WebSocket), Just(Transport::WebTransport)]
}

fn reason() -> impl Strategy<Value = CloseReason> {
    prop_oneof![
        Just(CloseReason::ForcedClose),
        Just(CloseReason::ServerShuttingDown)
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    prop_oneof![
        20 => (0..200_usize).prop_map(Send),
        20 => prop_oneof![8 => 0..200_usize, 1 => 0..2_000_usize].prop_map(SendTextBuf),
        8 => (0..200_usize).prop_map(SendThenDrain),
        12 => packet().prop_map(ClientSends),
        6 => Just(ClientHeartbeat),
        1 => Just(ClientSendsGarbage),
        16 => Just(ClientPolls),
        1 => Just(ClientPollsTwice),
        2 => Just(ClientDropsPoll),
        6 => prop_oneof![8 => duplex(), 1 => transport()].prop_map(ProbeStarts),
        10 => probe_packet().prop_map(ProbeSends),
        1 => (transport(), any::<bool>()).prop_map(|(which, error)| TransportCloses(which, error)),
        10 => prop_oneof![0..300_u64, 0..12_000_u64].prop_map(|ms| Advance(Duration::from_millis(ms))),
        8 => Just(NextTimeout),
        16 => Just(DrainPolling),
        4 => Just(TakeOneForPoll),
        2 => Just(EndPollEarly),
        16 => duplex().prop_map(Drain),
        4 => duplex().prop_map(TakeOneFor),
        6 => (duplex(), 0..1_000_usize).prop_map(|(which, limit)| TakeBatch(which, limit)),
        4 => any::<bool>().prop_map(SetFlushing),
        2 => Just(DriverIsBlocked),
        1 => reason().prop_map(Close),
        1 => reason().prop_map(ShutDown),
        1 => reason().prop_map(Abort),
        6 => Just(TakeEvents),
    ]
}

/// A session and the expectations about it.
struct Model {
    talk: Conversation,
    limit: usize,
    /// The payloads that were accepted, in order.
    sent: Vec<String>,
    /// The number of messages that have been transmitted.
    received: usize,
    /// The reason of the close event.
    closed: Option<CloseReason>,
    /// The number of close packets that have been transmitted.
    close_packets: usize,
    upgraded: bool,
    /// The last transport that was probed, or the first transport of the session.
    probed: Transport,
    /// The number of packets transmitted by the closed session.
    after_close: usize,
    /// Whether a message has been transmitted for the current poll.
    poll_carries_message: bool,
    /// Whether the session has been shut down, so that polling needs no close packet.
    shut_down: bool,
}

impl Model {
    fn new(protocol: Protocol, transport: Transport, limit: usize) -> Self {
        let config = SessionConfig::default().max_outbound_bytes(limit);
        Self {
            talk: Conversation::with(protocol, config, transport),
            limit,
            sent: Vec::new(),
            received: 0,
            closed: None,
            close_packets: 0,
            upgraded: transport != Transport::Polling,
            probed: transport,
            after_close: 0,
            poll_carries_message: false,
            shut_down: false,
        }
    }

    fn apply(&mut self, operation: Operation) {
        let now = self.talk.now;
        let session = &mut self.talk.session;
        match operation {
            Operation::Send(length) => self.send(length, send_message),
            Operation::SendTextBuf(length) => self.send(length, send_text_buf),
            Operation::SendThenDrain(length) => {
                self.send(length, send_message);
                let transport = self.talk.session.transport();
                while self.transmit(transport) {}
            }
            Operation::ClientSends(packet) => {
                let is_message = matches!(packet, Packet::Message(_));
                let delivered = session.is_open() && is_message;
                let passes = session.passes_messages(session.transport()) && is_message;
                let before = (format!("{session:?}"), session.poll_timeout());
                let message = session.handle_packet(now, session.transport(), packet);
                assert_eq!(message.is_some(), delivered);
                if passes {
                    assert!(delivered);
                    assert_eq!(before, (format!("{session:?}"), session.poll_timeout()));
                }
            }
            Operation::ClientHeartbeat => {
                let open = session.is_open();
                let heartbeat = match session.protocol() {
                    Protocol::V3 => Packet::Ping("".into()),
                    _ => Packet::Pong("".into()),
                };
                assert_eq!(
                    session.handle_packet(now, session.transport(), heartbeat),
                    None
                );
                assert_eq!(session.is_open(), open);
            }
            Operation::ClientSendsGarbage => session.handle_decode_error(),
            Operation::ClientPolls => {
                if !session.poll_pending() {
                    self.poll();
                }
            }
            Operation::ClientPollsTwice => {
                self.poll();
                self.poll();
            }
            Operation::ClientDropsPoll => {
                session.handle_poll_aborted();
                assert!(!session.poll_pending());
            }
            Operation::ProbeStarts(transport) => {
                let probing = session.is_upgrading();
                let free =
                    session.is_open() && !probing && session.transport() == Transport::Polling;
                let accepted = session.handle_probe(now, transport).is_ok();
                assert!((free && transport != Transport::Polling) || !accepted);
                if accepted {
                    self.probed = transport;
                }
                assert_eq!(session.is_upgrading(), accepted || probing);
            }
            Operation::ProbeSends(packet) => {
                let probing = session.is_upgrading();
                match session.handle_probe_packet(now, packet) {
                    ProbeResult::Reply(reply) => {
                        assert_eq!(reply, Packet::Pong("probe".into()));
                        assert!(probing && session.is_upgrading());
                    }
                    ProbeResult::Upgraded => {
                        assert!(probing && !session.is_upgrading());
                        assert_eq!(session.transport(), self.probed);
                    }
                    ProbeResult::Rejected => assert!(!session.is_upgrading()),
                }
            }
            Operation::TransportCloses(which, error) => {
                let current = which == session.transport();
                let was_closed = session.is_closed();
                let still_probing = session.is_upgrading() && !current && which != self.probed;
                session.handle_transport_closed(which, error);
                assert_eq!(session.is_closed(), was_closed || current);
                assert_eq!(session.is_upgrading(), still_probing);
            }
            Operation::Advance(time) => self.talk.advance(time),
            Operation::NextTimeout => {
                if let Some(at) = session.poll_timeout() {
                    self.talk.now = at.max(now);
                    session.handle_timeout(self.talk.now);
                }
            }
            Operation::DrainPolling => while self.transmit(Transport::Polling) {},
            Operation::TakeOneForPoll => {
                self.transmit(Transport::Polling);
            }
            Operation::EndPollEarly => {
                if self.transmit(Transport::Polling) {
                    self.talk.session.handle_poll_answered();
                }
            }
            Operation::Drain(transport) => while self.transmit(transport) {},
            Operation::TakeOneFor(transport) => {
                self.transmit(transport);
            }
            Operation::TakeBatch(transport, limit) => {
                let is_current = !session.is_closed() && transport == session.transport();
                let mut batch = Batch::default();
                session.take_batch(transport, &mut batch, limit);
                while let Some(one) = batch.next_ref() {
                    assert!(is_current);
                    self.transmitted(transport, one.into_transmit().packet);
                }
            }
            Operation::SetFlushing(flushing) => session.set_flushing(flushing),
            Operation::DriverIsBlocked => {
                let before = session.poll_timeout();
                session.handle_blocked(now);
                assert!(session.poll_timeout() >= before);
            }
            Operation::Close(reason) => {
                session.close(now, reason);
                assert!(!session.is_open());
            }
            Operation::ShutDown(reason) => {
                let before = session.queued_bytes();
                session.shut_down(now, reason);
                assert!(!session.is_open());
                assert_eq!(session.queued_bytes(), before);
                self.shut_down = true;
            }
            Operation::Abort(reason) => {
                session.abort(reason);
                assert!(session.is_closed());
            }
            Operation::TakeEvents => self.take_events(),
        }
        self.check();
    }

    fn poll(&mut self) {
        let session = &mut self.talk.session;
        let pending = session.poll_pending();
        match session.handle_poll(self.talk.now) {
            Ok(()) => {
                assert!(!pending && session.poll_pending());
                self.poll_carries_message = false;
            }
            Err(PollError::Overlap) => assert!(pending && session.is_closed()),
            Err(PollError::NotPolling) => assert_ne!(session.transport(), Transport::Polling),
            Err(_) => assert!(session.is_closed()),
        }
    }

    fn send(&mut self, length: usize, send: fn(&mut Session, &str) -> Result<(), SendError>) {
        // Messages differ, so that duplicates and swaps are detected.
        let payload = format!("{}:{}", self.sent.len(), "x".repeat(length));
        let cost = payload.len() + MESSAGE_OVERHEAD;
        let session = &mut self.talk.session;
        let before = session.queued_bytes();
        let open = session.is_open();
        match send(session, &payload) {
            Ok(()) => {
                assert!(open);
                assert_eq!(session.queued_bytes(), before + cost);
                self.sent.push(payload);
            }
            Err(SendError::Overflow) => {
                assert!(open && before + cost > self.limit);
                assert!(session.is_closed());
            }
            Err(error) => {
                assert_eq!(error, SendError::Closed);
                assert!(!open);
            }
        }
    }

    /// Transmits one packet and returns whether there was one.
    fn transmit(&mut self, transport: Transport) -> bool {
        let session = &mut self.talk.session;
        let was_closed = session.is_closed();
        let poll = session.poll_pending();
        let current = session.transport();
        let Some(transmit) = session.poll_transmit(transport) else {
            return false;
        };
        let packet = transmit.packet;
        if was_closed {
            assert_eq!(transport, Transport::Polling);
            self.after_close += 1;
            assert!(matches!(packet, Packet::Close | Packet::Noop));
        }
        if transport == Transport::Polling {
            assert!(poll, "{packet:?} without a poll");
        }
        if packet != Packet::Noop {
            assert_eq!(transport, current);
        }
        if transport == Transport::Polling {
            self.poll_carries_message |= matches!(packet, Packet::Message(_));
            assert!(
                packet != Packet::Close || !self.poll_carries_message,
                "the close packet shares a payload with a message"
            );
        }
        self.transmitted(transport, packet);
        true
    }

    /// Checks a transmitted packet.
    fn transmitted(&mut self, transport: Transport, packet: Packet) {
        let is_ping = matches!(packet, Packet::Ping(_));
        match packet {
            Packet::Message(Message::Text(text)) => {
                assert_eq!(
                    self.sent.get(self.received).map(String::as_str),
                    Some(text.as_str())
                );
                self.received += 1;
            }
            Packet::Close => {
                self.close_packets += 1;
                assert!(self.talk.session.is_closed());
            }
            Packet::Ping(content) | Packet::Pong(content) => {
                assert_eq!(content, "");
                assert_eq!(is_ping, self.talk.session.protocol() == Protocol::V4);
            }
            Packet::Noop => assert_eq!(transport, Transport::Polling),
            other => panic!("unexpected packet {other:?}"),
        }
    }

    fn take_events(&mut self) {
        for event in self.talk.events() {
            assert_eq!(self.closed, None, "{event:?} after the close event");
            match event {
                Event::Closed(reason) => self.closed = Some(reason),
                Event::Upgraded => {
                    assert!(!self.upgraded);
                    self.upgraded = true;
                }
                Event::ProbeExpired => {}
                other => panic!("unexpected event {other:?}"),
            }
        }
        assert_eq!(self.closed.is_some(), self.talk.session.is_closed());
        let polls = self.talk.session.transport() == Transport::Polling;
        assert_eq!(self.upgraded, !polls);
        assert!(polls || self.talk.session.transport() == self.probed);
    }

    /// Checks the invariants of every state.
    fn check(&self) {
        let session = &self.talk.session;
        let states = [session.is_open(), session.is_closing(), session.is_closed()];
        assert_eq!(states.into_iter().filter(|state| *state).count(), 1);
        assert_eq!(session.poll_timeout().is_none(), session.is_closed());
        assert!(session.queued_bytes() <= self.limit);
        assert!(self.close_packets <= 1);
        assert!(
            self.after_close <= 1,
            "a closed session transmits at most one packet"
        );
        if session.is_closed() {
            assert_eq!(session.queued_bytes(), 0);
            assert!(!session.is_upgrading());
            assert!(!session.is_writable());
        } else {
            let waiting = &self.sent[self.received..];
            let bytes: usize = waiting.iter().map(|payload| payload.len()).sum();
            assert_eq!(
                session.queued_bytes(),
                bytes + waiting.len() * MESSAGE_OVERHEAD
            );
        }
    }

    /// Closes the session and checks that it transmits the whole queue.
    fn finish(mut self) {
        self.talk.session.set_flushing(false);
        if !self.talk.session.is_closed() {
            let was_open = self.talk.session.is_open();
            self.talk
                .session
                .close(self.talk.now, CloseReason::ForcedClose);
            let transport = self.talk.session.transport();
            // One poll takes the queue, and the next one the close packet.
            for _ in 0..2 {
                let session = &self.talk.session;
                if transport == Transport::Polling
                    && !session.is_closed()
                    && !session.poll_pending()
                {
                    self.poll();
                }
                while self.transmit(transport) {}
            }
            assert!(self.talk.session.is_closed());
            assert_eq!(
                self.received,
                self.sent.len(),
                "the session was open: {was_open}"
            );
            assert!(self.close_packets == 1 || self.shut_down);
        }
        while self.transmit(Transport::Polling) {}
        assert!(
            !self.talk.session.poll_pending(),
            "the last poll must be answered"
        );
        assert!(!self.transmit(Transport::WebSocket));
        assert!(!self.transmit(Transport::WebTransport));
        self.take_events();
        assert!(self.closed.is_some());
        self.check();
        self.talk.advance(Duration::from_secs(600));
        assert_eq!(self.talk.events(), []);
    }
}

fn send_message(session: &mut Session, payload: &str) -> Result<(), SendError> {
    session.send(Message::from(payload))
}

fn send_text_buf(session: &mut Session, payload: &str) -> Result<(), SendError> {
    let text = TextBuf::build(0, |out| out.push_str(payload));
    session.send_text_buf(text, SendOptions::default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4 * ProptestConfig::default().cases))]

    #[test]
    fn any_sequence_of_operations_keeps_the_invariants(
        protocol in protocol(),
        transport in transport(),
        limit in prop_oneof![500..2_000_usize, Just(1_000_000)],
        operations in vec(operation(), 0..80),
    ) {
        let mut model = Model::new(protocol, transport, limit);
        for operation in operations {
            model.apply(operation);
        }
        model.finish();
    }
}
