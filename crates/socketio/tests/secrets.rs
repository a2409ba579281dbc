//! Drives clients through their whole life, and asserts that no log line and no span contains their
//! arguments, credentials, queries or ids of sessions.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Query;
use e2e::app::serve;
use e2e::session::id_of;
use parking_lot::Mutex;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use socketio::extract::{Auth, AuthRejection, Data, DataRejection, EventName, NamespaceName};
use socketio::{
    Args, ConnectionStateRecovery, Refusal, Rejection, Reply, Socket, SocketIo, SocketIoLayer,
    TraceEvents,
};
use socketio_testing::{Message, PollingClient, Request, WsClient};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// The texts that only the client and the application may see.
const SECRETS: [&str; 5] = [
    "QUERYSECRET",
    "COOKIESECRET",
    "HEADERSECRET",
    "AUTHSECRET",
    "ARGSECRET",
];

type BoxError = Box<dyn Error + Send + Sync>;

/// Everything that `engineio` and `socketio` log at any level, with their spans.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").expect("a field displays");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {field}={value}").expect("a text displays");
    }
}

impl Line {
    fn of(metadata: &Metadata<'_>) -> Option<Self> {
        let target = metadata.target();
        let is_ours = target.starts_with("engineio") || target.starts_with("socketio");
        is_ours.then(|| {
            Self(format!(
                "{} {target} {}:",
                metadata.level(),
                metadata.name()
            ))
        })
    }
}

impl<S> Layer<S> for Log
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if let Some(mut line) = Line::of(attributes.metadata()) {
            attributes.record(&mut line);
            self.0.lock().push(line.0);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).expect("an open span");
        if let Some(mut line) = Line::of(span.metadata()) {
            values.record(&mut line);
            self.0.lock().push(line.0);
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if let Some(mut line) = Line::of(event.metadata()) {
            event.record(&mut line);
            self.0.lock().push(line.0);
        }
    }
}

impl Log {
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::registry().with(log.clone());
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// Asserts that each of these texts was logged, so that the lines in question exist.
    fn expect(&self, texts: &[&str]) {
        let lines = self.0.lock();
        for text in texts {
            let is_logged = lines.iter().any(|line| line.contains(text));
            assert!(is_logged, "{text:?} is not in {lines:#?}");
        }
    }

    /// Asserts that neither the texts of the client nor these ids were logged. A prefix of an id may
    /// be, up to its half.
    fn assert_hides(&self, ids: &[&str]) {
        let halves = ids.iter().map(|id| &id[..=id.len() / 2]);
        for secret in SECRETS.into_iter().chain(halves) {
            let lines = self.0.lock();
            let found: Vec<_> = lines.iter().filter(|line| line.contains(secret)).collect();
            assert!(found.is_empty(), "{secret} is in {found:#?}");
        }
    }
}

