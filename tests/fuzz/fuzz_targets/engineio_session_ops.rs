//! Applies arbitrary operations to a session. It does not panic, closes once, and transmits messages in order and
//! at most once.

#![no_main]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arbitrary::Arbitrary;
use bytestring::ByteString;
use engineio_proto::{
    Batch, CloseReason, Event, Message, Packet, Protocol, SendOptions, Session, SessionConfig,
    TextBuf, Transport,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    revision_3: bool,
    on_websocket: bool,
    max_outbound_bytes: u16,
    operations: Vec<Operation>,
}

#[derive(Arbitrary, Debug)]
enum Operation {
    Send { length: u8 },
    SendTextBuf { length: u16 },
    ClientSends { on_websocket: bool, wire: String },
    ClientPolls,
    ClientDropsPoll,
    PollAnswered,
    ProbeStarts { webtransport: bool },
    ProbeSends { wire: String },
    ProbeSucceeds,
    TransportCloses { websocket: bool, error: bool },
    Advance { milliseconds: u16 },
    NextTimeout,
    Transmit { polling: bool },
    TakeBatch { limit: u16 },
    SetFlushing { flushing: bool },
    Close,
    Abort,
    TakeEvents,
}

struct Run {
    session: Session,
    now: Instant,
    sent: u32,
    received: u32,
    closed: bool,
}

fuzz_target!(|input: Input| {
    let now = Instant::now();
    let config = SessionConfig::default().max_outbound_bytes(input.max_outbound_bytes.into());
    let config = Arc::new(config);
    let protocol = if input.revision_3 {
        Protocol::V3
    } else {
        Protocol::V4
    };
    let session = Session::new(config, protocol, transport(input.on_websocket), now);
    let mut run = Run {
        session,
        now,
        sent: 0,
        received: 0,
        closed: false,
    };
    for operation in input.operations {
        run.apply(operation);
        let session = &run.session;
        assert_eq!(session.poll_timeout().is_none(), session.is_closed());
        assert!(!session.is_closed() || session.queued_bytes() == 0);
    }
    run.session.abort(CloseReason::ForcedClose);
    run.take_events();
    assert!(run.closed);
    while run.transmit(Transport::Polling) {}
    assert!(!run.session.poll_pending());
    assert!(!run.transmit(Transport::WebSocket));
});

impl Run {
    fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Send { length } => {
                let message = format!("{} {}", self.sent, "x".repeat(length.into()));
                if self.session.send(Message::from(message.as_str())).is_ok() {
                    self.sent += 1;
                }
            }
            Operation::SendTextBuf { length } => {
                let text = TextBuf::build(0, |out| {
                    out.push_str(&format!("{} {}", self.sent, "x".repeat(length.into())));
                });
                let options = SendOptions::default();
                if self.session.send_text_buf(text, options).is_ok() {
                    self.sent += 1;
                }
            }
            Operation::ClientSends { on_websocket, wire } => match decode(wire) {
                Some(packet) => {
                    let from = transport(on_websocket);
                    let _ = self.session.handle_packet(self.now, from, packet);
                }
                None => self.session.handle_decode_error(),
            },
            Operation::ClientPolls => {
                let _ = self.session.handle_poll(self.now);
            }
            Operation::ClientDropsPoll => self.session.handle_poll_aborted(),
            Operation::PollAnswered => self.session.handle_poll_answered(),
            Operation::ProbeStarts { webtransport } => {
                let transport = if webtransport {
                    Transport::WebTransport
                } else {
                    Transport::WebSocket
                };
                let _ = self.session.handle_probe(self.now, transport);
            }
            Operation::ProbeSends { wire } => {
                if let Some(packet) = decode(wire) {
                    let _ = self.session.handle_probe_packet(self.now, packet);
                }
            }
            Operation::ProbeSucceeds => {
                let probe = Packet::Ping("probe".into());
                let _ = self.session.handle_probe_packet(self.now, probe);
                let _ = self.session.handle_probe_packet(self.now, Packet::Upgrade);
            }
            Operation::TransportCloses { websocket, error } => {
                self.session
                    .handle_transport_closed(transport(websocket), error);
            }
            Operation::Advance { milliseconds } => {
                self.now += Duration::from_millis(milliseconds.into());
                self.session.handle_timeout(self.now);
            }
            Operation::NextTimeout => {
                if let Some(at) = self.session.poll_timeout() {
                    self.now = self.now.max(at);
                    self.session.handle_timeout(self.now);
                }
            }
            Operation::Transmit { polling } => {
                let transport = match self.session.transport() {
                    current if !polling => current,
                    _ => Transport::Polling,
                };
                self.transmit(transport);
            }
            Operation::TakeBatch { limit } => {
                let mut batch = Batch::default();
                let transport = self.session.transport();
                self.session.take_batch(transport, &mut batch, limit.into());
                while let Some(transmit) = batch.next_ref() {
                    self.transmitted(&transmit.into_transmit().packet);
                }
            }
            Operation::SetFlushing { flushing } => self.session.set_flushing(flushing),
            Operation::Close => self.session.close(self.now, CloseReason::ForcedClose),
            Operation::Abort => self.session.abort(CloseReason::ServerShuttingDown),
            Operation::TakeEvents => self.take_events(),
        }
    }

    fn transmit(&mut self, transport: Transport) -> bool {
        let packet = self
            .session
            .poll_transmit(transport)
            .map(|transmit| transmit.packet);
        if let Some(packet) = &packet {
            self.transmitted(packet);
        }
        packet.is_some()
    }

    fn transmitted(&mut self, packet: &Packet) {
        if let Packet::Message(Message::Text(text)) = packet {
            let number = text.as_str().split(' ').next().expect("a number");
            assert_eq!(number.parse(), Ok(self.received));
            self.received += 1;
        }
    }

    fn take_events(&mut self) {
        while let Some(event) = self.session.poll_event() {
            assert!(!self.closed, "{event:?} after the close event");
            self.closed = matches!(event, Event::Closed(_));
        }
    }
}

fn transport(websocket: bool) -> Transport {
    if websocket {
        Transport::WebSocket
    } else {
        Transport::Polling
    }
}

fn decode(wire: String) -> Option<Packet> {
    Packet::decode_text(ByteString::from(wire)).ok()
}
