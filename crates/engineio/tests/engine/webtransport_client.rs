//! A client on the stream of a WebTransport session, which runs in memory.

use std::sync::Arc;

use engineio::{Application, Engine};
use http::Request;
use http::request::Parts;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinHandle;

use crate::application::Reporter;
use crate::server::{PIPE, Server, expect, settle};

/// The target of the official clients, which has no query.
pub(crate) const TARGET: &str = "https://localhost/engine.io/";

/// A frame: whether it is binary, and its payload.
pub(crate) type Frame = (bool, Vec<u8>);

/// Returns the head of a CONNECT request.
pub(crate) fn request(target: &str) -> Parts {
    let request = Request::connect(target).body(());
    request.expect("a request").into_parts().0
}

pub(crate) struct WebTransportClient {
    pub(crate) stream: DuplexStream,
    /// Ends when the server has released the stream.
    pub(crate) served: JoinHandle<()>,
}

impl WebTransportClient {
    /// Passes a stream to the engine, on which nothing has been sent.
    pub(crate) fn new<A: Application>(engine: &Arc<Engine<A>>, request: Parts) -> Self {
        Self::through(engine, request, PIPE)
    }

    /// Creates a client like [`new`](Self::new), with the capacity of each direction in bytes.
    pub(crate) fn through<A: Application>(
        engine: &Arc<Engine<A>>,
        request: Parts,
        buffer: usize,
    ) -> Self {
        let (stream, server) = tokio::io::duplex(buffer);
        let served = tokio::spawn(engine.handle_web_transport(server, request));
        Self { stream, served }
    }

    /// Opens a session.
    pub(crate) async fn open(server: &Server) -> Self {
        let mut client = Self::new(&server.engine, request(TARGET));
        client.send("0").await;
        let open = client.text().await;
        assert!(open.starts_with("0{\"sid\":"), "{open}");
        client
    }

    /// Creates a client that requests to upgrade a polling session.
    pub(crate) async fn probe(server: &Server, sid: &str) -> Self {
        let mut client = Self::new(&server.engine, request(TARGET));
        client.send(&format!("0{{\"sid\":\"{sid}\"}}")).await;
        client
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_frame(false, text.as_bytes()).await;
    }

    pub(crate) async fn send_frame(&mut self, binary: bool, payload: &[u8]) {
        self.send_bytes(&framed(binary, payload)).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        expect("room for a frame", self.stream.write_all(bytes))
            .await
            .expect("the stream is open");
    }

    /// Returns the next frame, or `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        expect("something from the server", self.read()).await
    }

    /// Returns the next frame, which must be a text.
    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Some((false, text)) => String::from_utf8(text).expect("a text"),
            other => panic!("expected a text, got {other:?}"),
        }
    }

    /// Asserts that the next frames are these texts.
    pub(crate) async fn expect_texts<const N: usize>(&mut self, expected: [&str; N]) {
        for text in expected {
            assert_eq!(self.text().await, text);
        }
    }

    /// Asserts that the stream ends.
    pub(crate) async fn ends(&mut self) {
        assert_eq!(self.next().await, None);
    }

    /// Asserts that the stream ends and is released by the server.
    pub(crate) async fn expect_release(mut self) {
        self.ends().await;
        expect("the end of serving", self.served)
            .await
            .expect("no panic");
    }

    /// Asserts that nothing arrives after every task has run.
    pub(crate) async fn expect_nothing(&mut self) {
        settle().await;
        let next = futures_util::FutureExt::now_or_never(self.read());
        assert!(next.is_none(), "unexpected: {next:?}");
    }

    async fn read(&mut self) -> Option<Frame> {
        let first = self.stream.read_u8().await.ok()?;
        let length = match first & 0x7f {
            126 => self.stream.read_u16().await.ok()?.into(),
            127 => self.stream.read_u64().await.ok()?,
            short => short.into(),
        };
        let mut payload = vec![0; usize::try_from(length).expect("a length")];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((first & 0x80 != 0, payload))
    }
}

/// Returns the bytes of a frame as `engine.io-parser` writes them.
pub(crate) fn framed(binary: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = match payload.len() {
        short @ 0..126 => vec![short as u8],
        long @ 126..65_536 => [&[126][..], &(long as u16).to_be_bytes()].concat(),
        long => [&[127][..], &(long as u64).to_be_bytes()].concat(),
    };
    bytes[0] |= if binary { 0x80 } else { 0 };
    bytes.extend_from_slice(payload);
    bytes
}

/// Creates a server with all transports.
pub(crate) fn server() -> Server {
    Server::with(config())
}

/// Returns options with all transports.
pub(crate) fn config() -> engineio::Config {
    use engineio::Transport::{Polling, WebSocket, WebTransport};
    engineio::Config::default().transports([Polling, WebSocket, WebTransport])
}

/// Creates a server with all transports whose application echoes each message.
pub(crate) fn echoing() -> Server {
    Server::directed(config(), |application: &mut Reporter| {
        application.on_message = Arc::new(|session, message| {
            session.send(message.clone()).ok();
        });
    })
}
