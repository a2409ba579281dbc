//! How much one client may be in: namespaces, rooms, acknowledgements that it owes.

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
async fn a_client_may_join_64_namespaces() {
    let layer = SocketIoLayer::new();
    for number in 0..=64 {
        layer.io().of(format!("/{number}"));
    }
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    for number in 0..64 {
        client.send(&format!("40/{number}")).await;
        client
            .expect(&format!(r#"40/{number},{{"sid":"…"}}"#))
            .await;
    }
    client.send("40/64").await;
    client.expect(&format!("44/64,{TOO_MANY}")).await;
    // The others are as they were.
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_client_is_refused_more_namespaces_than_allowed() {
    let layer = SocketIoLayer::builder().max_namespaces(2).build();
    layer.io().of("/a");
    layer.io().of("/b");
    let addr = serve(layer).await;
    let mut polling = PollingClient::handshake(addr).await;
    polling.send("40\u{1e}40/a,\u{1e}40/b,").await;
    polling.expect(r#"40{"sid":"…"}"#).await;
    polling.expect(r#"40/a,{"sid":"…"}"#).await;
    polling.expect(&format!("44/b,{TOO_MANY}")).await;
    // Another client has its own count, and so has this one when it has left.
    let mut other = open(addr).await;
    other.send("40/b,").await;
    other.expect(r#"40/b,{"sid":"…"}"#).await;
    polling.send("41/a,\u{1e}40/b,").await;
    polling.expect(r#"40/b,{"sid":"…"}"#).await;
    polling.send("40/a,").await;
    polling.expect(&format!("44/a,{TOO_MANY}")).await;
}

/// Guards against a client that is in no namespace and can ask for them without end.
#[tokio::test]
async fn namespaces_that_are_being_joined_count() {
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
async fn a_namespace_that_refused_does_not_count() {
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
async fn a_socket_may_join_as_many_rooms_as_allowed() {
    let (_client, _, socket, io) = connected(SocketIoLayer::builder().max_rooms(2)).await;
    socket.try_join("a").expect("one room");
    socket.try_join(["a", "b"]).expect("one more");
    let error = socket.try_join("c").expect_err("too many");
    assert!(matches!(error, JoinError::TooManyRooms(_)), "{error}");
    io.in_("a").sockets_join("c");
    // Its own room does not count.
    assert_rooms(&socket, &["a", "b"]);
    socket.leave("a");
    socket.try_join("c").expect("there is a place again");
    assert_rooms(&socket, &["b", "c"]);
}

#[tokio::test]
async fn of_several_rooms_all_are_joined_or_none() {
    let (_client, _, socket, _) = connected(SocketIoLayer::builder().max_rooms(2)).await;
    socket.join("a");
    socket.try_join(["b", "c"]).expect_err("three rooms");
    assert_rooms(&socket, &["a"]);
}

#[tokio::test]
async fn rooms_that_middleware_joins_count() {
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
async fn by_default_rooms_are_not_limited() {
    let (_client, _, socket, _) = connected(SocketIoLayer::builder()).await;
    let rooms: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
    socket.try_join(rooms).expect("no limit");
    assert_eq!(socket.rooms().len(), 10_001);
}

#[tokio::test]
async fn a_room_may_have_a_name_of_the_length_allowed() {
    for (builder, limit) in [
        (SocketIoLayer::builder(), 1024),
        (SocketIoLayer::builder().max_room_len(4), 4),
    ] {
        let (_client, _, socket, io) = connected(builder).await;
        let longest = "é".repeat(limit / 2);
        socket.try_join(longest.as_str()).expect("it is allowed");
        let longer = format!("{longest}.");
        let error = socket.try_join(longer.as_str()).expect_err("too long");
        assert!(
            matches!(error, JoinError::NameTooLong { len, limit: told } if len == limit + 1 && told == limit)
        );
        assert!(error.to_string().contains("max_room_len"), "{error}");
        socket.join(["short", &longer]);
        // The limit holds whoever lets the socket join.
        io.of("/").local().sockets_join(longer.as_str());
        assert_rooms(&socket, &[&longest]);
    }
}

#[tokio::test]
async fn a_client_may_owe_as_many_acknowledgements_as_allowed() {
    let (mut client, _, socket, io) = connected(SocketIoLayer::builder().max_pending_acks(2)).await;
    let first = socket.emit_with_ack::<String>("a", "");
    let second = socket.emit_with_ack::<String>("b", "");
    client.expect(r#"42…["a",""]"#).await;
    let packet = client.expect(r#"42…["b",""]"#).await;

    // The event is not sent, and nobody waits for an answer that cannot come.
    let third = within("a failure", socket.emit_with_ack::<String>("c", "")).await;
    assert!(matches!(third, Err(AckError::TooManyPending)), "{third:?}");
    let all = io
        .timeout(Duration::from_secs(3))
        .emit_with_ack::<String>("d", "");
    assert_eq!(
        within("nobody to wait for", all.all()).await.unwrap(),
        [""; 0]
    );
    assert_alive(&mut client).await;

    // An answer makes a place, and so does who does not wait any more.
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

/// Guards against entries of acknowledgements that nobody waits for any more.
#[tokio::test]
async fn acknowledgements_that_timed_out_make_a_place() {
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
        let error = answers.all().await.expect_err("nobody has answered");
        assert!(matches!(error.reason(), AckError::Timeout), "{error:?}");
    }
}

#[tokio::test]
async fn by_default_a_client_may_owe_16_384_acknowledgements() {
    let (addr, io) = server(SocketIoLayer::builder()).await;
    let (_polling, id) = join_polling(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    let owed: Vec<_> = (0..16_384)
        .map(|_| socket.emit_with_ack::<()>("a", ""))
        .collect();
    let more = within("a failure", socket.emit_with_ack::<()>("a", "")).await;
    assert!(matches!(more, Err(AckError::TooManyPending)), "{more:?}");
    drop(owed);
    let next = socket.emit_with_ack::<()>("a", "");
    eventually("the socket to be there", || socket.connected()).await;
    drop(next);
}

/// A client over WebSocket and its socket.
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

/// The rooms of a socket beside that of its own id.
#[track_caller]
fn assert_rooms(socket: &Socket, expected: &[&str]) {
    let mut rooms = socket.rooms();
    assert_eq!(rooms.remove(0).as_str(), socket.id().as_str());
    rooms.sort();
    let rooms: Vec<_> = rooms.iter().map(|room| room.as_str()).collect();
    assert_eq!(rooms, expected);
}
