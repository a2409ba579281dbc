//! Tests whether middleware runs for a recovered client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use e2e::probes::Journal;
use e2e::sync::Gate;
use socketio::{ConnectionStateRecovery, Socket};

use super::{Client, Io, rooms, serve_default, serve_with};

/// Adds middleware that records its call and refuses clients while `banned` is set.
fn add_middleware(io: &Io, banned: &Arc<AtomicBool>) {
    let banned = Arc::clone(banned);
    io.of("/")
        .middleware(move |socket: Socket, State(journal): State<Journal>| {
            let answer = match banned.load(Ordering::SeqCst) {
                true => Err("banned"),
                false => Ok(()),
            };
            journal.write(format!(
                "middleware {} [{}]",
                socket.recovered(),
                rooms(&socket)
            ));
            socket.data().insert_json("middleware", true);
            async move { answer }
        });
}

fn run_middlewares() -> ConnectionStateRecovery {
    ConnectionStateRecovery::new().skip_middlewares(false)
}

#[tokio::test]
async fn middleware_is_skipped_by_default() {
    let (addr, io, journal) = serve_default().await;
    let banned = Arc::default();
    add_middleware(&io, &banned);
    let client = Client::in_rooms(addr, &["red"]).await;
    let credentials = client.disconnect();
    journal.expect(["middleware false []", "new [me]"]).await;
    journal
        .expect(["leaving [me all red]", "transport close []"])
        .await;
    banned.store(true, Ordering::SeqCst);
    credentials.recover(addr, &[]).await;
    journal.expect(["recovered [me all red]"]).await;
}

#[tokio::test]
async fn middleware_runs_with_the_restored_state_if_configured() {
    let (addr, io, journal) = serve_with(run_middlewares(), |builder| builder).await;
    add_middleware(&io, &Arc::default());
    let client = Client::in_rooms(addr, &["red"]).await;
    let credentials = client.disconnect();
    journal.expect(["middleware false []", "new [me]"]).await;
    journal
        .expect(["leaving [me all red]", "transport close []"])
        .await;
    io.emit("missed", "");
    credentials.recover(addr, &["missed"]).await;
    // The socket has not joined yet, so it is not in the room of its id.
    journal
        .expect(["middleware true [all red]", "recovered [me all red]"])
        .await;
}

#[tokio::test]
async fn a_refused_client_receives_no_events_and_can_retry() {
    let (addr, io, journal) = serve_with(run_middlewares(), |builder| builder).await;
    let banned = Arc::default();
    add_middleware(&io, &banned);
    let client = Client::in_rooms(addr, &[]).await;
    let credentials = client.disconnect();
    journal.expect(["middleware false []", "new [me]"]).await;
    journal
        .expect(["leaving [me all]", "transport close []"])
        .await;
    io.emit("missed", "");
    banned.store(true, Ordering::SeqCst);
    let mut websocket = credentials.reconnect(addr).await;
    websocket.expect(r#"44{"message":"banned"}"#).await;
    journal.expect(["middleware true [all]"]).await;
    assert!(io.of("/").sockets().is_empty());
    io.emit("missed too", "");

    banned.store(false, Ordering::SeqCst);
    websocket.send(&credentials.connect()).await;
    super::expect_event_on(&mut websocket, "missed").await;
    super::expect_event_on(&mut websocket, "missed too").await;
    let ids = format!(
        r#"40{{"sid":"{}","pid":"{}"}}"#,
        credentials.sid, credentials.pid
    );
    websocket.expect(&ids).await;
    journal
        .expect(["middleware true [all]", "recovered [me all]"])
        .await;
}

/// A client that disconnects while middleware runs can still recover later.
#[tokio::test]
async fn a_client_that_disconnects_in_middleware_can_recover() {
    let (addr, io, journal) = serve_with(run_middlewares(), |builder| builder).await;
    let gate = Gate::closed();
    gate.admit(1);
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
    let client = Client::in_rooms(addr, &[]).await;
    let credentials = client.disconnect();
    journal
        .expect([
            "middleware",
            "new [me]",
            "leaving [me all]",
            "transport close []",
        ])
        .await;
    io.emit("missed", "");
    let websocket = credentials.reconnect(addr).await;
    journal.expect(["middleware"]).await;
    websocket.reset();
    e2e::session::settle(addr).await;
    gate.open();
    credentials.recover(addr, &["missed"]).await;
    journal.expect(["middleware", "recovered [me all]"]).await;
}

/// Missed packets can be evicted while middleware runs. The client then gets a new socket, and
/// middleware runs for it.
#[tokio::test]
async fn a_client_whose_missed_packets_are_evicted_in_middleware_is_new() {
    let (addr, io, journal) = serve_with(run_middlewares().max_packets(2), |builder| builder).await;
    let gate = Gate::closed();
    gate.admit(1);
    let waiting = {
        let gate = gate.clone();
        move |socket: Socket, State(journal): State<Journal>| {
            let gate = gate.clone();
            async move {
                journal.write(format!("middleware {}", socket.recovered()));
                gate.pass().await;
                Ok::<(), &str>(())
            }
        }
    };
    io.of("/").middleware(waiting);
    let client = Client::in_rooms(addr, &["red"]).await;
    let credentials = client.disconnect();
    journal.expect(["middleware false", "new [me]"]).await;
    journal
        .expect(["leaving [me all red]", "transport close []"])
        .await;
    let websocket = credentials.reconnect(addr).await;
    journal.expect(["middleware true"]).await;
    (0..3).for_each(|n| io.emit("missed", &n));
    gate.open();
    let client = Client::new(websocket, String::new()).await;
    assert_ne!(client.credentials.sid, credentials.sid);
    assert_ne!(client.credentials.pid, credentials.pid);
    journal.expect(["middleware false", "new [me]"]).await;
    assert_eq!(io.of("/").sockets().len(), 1);
}
