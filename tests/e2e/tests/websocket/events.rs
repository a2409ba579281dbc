//! Tests compression of events, broadcasts, `compress` and `volatile`, and runs the suites of real
//! clients with compression.

use std::net::SocketAddr;

use bytes::Bytes;
use e2e::app;
use e2e::clients::{self, Transports};
use e2e::server::Server;
use flate2::{Decompress, FlushDecompress};
use socketio::{PerMessageDeflate, Socket, SocketIo, SocketIoLayer};
use socketio_testing::{Opcode, Request, WsClient};

const TARGET: &str = "/socket.io/?EIO=4&transport=websocket";

const CLIENT: clients::Client = clients::Client::new("socket.io-client");

/// A client that inflates received messages.
struct Client {
    client: WsClient,
    context: Decompress,
    takeover: bool,
}

/// A received text or binary message, and whether it was compressed.
#[derive(Debug, Eq, PartialEq)]
struct Received {
    content: String,
    compressed: bool,
}

impl Client {
    /// Connects a client that sends this offer, and joins the main namespace.
    async fn connect(addr: SocketAddr, offer: Option<&str>) -> Self {
        let mut request = Request::websocket(TARGET);
        if let Some(offer) = offer {
            request = request.header("Sec-WebSocket-Extensions", offer);
        }
        let client = WsClient::connect_with(addr, &request).await;
        let answer = client.handshake().header("sec-websocket-extensions");
        assert_eq!(answer, offer);
        let mut client = Self {
            client,
            context: Decompress::new(false),
            takeover: offer.is_none_or(|offer| !offer.contains("server_no_context_takeover")),
        };
        assert!(client.recv().await.content.starts_with("0{"));
        client.client.send("40").await;
        assert!(client.recv().await.content.starts_with("40{"));
        client
    }

    async fn recv(&mut self) -> Received {
        let frame = self.client.recv_frame().await.expect("a frame");
        assert!(frame.last && matches!(frame.opcode, Opcode::Text | Opcode::Binary));
        let compressed = frame.rsv == 0b100;
        assert!(compressed || frame.rsv == 0);
        let content = if compressed {
            self.inflate(&frame.payload)
        } else {
            frame.payload
        };
        Received {
            content: String::from_utf8(content).expect("the content is UTF-8"),
            compressed,
        }
    }

    fn inflate(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(1_000_000);
        let input = [payload, &[0, 0, 0xff, 0xff]].concat();
        self.context
            .decompress_vec(&input, &mut out, FlushDecompress::Sync)
            .expect("inflate the payload");
        if !self.takeover {
            self.context.reset(false);
        }
        out
    }
}

const OFFER: &str = "permessage-deflate";

fn received(content: &str, compressed: bool) -> Received {
    Received {
        content: content.to_owned(),
        compressed,
    }
}

fn server() -> SocketIoLayer {
    SocketIoLayer::builder()
        .per_message_deflate(PerMessageDeflate::default())
        .build()
}

#[tokio::test]
async fn an_event_is_compressed_unless_the_application_disables_it() {
    let layer = server();
    layer.io().of("/").on("go", async |socket: Socket| {
        let text = "x".repeat(5_000);
        socket.emit("text", &text);
        socket.compress(false).emit("text", &text);
        socket.compress(true).emit("text", &text);
        socket.emit("short", "x");
        let bytes = Bytes::from(text.into_bytes());
        socket.emit("bytes", &bytes);
        socket.compress(false).emit("bytes", &bytes);
    });
    let mut client = Client::connect(app::serve(layer).await, Some(OFFER)).await;
    client.client.send(r#"42["go"]"#).await;
    let bytes = "x".repeat(5_000);
    let text = format!(r#"42["text","{bytes}"]"#);
    let placeholder = r#"451-["bytes",{"_placeholder":true,"num":0}]"#;
    for expected in [
        received(&text, true),
        received(&text, false),
        received(&text, true),
        received(r#"42["short","x"]"#, false),
        received(placeholder, false),
        received(&bytes, true),
        received(placeholder, false),
        received(&bytes, false),
    ] {
        let message = client.recv().await;
        assert!(message == expected, "{message:?}");
    }
}

#[tokio::test]
async fn a_broadcast_reaches_clients_with_different_parameters() {
    let layer = server();
    let io: SocketIo = layer.io();
    let addr = app::serve(layer).await;
    let mut clients = Vec::new();
    for offer in [
        None,
        Some(OFFER),
        Some("permessage-deflate; server_no_context_takeover"),
        Some("permessage-deflate; server_no_context_takeover"),
        Some("permessage-deflate; server_max_window_bits=9"),
        Some("permessage-deflate; server_no_context_takeover; server_max_window_bits=10"),
        Some(OFFER),
        None,
    ] {
        clients.push((offer.is_some(), Client::connect(addr, offer).await));
    }
    for round in 0..5 {
        let news = format!("{round}{}", "news ".repeat(2_000));
        io.emit("news", &news);
        io.compress(false).emit("news", &news);
        io.emit("short", &round);
        let bytes = Bytes::from(news.clone());
        io.emit("bytes", &bytes);
        for (compresses, client) in &mut clients {
            let text = format!(r#"42["news","{news}"]"#);
            assert!(client.recv().await == received(&text, *compresses));
            assert!(client.recv().await == received(&text, false));
            let short = format!(r#"42["short",{round}]"#);
            assert_eq!(client.recv().await, received(&short, false));
            assert!(client.recv().await.content.starts_with("451-"));
            assert!(client.recv().await == received(&news, *compresses));
        }
    }
}

#[tokio::test]
async fn a_volatile_event_is_compressed() {
    let layer = server();
    layer.io().of("/").on("go", async |socket: Socket| {
        socket.volatile().emit("text", &"x".repeat(2_000));
    });
    let mut client = Client::connect(app::serve(layer).await, Some(OFFER)).await;
    client.client.send(r#"42["go"]"#).await;
    let text = format!(r#"42["text","{}"]"#, "x".repeat(2_000));
    assert!(client.recv().await == received(&text, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn socketio_client_passes_its_suite_in_node() {
    for transports in [Transports::WebSocket, Transports::Upgrade] {
        clients::node(Server::with_compression().await, CLIENT, transports).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn socketio_client_passes_its_suite_in_chromium() {
    clients::browser(
        Server::with_compression().await,
        CLIENT,
        Transports::WebSocket,
    )
    .await;
}
