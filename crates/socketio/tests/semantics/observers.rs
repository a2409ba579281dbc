//! Tests the observers of namespaces, and functions that configure all of them.

use std::sync::Arc;
use std::time::Duration;

use e2e::app::serve;
use e2e::session::{assert_alive, join, open};
use parking_lot::Mutex;
use socketio::{
    ConnectError, ConnectionStateRecovery, Namespace, NamespaceEvent, Regex, Socket, SocketIo,
    SocketIoLayer,
};
use socketio_testing::within;

/// The events that observers have received, as text.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn observe(&self, namespace: Namespace) -> Namespace {
        let seen = self.clone();
        let label = namespace.label().to_owned();
        namespace.observe(move |event| {
            let text = match event {
                NamespaceEvent::Connected { recovery, .. } => {
                    let recovery = recovery.map_or("new", |recovery| recovery.as_str());
                    format!("{label} connected {recovery}")
                }
                NamespaceEvent::Refused { error } => format!("{label} refused {}", error.message()),
                NamespaceEvent::Disconnected { reason, .. } => {
                    format!("{label} disconnected {}", reason.as_str())
                }
                NamespaceEvent::AckRequested { event } => format!("{label} asks {event}"),
                NamespaceEvent::AckEnded { event, outcome, .. } => {
                    format!("{label} {event} {}", outcome.as_str())
                }
                NamespaceEvent::Broadcast { recipients } => format!("{label} to {recipients}"),
                other => panic!("{other:?}"),
            };
            seen.0.lock().push(text);
        })
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }
}

