//! What happens between two steps of losing a connection and coming back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::State;
use e2e::probes::Journal;
use e2e::session::{assert_alive, open, settle};
use e2e::sync::{Gate, VirtualTime};
use socketio::{ConnectionStateRecovery, EmitError, Socket};

use super::faulty::Steps;
use super::{Client, Io, serve_default, serve_with};

async fn serve_steps(steps: &Steps) -> (std::net::SocketAddr, Io, Journal) {
    let recovery = ConnectionStateRecovery::new().skip_middlewares(false);
    serve_with(recovery, |builder| builder.adapter(steps.adapter())).await
}

#[tokio::test]
async fn what_is_sent_while_a_session_is_being_kept() {
    let steps = Steps::default();
    let (addr, io, journal) = serve_steps(&steps).await;
    let client = Client::in_rooms(addr, &[]).await;
    let socket = io.of("/").sockets().remove(0);
    let (sending, sent) = (journal.clone(), socket.clone());
    steps.when_keeping(move || {
        sending.write(format!(
            "{} {:?}",
            sent.connected(),
            sent.try_emit("late", "")
        ));
    });
    let known = client.lose();
    journal
        .expect([
            "new [me]",
            "false Ok(())",
            "leaving [me all]",
            "transport close []",
        ])
        .await;
    known.come_back(addr, &["late"]).await;
}

