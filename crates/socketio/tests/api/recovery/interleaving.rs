//! Tests events between the steps of a disconnect and a recovery.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::State;
use e2e::probes::Journal;
use e2e::session::{assert_alive, open, settle};
use e2e::sync::{Gate, VirtualTime};
use socketio::{ConnectionStateRecovery, EmitError, Socket};

use super::hooks::RecoveryHooks;
use super::{Client, Io, serve_default, serve_with};

async fn serve_with_hooks(hooks: &RecoveryHooks) -> (std::net::SocketAddr, Io, Journal) {
    let recovery = ConnectionStateRecovery::new().skip_middlewares(false);
    serve_with(recovery, |builder| builder.adapter(hooks.adapter())).await
}

#[tokio::test]
async fn packets_sent_while_a_session_is_stored_are_replayed() {
    let hooks = RecoveryHooks::default();
    let (addr, io, journal) = serve_with_hooks(&hooks).await;
    let client = Client::in_rooms(addr, &[]).await;
    let socket = io.of("/").sockets().remove(0);
    let (sending, sent) = (journal.clone(), socket.clone());
    hooks.on_persist(move || {
        sending.write(format!(
            "{} {:?}",
            sent.connected(),
            sent.try_emit("late", "")
        ));
    });
    let credentials = client.disconnect();
    journal
        .expect([
            "new [me]",
            "false Ok(())",
            "leaving [me all]",
            "transport close []",
        ])
        .await;
    credentials.recover(addr, &["late"]).await;
}

