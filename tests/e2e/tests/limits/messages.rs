//! What one message may be: its size, its depth, the lengths of its names.

use std::net::SocketAddr;

use axum::extract::State;
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, assert_polling_alive, join, join_polling, open};
use socketio::extract::Data;
use socketio::{Args, DisconnectReason, Reply, Socket, SocketIoBuilder, SocketIoLayer};
use socketio_testing::{Frame, HttpConnection, Message, PollingClient, Request};

/// The packets that one polling payload may hold.
const PACKETS_PER_PAYLOAD: usize = 131_072;

/// Guards against a limit that holds on polling alone.
#[tokio::test]
async fn a_message_of_the_limit_is_served_on_both_transports() {
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
async fn a_body_over_the_limit_is_refused_and_the_polling_session_lives() {
    let addr = echo(SocketIoLayer::builder().max_http_buffer_size(1_000)).await;
    let (mut polling, _) = join_polling(addr).await;
    polling.post(event_of(1_001)).await.assert(413, "");
    assert_polling_alive(&mut polling).await;
}

/// Guards against a limit that grows with an upgrade.
#[tokio::test]
async fn the_limit_holds_after_an_upgrade_too() {
    let addr = echo(SocketIoLayer::builder().max_http_buffer_size(1_000)).await;
    let (polling, _) = join_polling(addr).await;
    let mut client = polling.websocket().await;
    client.send("5").await;
    client.send(&event_of(1_000)).await;
    client.expect(&event_of(1_000)).await;
    client.send(&event_of(1_001)).await;
    client.expect_close(1009).await;
}

/// Guards against a larger limit than the library's own defaults allow.
#[tokio::test]
async fn a_limit_over_the_default_is_reached_on_both_transports() {
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
async fn a_payload_of_as_many_packets_as_allowed_is_served() {
    let addr = serve(SocketIoLayer::new()).await;
    let (mut polling, _) = join_polling(addr).await;
    polling.send(&pongs(PACKETS_PER_PAYLOAD)).await;
    assert_polling_alive(&mut polling).await;
}

#[tokio::test]
async fn a_payload_of_more_packets_than_allowed_closes_the_session() {
    let journal = Journal::new();
    let layer = SocketIoLayer::with_state(journal.clone());
    layer.io().of("/").on_disconnect(note_reason);
    let addr = serve(layer).await;
    let (polling, _) = join_polling(addr).await;
    polling.send(&pongs(PACKETS_PER_PAYLOAD + 1)).await;
    polling.expect_gone().await;
    journal.expect(["parse error"]).await;
}

#[tokio::test]
async fn arguments_of_the_depth_allowed_are_served() {
    for depth in [2, 128, 5_000] {
        let addr = echo(SocketIoLayer::builder().max_json_depth(depth)).await;
        // The list of arguments counts.
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
async fn arguments_that_are_nested_deeper_close_the_connection() {
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
async fn the_depth_is_that_of_the_connect_payload_too() {
    // It counts as the argument of an event does.
    let addr = echo(SocketIoLayer::builder().max_json_depth(4)).await;
    let mut client = open(addr).await;
    client.send(r#"40{"a":[[]]}"#).await;
    client.expect(r#"40{"sid":"…"}"#).await;
    let mut client = open(addr).await;
    client.send(r#"40{"a":[[[]]]}"#).await;
    client.expect_close(None).await;
}

#[tokio::test]
async fn event_names_of_the_length_allowed_are_served() {
    let longest = "n".repeat(256);
    let addr = echo(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    client.send(&format!(r#"42["{longest}"]"#)).await;
    // It is the name that counts, not how it is written.
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
async fn longer_event_names_close_the_connection() {
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
async fn namespaces_of_the_length_allowed_are_joined() {
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
async fn longer_namespaces_close_the_connection() {
    for (limit, name) in [(256, format!("/{}", "n".repeat(256))), (4, "/four".into())] {
        let layer = SocketIoLayer::builder().max_namespace_len(limit).build();
        // Also where the server has such a namespace.
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

/// A message that is larger than what was announced is cut off before it is here.
#[tokio::test]
async fn a_body_that_never_ends_is_cut_at_the_limit() {
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

/// Fragments count as the message that they make.
#[tokio::test]
async fn fragments_are_counted_together() {
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

/// A server that sends back what the event `echo` brings.
async fn echo(builder: SocketIoBuilder) -> SocketAddr {
    let layer = builder.build();
    let echo = async |socket: Socket, args: Args| socket.emit("echo", &args);
    layer.io().of("/").on("echo", echo);
    serve(layer).await
}

async fn note_reason(reason: DisconnectReason, State(journal): State<Journal>) {
    journal.write(reason);
}

/// An event with a text, of so many bytes with the type of its Engine.IO packet.
fn event_of(bytes: usize) -> String {
    let frame = r#"42["echo",""]"#.len();
    format!(r#"42["echo","{}"]"#, "x".repeat(bytes - frame))
}

/// An event whose argument is so many lists inside each other.
fn nested(depth: usize) -> String {
    format!(r#"42["echo",{}{}]"#, "[".repeat(depth), "]".repeat(depth))
}

fn pongs(count: usize) -> String {
    vec!["3"; count].join("\u{1e}")
}
