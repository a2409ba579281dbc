//! A client with a WebSocket over an in-memory connection.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::polling_client::sid_of;
use crate::server::{PIPE, Server, expect};

pub(crate) const OPEN: &str = "/engine.io/?EIO=4&transport=websocket";

#[derive(Debug)]
pub(crate) struct WebSocketClient<S = DuplexStream> {
    stream: WebSocketStream<S>,
}

impl WebSocketClient {
    /// Opens a session.
    pub(crate) async fn open(server: &Server) -> Self {
        Self::open_through(server, PIPE).await.0
    }

    /// Opens a session. Returns its id as well. `buffer` is the capacity of each direction in
    /// bytes.
    pub(crate) async fn open_through(server: &Server, buffer: usize) -> (Self, String) {
        let mut client = Self::connect(server, OPEN, buffer)
            .await
            .expect("a WebSocket");
        let sid = sid_of(&client.text().await);
        (client, sid)
    }

    /// Opens a WebSocket for a polling session.
    pub(crate) async fn probe(server: &Server, sid: &str) -> Self {
        Self::connect(server, &format!("{OPEN}&sid={sid}"), PIPE)
            .await
            .expect("a WebSocket for the session")
    }

    pub(crate) async fn connect(
        server: &Server,
        target: &str,
        buffer: usize,
    ) -> Result<Self, Error> {
        let connection = server.connect(buffer);
        let handshake =
            tokio_tungstenite::client_async(format!("ws://localhost{target}"), connection);
        let (stream, _response) = expect("the answer to the upgrade", handshake).await?;
        Ok(Self { stream })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocketClient<S> {
    pub(crate) fn from_stream(stream: WebSocketStream<S>) -> Self {
        Self { stream }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    pub(crate) async fn send_message(&mut self, message: Message) {
        expect("room for a message", self.stream.send(message))
            .await
            .expect("the WebSocket is open");
    }

    /// Returns the next message, an error, or the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Message, Error>> {
        expect("something from the server", self.stream.next()).await
    }

    /// Returns the next message, which must be a text.
    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("expected a text, got {other:?}"),
        }
    }

    /// Asserts that the next messages are these texts.
    pub(crate) async fn expect_texts<const N: usize>(&mut self, expected: [&str; N]) {
        for text in expected {
            assert_eq!(self.text().await, text);
        }
    }

    /// Asserts that the next message is a close frame with this code, and that the connection ends.
    pub(crate) async fn is_closed_with(&mut self, code: Option<CloseCode>) {
        match self.next().await {
            Some(Ok(Message::Close(frame))) => assert_eq!(frame.map(|frame| frame.code), code),
            other => panic!("expected a close frame, got {other:?}"),
        }
        self.ends().await;
    }

    /// Asserts that the connection ends.
    pub(crate) async fn ends(&mut self) {
        let next = self.next().await;
        assert!(
            matches!(next, None | Some(Err(_))),
            "expected the end of the connection, got {next:?}"
        );
    }

    /// Asserts that nothing arrives after every task has run.
    pub(crate) async fn expect_nothing(&mut self) {
        crate::server::settle().await;
        let next = futures_util::FutureExt::now_or_never(self.stream.next());
        assert!(next.is_none(), "unexpected: {next:?}");
    }

    /// Performs the close handshake.
    pub(crate) async fn close(mut self) {
        self.send_message(Message::Close(None)).await;
        while let Some(Ok(_)) = self.next().await {}
    }
}
