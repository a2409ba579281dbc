//! Tests custom parsers.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use e2e::session::open;
use e2e::sync::VirtualTime;
use socketio::extract::Data;
use socketio::parser::{
    DecodeLimits, JsonParser, Message, Namespace, Packet, PacketDecoder, PacketType, Parser,
};
use socketio::{
    Args, ConnectError, DisconnectReason, EmitError, Reply, Socket, SocketIo, SocketIoLayer, Value,
};
use socketio_testing::WsClient;

use crate::journaled::{self, App};

type BoxError = Box<dyn Error + Send + Sync>;

/// Encodes each packet as two messages. The first is a text with its type, namespace and id. The
/// second is the payload: a text, or binary for a single attachment.
#[derive(Clone, Default)]
struct TwoMessages {
    encoded: Arc<AtomicUsize>,
}

impl Parser for TwoMessages {
    fn encode(&self, packet: &Packet) -> Result<Vec<Message>, BoxError> {
        if packet.event_name().as_deref() == Some("unsupported") {
            return Err("unsupported event".into());
        }
        if packet.event_name().as_deref() == Some("silent") {
            return Ok(Vec::new());
        }
        self.encoded.fetch_add(1, Ordering::Relaxed);
        let id = packet.id.map(|id| id.to_string()).unwrap_or_default();
        let head = format!(
            "{} {} {id}",
            packet.kind.number(),
            packet.namespace.as_str()
        );
        let payload = match packet.payload.attachments() {
            [only] => Message::Binary(only.clone()),
            _ => Message::Text(packet.payload.as_json().into()),
        };
        Ok(vec![Message::Text(head.into()), payload])
    }

    fn decoder(&self, limits: Arc<DecodeLimits>) -> Box<dyn PacketDecoder> {
        Box::new(TwoMessagesDecoder { limits, head: None })
    }
}

struct TwoMessagesDecoder {
    limits: Arc<DecodeLimits>,
    head: Option<(PacketType, Namespace, Option<u64>)>,
}

impl PacketDecoder for TwoMessagesDecoder {
    fn decode(&mut self, message: Message) -> Result<Option<Packet>, BoxError> {
        let Some((kind, namespace, id)) = self.head.take() else {
            let Message::Text(head) = message else {
                return Err("the first message must be text".into());
            };
            let parts: Vec<&str> = head.split(' ').collect();
            let [kind, namespace, id] = parts[..] else {
                return Err("the head must have three parts".into());
            };
            let kind = PacketType::from_number(kind.parse()?).ok_or("unknown packet type")?;
            let id = id.parse().ok();
            self.head = Some((kind, Namespace::new(namespace.to_owned())?, id));
            return Ok(None);
        };
        let packet = match message {
            Message::Text(json) => {
                Packet::from_parts(kind, namespace, id, json, Vec::new(), &self.limits)?
            }
            Message::Binary(bytes) => {
                let payload = [Value::String("echo".into()), Value::Binary(bytes)];
                Packet::from_serialize(kind, namespace, id, &payload, &self.limits)?
            }
        };
        Ok(Some(packet))
    }

    fn is_waiting(&self) -> bool {
        self.head.is_some()
    }
}

async fn server(parser: impl Parser) -> (std::net::SocketAddr, App) {
    let options = SocketIoLayer::builder().parser(parser);
    journaled::server_of(options, |namespace| {
        namespace
            .middleware(
                async |socket: Socket| match socket.auth::<Option<Value>>() {
                    Ok(Some(auth)) if auth.get("bad").is_some() => Err(ConnectError::new("no")),
                    _ => Ok(()),
                },
            )
            .on("echo", async |socket: Socket, args: Args| {
                socket.emit("echo", &args)
            })
            .on("sum", async |Data((a, b)): Data<(u32, u32)>| Reply(a + b))
            .on("ask", async |socket: Socket| {
                let answer: u32 = socket.emit_with_ack("question", &1).await.unwrap_or(0);
                socket.emit("answered", &answer);
            })
            .on("leave", async |socket: Socket| socket.disconnect())
            .on_disconnect(
                async |reason: DisconnectReason,
                       axum::extract::State(app): axum::extract::State<App>| {
                    app.journal.write(reason);
                },
            )
    })
    .await
}

fn io_of(app: &App) -> &SocketIo {
    app.io.as_ref().expect("the server")
}

async fn send(client: &mut WsClient, head: &str, payload: &str) {
    client.send(head).await;
    client.send(payload).await;
}

async fn expect(client: &mut WsClient, head: &str, payload: &str) {
    client.expect(head).await;
    client.expect(payload).await;
}

