//! Tests WebTransport clients with an HTTP/3 server that passes its sessions to the engine.

use std::error::Error;
use std::net::SocketAddr;

use axum::extract::State;
use axum::http::Request;
use e2e::app::serve;
use e2e::clients::{self, Transports};
use e2e::fixture;
use e2e::probes::Journal;
use socketio::extract::Data;
use socketio::{DisconnectReason, Engine, Origins, Reply, Socket, SocketIoLayer, Transport};
use socketio_testing::within;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wtransport::endpoint::IncomingSession;
use wtransport::endpoint::endpoint_side::Server;
use wtransport::tls::Sha256Digest;
use wtransport::{
    ClientConfig, Connection, Endpoint, Identity, RecvStream, SendStream, ServerConfig, VarInt,
};

const TRANSPORTS: [Transport; 3] = [
    Transport::Polling,
    Transport::WebSocket,
    Transport::WebTransport,
];

/// Accepts WebTransport sessions on a UDP port and returns the hash of its certificate.
fn accept_sessions<S>(engine: Engine<S>, addr: SocketAddr) -> Sha256Digest
where
    S: Clone + Send + Sync + 'static,
{
    let names = ["localhost", "127.0.0.1"];
    let identity = Identity::self_signed(names).expect("the names are valid in a certificate");
    let hash = identity.certificate_chain().as_slice()[0].hash();
    let config = ServerConfig::builder()
        .with_bind_address(addr)
        .with_identity(identity)
        .build();
    let endpoint = Endpoint::server(config).expect("the UDP port is free");
    tokio::spawn(accept(engine, endpoint));
    hash
}

async fn accept<S>(engine: Engine<S>, endpoint: Endpoint<Server>)
where
    S: Clone + Send + Sync + 'static,
{
    loop {
        let incoming = endpoint.accept().await;
        let engine = engine.clone();
        tokio::spawn(async move {
            if let Err(error) = handle_session(&engine, incoming).await {
                println!("the session failed: {error}");
            }
        });
    }
}

async fn handle_session<S>(
    engine: &Engine<S>,
    incoming: IncomingSession,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let request = incoming.await?;
    let uri = format!("https://{}{}", request.authority(), request.path());
    let mut head = Request::connect(uri);
    for (name, value) in request.headers() {
        if !name.starts_with(':') {
            head = head.header(name, value);
        }
    }
    let (mut head, ()) = head.body(())?.into_parts();
    head.extensions.insert(request.remote_address());
    let connection = request.accept().await?;
    let stream = tokio::time::timeout(engine.upgrade_timeout(), connection.accept_bi());
    let (send, receive) = stream.await??;
    let stream = tokio::io::join(receive, send);
    engine.handle_web_transport(stream, head).await;
    connection.close(VarInt::from_u32(0), b"");
    Ok(())
}

/// A client of the `wtransport` crate.
struct Client {
    connection: Connection,
    send: SendStream,
    receive: RecvStream,
    // Keeps the endpoint of the connection alive.
    _endpoint: Endpoint<wtransport::endpoint::endpoint_side::Client>,
}

impl Client {
    async fn connect(addr: SocketAddr, hash: Sha256Digest, origin: &str) -> Self {
        let config = ClientConfig::builder()
            .with_bind_address(([127, 0, 0, 1], 0).into())
            .with_server_certificate_hashes([hash])
            .build();
        let endpoint = Endpoint::client(config).expect("a free UDP port");
        let url = format!("https://{addr}/socket.io/?EIO=4&transport=webtransport&who=rust");
        let options = wtransport::endpoint::ConnectOptions::builder(url)
            .add_header("origin", origin)
            .build();
        let connection = endpoint.connect(options).await.expect("a session");
        let opening = connection.open_bi().await.expect("a stream");
        let (send, receive) = opening.await.expect("a stream");
        Self {
            connection,
            send,
            receive,
            _endpoint: endpoint,
        }
    }

    async fn send(&mut self, text: &str) {
        let mut frame = vec![u8::try_from(text.len()).expect("a short frame")];
        frame.extend_from_slice(text.as_bytes());
        let written = AsyncWriteExt::write_all(&mut self.send, &frame).await;
        written.expect("the stream is open");
    }

