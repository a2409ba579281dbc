//! Tests servers without recovery.

use e2e::app::serve;
use e2e::session::{open, settle};
use socketio::adapter::InMemoryAdapter;
use socketio::{ConnectionStateRecovery, Socket, SocketIoBuilder, SocketIoLayer};

/// Asserts that packets contain no recovery data, and that recovery fields in a CONNECT belong to
/// the application.
async fn assert_disabled(builder: SocketIoBuilder) {
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
    socket
        .try_emit("late", "")
        .expect_err("no packet is stored");
    let mut client = open(addr).await;
    client
        .send(r#"40{"pid":"abcdefghijklmnopqrst","offset":"text"}"#)
        .await;
    let connect = client.expect(r#"40{"sid":"…"}"#).await;
    assert!(!connect.contains("pid"));
}

#[tokio::test]
async fn recovery_is_disabled_by_default() {
    assert_disabled(SocketIoLayer::builder()).await;
    assert_disabled(SocketIoLayer::builder().connection_state_recovery(None)).await;
}

#[tokio::test]
async fn recovery_is_disabled_if_the_adapter_does_not_support_it() {
    let builder = SocketIoLayer::builder()
        .adapter(InMemoryAdapter::factory())
        .connection_state_recovery(ConnectionStateRecovery::new());
    assert_disabled(builder).await;
}