#[tokio::test]
async fn all_sessions_are_kept_before_a_handler_runs() {
    let steps = Steps::default();
    let (addr, io, journal) = serve_steps(&steps).await;
    let other = io.of("/other");
    let keeping = journal.clone();
    steps.when_keeping(move || keeping.write("kept"));
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
    client.lose();
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

fn asking() -> ConnectionStateRecovery {
    ConnectionStateRecovery::new()
        .max_disconnection_duration(WINDOW)
        .skip_middlewares(false)
}

/// As long as a client may come back what is sent to it is kept, and it does not win time by trying.
#[tokio::test]
async fn a_refused_client_may_not_come_back_for_longer() {
    let time = VirtualTime::start();
    let hour = Duration::from_secs(3_600);
    let (addr, io, journal) = serve_with(asking(), |builder| builder.ping_interval(hour)).await;
    let known = Client::in_rooms(addr, &[]).await;
    let banned = Arc::new(AtomicBool::new(true));
    let is_banned = Arc::clone(&banned);
    io.of("/")
        .middleware(async move || match is_banned.load(Ordering::SeqCst) {
            true => Err("not now"),
            false => Ok(()),
        });
    let socket = io.of("/").sockets().remove(0);
    let known = known.lose();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    for _ in 0..3 {
        time.advance(WINDOW / 4).await;
        let mut websocket = known.return_to(addr).await;
        websocket.expect(r#"44{"message":"not now"}"#).await;
    }
    socket.try_emit("in time", "").expect("it is kept");
    time.advance(WINDOW / 4).await;
    let error = socket.try_emit("late", "").expect_err("the time is over");
    assert!(matches!(error, EmitError::Disconnected));
    banned.store(false, Ordering::SeqCst);
    known.begin_anew(addr).await;
}

/// Whoever has come in time is not late because middleware is slow.
#[tokio::test]
async fn what_is_sent_while_middleware_decides() {
    let time = VirtualTime::start();
    let hour = Duration::from_secs(3_600);
    let (addr, io, journal) = serve_with(asking(), |builder| {
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
                journal.write("asked");
                gate.pass().await;
                Ok::<(), &str>(())
            }
        }
    };
    io.of("/").middleware(waiting);
    let socket = io.of("/").sockets().remove(0);
    let known = client.lose();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    time.advance(WINDOW / 2).await;
    let mut websocket = known.return_to(addr).await;
    journal.expect(["asked"]).await;
    time.advance(WINDOW).await;
    socket
        .try_emit("while it is asked", "")
        .expect("it is kept");
    gate.open();
    super::hear(&mut websocket, "while it is asked").await;
    websocket.expect("40…").await;
}

/// A client that goes while its session is looked for may come back.
#[tokio::test]
async fn who_goes_while_the_session_is_taken() {
    let steps = Steps::default();
    let (addr, _, journal) = serve_steps(&steps).await;
    let known = Client::in_rooms(addr, &[]).await.lose();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    let gate = Gate::closed();
    let (waiting, taking) = (gate.clone(), journal.clone());
    steps.when_taken(move || {
        taking.write("taken");
        let gate = waiting.clone();
        Box::pin(async move { gate.pass().await })
    });
    let websocket = known.return_to(addr).await;
    journal.expect(["taken"]).await;
    websocket.reset();
    settle(addr).await;
    steps.clear();
    gate.open();
    settle(addr).await;
    known.come_back(addr, &[]).await;
}

#[tokio::test]
async fn an_adapter_that_panics_when_a_session_is_kept() {
    let steps = Steps::default();
    let (addr, io, journal) = serve_steps(&steps).await;
    let left = async |State(journal): State<Journal>| journal.write("left the other");
    io.of("/other").on_disconnect(left);
    steps.when_keeping(|| panic!("on purpose"));
    let mut client = Client::in_rooms(addr, &["red"]).await;
    client.websocket.send("40/other,").await;
    client.websocket.expect("40/other,…").await;
    let known = client.lose();
    journal
        .expect([
            "new [me]",
            "leaving [me all red]",
            "transport close []",
            "left the other",
        ])
        .await;
    assert!(io.of("/").sockets().is_empty());
    steps.clear();
    known.begin_anew(addr).await;
}

#[tokio::test]
async fn an_adapter_that_panics_when_a_client_joins() {
    let steps = Steps::default();
    let (addr, io, _) = serve_steps(&steps).await;
    steps.when_joining(|| panic!("on purpose"));
    let mut websocket = open(addr).await;
    websocket.send("40").await;
    websocket
        .expect(r#"44{"message":"Internal Server Error",…}"#)
        .await;
    assert_alive(&mut websocket).await;
    assert!(io.of("/").sockets().is_empty());
    steps.clear();
    websocket.send("40").await;
    websocket.expect("40…").await;
}

#[tokio::test]
async fn an_adapter_that_panics_when_a_session_is_taken() {
    let steps = Steps::default();
    let (addr, _, journal) = serve_steps(&steps).await;
    let known = Client::in_rooms(addr, &[]).await.lose();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    steps.when_taken(|| panic!("on purpose"));
    let mut client = known.begin_anew(addr).await;
    client.join("red").await;
}

#[tokio::test]
async fn an_adapter_that_panics_when_a_session_is_back() {
    let steps = Steps::default();
    let (addr, io, journal) = serve_steps(&steps).await;
    let known = Client::in_rooms(addr, &[]).await.lose();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    steps.when_resumed(|| panic!("on purpose"));
    io.emit("missed", "");
    let mut client = known.come_back(addr, &["missed"]).await;
    client.join("red").await;
    assert_eq!(io.of("/").sockets().len(), 1);
}

/// A client that has been sent nothing yet names its secret, but no offset.
#[tokio::test]
async fn a_secret_without_an_offset() {
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
    let anew = second.expect(r#"40/auth,{"sid":"…","pid":"…"}"#).await;
    assert!(!anew.contains(pid));
    // The connection that it has left is closed, and the secret is good for nothing.
    first.expect_close(None).await;
    assert_eq!(io.of("/auth").sockets().len(), 1);
    io.of("/auth").emit("hello", "");
    let hello = second.expect(r#"42/auth,["hello","","…"]"#).await;
    let offset = hello.rsplit('"').nth(1).expect("an offset");
    let mut third = open(addr).await;
    let payload = format!(r#"40/auth,{{"pid":"{pid}","offset":"{offset}"}}"#);
    third.send(&payload).await;
    let anew = third.expect(r#"40/auth,{"sid":"…","pid":"…"}"#).await;
    assert!(!anew.contains(pid));
    journal.expect(["None", "None", "None"]).await;
}

/// How far back a client is told is not for the client to say.
#[tokio::test]
async fn nothing_of_the_time_before_it_joined() {
    let (addr, io, _) = serve_default().await;
    let early = Client::in_rooms(addr, &["red"]).await;
    io.to("red").emit("not for the late one", "");
    let mut late = Client::in_rooms(addr, &["red"]).await;
    io.to("red").emit("for all", "");
    late.hears("for all").await;
    late.known.offset.clone_from(&early.known.offset);
    let known = late.lose();
    known
        .come_back(addr, &["joined", "joined", "for all"])
        .await;
}

/// What waits for a client is bounded over all of its namespaces.
#[tokio::test]
async fn more_than_may_wait_for_one_client_in_several_namespaces() {
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
    let known = client.lose();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    settle(addr).await;
    let large = "x".repeat(6_000);
    io.emit("large", &large);
    other.emit("large", &large);

    let mut websocket = open(addr).await;
    let both = [
        known.connect(),
        format!(r#"40/other,{{"pid":"{pid}","offset":"{offset}"}}"#),
    ];
    let frames: Vec<u8> = (both.iter())
        .flat_map(|text| socketio_testing::Frame::text(text.as_str()).encode())
        .collect();
    websocket.send_raw(&frames).await;
    super::hear(&mut websocket, "large").await;
    let ids = format!(r#"40{{"sid":"{}","pid":"{}"}}"#, known.sid, known.pid);
    websocket.expect(&ids).await;
    let anew = websocket.expect(r#"40/other,{"sid":"…","pid":"…"}"#).await;
    assert_ne!(anew, connect);
    assert_alive(&mut websocket).await;
}
