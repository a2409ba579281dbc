//! A WebSocket client that can send malformed frames.

use std::net::SocketAddr;

use crate::deadline::within;
use crate::frame::{Frame, Opcode};
use crate::http::{HttpConnection, RawResponse, Request, WEBSOCKET_ACCEPT};
use crate::pattern::matches;
use crate::wire::Wire;

/// A message of the server on a WebSocket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A WebSocket ping.
    Ping(Vec<u8>),
    /// A WebSocket pong.
    Pong(Vec<u8>),
    /// A close frame with its status code; `None` without a code, which a browser reports as 1005.
    Close(Option<u16>),
    /// The end of the TCP connection.
    End,
}

/// A frame of the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerFrame {
    /// Whether it is the last frame of its message.
    pub last: bool,
    /// The three reserved bits, 0 to 7. 4 marks a compressed message.
    pub rsv: u8,
    /// The kind.
    pub opcode: Opcode,
    /// The payload.
    pub payload: Vec<u8>,
}

/// A WebSocket client with one connection.
#[derive(Debug)]
pub struct WsClient {
    wire: Wire,
    handshake: RawResponse,
}

impl WsClient {
    /// Opens a WebSocket at the target (path and query).
    pub async fn connect(addr: SocketAddr, target: &str) -> Self {
        Self::connect_with(addr, &Request::websocket(target)).await
    }

    /// Opens a WebSocket with this request, which is based on [`Request::websocket`].
    pub async fn connect_with(addr: SocketAddr, request: &Request) -> Self {
        match Self::try_connect(addr, request).await {
            Ok(client) => client,
            Err(refusal) => panic!(
                "no WebSocket for {request:?}: {} {:?}",
                refusal.status,
                refusal.text()
            ),
        }
    }

    /// Opens a WebSocket with this request.
    ///
    /// # Errors
    ///
    /// The response of the server if its status is not 101.
    pub async fn try_connect(addr: SocketAddr, request: &Request) -> Result<Self, RawResponse> {
        let mut connection = HttpConnection::open(addr).await;
        let handshake = connection.exchange(request).await;
        if handshake.status != 101 {
            return Err(handshake);
        }
        assert_eq!(
            handshake.header("sec-websocket-accept"),
            Some(WEBSOCKET_ACCEPT),
            "the answer to the key"
        );
        Ok(Self {
            wire: connection.into_wire(),
            handshake,
        })
    }

    /// Returns the response to the opening request.
    pub fn handshake(&self) -> &RawResponse {
        &self.handshake
    }

    /// Sends a text message.
    pub async fn send(&mut self, text: &str) {
        self.send_frame(&Frame::text(text)).await;
    }

    /// Sends a binary message.
    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.send_frame(&Frame::binary(bytes)).await;
    }

    /// Sends a frame, valid or malformed.
    pub async fn send_frame(&mut self, frame: &Frame) {
        self.wire.write(&frame.encode()).await;
    }

    /// Sends bytes unchanged.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        self.wire.write(bytes).await;
    }

    /// Reads the next message of the server. Pings are not answered.
    pub async fn recv(&mut self) -> Message {
        within("a message of the server", self.message()).await
    }

    /// Returns the next message, which must be a text that [`matches()`](crate::matches) the pattern.
    pub async fn expect(&mut self, pattern: &str) -> String {
        let received = within(&format!("the text {pattern:?}"), self.message()).await;
        match received {
            Message::Text(text) if matches(pattern, &text) => text,
            other => panic!("expected the text {pattern:?}, got {other:?}"),
        }
    }

    /// Asserts that the next message is this binary message.
    pub async fn expect_binary(&mut self, bytes: &[u8]) {
        let received = within("a binary message", self.message()).await;
        assert_eq!(received, Message::Binary(bytes.to_vec()));
    }

    /// Asserts that the next message is a close frame with this code (`None`: without a code), answers it, and asserts
    /// that the connection ends.
    pub async fn expect_close(&mut self, code: impl Into<Option<u16>>) {
        let code = code.into();
        let received = within(
            &format!("a close frame with the code {code:?}"),
            self.message(),
        )
        .await;
        assert_eq!(received, Message::Close(code));
        self.send_frame(&Frame::close(code)).await;
        self.expect_end().await;
    }

    /// Asserts that the TCP connection ends without a further message.
    pub async fn expect_end(&mut self) {
        let received = within("the end of the connection", self.message()).await;
        assert_eq!(received, Message::End);
    }

    /// Returns the next frame of the server; `None` at the end of the TCP connection.
    pub async fn recv_frame(&mut self) -> Option<ServerFrame> {
        within("a frame of the server", self.frame()).await
    }

    /// Drops the connection with a TCP reset, as a crashed client does.
    pub fn reset(self) {
        self.wire.reset();
    }

    async fn message(&mut self) -> Message {
        let mut fragments: Option<(Opcode, Vec<u8>)> = None;
        loop {
            let Some(frame) = self.frame().await else {
                return Message::End;
            };
            assert_eq!(
                frame.rsv, 0,
                "the server set reserved bits; compressed messages are read as frames"
            );
            let ServerFrame {
                last,
                opcode,
                payload,
                ..
            } = frame;
            let (opcode, payload) = match (opcode, fragments.take()) {
                (Opcode::Continuation, Some((first, mut so_far))) => {
                    so_far.extend(payload);
                    (first, so_far)
                }
                (Opcode::Continuation, None) => panic!("a continuation of nothing"),
                (Opcode::Text | Opcode::Binary, Some(_)) => {
                    panic!("a new message within the fragments of another")
                }
                (Opcode::Text | Opcode::Binary, None) => (opcode, payload),
                (_, open) => {
                    // A control frame may arrive between fragments of a message.
                    assert!(
                        open.is_none(),
                        "this client does not read control frames between fragments"
                    );
                    assert!(last, "a control frame in fragments");
                    (opcode, payload)
                }
            };
            if last {
                return received(opcode, payload);
            }
            fragments = Some((opcode, payload));
        }
    }

    /// Reads one frame; `None` at the end of the stream.
    async fn frame(&mut self) -> Option<ServerFrame> {
        let head = self.wire.take(2).await;
        let &[first, second] = head.as_slice() else {
            return None;
        };
        assert_eq!(second & 0x80, 0, "the server masked a frame");
        let length = match second {
            126 => self.length(2).await,
            127 => self.length(8).await,
            short => usize::from(short),
        };
        let payload = self.wire.take(length).await;
        assert_eq!(
            payload.len(),
            length,
            "the server closed the connection within a frame"
        );
        Some(ServerFrame {
            last: first & 0x80 != 0,
            rsv: first >> 4 & 0b111,
            opcode: Opcode::from_bits(first),
            payload,
        })
    }

    /// Reads the extended length of a frame, which has `width` bytes.
    async fn length(&mut self, width: usize) -> usize {
        self.wire
            .take(width)
            .await
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte))
    }
}

