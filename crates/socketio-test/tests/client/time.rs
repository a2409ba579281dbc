//! tokio's paused clock, and the running one.

use std::time::Duration;

use axum::Router;
use parking_lot::Mutex;
use socketio::{
    AckError, ConnectionStateRecovery, DisconnectReason, Reply, Socket, SocketIo, SocketIoLayer,
};
use socketio_test::TestServer;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::{serve, transports};

#[tokio::test(start_paused = true)]
async fn an_hour_of_heartbeats_a_recovery_and_an_ack_timeout_take_no_time() {
    let sockets = SocketIoLayer::builder()
        .connection_state_recovery(ConnectionStateRecovery::new())
        .build();
    let io = sockets.io();
    io.of("/").on("ask", async |socket: Socket| {
        let question = socket.timeout(Duration::from_secs(2));
        let answer = question.emit_with_ack::<bool>("sure?", &()).await;
        Reply(matches!(answer, Err(AckError::Timeout)))
    });
    let server = TestServer::new(Router::new().layer(sockets));
    let start = Instant::now();

    for builder in transports(&server) {
        let mut client = builder.connect().await.unwrap();
        let id = client.id().to_owned();
        sleep(Duration::from_secs(3600)).await;
        assert!(client.connected());
        assert!(io.of("/").socket(&id).is_some());

        io.emit("news", "first");
        let first: String = client.event("news").await;
        assert_eq!(first, "first");
        client.lose().await;
        sleep(Duration::from_secs(30)).await;
        io.emit("news", "missed");
        client.reconnect().await.unwrap();
        assert!(client.recovered());
        assert_eq!(client.id(), id);
        let missed: String = client.event("news").await;
        assert_eq!(missed, "missed");

        let timed_out: bool = client.emit_with_ack("ask", &()).await;
        assert!(timed_out);
    }
    let took = start.elapsed().as_secs();
    assert_eq!(took, 2 * (3600 + 30 + 2));
}

fn report_disconnects(io: &SocketIo) -> mpsc::UnboundedReceiver<(Instant, DisconnectReason)> {
    let (sender, receiver) = mpsc::unbounded_channel();
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason| {
            let _ = sender.send((Instant::now(), reason));
        });
    receiver
}

#[tokio::test(start_paused = true)]
async fn a_client_without_heartbeats_times_out() {
    let disconnects = Mutex::new(None);
    let (server, _) = serve(|io| *disconnects.lock() = Some(report_disconnects(io)));
    let mut disconnects = disconnects.into_inner().unwrap();
    for builder in transports(&server) {
        let client = builder
            .patience(Duration::from_secs(60))
            .connect()
            .await
            .unwrap();
        let start = Instant::now();
        client.answer_pings(false);
        assert_eq!(client.disconnected().await, "transport close");
        let (at, reason) = disconnects.recv().await.unwrap();
        assert_eq!(reason, DisconnectReason::PingTimeout);
        // The defaults of Node's server: pings after 25 s, which are answered within 20 s.
        assert_eq!(at.duration_since(start).as_secs(), 45);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unrecoverable_client_gets_a_new_socket() {
    let (server, io) = serve(|io| {
        io.of("/");
    });
    let mut client = server.connect("/").await.unwrap();
    let id = client.id().to_owned();
    client.reconnect().await.unwrap();
    assert!(!client.recovered());
    assert_ne!(client.id(), id);
    assert!(io.of("/").socket(client.id()).is_some());
}

#[tokio::test(start_paused = true)]
async fn unread_events_and_listeners_survive_a_reconnection() {
    let (server, io) = serve(|io| {
        io.of("/");
    });
    let mut client = server.connect("/").await.unwrap();
    client.on("sure?", |()| true);
    io.emit("news", "unread");
    sleep(Duration::from_millis(1)).await;
    client.reconnect().await.unwrap();
    let news: String = client.event("news").await;
    assert_eq!(news, "unread");
    let socket = io.of("/").socket(client.id()).unwrap();
    assert!(socket.emit_with_ack::<bool>("sure?", &()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn silence_is_waited_for() {
    let (server, _) = serve(|io| {
        io.of("/");
    });
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        let start = Instant::now();
        client.nothing_for(Duration::from_secs(60)).await;
        assert_eq!(start.elapsed().as_secs(), 60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_clock_works_too() {
    let (server, io) = serve(|io| {
        io.of("/").on("hello", async |socket: Socket| {
            socket.emit("welcome", &());
            Reply(true)
        });
    });
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        assert!(client.emit_with_ack::<bool, _>("hello", &()).await);
        let () = client.event("welcome").await;
        client.nothing_for(Duration::from_millis(1)).await;
        io.disconnect_sockets();
        assert_eq!(client.disconnected().await, "io server disconnect");
    }
}
