//! The ends of connections, and tasks that must not remain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use socketio::{DisconnectReason, SocketIo, SocketIoLayer};
use socketio_test::TestServer;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::{serve, transports};

fn disconnects(io: &SocketIo) -> mpsc::UnboundedReceiver<DisconnectReason> {
    let (sender, receiver) = mpsc::unbounded_channel();
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason| {
            let _ = sender.send(reason);
        });
    receiver
}

#[tokio::test(start_paused = true)]
async fn leaving_closing_and_losing_have_the_reasons_of_node() {
    let mut receiver = None;
    let (server, io) = serve(|io| receiver = Some(disconnects(io)));
    let mut receiver = receiver.unwrap();
    let reasons = [
        DisconnectReason::TransportError,
        DisconnectReason::TransportClose,
    ];
    for (builder, lost) in transports(&server).into_iter().zip(reasons) {
        let client = builder.connect().await.unwrap();
        client.disconnect().await;
        client.disconnect().await;
        assert_eq!(client.disconnected().await, "io client disconnect");
        let reason = receiver.try_recv().expect("the handler has run");
        assert_eq!(reason, DisconnectReason::ClientNamespaceDisconnect);

        let client = builder.connect().await.unwrap();
        client.close().await;
        assert_eq!(client.disconnected().await, "io client disconnect");
        assert_eq!(
            receiver.recv().await,
            Some(DisconnectReason::TransportClose)
        );

        let client = builder.connect().await.unwrap();
        let start = Instant::now();
        client.lose().await;
        assert_eq!(client.disconnected().await, "transport close");
        assert_eq!(receiver.recv().await, Some(lost));
        assert!(start.elapsed() < Duration::from_secs(1));
        assert_eq!(io.engine().clients_count(), 0);

        drop(builder.connect().await.unwrap());
        assert_eq!(receiver.recv().await, Some(lost));
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_closing_server_ends_its_clients() {
    let (server, io) = serve(|io| {
        io.of("/");
    });
    let clients = [
        server.connect("/").await.unwrap(),
        server.client().websocket().connect().await.unwrap(),
    ];
    io.close().await;
    for client in clients {
        let reason = client.disconnected().await.as_str();
        assert!(reason.starts_with("transport "), "{reason}");
    }
    let refused = server.connect("/").await.unwrap_err();
    assert!(refused.status().is_some(), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn no_task_is_left_after_a_drop() {
    let (server, io) = serve(|io| {
        io.of("/");
    });
    let tasks = || Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks(), 0);
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        let other = client.of("/").connect().await;
        assert!(other.is_err());
        assert!(tasks() > 0);
        drop(client);
        // The ping timeout of the server, at which it has detected the loss at the latest.
        sleep(Duration::from_secs(46)).await;
        assert_eq!(io.engine().clients_count(), 0);
        assert_eq!(tasks(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_connect_leaves_no_task() {
    let (server, io) = serve(|io| {
        io.of("/")
            .middleware(async || Err::<(), _>(socketio::ConnectError::new("no")));
    });
    let tasks = || Handle::current().metrics().num_alive_tasks();
    for builder in transports(&server) {
        builder.connect().await.unwrap_err();
        builder.path("/elsewhere/").connect().await.unwrap_err();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(io.engine().clients_count(), 0);
        assert_eq!(tasks(), 0);
    }
}

/// As in an HTTP server, where a panic takes the connection with it.
#[tokio::test(start_paused = true)]
async fn a_service_that_panics_ends_the_connection() {
    let sockets = SocketIoLayer::new();
    sockets.io().of("/");
    let panics = Arc::new(AtomicBool::new(false));
    let fault = Arc::clone(&panics);
    let fault = middleware::from_fn(move |request: Request, next: Next| {
        assert!(!fault.load(Ordering::Relaxed), "a fault of the service");
        next.run(request)
    });
    let server = TestServer::new(Router::new().layer(sockets).layer(fault));
    let client = server.connect("/").await.unwrap();
    panics.store(true, Ordering::Relaxed);
    client.emit("hello", &()).await;
    assert_eq!(client.disconnected().await, "transport error");
}
