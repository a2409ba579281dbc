//! Tests the limits of one message: its size, its depth and the length of its names.

use std::net::SocketAddr;

use axum::extract::State;
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, assert_polling_alive, join, join_polling, open};
use socketio::extract::Data;
use socketio::{Args, DisconnectReason, Reply, Socket, SocketIoBuilder, SocketIoLayer};
use socketio_testing::{Frame, HttpConnection, Message, PollingClient, Request};

/// The maximum number of packets in a polling payload.
const PACKETS_PER_PAYLOAD: usize = 131_072;

/// Guards against a limit that applies only to polling.
#[tokio::test]
async fn both_transports_accept_a_message_at_the_limit() {
    let addr = echo(SocketIoLayer::builder().max_http_buffer_size(1_000)).await;
    let event = event_of(1_000);

    let (mut polling, _) = join_polling(addr).await;
    polling.send(&event).await;
    polling.expect(&event).await;

    let (mut client, _) = join(addr).await;
    client.send(&event).await;
    client.expect(&event).await;
}

#[tokio::test]
async fn a_text_over_the_limit_closes_a_websocket() {
    let addr = echo(SocketIoLayer::builder().max_http_buffer_size(1_000)).await;
    let (mut client, _) = join(addr).await;
    client.send(&event_of(1_001)).await;
    client.expect_close(1009).await;
}

