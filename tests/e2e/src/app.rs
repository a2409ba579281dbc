//! Starts servers for tests that bring their own application.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use socketio::{DisconnectReason, SocketIo, SocketIoBuilder, SocketIoLayer};
use tokio::net::TcpListener;

use crate::probes::Journal;

/// Serves only the layer on a free port of 127.0.0.1 and returns the address. The server runs until
/// the runtime is dropped.
///
/// # Panics
///
/// Panics if there is no free port.
pub async fn serve<S>(layer: SocketIoLayer<S>) -> SocketAddr
where
    S: Clone + Send + Sync + 'static,
{
    serve_router(Router::new().layer(layer)).await
}

/// Serves a router on a free port of 127.0.0.1 and returns the address. The server runs until the
/// runtime is dropped.
///
/// # Panics
///
/// Panics if there is no free port.
pub async fn serve_router(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port of 127.0.0.1");
    let addr = listener.local_addr().expect("a listener has an address");
    serve_listener(listener, router);
    addr
}

/// Serves a router on a listener until the runtime is dropped.
pub fn serve_listener(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

/// Serves an application that records the disconnect reasons in its main namespace. Returns the
/// address, a handle to the server and the journal.
pub async fn serve_recording_disconnects(
    builder: SocketIoBuilder,
) -> (SocketAddr, SocketIo<Journal>, Journal) {
    let journal = Journal::new();
    let layer = builder.with_state(journal.clone()).build();
    let io = layer.io();
    let record = async |reason: DisconnectReason, State(journal): State<Journal>| {
        journal.write(reason);
    };
    io.of("/").on_disconnect(record);
    (serve(layer).await, io, journal)
}
