//! The end of the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use e2e::app::{serve, serve_recording_disconnects, serve_router};
use e2e::probes::Journal;
use e2e::session::{WEBSOCKET, join, join_polling, open, settle};
use e2e::sync::{VirtualTime, eventually};
use socketio::{Socket, SocketIoLayer};
use socketio_testing::{PollingClient, Request, WsClient, within};

const DEADLINE: Duration = Duration::from_secs(5);

/// Guards against connections that are missed because they are in no namespace.
#[tokio::test]
async fn all_clients_are_told_whatever_they_have_joined() {
    let (addr, io, journal) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (mut joined, _) = join(addr).await;
    let mut not_joined = open(addr).await;
    let (mut left, _) = join(addr).await;
    left.send("41").await;
    journal.expect(["client namespace disconnect"]).await;
    let polling = PollingClient::handshake(addr).await;
    let pending = polling.begin_get().await;
    let (without_poll, _) = join_polling(addr).await;
    settle(addr).await;

    let closing = tokio::spawn(async move {
        io.close().await;
        io.clients_count()
    });
    joined.expect_close(None).await;
    not_joined.expect_close(None).await;
    left.expect_close(None).await;
    pending.expect("1").await;
    without_poll.expect_close().await;
    polling.expect_gone().await;
    let clients = within("the end", closing).await.expect("no panic");
    assert_eq!(clients, 0);
    journal
        .expect(["server shutting down", "server shutting down"])
        .await;
}

#[tokio::test]
async fn new_clients_are_refused() {
    let (addr, io, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    within("the end", io.close()).await;
    for _ in 0..2 {
        let request = Request::get("/socket.io/?EIO=4&transport=polling");
        request.send(addr).await.assert(503, "…connect again later");
        let request = Request::websocket(WEBSOCKET);
        WsClient::try_connect(addr, &request)
            .await
            .expect_err("a refusal")
            .assert(503, "…connect again later");
    }
    assert_eq!(io.clients_count(), 0);
}

#[tokio::test]
async fn other_routes_go_on() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let app = Router::new().route("/", get(async || "home")).layer(layer);
    let addr = serve_router(app).await;
    within("the end", io.close()).await;
    Request::get("/").send(addr).await.assert(200, "home");
}

#[tokio::test]
async fn what_is_queued_is_sent_first() {
    let (addr, io, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    for number in 0..1_000 {
        io.emit("numbered", &number);
    }
    let closing = tokio::spawn(async move { io.close().await });
    for number in 0..1_000 {
        client.expect(&format!(r#"42["numbered",{number}]"#)).await;
        polling.expect(&format!(r#"42["numbered",{number}]"#)).await;
    }
    client.expect_close(None).await;
    // Told in the same answer, before the next poll could be.
    polling.expect("1").await;
    within("the end", closing).await.expect("no panic");
}

/// Guards against a server that waits for one client that does not read.
#[tokio::test]
async fn the_end_is_bounded_although_clients_do_not_read() {
    let time = VirtualTime::start();
    let builder = SocketIoLayer::builder().max_outbound_bytes(100_000_000);
    let (addr, io, journal) = serve_recording_disconnects(builder).await;
    let (_not_reading, id) = join(addr).await;
    let not_reading = io.of("/").socket(&id).expect("the socket");
    let (_not_polling, _) = join_polling(addr).await;
    let (mut reading, _) = join(addr).await;
    // More than the operating system takes for a client that does not read.
    let text = "x".repeat(900_000);
    for _ in 0..40 {
        not_reading.emit("event", &text);
    }
    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close_within(DEADLINE).await }
    });
    // Nobody waits for them.
    reading.expect_close(None).await;
    journal.expect(["server shutting down"]).await;
    settle_without_sessions(addr).await;
    time.advance(DEADLINE - Duration::from_millis(100)).await;
    settle_without_sessions(addr).await;
    assert!(!closing.is_finished());
    assert_eq!(io.clients_count(), 2);

    time.advance(Duration::from_millis(100)).await;
    eventually("the end", || closing.is_finished()).await;
    assert_eq!(io.clients_count(), 0);
    journal
        .expect(["server shutting down", "server shutting down"])
        .await;
    assert!(io.of("/").sockets().is_empty());
}

#[tokio::test]
async fn clients_that_are_being_considered_are_closed() {
    let (addr, io, journal) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    io.of("/slow")
        .middleware(async |State(journal): State<Journal>| {
            journal.write("considering");
            std::future::pending::<Result<(), &str>>().await
        });
    let mut client = open(addr).await;
    client.send("40/slow,").await;
    journal.expect(["considering"]).await;
    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close().await }
    });
    client.expect_close(None).await;
    within("the end", closing).await.expect("no panic");
    assert!(io.of("/slow").sockets().is_empty());
}

#[tokio::test]
async fn closing_twice_is_as_closing_once() {
    let (addr, io, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    let closing: Vec<_> = (0..3)
        .map(|_| {
            let io = io.clone();
            tokio::spawn(async move { io.close().await })
        })
        .collect();
    client.expect_close(None).await;
    for closing in closing {
        within("the end", closing).await.expect("no panic");
    }
    within("the end", io.close()).await;
}

/// Guards against an end that comes before those who were told of it.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_disconnect_handlers_have_been_started() {
    for _ in 0..50 {
        let started = Arc::new(AtomicUsize::new(0));
        let layer = SocketIoLayer::with_state(Arc::clone(&started));
        let io = layer.io();
        let note = async |_: Socket, State(started): State<Arc<AtomicUsize>>| {
            started.fetch_add(1, Ordering::SeqCst);
        };
        io.of("/").on_disconnect(note);
        let addr = serve(layer).await;
        let (client, _) = join(addr).await;
        let (other, _) = join(addr).await;
        let reading = tokio::spawn(read_to_the_end(client));
        let also_reading = tokio::spawn(read_to_the_end(other));
        within("the end", io.close()).await;
        assert_eq!(started.load(Ordering::SeqCst), 2);
        reading.await.expect("no panic");
        also_reading.await.expect("no panic");
    }
}

/// Clients come while the server closes: each is either served to the end or refused.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_come_meanwhile_do_not_stay() {
    for _ in 0..20 {
        let (addr, io, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
        let mut coming = tokio::task::JoinSet::new();
        for _ in 0..10 {
            coming.spawn(async move {
                let request = Request::websocket(WEBSOCKET);
                if let Ok(client) = WsClient::try_connect(addr, &request).await {
                    read_to_the_end(client).await;
                }
            });
        }
        let (client, _) = join(addr).await;
        coming.spawn(read_to_the_end(client));
        within("the end", io.close()).await;
        assert_eq!(io.clients_count(), 0);
        while let Some(gone) = coming.join_next().await {
            gone.expect("no panic");
        }
    }
}

async fn read_to_the_end(mut client: WsClient) {
    use socketio_testing::{Frame, Message};

    loop {
        match client.recv().await {
            Message::Close(code) => client.send_frame(&Frame::close(code)).await,
            Message::End => return,
            _ => {}
        }
    }
}

/// Lets the server do all that it can do without something new; it takes no sessions any more.
async fn settle_without_sessions(addr: SocketAddr) {
    for _ in 0..50 {
        Request::get("/").send(addr).await.assert(404, "");
    }
}