#[tokio::test]
async fn a_binary_message_over_the_limit_closes_a_websocket() {
    let addr = echo(SocketIoLayer::builder().max_http_buffer_size(1_000)).await;
    let (mut client, _) = join(addr).await;
    let header = r#"451-["echo",{"_placeholder":true,"num":0}]"#;
    client.send(header).await;
    client.send_binary(&[7; 1_000]).await;
    client.expect(header).await;
    client.expect_binary(&[7; 1_000]).await;
    client.send(header).await;
    client.send_binary(&[7; 1_001]).await;
    client.expect_close(1009).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_rejected_and_keeps_the_session() {
    let addr = echo(SocketIoLayer::builder().max_http_buffer_size(1_000)).await;
    let (mut polling, _) = join_polling(addr).await;
    polling.post(event_of(1_001)).await.assert(413, "");
    assert_polling_alive(&mut polling).await;
}

/// Guards against a limit that changes with an upgrade.
#[tokio::test]
async fn the_limit_applies_after_an_upgrade() {
    let addr = echo(SocketIoLayer::builder().max_http_buffer_size(1_000)).await;
    let (polling, _) = join_polling(addr).await;
    let mut client = polling.websocket().await;
    client.send("5").await;
    client.send(&event_of(1_000)).await;
    client.expect(&event_of(1_000)).await;
    client.send(&event_of(1_001)).await;
    client.expect_close(1009).await;
}

/// Guards against defaults of the underlying library that are smaller than the limit.
#[tokio::test]
async fn both_transports_accept_a_limit_over_the_default() {
    const LARGE: usize = 20_000_000;
    let layer = SocketIoLayer::builder().max_http_buffer_size(LARGE).build();
    let count = async |Data(text): Data<String>| Reply(text.len());
    layer.io().of("/").on("count", count);
    let addr = serve(layer).await;
    let text = "x".repeat(LARGE - r#"420["count",""]"#.len());
    let event = format!(r#"420["count","{text}"]"#);
    let answer = format!("430[{}]", text.len());

    let (mut polling, _) = join_polling(addr).await;
    polling.send(&event).await;
    polling.expect(&answer).await;
    let (mut client, _) = join(addr).await;
    client.send(&event).await;
    client.expect(&answer).await;
}

#[tokio::test]
async fn the_server_accepts_the_maximum_number_of_packets_in_a_payload() {
    let addr = serve(SocketIoLayer::new()).await;
    let (mut polling, _) = join_polling(addr).await;
    polling.send(&pongs(PACKETS_PER_PAYLOAD)).await;
    assert_polling_alive(&mut polling).await;
}

#[tokio::test]
async fn too_many_packets_in_a_payload_close_the_session() {
    let journal = Journal::new();
    let layer = SocketIoLayer::with_state(journal.clone());
    layer.io().of("/").on_disconnect(record_reason);
    let addr = serve(layer).await;
    let (polling, _) = join_polling(addr).await;
    polling.send(&pongs(PACKETS_PER_PAYLOAD + 1)).await;
    polling.expect_gone().await;
    journal.expect(["parse error"]).await;
}

#[tokio::test]
async fn the_server_accepts_arguments_of_the_maximum_depth() {
    for depth in [2, 128, 5_000] {
        let addr = echo(SocketIoLayer::builder().max_json_depth(depth)).await;
        // The list of arguments is one level.
        let event = nested(depth - 1);
        let (mut client, _) = join(addr).await;
        client.send(&event).await;
        client.expect(&event).await;
        let (mut polling, _) = join_polling(addr).await;
        polling.send(&event).await;
        polling.expect(&event).await;
    }
}

#[tokio::test]
async fn arguments_over_the_maximum_depth_close_the_connection() {
    for depth in [2, 128, 5_000] {
        let addr = echo(SocketIoLayer::builder().max_json_depth(depth)).await;
        let (mut client, _) = join(addr).await;
        client.send(&nested(depth)).await;
        client.expect_close(None).await;
        let (polling, _) = join_polling(addr).await;
        polling.send(&nested(depth)).await;
        polling.expect_close().await;
    }
}

#[tokio::test]
async fn the_maximum_depth_applies_to_the_connect_payload() {
    // The payload counts as the argument of an event does.
    let addr = echo(SocketIoLayer::builder().max_json_depth(4)).await;
    let mut client = open(addr).await;
    client.send(r#"40{"a":[[]]}"#).await;
    client.expect(r#"40{"sid":"…"}"#).await;
    let mut client = open(addr).await;
    client.send(r#"40{"a":[[[]]]}"#).await;
    client.expect_close(None).await;
}

#[tokio::test]
async fn the_server_accepts_event_names_of_the_maximum_length() {
    let longest = "n".repeat(256);
    let addr = echo(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    client.send(&format!(r#"42["{longest}"]"#)).await;
    // The limit applies to the decoded name.
    client
        .send(&format!(r#"42["{}"]"#, r"\u006e".repeat(256)))
        .await;
    assert_alive(&mut client).await;

    let addr = echo(SocketIoLayer::builder().max_event_name_len(4)).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["echo",1]"#).await;
    client.expect(r#"42["echo",1]"#).await;
    client.send(r#"42["éé"]"#).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn event_names_over_the_maximum_length_close_the_connection() {
    for (limit, name) in [
        (256, "n".repeat(257)),
        (4, "echos".into()),
        (4, "ééé".into()),
        (4, r"\u0065chos".into()),
    ] {
        let addr = echo(SocketIoLayer::builder().max_event_name_len(limit)).await;
        let event = format!(r#"42["{name}"]"#);
        let (mut client, _) = join(addr).await;
        client.send(&event).await;
        client.expect_close(None).await;
        let (polling, _) = join_polling(addr).await;
        polling.send(&event).await;
        polling.expect_close().await;
    }
}

#[tokio::test]
async fn the_server_accepts_namespaces_of_the_maximum_length() {
    let name = format!("/{}", "n".repeat(255));
    let layer = SocketIoLayer::new();
    layer.io().of(&name);
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    client.send(&format!("40{name},")).await;
    client.expect(&format!(r#"40{name},{{"sid":"…"}}"#)).await;
    let mut polling = PollingClient::handshake(addr).await;
    polling.send(&format!("40{name}")).await;
    polling.expect(&format!(r#"40{name},{{"sid":"…"}}"#)).await;
}

#[tokio::test]
async fn namespaces_over_the_maximum_length_close_the_connection() {
    for (limit, name) in [(256, format!("/{}", "n".repeat(256))), (4, "/four".into())] {
        let layer = SocketIoLayer::builder().max_namespace_len(limit).build();
        // The limit applies even if the namespace exists.
        layer.io().of(&name);
        let addr = serve(layer).await;
        for connect in [format!("40{name},"), format!("40{name}")] {
            let mut client = open(addr).await;
            client.send(&connect).await;
            client.expect_close(None).await;
            let polling = PollingClient::handshake(addr).await;
            polling.send(&connect).await;
            polling.expect_close().await;
        }
    }
}

/// The server rejects a body without `Content-Length` as soon as it exceeds the limit.
#[tokio::test]
async fn a_chunked_body_is_rejected_at_the_limit() {
    let addr = echo(SocketIoLayer::builder().max_http_buffer_size(1_000)).await;
    let (mut polling, _) = join_polling(addr).await;
    let request = Request::new("POST", &polling.target())
        .header("Content-Type", "text/plain;charset=UTF-8")
        .header("Transfer-Encoding", "chunked");
    let mut connection = HttpConnection::open(addr).await;
    connection.send(&request).await;
    connection
        .send_raw(format!("3e9\r\n{}\r\n", "4".repeat(1_001)).as_bytes())
        .await;
    connection.response().await.assert(413, "");
    assert_polling_alive(&mut polling).await;
}

/// The limit applies to the sum of the fragments.
#[tokio::test]
async fn fragments_count_as_one_message() {
    let addr = echo(SocketIoLayer::builder().max_http_buffer_size(1_000)).await;
    let (mut client, _) = join(addr).await;
    client
        .send_frame(&Frame::text(vec![b'4'; 600]).not_last())
        .await;
    client
        .send_frame(&Frame::continuation(vec![b'4'; 401]))
        .await;
    assert_eq!(client.recv().await, Message::Close(Some(1009)));
}

/// Starts a server that echoes the event `echo`.
async fn echo(builder: SocketIoBuilder) -> SocketAddr {
    let layer = builder.build();
    let echo = async |socket: Socket, args: Args| socket.emit("echo", &args);
    layer.io().of("/").on("echo", echo);
    serve(layer).await
}

async fn record_reason(reason: DisconnectReason, State(journal): State<Journal>) {
    journal.write(reason);
}

/// Returns an event with a text. `bytes` includes the Engine.IO packet type.
fn event_of(bytes: usize) -> String {
    let frame = r#"42["echo",""]"#.len();
    format!(r#"42["echo","{}"]"#, "x".repeat(bytes - frame))
}

/// Returns an event whose argument has this number of nested lists.
fn nested(depth: usize) -> String {
    format!(r#"42["echo",{}{}]"#, "[".repeat(depth), "]".repeat(depth))
}

fn pongs(count: usize) -> String {
    vec!["3"; count].join("\u{1e}")
}
