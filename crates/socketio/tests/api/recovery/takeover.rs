//! Tests clients that recover before the server has noticed their disconnect.

use axum::extract::State;
use e2e::probes::Journal;
use e2e::sync::Gate;
use socketio::Socket;
use socketio_testing::Message;

use super::{Client, rooms, serve_default};

#[tokio::test]
async fn the_new_socket_replaces_the_old_one() {
    let (addr, io, journal) = serve_default().await;
    let mut client = Client::in_rooms(addr, &["red"]).await;
    let credentials = client.credentials.clone();
    io.to("red").emit("on its way", "");
    io.to("blue").emit("not for it", "");
    // The server considers the old connection open, so it receives the packets too.
    let back = credentials.recover(addr, &["on its way"]).await;
    client.expect_event("on its way").await;
    client.websocket.expect_close(None).await;
    // The old socket has left before the new one joins.
    journal
        .expect([
            "new [me]",
            "leaving [me all red]",
            "transport close []",
            "recovered [me all red]",
        ])
        .await;
    assert_eq!(io.of("/").sockets().len(), 1);
    let Client { mut websocket, .. } = back;
    io.to(&*client.credentials.sid).emit("only once", "");
    super::expect_event_on(&mut websocket, "only once").await;
    io.to(["red", "all"]).emit("again", "");
    super::expect_event_on(&mut websocket, "again").await;
}

#[tokio::test]
async fn a_client_can_recover_in_quick_succession() {
    let (addr, io, _) = serve_default().await;
    let mut credentials = Client::in_rooms(addr, &["red"]).await.credentials;
    let mut connections = Vec::new();
    for _ in 0..20 {
        io.to("red").emit("event", "");
        let Client {
            websocket,
            credentials: at,
        } = credentials.recover(addr, &["event"]).await;
        connections.push(websocket);
        credentials = at;
    }
    assert_eq!(io.of("/").sockets().len(), 1);
}

/// Disconnecting handlers can take long, and the rooms stay available to them.
#[tokio::test]
async fn recovery_does_not_wait_for_handlers_of_the_old_socket() {
    let (addr, io, journal) = serve_default().await;
    let gate = Gate::closed();
    let slowly = {
        let gate = gate.clone();
        move |socket: Socket, State(journal): State<Journal>| {
            let gate = gate.clone();
            async move {
                gate.pass().await;
                socket.to("red").emit("left", "");
                journal.write(format!("slowly [{}]", rooms(&socket)));
            }
        }
    };
    io.of("/").on_disconnecting(slowly);
    let mut other = Client::in_rooms(addr, &["red"]).await;
    let client = Client::in_rooms(addr, &["red"]).await;
    let credentials = client.disconnect();
    journal
        .expect(["new [me]", "new [me]", "leaving [me all red]"])
        .await;
    let mut back = credentials.recover(addr, &[]).await;
    journal.expect(["recovered [me all red]"]).await;
    io.to("red").emit("one", "");
    other.expect_event("one").await;
    back.expect_event("one").await;
    assert_eq!(io.of("/").sockets().len(), 2);

    gate.open();
    journal
        .expect(["slowly [me all red]", "transport close []"])
        .await;
    other.expect_event("left").await;
    // The leave of the old socket has not affected the new one.
    io.to("red").emit("two", "");
    back.expect_event("two").await;
    assert_eq!(io.of("/").sockets().len(), 2);
}

/// Several connections request the same socket concurrently. One of them gets it, and the others
/// are new or superseded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_concurrent_connections_gets_the_socket() {
    let (addr, io, _) = serve_default().await;
    for _ in 0..20 {
        let credentials = Client::in_rooms(addr, &[]).await.credentials;
        let returning = (0..4).map(|_| {
            let credentials = credentials.clone();
            tokio::spawn(async move { credentials.reconnect(addr).await })
        });
        let mut connected = Vec::new();
        for returning in returning.collect::<Vec<_>>() {
            let mut websocket = returning.await.expect("a connection");
            // A connection that was superseded immediately may not have received its ids.
            if let Message::Text(connect) = websocket.recv().await {
                connected.push((e2e::session::id_of(&connect), websocket));
            }
        }
        // Live clients receive this event, and superseded ones a close.
        io.emit("ping", "");
        let mut with_id = 0;
        for (id, mut websocket) in connected {
            let is_live = matches!(websocket.recv().await, Message::Text(_));
            with_id += usize::from(id == credentials.sid && is_live);
        }
        assert_eq!(with_id, 1, "the number of live clients with the same id");
        io.disconnect_clients();
        e2e::sync::eventually("an empty namespace", || io.of("/").sockets().is_empty()).await;
    }
}
