//! A WebSocket client that sends what it is told.

use std::net::SocketAddr;

use crate::deadline::within;
use crate::frame::{Frame, Opcode};
use crate::http::{HttpConnection, RawResponse, Request, WEBSOCKET_ACCEPT};
use crate::pattern::matches;
use crate::wire::Wire;

/// What the server sends over a WebSocket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping of the WebSocket itself.
    Ping(Vec<u8>),
    /// A pong of the WebSocket itself.
    Pong(Vec<u8>),
    /// A close frame with its status code. Without a code, which a browser shows as 1005, it is `None`.
    Close(Option<u16>),
    /// The end of the TCP connection.
    End,
}

/// One frame of the server, as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerFrame {
    /// Whether it is the last of its message.
    pub last: bool,
    /// The three reserved bits, 0 to 7: 4 says that the message is compressed.
    pub rsv: u8,
    /// Its kind.
    pub opcode: Opcode,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// A WebSocket client for one connection.
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

    /// Opens a WebSocket with this request, for which [`Request::websocket`] is the start.
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

    /// Opens a WebSocket with this request, or gives the answer by which the server refuses it.
    ///
    /// # Errors
    ///
    /// The server's answer, if its status is not 101.
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

    /// The answer to the request that opened the WebSocket.
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

    /// Sends a frame, well formed or not.
    pub async fn send_frame(&mut self, frame: &Frame) {
        self.wire.write(&frame.encode()).await;
    }

    /// Sends bytes as they are.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        self.wire.write(bytes).await;
    }

    /// The next message of the server. Pings are not answered.
    pub async fn recv(&mut self) -> Message {
        within("a message of the server", self.message()).await
    }

    /// The next message, which must be a text that [`matches()`](crate::matches) the pattern. Returns it.
    pub async fn expect(&mut self, pattern: &str) -> String {
        let received = within(&format!("the text {pattern:?}"), self.message()).await;
        match received {
            Message::Text(text) if matches(pattern, &text) => text,
            other => panic!("expected the text {pattern:?}, got {other:?}"),
        }
    }

    /// The next message, which must be this binary one.
    pub async fn expect_binary(&mut self, bytes: &[u8]) {
        let received = within("a binary message", self.message()).await;
        assert_eq!(received, Message::Binary(bytes.to_vec()));
    }

    /// The next message, which must be a close frame with this code (`None`: without one), and then the end of the
    /// connection. The close frame is answered in between, as the protocol asks.
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

    /// The next message, which must be the end of the TCP connection.
    pub async fn expect_end(&mut self) {
        let received = within("the end of the connection", self.message()).await;
        assert_eq!(received, Message::End);
    }

    /// The next frame of the server, whatever it is; `None` at the end of the TCP connection.
    pub async fn recv_frame(&mut self) -> Option<ServerFrame> {
        within("a frame of the server", self.frame()).await
    }

    /// Drops the connection with a TCP reset, as a client that crashed.
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
                    // A control frame may stand between fragments; the message goes on after it.
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

    /// One frame; `None` at the end of the stream.
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

    /// The extended length of a frame, of so many bytes.
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

    /// A server that reads the request and writes these bytes.
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
