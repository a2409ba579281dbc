//! Probes for a load balancer, and a shutdown that moves the clients to other servers.
//!
//! `SIGTERM` starts a drain: `/readyz` fails from then on, new connections are refused, and the clients are
//! disconnected one after the other. They reconnect to the other servers behind the load balancer.
//!
//! Run it with `cargo run -p example-health`. `PORT=8080` selects another port, `DRAIN_SECONDS=5` the time of the
//! drain.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use socketio::extract::Data;
use socketio::{Reply, SocketIo, SocketIoLayer};
use tokio::net::TcpListener;

/// The time of the drain in seconds if `DRAIN_SECONDS` is not set.
const DEFAULT_DRAIN_SECONDS: u64 = 30;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let drain_time = match std::env::var("DRAIN_SECONDS") {
        Ok(seconds) => seconds.parse().map_err(|_| {
            std::io::Error::other("DRAIN_SECONDS is no number: set it to a number of seconds")
        })?,
        Err(_) => DEFAULT_DRAIN_SECONDS,
    };

    let sockets = SocketIoLayer::new();
    let io = sockets.io();
    io.of("/").on("shout", async |Data(text): Data<String>| {
        Reply(text.to_uppercase())
    });
    let app = Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .layer(sockets);

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Probes at http://{}", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(shut_down(io, Duration::from_secs(drain_time)))
        .await
}

/// The readiness probe: whether the load balancer may send new clients here. Existing clients stay.
async fn ready(io: SocketIo) -> (StatusCode, &'static str) {
    if io.is_accepting() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

/// Completes when the server is drained. Until then, the HTTP server keeps serving: the probes, and the clients that
/// are still connected.
async fn shut_down(io: SocketIo, time: Duration) {
    wait_for_signal().await;
    println!("draining {} connections", io.clients_count());
    let drained = io.drain(time).await;
    println!("{} connections were closed", drained.closed);
}

/// Waits for Ctrl-C, or for `SIGTERM`, which systemd and Kubernetes send.
#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(error) => {
            eprintln!("SIGTERM ends the program without a drain: {error}");
            tokio::signal::ctrl_c().await.ok();
        }
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn wait_for_signal() {
    tokio::signal::ctrl_c().await.ok();
}
