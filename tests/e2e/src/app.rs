//! Servers for tests that bring an application of their own.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use socketio::{DisconnectReason, SocketIo, SocketIoBuilder, SocketIoLayer};
use tokio::net::TcpListener;

use crate::journal::Journal;

/// Serves nothing but the layer on a free port of 127.0.0.1 and returns its address. The server
/// lives as long as the runtime.
///
/// # Panics
///
/// If there is no free port.
pub async fn serve<S>(layer: SocketIoLayer<S>) -> SocketAddr
where
    S: Clone + Send + Sync + 'static,
{
    serve_router(Router::new().layer(layer)).await
}

/// Serves a router on a free port of 127.0.0.1 and returns its address. The server lives as long as
/// the runtime.
///
/// # Panics
///
/// If there is no free port.
pub async fn serve_router(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port of 127.0.0.1");
    let addr = listener.local_addr().expect("a listener has an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    addr
}

/// A server that writes down why clients left its main namespace: its address, a handle to it, and
/// what it writes.
pub async fn serve_noting_departures(
    builder: SocketIoBuilder,
) -> (SocketAddr, SocketIo<Journal>, Journal) {
    let journal = Journal::new();
    let layer = builder.with_state(journal.clone()).build();
    let io = layer.io();
    let left = async |reason: DisconnectReason, State(journal): State<Journal>| {
        journal.write(reason);
    };
    io.of("/").on_disconnect(left);
    (serve(layer).await, io, journal)
}
