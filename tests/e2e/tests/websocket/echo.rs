//! A server that sends every message back.

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

/// A server with these options.
pub(crate) async fn serve(config: Config) -> SocketAddr {
    serve_router(Router::new().layer(EngineIoLayer::new(config, Echo))).await
}

/// A client of a server with default options, of which the open packet has been read.
pub(crate) async fn connect() -> WsClient {
    connect_to(serve(Config::default()).await).await
}

/// A client of this server, of which the open packet has been read.
pub(crate) async fn connect_to(addr: SocketAddr) -> WsClient {
    let mut client = WsClient::connect(addr, TARGET).await;
    client.expect("0{…}").await;
    client
}

/// The server still answers.
pub(crate) async fn assert_alive(client: &mut WsClient) {
    client.send("4alive").await;
    client.expect("4alive").await;
}

/// These frames, sent at once, are a violation, for which the connection is closed.
pub(crate) async fn assert_closed_for(frames: &[Frame], code: u16) {
    let mut client = connect().await;
    client.send_raw(&encode(frames)).await;
    client.expect_close(code).await;
}

/// The bytes of frames.
pub(crate) fn encode(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(Frame::encode).collect()
}

/// A message in fragments of a size, of which the last may be shorter.
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

/// Sends bytes in pieces of a size, each of which arrives for itself.
pub(crate) async fn send_in_pieces(client: &mut WsClient, bytes: &[u8], size: usize) {
    for piece in bytes.chunks(size) {
        client.send_raw(piece).await;
        // Another task reads meanwhile what there is.
        tokio::task::yield_now().await;
    }
}

/// The next message is this text.
pub(crate) async fn expect_text(client: &mut WsClient, text: &str) {
    let received = client.recv().await;
    assert!(
        received == Received::Text(text.to_owned()),
        "the text comes back"
    );
}

/// The next message is this pong.
pub(crate) async fn expect_pong(client: &mut WsClient, payload: &[u8]) {
    assert_eq!(client.recv().await, Received::Pong(payload.to_vec()));
}
