//! Sends events that are rejected, and checks the log and the answers: text of a client is escaped
//! and cut, and the number of lines is bounded.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Extension;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use e2e::app::serve;
use e2e::session::{assert_alive, join, open};
use e2e::sync::VirtualTime;
use parking_lot::Mutex;
use serde::Deserialize;
use socketio::extract::{Auth, Captures, Data, NamespaceName, SocketData};
use socketio::parser::{self, DecodeLimits, JsonParser, Packet, PacketDecoder, Parser};
use socketio::{DataMap, Origins, Regex, Reply, Socket, SocketIo, SocketIoLayer};
use socketio_testing::{Message, Request, WsClient};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Text with a forged line, an escape sequence, and characters that change its direction.
const HOSTILE: &str = "x\r\nERROR forged\u{1b}[2J\u{9b}31m\u{202e}\u{2028}\u{7}";

/// The same text in JSON, as a client sends it.
const HOSTILE_JSON: &str = r"x\r\nERROR forged\u001b[2J\u009b31m\u202e\u2028\u0007";

/// The longest line: three texts of clients, and the message.
const LONGEST_LINE: usize = 3 * 256 + 512;

/// The log of one test.
struct Log {
    written: Written,
    time: VirtualTime,
    _subscriber: DefaultGuard,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Starts a log with full buckets. One test runs at a time, because the buckets belong to the
    /// process.
    async fn at(level: LevelFilter) -> Self {
        static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        static TESTS: AtomicU32 = AtomicU32::new(1);
        let turn = TURN.lock().await;
        let time = VirtualTime::start();
        let later = TESTS.fetch_add(1, Ordering::Relaxed);
        time.advance(Duration::from_secs(3600) * later).await;
        let written = Written::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(written.clone())
            .finish();
        Self {
            written,
            time,
            _subscriber: tracing::subscriber::set_default(subscriber),
            _turn: turn,
        }
    }

    /// Removes the text that was logged. Each of its lines is checked.
    fn take(&self) -> String {
        let written = std::mem::take(&mut *self.written.0.lock());
        let written = String::from_utf8(written).expect("a log is text");
        for line in written.lines() {
            assert!(line.len() < LONGEST_LINE, "a line has {} bytes", line.len());
            assert!(
                line.starts_with("20"),
                "a line begins without a time: {line}"
            );
            let unsafe_char = |c: char| c.is_control() || "\u{202e}\u{2028}".contains(c);
            assert!(!line.contains(unsafe_char), "a line is unsafe: {line:?}");
        }
        written
    }

    /// Returns the number of suppressed lines that are reported after a while.
    async fn suppressed(&self) -> u64 {
        self.time.advance(Duration::from_secs(10)).await;
        tokio::task::yield_now().await;
        let log = self.take();
        let counts = log
            .lines()
            .filter_map(|line| line.split_once("suppressed="));
        counts
            .map(|(_, count)| count.trim().parse::<u64>().expect("a number"))
            .sum()
    }
}

#[tokio::test]
async fn a_discarded_update_of_data_logs_its_cause() {
    let log = Log::at(LevelFilter::ERROR).await;
    let data = DataMap::default();
    data.insert(0_u32);
    let nested = data.update(|_: &mut u32| drop(data.insert(1_u32)));
    assert_eq!(nested, None);
    let written = log.take();
    assert!(written.contains("its closure has changed"), "{written}");

    let contended = data.update(|_: &mut u32| {
        std::thread::scope(|scope| {
            scope.spawn(|| data.update(|n: &mut u32| *n += 1));
        });
    });
    assert_eq!(contended, None);
    let written = log.take();
    assert!(written.contains("other threads have changed"), "{written}");
}

/// Suppresses the output of the default panic hook for the panics of handlers.
fn without_panic_output() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        if !text.contains("forged") {
            default(panic);
        }
    }));
}

#[derive(Clone, Debug, Deserialize)]
enum Kind {
    Known,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A parser whose errors quote the message of the client.
struct Quoting;

struct QuotingDecoder(Box<dyn PacketDecoder>);

impl Parser for Quoting {
    fn encode(&self, packet: &Packet) -> Result<Vec<parser::Message>, BoxError> {
        JsonParser.encode(packet)
    }