#[tokio::test]
async fn all_sessions_are_stored_before_disconnect_handlers_run() {
    let hooks = RecoveryHooks::default();
    let (addr, io, journal) = serve_with_hooks(&hooks).await;
    let other = io.of("/other");
    let persisting = journal.clone();
    hooks.on_persist(move || persisting.write("kept"));
    let last = Arc::new(OnceLock::<Socket>::new());
    let found = Arc::clone(&last);
    other.on_connect(async move |socket: Socket| {
        found.set(socket).ok();
    });
    let sending = async move |State(journal): State<Journal>| {
        let socket = last.get().expect("a socket");
        journal.write(format!("{:?}", socket.try_emit("from the handler", "")));
    };
    io.of("/").on_disconnecting(sending);
    let mut client = Client::in_rooms(addr, &[]).await;
    client.websocket.send("40/other,").await;
    let connect = client
        .websocket
        .expect(r#"40/other,{"sid":"…","pid":"…"}"#)
        .await;
    io.of("/other").emit("hello", "");
    let hello = client
        .websocket
        .expect(r#"42/other,["hello","","…"]"#)
        .await;
    client.disconnect();
    journal
        .expect(["new [me]", "kept", "kept", "leaving [me all]", "Ok(())"])
        .await;
    let pid = connect.split('"').nth(7).expect("a pid");
    let offset = hello.rsplit('"').nth(1).expect("an offset");
    let mut websocket = open(addr).await;
    let payload = format!(r#"40/other,{{"pid":"{pid}","offset":"{offset}"}}"#);
    websocket.send(&payload).await;
    websocket
        .expect(r#"42/other,["from the handler","","…"]"#)
        .await;
    websocket.expect(&connect).await;
}

const WINDOW: Duration = Duration::from_secs(60);

fn run_middlewares() -> ConnectionStateRecovery {
    ConnectionStateRecovery::new()
        .max_disconnection_duration(WINDOW)
        .skip_middlewares(false)
}

/// Packets are stored only as long as the client can recover, and failed attempts do not extend
/// that time.
#[tokio::test]
async fn a_refused_attempt_does_not_extend_the_recovery_window() {
    let time = VirtualTime::start();
    let hour = Duration::from_secs(3_600);
    let (addr, io, journal) =
        serve_with(run_middlewares(), |builder| builder.ping_interval(hour)).await;
    let credentials = Client::in_rooms(addr, &[]).await;
    let banned = Arc::new(AtomicBool::new(true));
    let is_banned = Arc::clone(&banned);
    io.of("/")
        .middleware(async move || match is_banned.load(Ordering::SeqCst) {
            true => Err("not now"),
            false => Ok(()),
        });
    let socket = io.of("/").sockets().remove(0);
    let credentials = credentials.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    for _ in 0..3 {
        time.advance(WINDOW / 4).await;
        let mut websocket = credentials.reconnect(addr).await;
        websocket.expect(r#"44{"message":"not now"}"#).await;
    }
    socket
        .try_emit("in time", "")
        .expect("the packet is stored");
    time.advance(WINDOW / 4).await;
    let error = socket
        .try_emit("late", "")
        .expect_err("the recovery window has passed");
    assert!(matches!(error, EmitError::Disconnected));
    banned.store(false, Ordering::SeqCst);
    credentials.recover_fails(addr).await;
}

/// A client that reconnects in time can recover although middleware is slow.
#[tokio::test]
async fn packets_sent_during_middleware_are_replayed() {
    let time = VirtualTime::start();
    let hour = Duration::from_secs(3_600);
    let (addr, io, journal) = serve_with(run_middlewares(), |builder| {
        builder.ping_interval(hour).connect_timeout(hour)
    })
    .await;
    let client = Client::in_rooms(addr, &[]).await;
    let gate = Gate::closed();
    let waiting = {
        let gate = gate.clone();
        move |State(journal): State<Journal>| {
            let gate = gate.clone();
            async move {
                journal.write("middleware");
                gate.pass().await;
                Ok::<(), &str>(())
            }
        }
    };
    io.of("/").middleware(waiting);
    let socket = io.of("/").sockets().remove(0);
    let credentials = client.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    time.advance(WINDOW / 2).await;
    let mut websocket = credentials.reconnect(addr).await;
    journal.expect(["middleware"]).await;
    time.advance(WINDOW).await;
    socket
        .try_emit("during middleware", "")
        .expect("the packet is stored");
    gate.open();
    super::expect_event_on(&mut websocket, "during middleware").await;
    websocket.expect("40…").await;
}

/// A client that disconnects while its session is looked up can recover later.
#[tokio::test]
async fn a_client_that_disconnects_while_its_session_is_taken_can_recover() {
    let hooks = RecoveryHooks::default();
    let (addr, _, journal) = serve_with_hooks(&hooks).await;
    let credentials = Client::in_rooms(addr, &[]).await.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    let gate = Gate::closed();
    let (waiting, taking) = (gate.clone(), journal.clone());
    hooks.on_taken(move || {
        taking.write("taken");
        let gate = waiting.clone();
        Box::pin(async move { gate.pass().await })
    });
    let websocket = credentials.reconnect(addr).await;
    journal.expect(["taken"]).await;
    websocket.reset();
    settle(addr).await;
    hooks.clear();
    gate.open();
    settle(addr).await;
    credentials.recover(addr, &[]).await;
}

#[tokio::test]
async fn a_panic_while_a_session_is_stored_makes_the_client_new() {
    let hooks = RecoveryHooks::default();
    let (addr, io, journal) = serve_with_hooks(&hooks).await;
    let record = async |State(journal): State<Journal>| journal.write("left the other namespace");
    io.of("/other").on_disconnect(record);
    hooks.on_persist(|| panic!("on purpose"));
    let mut client = Client::in_rooms(addr, &["red"]).await;
    client.websocket.send("40/other,").await;
    client.websocket.expect("40/other,…").await;
    let credentials = client.disconnect();
    journal
        .expect([
            "new [me]",
            "leaving [me all red]",
            "transport close []",
            "left the other namespace",
        ])
        .await;
    assert!(io.of("/").sockets().is_empty());
    hooks.clear();
    credentials.recover_fails(addr).await;
}

#[tokio::test]
async fn a_panic_while_a_client_joins_refuses_it() {
    let hooks = RecoveryHooks::default();
    let (addr, io, _) = serve_with_hooks(&hooks).await;
    hooks.on_join(|| panic!("on purpose"));
    let mut websocket = open(addr).await;
    websocket.send("40").await;
    websocket
        .expect(r#"44{"message":"Internal Server Error",…}"#)
        .await;
    assert_alive(&mut websocket).await;
    assert!(io.of("/").sockets().is_empty());
    hooks.clear();
    websocket.send("40").await;
    websocket.expect("40…").await;
}

#[tokio::test]
async fn a_panic_while_a_session_is_taken_makes_the_client_new() {
    let hooks = RecoveryHooks::default();
    let (addr, _, journal) = serve_with_hooks(&hooks).await;
    let credentials = Client::in_rooms(addr, &[]).await.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    hooks.on_taken(|| panic!("on purpose"));
    let mut client = credentials.recover_fails(addr).await;
    client.join("red").await;
}

#[tokio::test]
async fn a_panic_after_a_session_is_resumed_is_ignored() {
    let hooks = RecoveryHooks::default();
    let (addr, io, journal) = serve_with_hooks(&hooks).await;
    let credentials = Client::in_rooms(addr, &[]).await.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    hooks.on_resumed(|| panic!("on purpose"));
    io.emit("missed", "");
    let mut client = credentials.recover(addr, &["missed"]).await;
    client.join("red").await;
    assert_eq!(io.of("/").sockets().len(), 1);
}

/// A client that has not received an event sends its private id without an offset.
#[tokio::test]
async fn a_private_id_without_an_offset_is_invalidated() {
    let (addr, io, journal) = serve_default().await;
    let auth = async |socket: Socket, journal: State<Journal>| {
        let auth = socket.auth::<Option<serde_json::Value>>();
        journal.write(format!("{:?}", auth.expect("any JSON")));
    };
    io.of("/auth").on_connect(auth);
    let mut first = open(addr).await;
    first.send("40/auth,").await;
    let connect = first.expect(r#"40/auth,{"sid":"…","pid":"…"}"#).await;
    let pid = connect.split('"').nth(7).expect("a pid");

    let mut second = open(addr).await;
    second.send(&format!(r#"40/auth,{{"pid":"{pid}"}}"#)).await;
    let new_connect = second.expect(r#"40/auth,{"sid":"…","pid":"…"}"#).await;
    assert!(!new_connect.contains(pid));
    // The old connection is closed, and the private id has become invalid.
    first.expect_close(None).await;
    assert_eq!(io.of("/auth").sockets().len(), 1);
    io.of("/auth").emit("hello", "");
    let hello = second.expect(r#"42/auth,["hello","","…"]"#).await;
    let offset = hello.rsplit('"').nth(1).expect("an offset");
    let mut third = open(addr).await;
    let payload = format!(r#"40/auth,{{"pid":"{pid}","offset":"{offset}"}}"#);
    third.send(&payload).await;
    let new_connect = third.expect(r#"40/auth,{"sid":"…","pid":"…"}"#).await;
    assert!(!new_connect.contains(pid));
    journal.expect(["None", "None", "None"]).await;
}

/// A client must not receive events from before it joined, regardless of the offset it sends.
#[tokio::test]
async fn a_client_receives_no_events_from_before_it_joined() {
    let (addr, io, _) = serve_default().await;
    let early = Client::in_rooms(addr, &["red"]).await;
    io.to("red").emit("not for the late one", "");
    let mut late = Client::in_rooms(addr, &["red"]).await;
    io.to("red").emit("for all", "");
    late.expect_event("for all").await;
    late.credentials
        .offset
        .clone_from(&early.credentials.offset);
    let credentials = late.disconnect();
    credentials
        .recover(addr, &["joined", "joined", "for all"])
        .await;
}

/// The limit of the queue applies to all namespaces of a client.
#[tokio::test]
async fn missed_packets_of_all_namespaces_must_fit_into_the_queue() {
    let (addr, io, journal) = serve_with(ConnectionStateRecovery::new(), |builder| {
        builder.max_outbound_bytes(10_000)
    })
    .await;
    let other = io.of("/other");
    let mut client = Client::in_rooms(addr, &[]).await;
    client.websocket.send("40/other,").await;
    let connect = client
        .websocket
        .expect(r#"40/other,{"sid":"…","pid":"…"}"#)
        .await;
    other.emit("hello", "");
    let hello = client
        .websocket
        .expect(r#"42/other,["hello","","…"]"#)
        .await;
    let pid = connect.split('"').nth(7).expect("a pid");
    let offset = hello.rsplit('"').nth(1).expect("an offset");
    let credentials = client.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    settle(addr).await;
    let large = "x".repeat(6_000);
    io.emit("large", &large);
    other.emit("large", &large);

    let mut websocket = open(addr).await;
    let both = [
        credentials.connect(),
        format!(r#"40/other,{{"pid":"{pid}","offset":"{offset}"}}"#),
    ];
    let frames: Vec<u8> = (both.iter())
        .flat_map(|text| socketio_testing::Frame::text(text.as_str()).encode())
        .collect();
    websocket.send_raw(&frames).await;
    super::expect_event_on(&mut websocket, "large").await;
    let ids = format!(
        r#"40{{"sid":"{}","pid":"{}"}}"#,
        credentials.sid, credentials.pid
    );
    websocket.expect(&ids).await;
    let new_connect = websocket.expect(r#"40/other,{"sid":"…","pid":"…"}"#).await;
    assert_ne!(new_connect, connect);
    assert_alive(&mut websocket).await;
}