fn received(opcode: Opcode, payload: Vec<u8>) -> Message {
    match opcode {
        Opcode::Text => match String::from_utf8(payload) {
            Ok(text) => Message::Text(text),
            Err(error) => panic!(
                "the server sent a text that is not UTF-8: {:?}",
                error.into_bytes()
            ),
        },
        Opcode::Binary => Message::Binary(payload),
        Opcode::Ping => Message::Ping(payload),
        Opcode::Pong => Message::Pong(payload),
        Opcode::Close => Message::Close(match payload.as_slice() {
            [] => None,
            [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
            other => panic!("the server sent a close frame with the payload {other:?}"),
        }),
        Opcode::Continuation | Opcode::Reserved(_) => {
            panic!("the server sent a frame of the kind {opcode:?}")
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const ACCEPTED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    /// Starts a server that reads the request and writes these bytes.
    async fn answering(bytes: Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.expect("a request");
            stream.write_all(&bytes).await.expect("the client reads");
        });
        addr
    }

    async fn connected(frames: &[&[u8]]) -> WsClient {
        let bytes = [ACCEPTED.as_bytes(), &frames.concat()].concat();
        WsClient::connect(answering(bytes).await, "/").await
    }

    #[tokio::test]
    async fn messages_of_every_kind() {
        let mut client = connected(&[
            &[0x81, 3, b'4', b'0', b'a'],
            &[0x82, 2, 1, 2],
            &[0x89, 1, b'x'],
            &[0x8a, 0],
            &[0x88, 2, 0x03, 0xf1],
        ])
        .await;
        client.expect("40…").await;
        client.expect_binary(&[1, 2]).await;
        assert_eq!(client.recv().await, Message::Ping(b"x".to_vec()));
        assert_eq!(client.recv().await, Message::Pong(Vec::new()));
        client.expect_close(1009).await;
    }

    #[tokio::test]
    async fn a_message_in_fragments() {
        let mut client = connected(&[
            &[0x01, 1, b'4'],
            &[0x00, 1, b'2'],
            &[0x80, 1, b'!'],
            &[0x88, 0],
        ])
        .await;
        client.expect("42!").await;
        client.expect_close(None).await;
    }

    #[tokio::test]
    async fn a_long_message() {
        let text = "x".repeat(70_000);
        let mut client =
            connected(&[&[0x81, 127, 0, 0, 0, 0, 0, 1, 17, 112], text.as_bytes()]).await;
        client.expect(&text).await;
        client.expect_end().await;
    }

    #[tokio::test]
    #[should_panic(expected = r#"expected the text "41", got Text("40")"#)]
    async fn another_text_fails_the_test() {
        connected(&[&[0x81, 2, b'4', b'0']])
            .await
            .expect("41")
            .await;
    }

    #[tokio::test]
    #[should_panic(expected = "the server masked a frame")]
    async fn a_masked_frame_fails_the_test() {
        connected(&[&[0x81, 0x80, 0, 0, 0, 0]]).await.recv().await;
    }

    #[tokio::test]
    async fn a_refusal_is_given_back() {
        let addr =
            answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno".to_vec()).await;
        let refusal = WsClient::try_connect(addr, &Request::websocket("/"))
            .await
            .expect_err("no 101");
        refusal.assert(400, "no");
    }
}