#[tokio::test]
async fn observers_receive_joins_refusals_leaves_and_broadcasts() {
    let seen = Seen::default();
    let layer = SocketIoLayer::new();
    let io = layer.io();
    seen.observe(io.of("/"));
    seen.observe(io.of("/closed"))
        .middleware(async || Err::<(), _>(ConnectError::new("no")));
    let addr = serve(layer).await;
    let (mut client, id) = join(addr).await;
    let (mut other, _) = join(addr).await;
    assert_eq!(seen.take(), ["/ connected new", "/ connected new"]);
    client.send("40/closed,").await;
    client.expect(r#"44/closed,{"message":"no"}"#).await;
    assert_eq!(seen.take(), ["/closed refused no"]);

    io.emit("all", "");
    io.of("/").except(id.as_str()).emit("others", "");
    io.to("nobody").emit("none", "");
    assert_eq!(seen.take(), ["/ to 2", "/ to 1", "/ to 0"]);
    client.expect(r#"42["all",""]"#).await;
    other.expect(r#"42["all",""]"#).await;
    other.expect(r#"42["others",""]"#).await;

    let closed = io.of("/").socket(&id).expect("the socket").closed();
    client.send("41").await;
    within("the end", closed).await;
    assert_alive(&mut client).await;
    assert_eq!(seen.take(), ["/ disconnected client namespace disconnect"]);
}

#[tokio::test]
async fn observers_receive_the_outcome_of_every_acknowledgement() {
    let seen = Seen::default();
    let layer = SocketIoLayer::builder().max_pending_acks(2).build();
    let io = layer.io();
    seen.observe(io.of("/"));
    let addr = serve(layer).await;
    let (mut client, id) = join(addr).await;
    seen.take();
    let socket = io.of("/").socket(&id).expect("the socket");

    let answered = socket.emit_with_ack::<u32>("answered", "");
    client.expect(r#"420["answered",""]"#).await;
    client.send("430[7]").await;
    assert_eq!(within("the answer", answered).await.expect("an answer"), 7);
    let wrong = socket.emit_with_ack::<u32>("wrong", "");
    client.expect(r#"421["wrong",""]"#).await;
    client.send(r#"431["text"]"#).await;
    within("the answer", wrong).await.expect_err("a text");
    let silent = socket
        .timeout(Duration::ZERO)
        .emit_with_ack::<u32>("silent", "");
    within("the timeout", silent).await.expect_err("no answer");
    drop(socket.emit_with_ack::<u32>("dropped", ""));
    let (one, two) = (
        socket.emit_with_ack::<u32>("one", ""),
        socket.emit_with_ack::<u32>("two", ""),
    );
    let many = socket.emit_with_ack::<u32>("many", "");
    within("the error", many).await.expect_err("too many");
    socket.disconnect();
    within("the error", one).await.expect_err("it has left");
    within("the error", two).await.expect_err("it has left");
    let expected = [
        "/ asks answered",
        "/ answered answered",
        "/ asks wrong",
        "/ wrong data",
        "/ asks silent",
        "/ silent timeout",
        "/ asks dropped",
        "/ dropped dropped",
        "/ asks one",
        "/ asks two",
        "/ asks many",
        "/ many too_many_pending",
        "/ disconnected server namespace disconnect",
        "/ one disconnected",
        "/ two disconnected",
    ];
    assert_eq!(seen.take(), expected);
}

#[tokio::test]
async fn observers_receive_the_outcome_of_recovery() {
    let seen = Seen::default();
    let layer = SocketIoLayer::builder()
        .connection_state_recovery(ConnectionStateRecovery::default())
        .build();
    let io = layer.io();
    seen.observe(io.of("/"));
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    client.send("40").await;
    let connect = client.expect(r#"40{"sid":"…","pid":"…"}"#).await;
    let pid = connect.split('"').nth(7).expect("a pid").to_owned();
    io.emit("a", "");
    let event = client.expect(r#"42["a","","…"]"#).await;
    let offset = event.split('"').nth(5).expect("an offset").to_owned();
    let id = connect.split('"').nth(3).expect("an id");
    let closed = io.of("/").socket(id).expect("the socket").closed();
    client.reset();
    within("the end", closed).await;
    for (pid, offset) in [("unknown-unknown-unkn", &*offset), (&*pid, &*offset)] {
        let mut client = open(addr).await;
        client
            .send(&format!(r#"40{{"pid":"{pid}","offset":"{offset}"}}"#))
            .await;
        client.expect(r#"40{"sid":"…","pid":"…"}"#).await;
        assert_alive(&mut client).await;
    }
    let seen = seen.take();
    let connected: Vec<_> = seen
        .iter()
        .filter(|text| text.starts_with("/ connected"))
        .collect();
    assert_eq!(
        connected,
        [
            "/ connected new",
            "/ connected unknown",
            "/ connected recovered",
        ]
    );
}

#[tokio::test]
async fn a_panic_of_an_observer_affects_nothing() {
    let seen = Seen::default();
    let layer = SocketIoLayer::new();
    let io = layer.io();
    seen.observe(io.of("/").observe(|_| panic!("a fault of the application")));
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    io.emit("all", "");
    client.expect(r#"42["all",""]"#).await;
    assert_eq!(seen.take(), ["/ connected new", "/ to 1"]);
}

#[tokio::test]
async fn every_name_and_pattern_is_configured_once() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let configured = Arc::new(Mutex::new(Vec::new()));
    io.of("/before");
    io.of(Regex::new("^/old-[0-9]+$").expect("a pattern"));
    io.of("/old-1");
    let configure = {
        let configured = Arc::clone(&configured);
        move |namespace: Namespace| {
            configured.lock().push(namespace.label().to_owned());
            namespace.on("hi", async |socket: Socket| {
                socket.emit("configured", socket.namespace().label());
            });
        }
    };
    io.configure_each(configure);
    io.of("/after");
    io.of("/after");
    io.of(Regex::new("^/new-[0-9]+$").expect("a pattern"));
    io.of(async || true);
    let mut found = configured.lock().clone();
    found.sort();
    let expected = [
        "/",
        "/_2",
        "/after",
        "/before",
        "^/new-[0-9]+$",
        "^/old-[0-9]+$",
    ];
    assert_eq!(found, expected);

    let addr = serve(layer).await;
    let mut client = open(addr).await;
    for (name, label) in [
        ("/before", "/before"),
        ("/old-1", "^/old-[0-9]+$"),
        ("/old-2", "^/old-[0-9]+$"),
        ("/new-1", "^/new-[0-9]+$"),
        ("/any", "/_2"),
    ] {
        client.send(&format!("40{name},")).await;
        client.expect(&format!(r#"40{name},{{"sid":"…"}}"#)).await;
        client.send(&format!(r#"42{name},["hi"]"#)).await;
        client
            .expect(&format!(r#"42{name},["configured","{label}"]"#))
            .await;
    }
    assert_eq!(configured.lock().len(), 6);
}

#[tokio::test]
async fn sockets_and_rooms_are_counted_without_lists() {
    let layer = SocketIoLayer::new();
    let io: SocketIo = layer.io();
    let games = io.of(Regex::new("^/game-[0-9]+$").expect("a pattern"));
    games
        .clone()
        .on("join", async |socket: Socket| socket.join(["a", "b"]));
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    for name in ["/game-1", "/game-2"] {
        client.send(&format!("40{name},")).await;
        client.expect(&format!(r#"40{name},{{"sid":"…"}}"#)).await;
        client.send(&format!(r#"42{name},["join"]"#)).await;
    }
    assert_alive(&mut client).await;
    assert_eq!((games.sockets_count(), games.rooms_count()), (2, 4));
    let first = io.of("/game-1");
    assert_eq!((first.sockets_count(), first.rooms_count()), (1, 2));
    assert_eq!(io.of("/").sockets_count(), 0);
}
