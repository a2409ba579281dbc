//! Whether middleware is asked about a client that is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use e2e::probes::Journal;
use e2e::sync::Gate;
use socketio::{ConnectionStateRecovery, Socket};

use super::{Client, Io, rooms, serve_default, serve_with};

/// Middleware that writes down what it is asked about, and lets nobody in who is `banned`.
fn ask(io: &Io, banned: &Arc<AtomicBool>) {
    let banned = Arc::clone(banned);
    io.of("/")
        .middleware(move |socket: Socket, State(journal): State<Journal>| {
            let answer = match banned.load(Ordering::SeqCst) {
                true => Err("banned"),
                false => Ok(()),
            };
            journal.write(format!("asked {} [{}]", socket.recovered(), rooms(&socket)));
            socket.data().insert_json("asked", true);
            async move { answer }
        });
}

fn asking() -> ConnectionStateRecovery {
    ConnectionStateRecovery::new().skip_middlewares(false)
}

#[tokio::test]
async fn it_is_not_by_default() {
    let (addr, io, journal) = serve_default().await;
    let banned = Arc::default();
    ask(&io, &banned);
    let client = Client::in_rooms(addr, &["red"]).await;
    let known = client.lose();
    journal.expect(["asked false []", "new [me]"]).await;
    journal
        .expect(["leaving [me all red]", "transport close []"])
        .await;
    banned.store(true, Ordering::SeqCst);
    known.come_back(addr, &[]).await;
    journal.expect(["back [me all red]"]).await;
}

#[tokio::test]
async fn it_is_where_it_should_be_and_finds_everything_restored() {
    let (addr, io, journal) = serve_with(asking(), |builder| builder).await;
    ask(&io, &Arc::default());
    let client = Client::in_rooms(addr, &["red"]).await;
    let known = client.lose();
    journal.expect(["asked false []", "new [me]"]).await;
    journal
        .expect(["leaving [me all red]", "transport close []"])
        .await;
    io.emit("missed", "");
    known.come_back(addr, &["missed"]).await;
    // It has not joined yet, so it is not in the room of its own id.
    journal
        .expect(["asked true [all red]", "back [me all red]"])
        .await;
}

#[tokio::test]
async fn who_is_refused_is_told_nothing_and_may_try_again() {
    let (addr, io, journal) = serve_with(asking(), |builder| builder).await;
    let banned = Arc::default();
    ask(&io, &banned);
    let client = Client::in_rooms(addr, &[]).await;
    let known = client.lose();
    journal.expect(["asked false []", "new [me]"]).await;
    journal
        .expect(["leaving [me all]", "transport close []"])
        .await;
    io.emit("missed", "");
    banned.store(true, Ordering::SeqCst);
    let mut websocket = known.return_to(addr).await;
    websocket.expect(r#"44{"message":"banned"}"#).await;
    journal.expect(["asked true [all]"]).await;
    assert!(io.of("/").sockets().is_empty());
    io.emit("missed too", "");

    banned.store(false, Ordering::SeqCst);
    websocket.send(&known.connect()).await;
    super::hear(&mut websocket, "missed").await;
    super::hear(&mut websocket, "missed too").await;
    let ids = format!(r#"40{{"sid":"{}","pid":"{}"}}"#, known.sid, known.pid);
    websocket.expect(&ids).await;
    journal.expect(["asked true [all]", "back [me all]"]).await;
}

/// A client that goes while middleware decides can come back all the same.
#[tokio::test]
async fn who_goes_again_meanwhile_may_come_back() {
    let (addr, io, journal) = serve_with(asking(), |builder| builder).await;
    let gate = Gate::closed();
    gate.admit(1);
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
    let client = Client::in_rooms(addr, &[]).await;
    let known = client.lose();
    journal
        .expect([
            "asked",
            "new [me]",
            "leaving [me all]",
            "transport close []",
        ])
        .await;
    io.emit("missed", "");
    let websocket = known.return_to(addr).await;
    journal.expect(["asked"]).await;
    websocket.reset();
    e2e::session::settle(addr).await;
    gate.open();
    known.come_back(addr, &["missed"]).await;
    journal.expect(["asked", "back [me all]"]).await;
}

/// What was missed may be forgotten while middleware decides: then the client is a new one, and
/// middleware is asked about that.
#[tokio::test]
async fn what_is_forgotten_meanwhile() {
    let (addr, io, journal) = serve_with(asking().max_packets(2), |builder| builder).await;
    let gate = Gate::closed();
    gate.admit(1);
    let waiting = {
        let gate = gate.clone();
        move |socket: Socket, State(journal): State<Journal>| {
            let gate = gate.clone();
            async move {
                journal.write(format!("asked {}", socket.recovered()));
                gate.pass().await;
                Ok::<(), &str>(())
            }
        }
    };
    io.of("/").middleware(waiting);
    let client = Client::in_rooms(addr, &["red"]).await;
    let known = client.lose();
    journal.expect(["asked false", "new [me]"]).await;
    journal
        .expect(["leaving [me all red]", "transport close []"])
        .await;
    let websocket = known.return_to(addr).await;
    journal.expect(["asked true"]).await;
    (0..3).for_each(|n| io.emit("missed", &n));
    gate.open();
    let client = Client::new(websocket, String::new()).await;
    assert_ne!(client.known.sid, known.sid);
    assert_ne!(client.known.pid, known.pid);
    journal.expect(["asked false", "new [me]"]).await;
    assert_eq!(io.of("/").sockets().len(), 1);
}
