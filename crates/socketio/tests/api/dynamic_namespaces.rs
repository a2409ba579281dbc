//! Tests namespaces that are created when clients join them (`io.of(regex)` and `io.of(fn)` in
//! Node).

mod lifecycle;
mod patterns;

use std::net::SocketAddr;

use axum::extract::FromRef;
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{id_of, open};
use e2e::sync::Gate;
use socketio::{Regex, SocketIo, SocketIoBuilder, SocketIoLayer};
use socketio_testing::WsClient;

#[derive(Clone, FromRef)]
struct App {
    journal: Journal,
    gate: Gate,
}

async fn server_of(builder: SocketIoBuilder) -> (SocketAddr, SocketIo<App>, App) {
    let app = App {
        journal: Journal::new(),
        gate: Gate::closed(),
    };
    let layer = builder.with_state(app.clone()).build();
    let io = layer.io();
    (serve(layer).await, io, app)
}

async fn server() -> (SocketAddr, SocketIo<App>, App) {
    server_of(SocketIoLayer::builder()).await
}

fn tenants() -> Regex {
    Regex::new(r"^/tenant-(?<tenant>\w+?)(?:-(?<floor>\d+))?$").expect("a valid pattern")
}

/// Joins a namespace and returns the socket id.
async fn join(client: &mut WsClient, namespace: &str) -> String {
    client.send(&format!("40{namespace},")).await;
    id_of(
        &client
            .expect(&format!(r#"40{namespace},{{"sid":"…"}}"#))
            .await,
    )
}

async fn assert_refused(client: &mut WsClient, namespace: &str) {
    client.send(&format!("40{namespace},")).await;
    client
        .expect(&format!(
            r#"44{namespace},{{"message":"Invalid namespace"}}"#
        ))
        .await;
}

async fn client_in(addr: SocketAddr, namespace: &str) -> (WsClient, String) {
    let mut client = open(addr).await;
    let id = join(&mut client, namespace).await;
    (client, id)
}
