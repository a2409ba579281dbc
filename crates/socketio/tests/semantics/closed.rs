//! Tests the future that resolves when a socket has left.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::State;
use e2e::app::serve;
use e2e::session::{assert_alive, join, join_polling, open};
use e2e::sync::Gate;
use futures_util::FutureExt as _;
use socketio::{ConnectError, DisconnectReason, Socket, SocketIo, SocketIoLayer};
use socketio_testing::{Frame, within};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

#[tokio::test]
async fn closed_resolves_with_the_reason_of_every_disconnect() {
    let (addr, io) = server().await;
    for (cause, reason) in [
        ("41", DisconnectReason::ClientNamespaceDisconnect),
        ("40", DisconnectReason::ForcedServerClose),
        ("4x", DisconnectReason::ForcedClose),
        ("reset", DisconnectReason::TransportClose),
        ("close", DisconnectReason::TransportClose),
        ("disconnect", DisconnectReason::ServerNamespaceDisconnect),
        (
            "disconnect all",
            DisconnectReason::ServerNamespaceDisconnect,
        ),
    ] {
        let (mut client, id) = join(addr).await;
        let socket = io.of("/").socket(&id).expect("the socket");
        // Several tasks may wait, and one of them may give up.
        let waiting: Vec<_> = (0..3).map(|_| tokio::spawn(socket.closed())).collect();
        let mut dropped = Box::pin(socket.closed());
        assert!(dropped.as_mut().now_or_never().is_none());
        drop(dropped);
        match cause {
            "reset" => client.reset(),
            "close" => client.send_frame(&Frame::close(1000)).await,
            "disconnect" => socket.disconnect(),
            "disconnect all" => socket.client().disconnect(),
            packet => client.send(packet).await,
        }
        for waiting in waiting {
            let found = within("the end", waiting).await.expect("no panic");
            assert_eq!(found, reason, "{cause}");
            assert!(!socket.connected());
        }
        // Resolves at once.
        assert_eq!(socket.closed().now_or_never(), Some(reason), "{cause}");
    }
    let (polling, id) = join_polling(addr).await;
    let closed = io.of("/").socket(&id).expect("the socket").closed();
    polling.close().await;
    assert_eq!(
        within("the end", closed).await,
        DisconnectReason::TransportClose
    );
    let (_client, id) = join(addr).await;
    let closed = io.of("/").socket(&id).expect("the socket").closed();
    tokio::spawn(async move { io.close().await });
    assert_eq!(
        within("the end", closed).await,
        DisconnectReason::ServerShuttingDown
    );
}

/// The disconnect handlers may wait for a task that waits for the end of the socket.
#[tokio::test]
async fn closed_does_not_wait_for_disconnect_handlers() {
    let gate = Gate::closed();
    let layer = SocketIoLayer::with_state(gate.clone());
    let io = layer.io();
    io.of("/")
        .on_disconnecting(async |State(gate): State<Gate>| gate.pass().await)
        .on_disconnect(async |State(gate): State<Gate>| gate.pass().await);
    let addr = serve(layer).await;
    let (mut client, id) = join(addr).await;
    let closed = io.of("/").socket(&id).expect("the socket").closed();
    client.send("41").await;
    let reason = within("the end", closed).await;
    assert_eq!(reason, DisconnectReason::ClientNamespaceDisconnect);
    assert_eq!(io.of("/").room_size(&id), 1, "the handlers still run");
    gate.open();
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn closed_resolves_for_sockets_that_never_join() {
    let (sender, mut sockets) = unbounded_channel::<Socket>();
    let layer = SocketIoLayer::with_state(sender);
    let io = layer.io();
    let pass = async |socket: Socket, State(sender): State<UnboundedSender<Socket>>| {
        sender.send(socket).expect("the test receives the sockets");
        Ok::<(), ConnectError>(())
    };
    io.of("/refused")
        .middleware(pass)
        .middleware(async || Err::<(), _>(ConnectError::new("no")));
    let hang = async || std::future::pending::<Result<(), ConnectError>>().await;
    io.of("/hanging").middleware(pass).middleware(hang);
    let addr = serve(layer).await;

    let mut client = open(addr).await;
    client.send("40/refused,").await;
    let socket = within("a socket", sockets.recv()).await.expect("a socket");
    let closed = within("the end", socket.closed()).await;
    assert_eq!(closed, DisconnectReason::ServerNamespaceDisconnect);
    client.expect("44/refused,{…}").await;

    client.send("40/hanging,").await;
    let socket = within("a socket", sockets.recv()).await.expect("a socket");
    let mut closed = Box::pin(socket.closed());
    assert!(closed.as_mut().now_or_never().is_none());
    client.reset();
    assert_eq!(
        within("the end", closed).await,
        DisconnectReason::TransportClose
    );
}

/// The future owns neither the socket nor what the application stores with it.
#[tokio::test]
async fn closed_does_not_keep_the_socket_alive() {
    let (addr, io) = server().await;
    let (client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    let kept = std::sync::Arc::new(());
    socket.data().insert(std::sync::Arc::clone(&kept));
    let closed = socket.closed();
    drop((socket, client));
    within("the end", closed).await;
    e2e::sync::eventually("the data is freed", || {
        std::sync::Arc::strong_count(&kept) == 1
    })
    .await;
}

async fn server() -> (SocketAddr, SocketIo) {
    let layer = SocketIoLayer::builder()
        .ping_interval(Duration::from_secs(3600))
        .build();
    let io = layer.io();
    (serve(layer).await, io)
}