/// Each Engine.IO message starts with a `4`.
async fn join(addr: std::net::SocketAddr) -> WsClient {
    let mut client = open(addr).await;
    send(&mut client, "40 / ", "4").await;
    expect(&mut client, "40 / ", r#"4{"sid":"…"}"#).await;
    client
}

#[tokio::test]
async fn a_custom_parser_handles_all_packets() {
    let (addr, app) = server(TwoMessages::default()).await;
    let mut client = join(addr).await;
    send(&mut client, "42 / ", r#"4["echo",1,"two"]"#).await;
    expect(&mut client, "42 / ", r#"4["echo",1,"two"]"#).await;
    send(&mut client, "42 / 7", r#"4["sum",1,2]"#).await;
    expect(&mut client, "43 / 7", "4[3]").await;
    send(&mut client, "42 / ", r#"4["ask"]"#).await;
    expect(&mut client, "42 / 0", r#"4["question",1]"#).await;
    send(&mut client, "43 / 0", "4[5]").await;
    expect(&mut client, "42 / ", r#"4["answered",5]"#).await;

    client.send("42 / ").await;
    client.send_binary(&[1, 2, 3]).await;
    client.expect("42 / ").await;
    client.expect_binary(&[1, 2, 3]).await;

    send(&mut client, "40 /nowhere ", "4").await;
    expect(
        &mut client,
        "44 /nowhere ",
        r#"4{"message":"Invalid namespace"}"#,
    )
    .await;
    send(&mut client, "42 / ", r#"4["leave"]"#).await;
    expect(&mut client, "41 / ", "4").await;
    app.journal.expect(["server namespace disconnect"]).await;
    send(&mut client, "40 / ", r#"4{"bad":true}"#).await;
    expect(&mut client, "44 / ", r#"4{"message":"no"}"#).await;
    send(&mut client, "40 / ", r#"4{"good":true}"#).await;
    expect(&mut client, "40 / ", r#"4{"sid":"…"}"#).await;
    send(&mut client, "41 / ", "4").await;
    app.journal.expect(["client namespace disconnect"]).await;
}

#[tokio::test]
async fn a_custom_parser_encodes_a_broadcast_once() {
    let parser = TwoMessages::default();
    let (addr, app) = server(parser.clone()).await;
    let mut clients = [join(addr).await, join(addr).await, join(addr).await];
    parser.encoded.store(0, Ordering::Relaxed);
    io_of(&app).emit("news", &"for all");
    let answers = io_of(&app).emit_with_ack::<u32>("asked", &());
    for client in &mut clients {
        expect(client, "42 / ", r#"4["news","for all"]"#).await;
        expect(client, "42 / 0", r#"4["asked"]"#).await;
        send(client, "43 / 0", "4[1]").await;
    }
    assert_eq!(answers.all().await.expect("all clients answer"), [1, 1, 1]);
    assert_eq!(parser.encoded.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_packet_that_the_parser_cannot_encode_is_not_sent() {
    let (addr, app) = server(TwoMessages::default()).await;
    let mut client = join(addr).await;
    let sockets = io_of(&app).of("/").sockets();
    let [socket] = &sockets[..] else {
        panic!("expected one socket");
    };
    for event in ["unsupported", "silent"] {
        let error = socket
            .try_emit(event, &1)
            .expect_err("the packet has no encoding");
        assert!(matches!(error, EmitError::Encode(_)), "{error}");
        let cause = error.source().expect("a cause").to_string();
        assert!(
            cause.starts_with("the parser cannot encode the packet: "),
            "{cause}"
        );
        socket.emit(event, &1);
        io_of(&app).emit(event, &1);
        let answers = io_of(&app).emit_with_ack::<u32>(event, &()).all().await;
        assert_eq!(answers.expect("no client was asked"), [0; 0]);
    }
    send(&mut client, "42 / ", r#"4["echo"]"#).await;
    expect(&mut client, "42 / ", r#"4["echo"]"#).await;
}

#[tokio::test]
async fn a_decoder_error_closes_the_connection() {
    let (addr, app) = server(TwoMessages::default()).await;
    for (head, payload) in [
        ("4no head", None),
        ("49 / ", None),
        ("42 nowhere ", None),
        ("42 / ", Some(r#"4["connect"]"#)),
        ("42 / ", Some("4no JSON")),
    ] {
        let mut client = join(addr).await;
        client.send(head).await;
        if let Some(payload) = payload {
            client.send(payload).await;
        }
        client.expect_close(None).await;
        app.journal.expect(["forced close"]).await;
    }
    let mut client = join(addr).await;
    client.send_binary(&[1]).await;
    client.expect_close(None).await;
}

/// The timeout for attachments applies.
#[tokio::test]
async fn an_incomplete_packet_times_out() {
    let time = VirtualTime::start();
    let (addr, app) = server(TwoMessages::default()).await;
    let mut client = join(addr).await;
    let mut other = join(addr).await;
    client.send("42 / ").await;
    for _ in 0..50 {
        send(&mut other, "42 / ", r#"4["echo"]"#).await;
        expect(&mut other, "42 / ", r#"4["echo"]"#).await;
    }
    time.advance(Duration::from_secs(30)).await;
    client.expect_close(None).await;
    app.journal.expect(["forced server close"]).await;
    send(&mut other, "42 / ", r#"4["echo"]"#).await;
    // The server has sent a ping meanwhile.
    other.expect("2").await;
    expect(&mut other, "42 / ", r#"4["echo"]"#).await;
}

/// The default encoding must not change when it is used through the trait.
#[tokio::test]
async fn the_json_parser_matches_the_default_encoding() {
    let (addr, _) = server(JsonParser).await;
    let (mut client, _) = e2e::session::join(addr).await;
    client
        .send(r#"451-7["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(&[1]).await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&Bytes::from_static(&[1])).await;
    client.send(r#"420["sum",1,2]"#).await;
    client.expect("430[3]").await;
}
