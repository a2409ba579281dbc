//! The events that observers of a session receive.

use std::sync::Arc;

use engineio::{Config, Message, Packet, Session, SessionEvent, SessionObserver, Transport};
use parking_lot::Mutex;

use crate::polling_client::PollingClient;
use crate::server::{PING_INTERVAL, Server, pass, settle};
use crate::websocket_client::WebSocketClient;

/// An observer that logs the events. It holds the session, as careless observers do.
struct Log {
    entries: Arc<Mutex<Vec<String>>>,
    session: Session,
}

impl SessionObserver for Log {
    fn event(&self, event: SessionEvent<'_>) {
        // No lock is held: the session can be used.
        let state = self.session.ready_state();
        self.entries.lock().push(match event {
            SessionEvent::PacketReceived(packet) => format!("< {}", packet.encode_base64()),
            SessionEvent::PacketCreated(packet) => format!("> {}", packet.encode_base64()),
            SessionEvent::Closed(reason) => format!("{reason}, {state}"),
            other => format!("{other:?}"),
        });
    }
}

struct Entries(Arc<Mutex<Vec<String>>>);

impl Entries {
    fn of(session: &Session) -> Self {
        let entries = Arc::new(Mutex::new(Vec::new()));
        session.observe(Arc::new(Log {
            entries: Arc::clone(&entries),
            session: session.clone(),
        }));
        Self(entries)
    }

    #[track_caller]
    fn are<const N: usize>(&self, expected: [&str; N]) {
        assert_eq!(*std::mem::take(&mut *self.0.lock()), expected);
    }

    /// Asserts that the observer has been dropped.
    #[track_caller]
    fn are_all(&self) {
        self.are([]);
        assert_eq!(Arc::strong_count(&self.0), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_added_by_a_handler_sees_the_next_message() {
    let entries = Arc::new(Mutex::new(None));
    let made = Arc::clone(&entries);
    let mut server = Server::directed(Config::default(), |application| {
        application.on_message = Arc::new(move |session, _| {
            made.lock().get_or_insert_with(|| Entries::of(session));
        });
    });
    let mut client = WebSocketClient::open(&server).await;
    // The server runs when both have arrived.
    client.send("4a").await;
    client.send("4b").await;
    server.opened().await;
    server.messages(["a", "b"]).await;
    entries.lock().take().unwrap().are(["< 4b"]);
}

#[tokio::test(start_paused = true)]
async fn on_polling() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    let seen = Entries::of(&session);

    client.post("4a\x1e4b").await.is(200, "ok");
    seen.are(["< 4a", "< 4b"]);
    session.send("c").unwrap();
    let both = [Message::from("d"), bytes::Bytes::from_static(b"e").into()];
    session.send_all(both).unwrap();
    assert!(!session.send_volatile([Message::from("dropped")]));
    seen.are(["> 4c", "> 4d", "> bZQ=="]);
    client.poll().await;
    seen.are(["Drained"]);

    let poll = client.get();
    pass(PING_INTERVAL).await;
    assert_eq!(poll.packets().await, ["2"]);
    seen.are(["> 2", "Drained"]);
    client.post("3").await.is(200, "ok");
    seen.are(["< 3", "Heartbeat"]);

    client.post("1").await.is(200, "ok");
    settle().await;
    seen.are(["< 1", "transport close, closed"]);
    seen.are_all();
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_the_events_of_a_websocket() {
    let mut server = Server::echoing();
    let mut client = WebSocketClient::open(&server).await;
    let session = server.opened().await;
    let seen = Entries::of(&session);

    client.send("4a").await;
    client.expect_texts(["4a"]).await;
    settle().await;
    seen.are(["< 4a", "> 4a", "Drained"]);
    pass(PING_INTERVAL).await;
    client.expect_texts(["2"]).await;
    seen.are(["> 2", "Drained"]);
    client.send("3").await;
    settle().await;
    seen.are(["< 3", "Heartbeat"]);
    // The wrong direction: the packet is reported, but not as a heartbeat.
    client.send("2").await;
    settle().await;
    seen.are(["< 2", "transport error, closed"]);
    seen.are_all();
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_the_events_of_an_upgrade() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    let seen = Entries::of(&session);
    assert!(!session.is_upgraded() && !session.is_upgrading());

    let mut socket = WebSocketClient::probe(&server, &client.sid).await;
    socket.send("2probe").await;
    socket.expect_texts(["3probe"]).await;
    seen.are(["Upgrading(WebSocket)"]);
    assert!(!session.is_upgraded() && session.is_upgrading());
    socket.send("5").await;
    settle().await;
    seen.are(["Upgraded(WebSocket)"]);
    assert!(session.is_upgraded() && !session.is_upgrading());
    assert_eq!(session.transport(), Transport::WebSocket);

    socket.send("4on the WebSocket").await;
    settle().await;
    seen.are(["< 4on the WebSocket"]);
    drop(socket);
    settle().await;
    seen.are(["transport close, closed"]);
    seen.are_all();
}

/// An observer that sends more than the WebSocket accepts at once as soon as the session uses it.
struct SendsOnUpgrade(Session);

impl SessionObserver for SendsOnUpgrade {
    fn event(&self, event: SessionEvent<'_>) {
        if let SessionEvent::Upgraded(_) = event {
            for _ in 0..20 {
                self.0.send("x".repeat(10_000).as_str()).unwrap();
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_poll_does_not_report_a_drain() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    let mut socket = WebSocketClient::probe(&server, &client.sid).await;
    socket.send("2probe").await;
    socket.expect_texts(["3probe"]).await;
    session.observe(Arc::new(SendsOnUpgrade(session.clone())));
    let seen = Entries::of(&session);
    let poll = client.get();
    settle().await;
    socket.send("5").await;
    assert_eq!(poll.packets().await, ["6"]);
    settle().await;
    assert!(session.queued_bytes() > 0);
    let reported = std::mem::take(&mut *seen.0.lock());
    assert!(!reported.contains(&"Drained".to_owned()), "{reported:?}");
    for _ in 0..20 {
        assert_eq!(socket.text().await.len(), 10_001);
    }
    settle().await;
    seen.are(["Drained"]);
}

#[tokio::test(start_paused = true)]
async fn all_observers_see_the_same_events() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    let first = Entries::of(&session);
    session.send("a").unwrap();
    let second = Entries::of(&session);
    session.send("b").unwrap();
    first.are(["> 4a", "> 4b"]);
    second.are(["> 4b"]);
    client.post("1").await.is(200, "ok");
    settle().await;
    for seen in [first, second] {
        seen.are(["< 1", "transport close, closed"]);
        seen.are_all();
    }

    let late = Entries::of(&session);
    session.send("b").unwrap_err();
    late.are_all();
}

/// An observer that answers each message within the event.
struct EchoObserver(Session);

impl SessionObserver for EchoObserver {
    fn event(&self, event: SessionEvent<'_>) {
        if let SessionEvent::PacketReceived(Packet::Message(message)) = event {
            self.0.send(message.clone()).ok();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_use_the_session() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    session.observe(Arc::new(EchoObserver(session.clone())));
    client.post("4ping\x1e4pong").await.is(200, "ok");
    assert_eq!(client.poll().await, ["4ping", "4pong"]);
}