    fn decoder(&self, limits: Arc<DecodeLimits>) -> Box<dyn PacketDecoder> {
        Box::new(QuotingDecoder(JsonParser.decoder(limits)))
    }
}

impl PacketDecoder for QuotingDecoder {
    fn decode(&mut self, message: parser::Message) -> Result<Option<Packet>, BoxError> {
        let text = match &message {
            parser::Message::Text(text) => text.to_string(),
            parser::Message::Binary(_) => String::new(),
        };
        let decoded = self.0.decode(message);
        decoded.map_err(|_| format!("not a packet: {text}").into())
    }
}

async fn start(configure: impl FnOnce(&SocketIo)) -> SocketAddr {
    let layer = SocketIoLayer::new();
    configure(&layer.io());
    serve(layer).await
}

/// Sends an event many times, and waits until the server has handled all.
async fn flood(client: &mut WsClient, packet: &str, count: usize) {
    for _ in 0..count {
        client.send(packet).await;
    }
    assert_alive(client).await;
}

#[tokio::test]
async fn a_hundred_thousand_rejected_events_are_a_short_log() {
    let log = Log::at(LevelFilter::WARN).await;
    let addr = start(|io| {
        io.of("/").on("e", async |_: Data<u32>| ());
    })
    .await;
    let (mut client, _) = join(addr).await;
    flood(&mut client, r#"42["e","no number"]"#, 100_000).await;
    let written = log.take();
    let lines = written.lines().count();
    assert!(written.len() < 100_000, "{} bytes", written.len());
    assert!(lines > 0, "nothing was logged");
    drop(client);
    assert_eq!(log.suppressed().await + lines as u64, 100_000);
}

#[tokio::test]
async fn many_clients_share_the_limit_of_a_place() {
    let log = Log::at(LevelFilter::WARN).await;
    let addr = start(|io| {
        io.of("/").on("e", async |_: Data<u32>| ());
    })
    .await;
    for _ in 0..100 {
        let (mut client, _) = join(addr).await;
        flood(&mut client, r#"42["e","no number"]"#, 20).await;
    }
    let written = log.take();
    assert!(written.len() < 100_000, "{} bytes", written.len());
    let lines = written.lines().count() as u64;
    assert_eq!(log.suppressed().await + lines, 2000);
}

#[tokio::test]
async fn panics_of_handlers_are_a_short_log() {
    without_panic_output();
    let log = Log::at(LevelFilter::WARN).await;
    let addr = start(|io| {
        io.of("/").on("e", async |Data(text): Data<String>| -> () {
            panic!("{text}")
        });
    })
    .await;
    let (mut client, _) = join(addr).await;
    let long = "y".repeat(10_000);
    flood(
        &mut client,
        &format!(r#"42["e","{HOSTILE_JSON}{long}"]"#),
        5000,
    )
    .await;
    let written = log.take();
    assert!(written.len() < 100_000, "{} bytes", written.len());
    assert!(written.contains(r"forged\u{1b}[2J"), "{written}");
    let lines = written.lines().count() as u64;
    assert_eq!(log.suppressed().await + lines, 5000);
}

#[tokio::test]
async fn the_level_debug_has_every_event() {
    let log = Log::at(LevelFilter::DEBUG).await;
    let addr = start(|io| {
        io.of("/").on("e", async |_: Data<Kind>| ());
    })
    .await;
    let (mut client, _) = join(addr).await;
    flood(&mut client, &format!(r#"42["e","{HOSTILE_JSON}"]"#), 2000).await;
    let written = log.take();
    let lines = written.matches("an event was not handled").count();
    assert_eq!(lines, 2000);
}

/// Text of clients reaches answers through the errors of serde and of axum's extractors.
#[tokio::test]
async fn answers_do_not_echo_text_of_clients_unbounded() {
    let log = Log::at(LevelFilter::DEBUG).await;
    let addr = start(|io| {
        io.of("/")
            .on("kind", async |_: Data<Kind>| ())
            .on("query", async |_: Query<Kinds>| ())
            .on(HOSTILE, async |_: Data<u32>| ());
        io.of("/auth")
            .middleware(async |_: Auth<Kind>| Ok::<_, &str>(()));
        io.of("/query")
            .middleware(async |_: Query<Kinds>| Ok::<_, &str>(()));
        io.of(Regex::new("^/captured-(?s)(?<kind>.*)$").unwrap())
            .on("kind", async |_: Captures<Kinds>| ());
    })
    .await;
    let target = format!(
        "/socket.io/?EIO=4&transport=websocket&kind=x%0a%1b%5b2J%e2%80%ae{}",
        "z".repeat(900)
    );
    let mut client = WsClient::connect_with(addr, &Request::websocket(&target)).await;
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    let long = "y".repeat(500_000);
    let captured = format!("/captured-{HOSTILE}").replace(',', "");
    client.send(&format!("40{captured},")).await;
    text(&mut client).await;
    for packet in [
        format!(r#"421["kind","{HOSTILE_JSON}{long}"]"#),
        format!(r#"422["kind",{{"{HOSTILE_JSON}{long}":1}}]"#),
        r#"423["query"]"#.to_owned(),
        format!(r#"424["{HOSTILE_JSON}",true]"#),
        format!(r#"40/auth,{{"{HOSTILE_JSON}{long}":null}}"#),
        "40/query,".to_owned(),
        format!(r#"42{captured},5["kind"]"#),
    ] {
        client.send(&packet).await;
        let answer = text(&mut client).await;
        assert!(answer.len() < 1200, "an answer has {} bytes", answer.len());
        let payload = &answer[answer.find(['{']).unwrap()..];
        for raw in ["\\n", "\\r", "\\u001b", "\u{9b}", "\u{202e}", "\u{2028}"] {
            // Escapes have a second backslash in JSON.
            let payload = payload.replace(r"\\", "");
            assert!(!payload.contains(raw), "{raw:?} in {answer:?}");
        }
        assert!(payload.contains(r"\\"), "nothing is escaped: {answer}");
    }
    assert!(log.take().contains("an event was not handled"));
}

/// Receives a text message.
async fn text(client: &mut WsClient) -> String {
    match client.recv().await {
        Message::Text(text) => text,
        other => panic!("{other:?} instead of a text"),
    }
}

#[derive(Clone, Debug, Deserialize)]
struct Kinds {
    #[expect(dead_code, reason = "only read")]
    kind: Kind,
}

/// An extractor whose store is unavailable.
struct Session;

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Err(StatusCode::SERVICE_UNAVAILABLE)
    }
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[tokio::test]
async fn refused_connections_are_a_short_log() {
    without_panic_output();
    let log = Log::at(LevelFilter::WARN).await;
    let addr = start(|io| {
        io.of("/fault")
            .middleware(async |_: Extension<Kinds>| Ok::<_, &str>(()));
        io.of("/panic")
            .middleware(async |Auth(login): Auth<Login>| -> Result<(), &str> {
                panic!("{}", login.token)
            });
        io.of("/error")
            .middleware(async |Auth(login): Auth<Login>| Err::<(), BoxError>(login.token.into()));
    })
    .await;
    let mut client = open(addr).await;
    for _ in 0..1000 {
        for namespace in ["fault", "panic", "error"] {
            client
                .send(&format!(r#"40/{namespace},{{"token":"{HOSTILE_JSON}"}}"#))
                .await;
            text(&mut client).await;
        }
    }
    let written = log.take();
    assert!(written.len() < 3 * 60_000, "{} bytes", written.len());
    for text in [
        "server's fault",
        "a middleware panicked",
        "return a `ConnectError`",
    ] {
        assert!(written.contains(text), "no line has {text:?}");
    }
    let lines = written.lines().count() as u64;
    assert_eq!(log.suppressed().await + lines, 3000);
}

/// The remedy is in the setup of the server, so one line suffices.
#[tokio::test]
async fn a_missing_address_is_logged_once() {
    let log = Log::at(LevelFilter::WARN).await;
    let addr = start(|io| {
        io.of("/").on("address", async |socket: Socket| {
            let handshake = socket.handshake();
            let described = serde_json::to_value(&*handshake).expect("JSON");
            Reply((handshake.address(), described["address"].clone()))
        });
    })
    .await;
    for _ in 0..3 {
        let (mut client, _) = join(addr).await;
        client.send(r#"421["address"]"#).await;
        client.expect("431[null,null]").await;
    }
    let written = log.take();
    assert_eq!(written.matches("with_connect_info").count(), 1, "{written}");
}

/// Extractors that fail because the application is not set up for them. The client learns nothing
/// about the types of the server.
#[tokio::test]
async fn faults_of_the_server_are_logged_with_the_remedy_and_hidden_from_the_client() {
    let log = Log::at(LevelFilter::ERROR).await;
    let addr = start(|io| {
        io.of("/")
            .on("extension", async |_: Extension<Kinds>| ())
            .on("captures", async |_: Captures<Kinds>| ())
            .on("data", async |_: SocketData<Kinds>| ())
            .on("session", async |_: Session| ())
            .on("path", async |_: Path<String>| ());
        io.of("/extension")
            .middleware(async |_: Extension<Kinds>| Ok::<_, &str>(()));
        io.of("/captures")
            .middleware(async |_: Captures<Kinds>| Ok::<_, &str>(()));
        io.of("/data")
            .middleware(async |_: SocketData<Kinds>| Ok::<_, &str>(()));
        io.of(async |_: Extension<Kinds>| true);
    })
    .await;
    let (mut client, _) = join(addr).await;
    let around = "if something is missing in the request, add it with a layer around";
    for (name, remedy) in [
        ("extension", around),
        ("captures", "register the handler with one"),
        ("data", "insert one with"),
        ("path", around),
        ("session", "check what the extractor depends on"),
    ] {
        client.send(&format!(r#"421["{name}"]"#)).await;
        client
            .expect(
                r#"431[{"status":"…","error":"the server failed to handle this; its log has the reason"}]"#,
            )
            .await;
        let written = log.take();
        assert!(written.contains(remedy), "{name}: {written}");
        let is_setup = remedy == around;
        assert_eq!(written.contains(around), is_setup, "{name}: {written}");
    }
    for (name, remedy) in [
        ("extension", around),
        ("captures", "register the handler with one"),
        ("data", "insert one with"),
    ] {
        client.send(&format!("40/{name}")).await;
        let error = r#"{"message":"Internal Server Error","data":{"status":500}}"#;
        client.expect(&format!("44/{name},{error}")).await;
        let written = log.take();
        assert!(written.contains(remedy), "{name}: {written}");
    }
    client.send("40/predicate").await;
    client
        .expect(r#"44/predicate,{"message":"Invalid namespace"}"#)
        .await;
    let written = log.take();
    assert!(written.contains(around), "{written}");
}

#[tokio::test]
async fn the_error_of_a_custom_parser_is_escaped_and_cut() {
    let log = Log::at(LevelFilter::DEBUG).await;
    let addr = serve(SocketIoLayer::builder().parser(Quoting).build()).await;
    let (mut client, _) = join(addr).await;
    let long = "y".repeat(10_000);
    client.send(&format!("49{HOSTILE}{long}")).await;
    client.expect_close(None).await;
    let written = log.take();
    assert!(written.contains(r"not a packet: 9x\r\nERROR"), "{written}");
}

/// Clients of Socket.IO 2.x have the name of the namespace in the ids of their sockets.
#[tokio::test]
async fn the_ids_of_sockets_are_escaped() {
    let log = Log::at(LevelFilter::DEBUG).await;
    let name = format!("/{HOSTILE}");
    let layer = SocketIoLayer::builder().allow_eio3(true).build();
    layer.io().of(&*name);
    let addr = serve(layer).await;
    let target = "/socket.io/?EIO=3&transport=websocket";
    let mut client = WsClient::connect_with(addr, &Request::websocket(target)).await;
    client.expect("0{…}").await;
    client.expect("40").await;
    client.send(&format!("40{name},")).await;
    client.expect(&format!("40{name},")).await;
    client.send(&format!(r#"42{name},["unknown"]"#)).await;
    client.send("2").await;
    client.expect("3").await;
    let written = log.take();
    let line = r"socket=/x\r\nERROR forged\u{1b}[2J";
    assert!(written.contains(line), "{written}");
}

/// A client that has joined is not reported as refused.
#[tokio::test]
async fn a_failed_argument_of_a_connect_handler_is_one_line() {
    let log = Log::at(LevelFilter::WARN).await;
    let addr = start(|io| {
        io.of("/extension")
            .on_connect(async |_: Extension<Kinds>| ());
        io.of("/captures").on_connect(async |_: Captures<Kinds>| ());
        io.of("/data").on_connect(async |_: SocketData<Kinds>| ());
        io.of("/auth").on_connect(async |_: Auth<Kind>| ());
        io.of(Regex::new("^/captured-(?<kind>.*)$").unwrap())
            .on_connect(async |_: Captures<Kinds>| ());
    })
    .await;
    let mut client = open(addr).await;
    for (name, level, remedy) in [
        (
            "extension",
            "ERROR",
            "with a layer around the one of Socket.IO",
        ),
        ("captures", "ERROR", "register the handler with one"),
        ("data", "ERROR", "insert one with"),
        ("auth", " WARN", "the client sent no auth payload"),
        (
            "captured-x",
            " WARN",
            "match only values that can be parsed",
        ),
    ] {
        client.send(&format!("40/{name},")).await;
        client.expect(&format!(r#"40/{name},{{"sid":"…"}}"#)).await;
        assert_alive(&mut client).await;
        let written = log.take();
        assert_eq!(written.lines().count(), 1, "{name}: {written}");
        for text in [level, "a connect handler did not run", remedy] {
            assert!(written.contains(text), "{name} lacks {text:?}: {written}");
        }
        assert!(!written.contains("refused"), "{name}: {written}");
    }
}

/// One client cannot use up the lines of all.
#[tokio::test]
async fn the_refusals_of_one_client_are_a_few_lines() {
    without_panic_output();
    let log = Log::at(LevelFilter::WARN).await;
    let addr = start(|io| {
        io.of("/fault")
            .middleware(async |_: Extension<Kinds>| Ok::<_, &str>(()));
        io.of("/error")
            .middleware(async || Err::<(), BoxError>("unreachable database".into()));
        io.of(Regex::new("^/captured-(?<kind>.*)$").unwrap())
            .middleware(async |_: Captures<Kinds>| Ok::<_, &str>(()));
        io.of(async |name: NamespaceName, _: Extension<Kinds>| name.as_str() == "/predicate");
        io.of("/").on("listen", async |socket: Socket| {
            socket.conn().on_packet(|_| panic!("forged"));
        });
    })
    .await;
    for name in ["fault", "error", "captured-x", "predicate"] {
        let mut client = open(addr).await;
        for _ in 0..100 {
            client.send(&format!("40/{name},")).await;
            text(&mut client).await;
        }
        let lines = log.take().lines().count();
        assert_eq!(lines, 5, "{name}");
    }
    let (mut client, _) = join(addr).await;
    client.send(r#"42["listen"]"#).await;
    assert_alive(&mut client).await;
    flood(&mut client, r#"42["unknown"]"#, 100).await;
    let written = log.take();
    let lines = written.matches("a listener of a connection panicked");
    assert_eq!(lines.count(), 5, "{written}");
}

#[tokio::test]
async fn the_panic_of_an_origin_predicate_is_logged_with_its_message() {
    without_panic_output();
    let log = Log::at(LevelFilter::WARN).await;
    let origins = Origins::predicate(|_, _| panic!("{HOSTILE}"));
    let addr = serve(SocketIoLayer::builder().origins(origins).build()).await;
    let request = Request::get("/socket.io/?EIO=4&transport=polling");
    let request = request.header("Origin", "https://a.example");
    assert_eq!(request.send(addr).await.status, 403);
    let written = log.take();
    assert!(written.contains(r"forged\u{1b}[2J"), "{written}");
}