/// A value of few variants. The error of serde quotes any other.
#[derive(Clone, Debug, Deserialize)]
enum Kind {
    Known,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Fields {
    kind: Kind,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only read")]
enum Untagged {
    Number(u32),
}

/// A type of the application whose own error quotes the value.
#[derive(Debug)]
struct Custom;

impl<'de> Deserialize<'de> for Custom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Value::deserialize(deserializer)?;
        Err(D::Error::custom(format_args!("{text} is not allowed")))
    }
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only read")]
struct Parameters {
    token: Kind,
}

fn add_namespaces(io: &SocketIo) {
    io.of("/auth-connect").on_connect(async |_: Auth<Kind>| ());
    io.of("/auth-custom").on_connect(async |_: Auth<Custom>| ());
    io.of("/auth-error")
        .on_connect(async |socket: Socket| socket.auth::<Kind>().map(|_| ()));
    io.of("/auth-debug")
        .on_connect(async |auth: Result<Auth<Kind>, AuthRejection>| auth.map(|_| ()));
    io.of("/auth-panic").on_connect(async |socket: Socket| {
        socket.auth::<Kind>().expect("a kind");
    });
    io.of("/auth-middleware")
        .middleware(async |_: Auth<Kind>| Ok::<_, &str>(()));
    io.of("/auth-boxed")
        .middleware(async |socket: Socket| -> Result<(), BoxError> {
            socket.auth::<Kind>()?;
            Ok(())
        });
    io.of("/auth-rejection-boxed").middleware(
        async |auth: Result<Auth<Kind>, AuthRejection>| -> Result<(), BoxError> {
            auth?;
            Ok(())
        },
    );
    io.of("/query-connect")
        .on_connect(async |_: Query<Parameters>| ());
    io.of("/query-middleware")
        .middleware(async |_: Query<Parameters>| Ok::<_, &str>(()));
    io.of(async |name: NamespaceName, _: Auth<Kind>| name.as_str() == "/dynamic");
}

/// Adds handlers to the main namespace that accept and reject what the client sends.
fn add_handlers(io: &SocketIo) {
    let (room_io, ask_io) = (io.clone(), io.clone());
    io.of("/")
        .wrap(TraceEvents::new())
        .on_connect(async |socket: Socket| {
            socket.join("room");
        })
        .event_middleware(async |name: EventName| match name.as_str() {
            "forbidden" => Err(Rejection::new("no")),
            _ => Ok(()),
        })
        .on_any_outgoing(|_, _, _| ())
        .on("echo", async |args: Args| Reply(args))
        .on("kind", async |_: Data<Kind>| ())
        .on("fields", async |_: Data<Fields>| ())
        .on("untagged", async |_: Data<Untagged>| ())
        .on("custom", async |_: Data<(u32, Custom)>| ())
        .on("many", async |_: Data<(String, u32, u8)>| ())
        .on("query", async |_: Query<Parameters>| ())
        .on("panic", async |args: Args| {
            args.deserialize::<Kind>().expect("a kind");
        })
        .on(
            "returned",
            async |data: Result<Data<Kind>, DataRejection>| -> Result<(), Rejection> {
                data?;
                Ok(())
            },
        )
        .on("broadcast", async move |Data(text): Data<String>| {
            room_io.to("room").emit("news", &text);
        })
        .on(
            "ask",
            async move |socket: Socket, Data(text): Data<String>| {
                tokio::spawn(async move {
                    let one = socket.timeout(Duration::from_secs(60));
                    let one = one.emit_with_ack::<u32>("ask one", &text).await;
                    let all = ask_io.to("room").timeout(Duration::from_secs(60));
                    let all = all.emit_with_ack::<u32>("ask all", &text);
                    (one.is_ok(), all.all().await.is_ok())
                });
            },
        )
        .on_rejection(async |rejection: Rejection| rejection);
}

/// Opens a session over WebSocket with secrets in the query and in the headers. Returns the client
/// and the id of the session.
async fn open(addr: SocketAddr, revision: u8) -> (WsClient, String) {
    let target = format!("/socket.io/?EIO={revision}&transport=websocket&token=QUERYSECRET");
    let request = Request::websocket(&target)
        .header("Cookie", "session=COOKIESECRET")
        .header("Authorization", "Bearer HEADERSECRET");
    let mut client = WsClient::connect_with(addr, &request).await;
    let open = client.expect(r#"0{"sid":"…",…}"#).await;
    (client, id_of(&open))
}

/// Receives the next text message that begins with a prefix.
async fn answer(client: &mut WsClient, prefix: &str) -> String {
    loop {
        match client.recv().await {
            Message::Text(text) if text.starts_with(prefix) => return text,
            Message::Text(_) => {}
            other => panic!("{other:?} instead of a text"),
        }
    }
}

/// Sends events whose arguments are accepted and rejected, and asserts that the client receives the
/// whole reason.
async fn send_events(client: &mut WsClient) {
    client.send(r#"421["echo","ARGSECRET"]"#).await;
    assert!(answer(client, "431").await.contains("ARGSECRET"));
    for rejected in [
        r#"["kind","ARGSECRET"]"#,
        r#"["fields",{"ARGSECRET":1}]"#,
        r#"["fields",{"kind":"ARGSECRET"}]"#,
        r#"["custom",1,"ARGSECRET"]"#,
        r#"["many","ARGSECRET","ARGSECRET",3]"#,
        r#"["query"]"#,
        r#"["returned","ARGSECRET"]"#,
    ] {
        client.send(&format!("422{rejected}")).await;
        let answer = answer(client, "432").await;
        assert!(answer.contains("SECRET"), "{rejected}: {answer}");
        client.send(&format!("42{rejected}")).await;
    }
    client.send(r#"423["untagged","ARGSECRET"]"#).await;
    answer(client, "433").await;
    client.send(r#"424["panic","ARGSECRET"]"#).await;
    answer(client, "434").await;
    client.send(r#"42["forbidden","ARGSECRET"]"#).await;
    client.send(r#"42["unknown","ARGSECRET"]"#).await;
    client.send(r#"439["ARGSECRET"]"#).await;
}

/// Answers acknowledgements with values of another type.
async fn answer_questions(client: &mut WsClient) {
    client.send(r#"42["ask","ARGSECRET"]"#).await;
    for event in ["ask one", "ask all"] {
        let question = answer(client, "42").await;
        assert!(question.contains(event), "{question}");
        let id: String = question[2..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        client.send(&format!(r#"43{id}["ARGSECRET"]"#)).await;
    }
}

/// Sends a packet in a namespace that nothing serves, and waits for the refusal. Only clients of
/// Socket.IO 2.x append a query to the name.
async fn assert_alive(client: &mut WsClient, query: &str) {
    client.send(&format!("40/nowhere{query},")).await;
    answer(client, "44/nowhere").await;
}

#[tokio::test]
async fn nothing_of_a_client_of_socketio_5_is_logged() {
    let (log, _guard) = Log::start();
    let layer = SocketIoLayer::builder()
        .connection_state_recovery(ConnectionStateRecovery::new())
        .build();
    let io = layer.io();
    add_handlers(&io);
    add_namespaces(&io);
    let addr = serve(layer).await;

    let (mut client, session) = open(addr, 4).await;
    client.send(r#"40{"token":"AUTHSECRET"}"#).await;
    let connect = client.expect(r#"40{"sid":"…","pid":"…"}"#).await;
    let pid = connect.split('"').nth(7).expect("a pid").to_owned();
    send_events(&mut client).await;
    answer_questions(&mut client).await;
    for namespace in [
        "auth-connect",
        "auth-custom",
        "auth-error",
        "auth-debug",
        "auth-panic",
        "auth-middleware",
        "auth-boxed",
        "auth-rejection-boxed",
        "query-connect",
        "query-middleware",
        "dynamic",
        "unknown",
    ] {
        let auth = r#"{"AUTHSECRET":null}"#;
        client.send(&format!("40/{namespace},{auth}")).await;
        answer(&mut client, "4").await;
    }
    client.send(r#"42["broadcast","ARGSECRET"]"#).await;
    let news = answer(&mut client, r#"42["news""#).await;
    let offset = news.split('"').nth(5).expect("an offset").to_owned();
    client.reset();

    let (mut client, second) = open(addr, 4).await;
    let recover = format!(r#"40{{"pid":"{pid}","offset":"{offset}","token":"AUTHSECRET"}}"#);
    client.send(&recover).await;
    let recovered = answer(&mut client, "40").await;
    assert!(recovered.contains(&pid), "{recovered}");
    let sockets = io.of("/").sockets();
    io.disconnect_sockets();
    answer(&mut client, "41").await;
    for socket in sockets {
        socket.emit("late", "ARGSECRET");
    }
    // The id was used, so it belongs to no session.
    client.send(&recover).await;
    answer(&mut client, "40").await;
    client.send("41").await;
    assert_alive(&mut client, "").await;
    client.send(r#"49["ARGSECRET"]"#).await;
    client.expect_close(None).await;
    io.close().await;

    log.expect(&[
        "an event was not handled",
        "argument 1 ",
        "a connect handler did not run",
        "a connect handler failed",
        "a connect handler panicked",
        "a client was refused because of a server's fault",
        "a namespace predicate rejected",
        "ignored an event without a handler",
        "an unexpected acknowledgement",
        "malformed packet",
        "the socket is disconnected",
        "socketio.connect",
        "socketio.event",
        "socketio.ask",
        "socketio.broadcast",
    ]);
    log.assert_hides(&[&session, &second, &pid]);
}

#[tokio::test]
async fn nothing_of_a_client_of_socketio_2_is_logged() {
    let (log, _guard) = Log::start();
    let layer = SocketIoLayer::builder().allow_eio3(true).build();
    let io = layer.io();
    add_handlers(&io);
    add_namespaces(&io);
    io.of("/chat")
        .wrap(TraceEvents::new())
        .on("kind", async |_: Data<Kind>| ())
        .on("debug", async |socket: Socket| -> () {
            panic!("{socket:?} failed")
        })
        .on_disconnect(async || ());
    let addr = serve(layer).await;

    let (mut client, session) = open(addr, 3).await;
    client.expect("40").await;
    send_events(&mut client).await;
    answer_questions(&mut client).await;
    client.send("40/chat?token=QUERYSECRET,").await;
    answer(&mut client, "40/chat").await;
    for event in ["kind", "debug"] {
        client
            .send(&format!(r#"42/chat,5["{event}","ARGSECRET"]"#))
            .await;
        answer(&mut client, "43/chat").await;
    }
    client.send(r#"42/chat,["unknown","ARGSECRET"]"#).await;
    for namespace in ["auth-connect", "auth-boxed", "query-connect", "dynamic"] {
        client.send(&format!("40/{namespace}?QUERYSECRET=1,")).await;
        answer(&mut client, "4").await;
    }
    client.send(r#"42["broadcast","ARGSECRET"]"#).await;
    answer(&mut client, r#"42["news""#).await;
    client.send("41/chat,").await;
    assert_alive(&mut client, "?token=QUERYSECRET").await;
    client.send(r#"42["broadcast","ARGSECRET"#).await;
    client.expect_close(None).await;

    let beginning = &session[..8];
    log.expect(&[
        &format!("socket={beginning}…"),
        &format!("socket=/chat#{beginning}…"),
        &format!("socketio.socket.id={beginning}…"),
        &format!("socketio.socket.id=/chat#{beginning}…"),
        "an event was not handled",
        "socketio.disconnect",
    ]);
    log.assert_hides(&[&session]);
}

/// Requests that are refused, with their reasons at the level DEBUG.
#[tokio::test]
async fn nothing_of_a_refused_request_is_logged() {
    let (log, _guard) = Log::start();
    let layer = SocketIoLayer::builder()
        .allow_request(async |_: Query<Parameters>| Ok::<_, Refusal>(()))
        .build();
    let addr = serve(layer).await;
    for query in [
        "EIO=4&transport=polling&token=QUERYSECRET",
        "EIO=4&transport=QUERYSECRET",
        "EIO=QUERYSECRET&transport=polling",
        "EIO=4&transport=polling&sid=QUERYSECRET",
        "EIO=4&transport=websocket&sid=QUERYSECRET",
        "EIO=4&transport=websocket&token=QUERYSECRET",
    ] {
        let request = Request::get(&format!("/socket.io/?{query}"))
            .header("Cookie", "session=COOKIESECRET")
            .header("Authorization", "Bearer HEADERSECRET");
        let status = request.send(addr).await.status;
        assert!(matches!(status, 400 | 403), "{query}: {status}");
    }

    let layer = SocketIoLayer::new();
    layer
        .io()
        .engine()
        .generate_id(async |_: Query<Parameters>| "unused");
    let without_id = serve(layer).await;
    let request = Request::get("/socket.io/?EIO=4&transport=polling&token=QUERYSECRET");
    assert_eq!(request.send(without_id).await.status, 400);

    let mut client =
        PollingClient::handshake_at(addr, "/socket.io/?EIO=4&transport=polling&token=Known").await;
    client.send(r#"40{"token":"AUTHSECRET"}"#).await;
    client.expect(r#"40{"sid":"…"}"#).await;
    let session = client.sid().to_owned();
    let mut websocket = client.websocket().await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;
    let target = client.target();
    for other in ["EIO=3", "transport=websocket"] {
        let name = other.split('=').next().unwrap_or_default();
        let original = if name == "EIO" {
            "EIO=4"
        } else {
            "transport=polling"
        };
        let target = target.replace(original, other);
        assert_eq!(
            Request::get(&target).send(addr).await.status,
            400,
            "{other}"
        );
    }
    websocket.send("5").await;
    websocket.send("ARGSECRET").await;
    websocket.expect_close(None).await;
    client.expect_gone().await;
    log.expect(&[
        "request refused",
        "no valid id was generated",
        "session upgraded",
    ]);
    log.assert_hides(&[&session]);
}
