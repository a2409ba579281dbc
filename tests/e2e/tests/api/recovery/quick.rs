//! Clients that are back before the server knows that they were gone.

use axum::extract::State;
use e2e::probes::Journal;
use e2e::sync::Gate;
use socketio::Socket;
use socketio_testing::Message;

use super::{Client, rooms, serve_default};

#[tokio::test]
async fn the_old_socket_ends_and_the_new_one_has_all() {
    let (addr, io, journal) = serve_default().await;
    let mut client = Client::in_rooms(addr, &["red"]).await;
    let known = client.known.clone();
    io.to("red").emit("on its way", "");
    io.to("blue").emit("not for it", "");
    // The old connection lives as far as the server can tell, and takes everything.
    let back = known.come_back(addr, &["on its way"]).await;
    client.hears("on its way").await;
    client.websocket.expect_close(None).await;
    // What has the id first is over before what has it next begins.
    journal
        .expect([
            "new [me]",
            "leaving [me all red]",
            "transport close []",
            "back [me all red]",
        ])
        .await;
    assert_eq!(io.of("/").sockets().len(), 1);
    let Client { mut websocket, .. } = back;
    io.to(&*client.known.sid).emit("only once", "");
    super::hear(&mut websocket, "only once").await;
    io.to(["red", "all"]).emit("again", "");
    super::hear(&mut websocket, "again").await;
}

#[tokio::test]
async fn in_quick_succession() {
    let (addr, io, _) = serve_default().await;
    let mut known = Client::in_rooms(addr, &["red"]).await.known;
    let mut connections = Vec::new();
    for _ in 0..20 {
        io.to("red").emit("event", "");
        let Client {
            websocket,
            known: at,
        } = known.come_back(addr, &["event"]).await;
        connections.push(websocket);
        known = at;
    }
    assert_eq!(io.of("/").sockets().len(), 1);
}

/// Disconnecting handlers may take their time, and see the rooms as long as they do.
#[tokio::test]
async fn the_old_socket_s_handlers_are_not_waited_for() {
    let (addr, io, journal) = serve_default().await;
    let gate = Gate::closed();
    let slowly = {
        let gate = gate.clone();
        move |socket: Socket, State(journal): State<Journal>| {
            let gate = gate.clone();
            async move {
                gate.pass().await;
                socket.to("red").emit("gone", "");
                journal.write(format!("slowly [{}]", rooms(&socket)));
            }
        }
    };
    io.of("/").on_disconnecting(slowly);
    let mut other = Client::in_rooms(addr, &["red"]).await;
    let client = Client::in_rooms(addr, &["red"]).await;
    let known = client.lose();
    journal
        .expect(["new [me]", "new [me]", "leaving [me all red]"])
        .await;
    let mut back = known.come_back(addr, &[]).await;
    journal.expect(["back [me all red]"]).await;
    io.to("red").emit("one", "");
    other.hears("one").await;
    back.hears("one").await;
    assert_eq!(io.of("/").sockets().len(), 2);

    gate.open();
    journal
        .expect(["slowly [me all red]", "transport close []"])
        .await;
    other.hears("gone").await;
    // What the old one did when it left has not taken the new one out.
    io.to("red").emit("two", "");
    back.hears("two").await;
    assert_eq!(io.of("/").sockets().len(), 2);
}

/// Several connections name the same socket at the same time: one has it, the others are new or
/// superseded, and nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_at_once_one_has_the_socket() {
    let (addr, io, _) = serve_default().await;
    for _ in 0..20 {
        let known = Client::in_rooms(addr, &[]).await.known;
        let returning = (0..4).map(|_| {
            let known = known.clone();
            tokio::spawn(async move { known.return_to(addr).await })
        });
        let mut told = Vec::new();
        for returning in returning.collect::<Vec<_>>() {
            let mut websocket = returning.await.expect("a connection");
            // One that was superseded at once may not even have been told its ids.
            if let Message::Text(connect) = websocket.recv().await {
                told.push((e2e::session::id_of(&connect), websocket));
            }
        }
        // Whoever is there hears this, and whoever was superseded hears the end of the connection.
        io.emit("who is there", "");
        let mut with_id = 0;
        for (id, mut websocket) in told {
            let is_there = matches!(websocket.recv().await, Message::Text(_));
            with_id += usize::from(id == known.sid && is_there);
        }
        assert_eq!(with_id, 1, "clients with the same id");
        io.disconnect_clients();
        e2e::sync::eventually("an empty namespace", || io.of("/").sockets().is_empty()).await;
    }
}
