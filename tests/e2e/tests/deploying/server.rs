//! The application behind the proxies.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use bytes::Bytes;
use e2e::app::serve_router;
use e2e::clients;
use socketio::engine::random_id;
use socketio::extract::Data;
use socketio::{Reply, SocketIo, SocketIoLayer};

/// A server whose session ids begin with its name.
pub(crate) struct Server {
    pub(crate) io: SocketIo,
    pub(crate) addr: SocketAddr,
    probes: Arc<AtomicUsize>,
}

/// Creates a server, its routes, and the number of its readiness probes.
pub(crate) fn app(name: &'static str) -> (SocketIo, Router, Arc<AtomicUsize>) {
    let layer = SocketIoLayer::builder()
        .serve_client(clients::bundles())
        .build();
    let io = layer.io();
    io.engine()
        .generate_id(async move || random_id().map(|id| format!("{name}.{}", id.as_str())));
    io.of("/")
        .on("number", async |Data(number): Data<u32>| Reply(number))
        .on("binary", async |Data(bytes): Data<Bytes>| Reply(bytes))
        .on("name", async move || Reply(name));
    let probes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&probes);
    let ready = async move |io: SocketIo| {
        counted.fetch_add(1, Ordering::SeqCst);
        if io.is_accepting() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let router = Router::new().route("/readyz", get(ready)).layer(layer);
    (io, router, probes)
}

impl Server {
    /// Starts a server on a free port.
    pub(crate) async fn start(name: &'static str) -> Self {
        let (io, router, probes) = app(name);
        let addr = serve_router(router).await;
        Self { io, addr, probes }
    }

    /// Returns the number of readiness probes so far.
    pub(crate) fn probes(&self) -> usize {
        self.probes.load(Ordering::SeqCst)
    }
}
