//! One client: what it answers to what the server says.

use std::sync::Arc;

use bench::{Opcode, Parsed, masked, parse};

use super::line::Line;

/// Everything that clients say.
#[derive(Debug)]
pub(super) struct Words {
    /// What opens the WebSocket.
    pub(super) upgrade: &'static [u8],
    join: &'static [u8],
    /// An event that leaves the room, acknowledged under [`LEFT`].
    leave: &'static [u8],
    pong: &'static [u8],
}

/// What the acknowledgement of having left the room begins with.
const LEFT: &[u8] = b"430[";

impl Words {
    /// They are kept for as long as this process lives, once for all clients.
    pub(super) fn keep() -> Self {
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
    /// HTTP has not been answered.
    Upgrade,
    /// The session is not open.
    Open,
    /// The namespace is not joined.
    Join,
    /// The room is not left.
    Leave,
    Ready,
    Lost,
}

/// What a client has come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum News {
    Lost,
    /// It is pinged for the first time.
    Pinged,
    Ready,
}

/// The connection is of no use any more.
#[derive(Debug)]
struct Lost;

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) line: Arc<Line>,
    phase: Phase,
    pinged: bool,
    /// What has been read and is not a whole message.
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

    /// Takes what the server has written; nothing is the end. Clients who `leave` leave the room that everybody is in.
    pub(super) fn receive(
        &mut self,
        words: &Words,
        bytes: &[u8],
        leave: bool,
        mut tell: impl FnMut(News),
    ) {
        if self.phase == Phase::Lost {
            return;
        }
        let mut whole = std::mem::take(&mut self.partial);
        let outcome = if bytes.is_empty() {
            Err(Lost)
        } else if whole.is_empty() {
            self.read(words, bytes, leave, &mut tell)
        } else {
            whole.extend_from_slice(bytes);
            self.read(words, &whole, leave, &mut tell)
        };
        if let Err(Lost) = outcome {
            self.phase = Phase::Lost;
            tell(News::Lost);
        }
    }

    fn read(
        &mut self,
        words: &Words,
        mut bytes: &[u8],
        leave: bool,
        tell: &mut impl FnMut(News),
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
                    self.message(words, payload, leave, tell)?;
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
        words: &Words,
        packet: &[u8],
        leave: bool,
        tell: &mut impl FnMut(News),
    ) -> Result<(), Lost> {
        let answer = match (self.phase, packet) {
            (_, b"2") => {
                if !std::mem::replace(&mut self.pinged, true) {
                    tell(News::Pinged);
                }
                words.pong
            }
            (Phase::Open, [b'0', b'{', ..]) => {
                self.phase = Phase::Join;
                words.join
            }
            (Phase::Join, [b'4', b'0', b'{', ..]) if leave => {
                self.phase = Phase::Leave;
                words.leave
            }
            (Phase::Join, [b'4', b'0', b'{', ..]) => {
                self.phase = Phase::Ready;
                tell(News::Ready);
                return Ok(());
            }
            (Phase::Leave, answer) if answer.starts_with(LEFT) => {
                self.phase = Phase::Ready;
                tell(News::Ready);
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

    struct Talk {
        client: Client,
        words: Words,
        server: ServerEnd,
        leave: bool,
    }

    impl Talk {
        fn new(leave: bool) -> Self {
            let line = Line::new(0, Arc::default());
            Self {
                server: ServerEnd(Arc::clone(&line)),
                client: Client::new(line),
                words: Words::keep(),
                leave,
            }
        }

        fn hear(&mut self, bytes: &[u8]) -> Vec<News> {
            let mut news = Vec::new();
            let tell = |one| news.push(one);
            self.client.receive(&self.words, bytes, self.leave, tell);
            news
        }

        async fn said(&mut self) -> Vec<u8> {
            let mut bytes = vec![0; 100];
            let length = self.server.read(&mut bytes).await.unwrap();
            bytes.truncate(length);
            bytes
        }
    }

    #[tokio::test]
    async fn a_client_joins_leaves_and_answers_pings() {
        let mut talk = Talk::new(true);
        let head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
        let opening = [&head[..], &frame("0{\"sid\":\"A\"}")].concat();
        // In pieces, which end within the head and within the frame.
        for piece in [&opening[..20], &opening[20..40]] {
            assert_eq!(talk.hear(piece), []);
        }
        assert_eq!(talk.hear(&opening[40..]), []);
        assert_eq!(talk.said().await, talk.words.join);
        assert_eq!(talk.hear(&frame("40{\"sid\":\"B\"}")), []);
        assert_eq!(talk.said().await, talk.words.leave);
        let last = [frame("2"), frame("430[null]")].concat();
        assert_eq!(talk.hear(&last), [News::Pinged, News::Ready]);
        assert_eq!(talk.said().await, talk.words.pong);
        assert_eq!(talk.hear(&frame("2")), []);
        assert_eq!(talk.said().await, talk.words.pong);
        assert_eq!(mem::take(&mut talk.client.partial).capacity(), 0);
    }

    #[test]
    fn whatever_else_comes_is_a_loss_that_is_told_once() {
        let opened = b"HTTP/1.1 101 X\r\n\r\n";
        let refused = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        let early = [&opened[..], &frame("40{}")].concat();
        let binary = [&opened[..], &[0x82, 1, 0]].concat();
        for bytes in [&refused[..], &early, &binary, b""] {
            let mut talk = Talk::new(false);
            assert_eq!(talk.hear(bytes), [News::Lost], "{bytes:?}");
            assert_eq!(talk.hear(b""), []);
        }
    }
}