    /// Returns the next frame, or `None` at the end of the stream.
    async fn next(&mut self) -> Option<String> {
        let length = within("a frame", self.receive.read_u8()).await.ok()?;
        let length = match length {
            126 => self.receive.read_u16().await.ok()?.into(),
            short => usize::from(short),
        };
        let mut text = vec![0; length];
        let read = AsyncReadExt::read_exact(&mut self.receive, &mut text).await;
        read.ok()?;
        Some(String::from_utf8(text).expect("the frame is UTF-8"))
    }

    async fn expect(&mut self, text: &str) {
        assert_eq!(self.next().await.as_deref(), Some(text));
    }
}

#[tokio::test]
async fn a_client_can_connect_exchange_events_and_disconnect() {
    let journal = Journal::new();
    let layer = SocketIoLayer::builder()
        .transports(TRANSPORTS)
        .with_state(journal.clone())
        .build();
    let io = layer.io();
    io.of("/")
        .on_connect(async |socket: Socket, State(journal): State<Journal>| {
            let handshake = socket.handshake();
            let address = handshake.address().expect("the address is known");
            journal.write(format!(
                "{} {:?} {} {} {}",
                socket.conn().transport(),
                handshake.query_value("who"),
                address.ip(),
                handshake.secure(),
                handshake.xdomain(),
            ));
        })
        .on("ask", async |Data(text): Data<String>| Reply(text))
        .on("bye", async |socket: Socket| {
            socket.emit("last", &());
            socket.client().disconnect();
        })
        .on_disconnect(
            async |reason: DisconnectReason, State(journal): State<Journal>| journal.write(reason),
        );
    let engine = io.engine();
    let addr = serve(layer).await;
    let hash = accept_sessions(engine, addr);

    let mut client = Client::connect(addr, hash.clone(), "https://example.com").await;
    client.send("0").await;
    let open = client.next().await.expect("the handshake");
    assert!(
        open.starts_with("0{\"sid\":\"") && open.contains("\"upgrades\":[]"),
        "{open}"
    );
    client.send("40").await;
    let joined = client.next().await.expect("an answer");
    assert!(joined.starts_with("40{\"sid\":\""), "{joined}");
    journal
        .expect([r#"webtransport Some("rust") 127.0.0.1 true true"#])
        .await;
    client.send(r#"421["ask","there and back"]"#).await;
    client.expect(r#"431["there and back"]"#).await;
    client.connection.close(VarInt::from_u32(0), b"");
    journal.expect(["transport close"]).await;

    let mut client = Client::connect(addr, hash, "https://example.com").await;
    client.send("0").await;
    client.next().await.expect("the handshake");
    client.send("40").await;
    client.next().await.expect("an answer");
    client.send(r#"42["bye"]"#).await;
    client.expect(r#"42["last"]"#).await;
    client.expect("41").await;
    assert_eq!(client.next().await, None);
    within("the end of the session", client.connection.closed()).await;
}

#[tokio::test]
async fn a_foreign_page_cannot_open_a_session() {
    let layer = SocketIoLayer::builder()
        .transports(TRANSPORTS)
        .origins(Origins::list(["https://example.com"]))
        .build();
    let io = layer.io();
    io.of("/");
    let journal = Journal::new();
    let failures = journal.clone();
    io.engine().on_connection_error(move |failure| {
        failures.write(format!("{} {}", failure.code(), failure.message()));
    });
    let engine = io.engine();
    let addr = serve(layer).await;
    let hash = accept_sessions(engine, addr);
    let mut client = Client::connect(addr, hash.clone(), "https://evil.example").await;
    client.send("0").await;
    assert_eq!(client.next().await, None);
    journal.expect(["4 Forbidden"]).await;
    within("the end of the session", client.connection.closed()).await;
    let mut client = Client::connect(addr, hash, "https://example.com").await;
    client.send("0").await;
    assert!(client.next().await.is_some());
}

async fn browser(transports: Transports) {
    let (addr, engine) = fixture::start_with_engine(|options| options.transports(TRANSPORTS)).await;
    let hash = accept_sessions(engine, addr);
    let hash: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    clients::browser_with_webtransport(addr, &hash, transports).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_can_connect_with_webtransport() {
    browser(Transports::WebTransport).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_can_upgrade_to_webtransport() {
    browser(Transports::UpgradeToWebTransport).await;
}
