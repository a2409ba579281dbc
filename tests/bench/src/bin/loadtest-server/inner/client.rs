//! A client: its answers to the messages of the server.

use std::sync::Arc;

use bench::{Opcode, Parsed, masked, parse};

use super::line::Line;

/// The messages of the clients.
#[derive(Debug)]
pub(super) struct Messages {
    /// The upgrade request.
    pub(super) upgrade: &'static [u8],
    join: &'static [u8],
    /// The event that leaves the room. Its acknowledgement begins with [`LEFT`].
    leave: &'static [u8],
    pong: &'static [u8],
}

/// The beginning of the acknowledgement of [`Messages::leave`].
const LEFT: &[u8] = b"430[";

impl Messages {
    /// Encodes the messages once for all clients. They live until the process exits.
    pub(super) fn leak() -> Self {
        let text = |packet: &[u8]| &*masked(Opcode::Text, packet).leak();
        Self {
            upgrade: b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n\
                Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nUser-Agent: loadgen\r\nAccept: */*\r\n\r\n",
            join: text(b"40"),
            leave: text(b"420[\"leave\",[\"room\"]]"),
            pong: text(b"3"),
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// The response to the upgrade request is pending.
    Upgrade,
    /// The open packet is pending.
    Open,
    /// The answer to the CONNECT packet is pending.
    Join,
    /// The acknowledgement of leaving the room is pending.
    Leave,
    Ready,
    Lost,
}

/// An event of a client that the progress counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ClientEvent {
    Lost,
    /// The client has received its first ping.
    Pinged,
    Ready,
}

/// The error of a lost connection.
#[derive(Debug)]
struct Lost;

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) line: Arc<Line>,
    phase: Phase,
    pinged: bool,
    /// The received part of a message.
    partial: Vec<u8>,
}

impl Client {
    pub(super) fn new(line: Arc<Line>) -> Self {
        Self {
            line,
            phase: Phase::Upgrade,
            pinged: false,
            partial: Vec::new(),
        }
    }

    /// Handles bytes of the server; an empty slice is the end of the connection. With `leave`, the client
    /// leaves the room of all clients.
    pub(super) fn receive(
        &mut self,
        messages: &Messages,
        bytes: &[u8],
        leave: bool,
        mut report: impl FnMut(ClientEvent),
    ) {
        if self.phase == Phase::Lost {
            return;
        }
        let mut whole = std::mem::take(&mut self.partial);
        let outcome = if bytes.is_empty() {
            Err(Lost)
        } else if whole.is_empty() {
            self.read(messages, bytes, leave, &mut report)
        } else {
            whole.extend_from_slice(bytes);
            self.read(messages, &whole, leave, &mut report)
        };
        if let Err(Lost) = outcome {
            self.phase = Phase::Lost;
            report(ClientEvent::Lost);
        }
    }

    fn read(
        &mut self,
        messages: &Messages,
        mut bytes: &[u8],
        leave: bool,
        report: &mut impl FnMut(ClientEvent),
    ) -> Result<(), Lost> {
        if self.phase == Phase::Upgrade {
            let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") else {
                self.partial = bytes.to_vec();
                return Ok(());
            };
            if !bytes.starts_with(b"HTTP/1.1 101 ") {
                return Err(Lost);
            }
            self.phase = Phase::Open;
            bytes = bytes.get(end + 4..).unwrap_or_default();
        }
        loop {
            match parse(bytes) {
                Parsed::Whole {
                    opcode: Opcode::Text,
                    compressed: false,
                    payload,
                    used,
                } => {
                    self.message(messages, payload, leave, report)?;
                    bytes = bytes.get(used..).unwrap_or_default();
                }
                Parsed::Partial => {
                    self.partial = bytes.to_vec();
                    return Ok(());
                }
                Parsed::Whole { .. } | Parsed::Refused { .. } => return Err(Lost),
            }
        }
    }

    fn message(
        &mut self,
        messages: &Messages,
        packet: &[u8],
        leave: bool,
        report: &mut impl FnMut(ClientEvent),
    ) -> Result<(), Lost> {
        let answer = match (self.phase, packet) {
            (_, b"2") => {
                if !std::mem::replace(&mut self.pinged, true) {
                    report(ClientEvent::Pinged);
                }
                messages.pong
            }
            (Phase::Open, [b'0', b'{', ..]) => {
                self.phase = Phase::Join;
                messages.join
            }
            (Phase::Join, [b'4', b'0', b'{', ..]) if leave => {
                self.phase = Phase::Leave;
                messages.leave
            }
            (Phase::Join, [b'4', b'0', b'{', ..]) => {
                self.phase = Phase::Ready;
                report(ClientEvent::Ready);
                return Ok(());
            }
            (Phase::Leave, answer) if answer.starts_with(LEFT) => {
                self.phase = Phase::Ready;
                report(ClientEvent::Ready);
                return Ok(());
            }
            _ => return Err(Lost),
        };
        self.line.send(answer).then_some(()).ok_or(Lost)
    }
}

#[cfg(test)]
mod tests {
    use std::mem;

    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::inner::line::ServerEnd;

    fn frame(text: &str) -> Vec<u8> {
        let mut frame = vec![0x81, u8::try_from(text.len()).unwrap()];
        frame.extend_from_slice(text.as_bytes());
        frame
    }

    struct Conversation {
        client: Client,
        messages: Messages,
        server: ServerEnd,
        leave: bool,
    }

    impl Conversation {
        fn new(leave: bool) -> Self {
            let line = Line::new(0, Arc::default());
            Self {
                server: ServerEnd(Arc::clone(&line)),
                client: Client::new(line),
                messages: Messages::leak(),
                leave,
            }
        }

        fn receive(&mut self, bytes: &[u8]) -> Vec<ClientEvent> {
            let mut events = Vec::new();
            let report = |event| events.push(event);
            self.client
                .receive(&self.messages, bytes, self.leave, report);
            events
        }

        async fn sent(&mut self) -> Vec<u8> {
            let mut bytes = vec![0; 100];
            let length = self.server.read(&mut bytes).await.unwrap();
            bytes.truncate(length);
            bytes
        }
    }

    #[tokio::test]
    async fn a_client_joins_leaves_and_answers_pings() {
        let mut conversation = Conversation::new(true);
        let head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
        let opening = [&head[..], &frame("0{\"sid\":\"A\"}")].concat();
        // The pieces end within the head and within the frame.
        for piece in [&opening[..20], &opening[20..40]] {
            assert_eq!(conversation.receive(piece), []);
        }
        assert_eq!(conversation.receive(&opening[40..]), []);
        assert_eq!(conversation.sent().await, conversation.messages.join);
        assert_eq!(conversation.receive(&frame("40{\"sid\":\"B\"}")), []);
        assert_eq!(conversation.sent().await, conversation.messages.leave);
        let last = [frame("2"), frame("430[null]")].concat();
        assert_eq!(
            conversation.receive(&last),
            [ClientEvent::Pinged, ClientEvent::Ready]
        );
        assert_eq!(conversation.sent().await, conversation.messages.pong);
        assert_eq!(conversation.receive(&frame("2")), []);
        assert_eq!(conversation.sent().await, conversation.messages.pong);
        assert_eq!(mem::take(&mut conversation.client.partial).capacity(), 0);
    }

    #[test]
    fn an_unexpected_message_is_reported_once_as_a_loss() {
        let opened = b"HTTP/1.1 101 X\r\n\r\n";
        let refused = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        let early = [&opened[..], &frame("40{}")].concat();
        let binary = [&opened[..], &[0x82, 1, 0]].concat();
        for bytes in [&refused[..], &early, &binary, b""] {
            let mut conversation = Conversation::new(false);
            assert_eq!(
                conversation.receive(bytes),
                [ClientEvent::Lost],
                "{bytes:?}"
            );
            assert_eq!(conversation.receive(b""), []);
        }
    }
}
