//! Servers without recovery.

use e2e::app::serve;
use e2e::session::{open, settle};
use socketio::adapter::InMemoryAdapter;
use socketio::{ConnectionStateRecovery, Socket, SocketIoBuilder, SocketIoLayer};

/// Nothing of recovery is on the wire, and what clients say of it is the application's.
async fn is_off(builder: SocketIoBuilder) {
    let layer = builder.build();
    let io = layer.io();
    io.of("/").on_connect(async |socket: Socket| {
        socket.emit("hello", &socket.recovered());
    });
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    client.send("40").await;
    let connect = client.expect(r#"40{"sid":"…"}"#).await;
    assert!(!connect.contains("pid"));
    client.expect(r#"42["hello",false]"#).await;
    io.emit("event", "text");
    client.expect(r#"42["event","text"]"#).await;
    let socket = io.of("/").sockets().remove(0);
    client.reset();
    settle(addr).await;
    socket.try_emit("late", "").expect_err("nothing is kept");
    let mut client = open(addr).await;
    client
        .send(r#"40{"pid":"abcdefghijklmnopqrst","offset":"text"}"#)
        .await;
    let connect = client.expect(r#"40{"sid":"…"}"#).await;
    assert!(!connect.contains("pid"));
}

#[tokio::test]
async fn because_nobody_wants_it() {
    is_off(SocketIoLayer::builder()).await;
    is_off(SocketIoLayer::builder().connection_state_recovery(None)).await;
}

#[tokio::test]
async fn because_the_adapter_has_none() {
    let builder = SocketIoLayer::builder()
        .adapter(InMemoryAdapter::factory())
        .connection_state_recovery(ConnectionStateRecovery::new());
    is_off(builder).await;
}
