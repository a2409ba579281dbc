//! Tests the limits of one client: its namespaces, rooms and pending acknowledgements.

use std::net::SocketAddr;
use std::time::Duration;

use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join, join_polling, open};
use e2e::sync::{VirtualTime, eventually};
use socketio::{AckError, JoinError, Socket, SocketIo, SocketIoBuilder, SocketIoLayer};
use socketio_testing::{PollingClient, WsClient, within};

const TOO_MANY: &str = r#"{"message":"too many namespaces on one connection"}"#;

/// Guards against thousands of namespaces on one connection.
#[tokio::test]
async fn a_client_can_join_256_namespaces() {
    let layer = SocketIoLayer::new();
    for number in 0..=256 {
        layer.io().of(format!("/{number}"));
    }
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    for number in 0..256 {
        client.send(&format!("40/{number}")).await;
        client
            .expect(&format!(r#"40/{number},{{"sid":"…"}}"#))
            .await;
    }
    client.send("40/256").await;
    client.expect(&format!("44/256,{TOO_MANY}")).await;
    // The joined namespaces are not affected.
    assert_alive(&mut client).await;
}

/// Guards against payloads of a megabyte in each namespace.
#[tokio::test]
async fn the_auth_payloads_of_a_client_are_limited_in_total() {
    const TOO_MUCH: &str = r#"{"message":"too many bytes of auth data on one connection"}"#;
    let layer = SocketIoLayer::builder().max_auth_bytes(100).build();
    let never = async || std::future::pending::<Result<(), &str>>().await;
    layer.io().of("/never").middleware(never);
    layer.io().of("/b");
    let addr = serve(layer).await;
    let payload = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    let mut client = open(addr).await;
    client.send(&format!("40{}", payload(101))).await;
    client.expect(&format!("44{TOO_MUCH}")).await;
    client.send(&format!("40{}", payload(60))).await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.send(&format!("40/b,{}", payload(41))).await;
    client.expect(&format!("44/b,{TOO_MUCH}")).await;
    client.send(&format!("40/b,{}", payload(40))).await;
    client.expect(r#"40/b,{"sid":"…"}"#).await;
    // A namespace without a payload is not affected, and leaving frees the bytes.
    client.send("41").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    // Payloads count while middleware runs.
    client.send(&format!("40/never,{}", payload(60))).await;
    client.send("41/b,").await;
    client.send(&format!("40/b,{}", payload(41))).await;
    client.expect(&format!("44/b,{TOO_MUCH}")).await;
    // A repeated CONNECT replaces the payload.
    client.send(&format!("40/never,{}", payload(40))).await;
    client.send(&format!("40/b,{}", payload(60))).await;
    client.expect(r#"40/b,{"sid":"…"}"#).await;
}

#[tokio::test]
async fn a_client_cannot_join_more_than_the_maximum_number_of_namespaces() {
    let layer = SocketIoLayer::builder().max_namespaces(2).build();
    layer.io().of("/a");
    layer.io().of("/b");
    let addr = serve(layer).await;
    let mut polling = PollingClient::handshake(addr).await;
    polling.send("40\u{1e}40/a,\u{1e}40/b,").await;
    polling.expect(r#"40{"sid":"…"}"#).await;
    polling.expect(r#"40/a,{"sid":"…"}"#).await;
    polling.expect(&format!("44/b,{TOO_MANY}")).await;
    // Other clients have their own limit, and leaving a namespace frees a slot.
    let mut other = open(addr).await;
    other.send("40/b,").await;
    other.expect(r#"40/b,{"sid":"…"}"#).await;
    polling.send("41/a,\u{1e}40/b,").await;
    polling.expect(r#"40/b,{"sid":"…"}"#).await;
    polling.send("40/a,").await;
    polling.expect(&format!("44/a,{TOO_MANY}")).await;
}

/// Guards against a client that has joined no namespace and sends CONNECT packets without limit.
#[tokio::test]
async fn namespaces_in_middleware_count() {
    let layer = SocketIoLayer::builder().max_namespaces(2).build();
    for name in ["/a", "/b", "/c"] {
        let never = async || {
            std::future::pending::<()>().await;
            Ok::<(), &str>(())
        };
        layer.io().of(name).middleware(never);
    }
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    client.send("40/a").await;
    client.send("40/b").await;
    client.send("40/c").await;
    client.expect(&format!("44/c,{TOO_MANY}")).await;
}

#[tokio::test]
async fn a_namespace_that_refused_the_client_does_not_count() {
    let layer = SocketIoLayer::builder().max_namespaces(1).build();
    layer.io().of("/no").middleware(async || Err::<(), _>("no"));
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    for _ in 0..3 {
        client.send("40/no").await;
        client.expect(r#"44/no,{"message":"no"}"#).await;
    }
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
}

#[tokio::test]
async fn a_socket_can_join_the_maximum_number_of_rooms() {
    let (_client, _, socket, io) = connected(SocketIoLayer::builder().max_rooms(2)).await;
    socket.try_join("a").expect("one room");
    socket.try_join(["a", "b"]).expect("one more room");
    let error = socket.try_join("c").expect_err("too many rooms");
    assert!(matches!(error, JoinError::TooManyRooms(_)), "{error}");
    io.in_("a").sockets_join("c");
    // The room of its id does not count.
    assert_rooms(&socket, &["a", "b"]);
    socket.leave("a");
    socket.try_join("c").expect("a slot is free");
    assert_rooms(&socket, &["b", "c"]);
}

#[tokio::test]
async fn a_socket_joins_all_rooms_of_a_call_or_none() {
    let (_client, _, socket, _) = connected(SocketIoLayer::builder().max_rooms(2)).await;
    socket.join("a");
    socket.try_join(["b", "c"]).expect_err("three rooms");
    assert_rooms(&socket, &["a"]);
}

#[tokio::test]
async fn rooms_joined_in_middleware_count() {
    let journal = Journal::new();
    let layer = SocketIoLayer::builder()
        .max_rooms(2)
        .with_state(journal.clone())
        .build();
    layer.io().of("/").middleware(async move |socket: Socket| {
        socket.try_join(["a", "b"]).expect("two rooms");
        journal.write(socket.try_join("c").is_err());
        Ok::<(), &str>(())
    });
    let io = layer.io();
    let addr = serve(layer).await;
    let (_client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    assert_rooms(&socket, &["a", "b"]);
    io.state().expect(["true"]).await;
}

#[tokio::test]
async fn the_number_of_rooms_is_unlimited_by_default() {
    let (_client, _, socket, _) = connected(SocketIoLayer::builder()).await;
    let rooms: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
    socket.try_join(rooms).expect("no limit");
    assert_eq!(socket.rooms().len(), 10_001);
}

#[tokio::test]
async fn a_room_name_can_have_the_maximum_length() {
    for (builder, limit) in [
        (SocketIoLayer::builder(), 1024),
        (SocketIoLayer::builder().max_room_len(4), 4),
    ] {
        let (_client, _, socket, io) = connected(builder).await;
        let longest = "é".repeat(limit / 2);
        socket
            .try_join(longest.as_str())
            .expect("the name has the maximum length");
        let longer = format!("{longest}.");
        let error = socket
            .try_join(longer.as_str())
            .expect_err("the name is too long");
        assert!(
            matches!(error, JoinError::NameTooLong { len, limit: reported } if len == limit + 1 && reported == limit)
        );
        assert!(error.to_string().contains("max_room_len"), "{error}");
        socket.join(["short", &longer]);
        // The limit also applies to operators.
        io.of("/").local().sockets_join(longer.as_str());
        assert_rooms(&socket, &[&longest]);
    }
}

#[tokio::test]
async fn a_client_can_have_the_maximum_number_of_pending_acknowledgements() {
    let (mut client, _, socket, io) = connected(SocketIoLayer::builder().max_pending_acks(2)).await;
    let first = socket.emit_with_ack::<String>("a", "");
    let second = socket.emit_with_ack::<String>("b", "");
    client.expect(r#"42…["a",""]"#).await;
    let packet = client.expect(r#"42…["b",""]"#).await;

    // The event is not sent, and the future fails immediately.
    let third = within("a failure", socket.emit_with_ack::<String>("c", "")).await;
    assert!(matches!(third, Err(AckError::TooManyPending)), "{third:?}");
    let all = io
        .timeout(Duration::from_secs(3))
        .emit_with_ack::<String>("d", "");
    let error = within("a failure", all.all()).await;
    let error = error.expect_err("the event was not sent");
    assert!(matches!(error.reason(), AckError::NotSent), "{error:?}");
    assert_alive(&mut client).await;

    // An answer frees a slot, and so does dropping the future.
    let id = packet.trim_start_matches("42").split('[').next().unwrap();
    client.send(&format!(r#"43{id}["yes"]"#)).await;
    assert_eq!(within("the answer", second).await.unwrap(), "yes");
    let fourth = socket.emit_with_ack::<String>("e", "");
    client.expect(r#"42…["e",""]"#).await;
    drop(first);
    let fifth = socket.emit_with_ack::<String>("f", "");
    client.expect(r#"42…["f",""]"#).await;
    drop((fourth, fifth));
}

/// Guards against entries of acknowledgements that have timed out.
#[tokio::test]
async fn acknowledgements_that_timed_out_free_a_slot() {
    let time = VirtualTime::start();
    let (mut client, _, socket, io) = connected(SocketIoLayer::builder().max_pending_acks(1)).await;
    let limit = Duration::from_secs(1);
    for _ in 0..3 {
        let answer = socket.timeout(limit).emit_with_ack::<String>("a", "");
        client.expect(r#"42…["a",""]"#).await;
        time.advance(limit).await;
        let answer = answer.await;
        assert!(matches!(answer, Err(AckError::Timeout)), "{answer:?}");

        let answers = io.timeout(limit).emit_with_ack::<String>("b", "");
        client.expect(r#"42…["b",""]"#).await;
        time.advance(limit).await;
        let error = answers.all().await.expect_err("no client has answered");
        assert!(matches!(error.reason(), AckError::Timeout), "{error:?}");
    }
}

#[tokio::test]
async fn the_default_limit_is_16_384_pending_acknowledgements() {
    let (addr, io) = server(SocketIoLayer::builder()).await;
    let (_polling, id) = join_polling(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    let pending: Vec<_> = (0..16_384)
        .map(|_| socket.emit_with_ack::<()>("a", ""))
        .collect();
    let more = within("a failure", socket.emit_with_ack::<()>("a", "")).await;
    assert!(matches!(more, Err(AckError::TooManyPending)), "{more:?}");
    drop(pending);
    let next = socket.emit_with_ack::<()>("a", "");
    eventually("the socket to be connected", || socket.connected()).await;
    drop(next);
}

/// Connects a WebSocket client and returns it with its socket.
async fn connected(builder: SocketIoBuilder) -> (WsClient, String, Socket, SocketIo) {
    let (addr, io) = server(builder).await;
    let (client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    (client, id, socket, io)
}

async fn server(builder: SocketIoBuilder) -> (SocketAddr, SocketIo) {
    let layer = builder.build();
    let io = layer.io();
    (serve(layer).await, io)
}

/// Asserts the rooms of a socket without the room of its id.
#[track_caller]
fn assert_rooms(socket: &Socket, expected: &[&str]) {
    let mut rooms = socket.rooms();
    assert_eq!(rooms.remove(0).as_str(), socket.id().as_str());
    rooms.sort();
    let rooms: Vec<_> = rooms.iter().map(|room| room.as_str()).collect();
    assert_eq!(rooms, expected);
}
