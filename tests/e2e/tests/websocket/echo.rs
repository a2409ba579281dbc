//! Starts Engine.IO servers that echo every message.

use std::net::SocketAddr;

use axum::Router;
use axum::http::request::Parts;
use e2e::app::serve_router;
use engineio::{Application, CloseReason, Config, Connection, EngineIoLayer, Message, Session};
use socketio_testing::{Frame, Message as Received, Opcode, WsClient};

pub(crate) const TARGET: &str = "/engine.io/?EIO=4&transport=websocket";

struct Echo;

impl Application for Echo {
    type Connection = EchoConnection;

    fn open(&self, session: Session, _: Parts) -> EchoConnection {
        EchoConnection(session)
    }
}

struct EchoConnection(Session);

impl Connection for EchoConnection {
    fn message(&mut self, message: Message) {
        self.0.send(message).expect("the session is open");
    }

    fn closed(self, _: CloseReason) {}
}

/// Starts a server with this configuration.
pub(crate) async fn serve(config: Config) -> SocketAddr {
    serve_router(Router::new().layer(EngineIoLayer::new(config, Echo))).await
}

/// Connects a client to a server with default options and reads the open packet.
pub(crate) async fn connect() -> WsClient {
    connect_to(serve(Config::default()).await).await
}

/// Connects a client to this server and reads the open packet.
pub(crate) async fn connect_to(addr: SocketAddr) -> WsClient {
    let mut client = WsClient::connect(addr, TARGET).await;
    client.expect("0{…}").await;
    client
}

/// Asserts that the server still answers.
pub(crate) async fn assert_alive(client: &mut WsClient) {
    client.send("4alive").await;
    client.expect("4alive").await;
}

/// Asserts that the server closes the connection with this code after receiving these frames in one
/// write.
pub(crate) async fn assert_closed_for(frames: &[Frame], code: u16) {
    let mut client = connect().await;
    client.send_raw(&encode(frames)).await;
    client.expect_close(code).await;
}

/// Encodes frames as bytes.
pub(crate) fn encode(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(Frame::encode).collect()
}

/// Splits a message into fragments of this size. The last one may be shorter.
pub(crate) fn fragments(opcode: Opcode, message: &[u8], size: usize) -> Vec<Frame> {
    let count = message.len().div_ceil(size);
    let frame = |(at, piece): (usize, &[u8])| {
        let frame = match at {
            0 => Frame::new(opcode, piece),
            _ => Frame::continuation(piece),
        };
        if at + 1 < count {
            frame.not_last()
        } else {
            frame
        }
    };
    message.chunks(size).enumerate().map(frame).collect()
}

/// Sends bytes in separate writes of this size.
pub(crate) async fn send_in_pieces(client: &mut WsClient, bytes: &[u8], size: usize) {
    for piece in bytes.chunks(size) {
        client.send_raw(piece).await;
        // Another task reads the piece.
        tokio::task::yield_now().await;
    }
}

/// Asserts that the next message is this text.
pub(crate) async fn expect_text(client: &mut WsClient, text: &str) {
    let received = client.recv().await;
    assert!(
        received == Received::Text(text.to_owned()),
        "the echo differs from the text"
    );
}

/// Asserts that the next message is this pong.
pub(crate) async fn expect_pong(client: &mut WsClient, payload: &[u8]) {
    assert_eq!(client.recv().await, Received::Pong(payload.to_vec()));
}
