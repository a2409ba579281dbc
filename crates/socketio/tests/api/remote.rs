//! Tests the operations on a fetched socket.

use std::time::{Duration, SystemTime};

use e2e::cluster::{Server, cluster};
use e2e::session::{assert_alive, id_of, join};
use e2e::sync::VirtualTime;
use serde_json::{Value, json};
use socketio::extract::Auth;
use socketio::{AckError, EmitError, RemoteSocket};
use socketio_testing::{Request, WsClient, within};

/// Returns the only socket of the cluster as seen by a server.
async fn only(server: &Server) -> RemoteSocket {
    let mut sockets = server.io.fetch_sockets().await.expect("all servers answer");
    assert_eq!(sockets.len(), 1);
    sockets.remove(0)
}

#[tokio::test]
async fn a_remote_socket_has_the_handshake_of_its_client() {
    let [a, b] = cluster().await;
    let request = Request::websocket("/socket.io/?EIO=4&transport=websocket&room=a%20b")
        .header("Cookie", "a=1; b=2")
        .header("Origin", "http://a.example");
    let mut client = WsClient::connect_with(b.addr, &request).await;
    client.expect("0{…}").await;
    client.send(r#"40{"token":"sesame"}"#).await;
    let id = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    let remote = only(&a).await;
    assert_eq!(remote.id(), &*id);
    assert_eq!(remote.rooms(), [&*id]);
    assert_eq!(*remote.data(), json!({}));
    let handshake = remote.handshake();
    assert_eq!(handshake.header("cookie"), Some("a=1; b=2"));
    assert_eq!(handshake.query_value("room").as_deref(), Some("a b"));
    assert_eq!(handshake.query_value("EIO").as_deref(), Some("4"));
    assert_eq!(
        handshake.url(),
        Some("/socket.io/?EIO=4&transport=websocket&room=a%20b")
    );
    assert!(handshake.xdomain());
    assert!(!handshake.secure());
    let auth: Value = handshake.auth().expect("the auth payload");
    assert_eq!(auth, json!({ "token": "sesame" }));
    let issued = handshake.issued().expect("a time");
    assert!(issued <= SystemTime::now());
    let time = handshake.time().expect("a time");
    assert!(time.ends_with(" GMT+0000 (Coordinated Universal Time)"));
    // The same names and types as in Node.
    let names: Vec<_> = handshake
        .as_json()
        .as_object()
        .expect("an object")
        .keys()
        .collect();
    assert_eq!(
        names,
        [
            "address", "auth", "headers", "issued", "query", "secure", "time", "url", "xdomain"
        ]
    );
    // Only the server of the socket has a local handle.
    assert!(remote.local().is_none());
    assert!(!remote.is_local());
    let local = only(&b).await;
    assert!(local.is_local());
    assert_eq!(local.local().expect("the socket is local").id(), &*id);
}

/// Secrets in the query or the data must not reach logs.
#[tokio::test]
async fn debug_output_contains_no_secrets() {
    let [a] = cluster().await;
    a.io.of("/")
        .on_connect(async |socket: socketio::Socket, Auth(_): Auth<Value>| {
            socket.data().insert_json("password", "s3cret");
        });
    let mut client =
        WsClient::connect(a.addr, "/socket.io/?EIO=4&transport=websocket&t=s3cret").await;
    client.expect("0{…}").await;
    client.send(r#"40{"token":"s3cret"}"#).await;
    client.expect("40{…}").await;
    assert_alive(&mut client).await;
    let remote = only(&a).await;
    assert_eq!(*remote.data(), json!({ "password": "s3cret" }));
    let text = format!("{remote:?} {:?}", remote.handshake());
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn a_remote_socket_can_receive_events_and_answer() {
    let [a, b] = cluster().await;
    let (mut client, _) = join(b.addr).await;
    let remote = only(&a).await;
    remote.emit("hello", &("world", 1));
    client.expect(r#"42["hello","world",1]"#).await;
    remote.volatile().compress(false).emit("hello", &());
    client.expect(r#"42["hello"]"#).await;
    assert!(matches!(
        remote.try_emit("disconnect", &()),
        Err(EmitError::ReservedEvent(_))
    ));
    // One client gives one answer.
    let answer = remote.emit_with_ack::<String>("how?", &());
    client.expect(r#"420["how?"]"#).await;
    client.send(r#"430["well"]"#).await;
    assert_eq!(
        within("the answer", answer)
            .await
            .expect("the client answers"),
        "well"
    );
    let answer = remote
        .timeout(Duration::from_secs(60))
        .emit_with_ack::<u8>("how many?", &());
    client.expect(r#"421["how many?"]"#).await;
    client.send(r#"431["none"]"#).await;
    let answer = within("the answer", answer).await;
    assert!(matches!(answer, Err(AckError::Data(_))), "{answer:?}");
}

#[tokio::test]
async fn a_remote_socket_can_join_and_leave_rooms_and_be_disconnected() {
    let [a, b] = cluster().await;
    let (mut client, id) = join(b.addr).await;
    let remote = only(&a).await;
    remote.join(["red", "blue"]);
    remote.leave("red");
    // The fetched description does not change.
    assert_eq!(remote.rooms(), [&*id]);
    assert_eq!(only(&a).await.rooms(), [&*id, "blue"]);
    remote.disconnect();
    client.expect("41").await;
    assert_alive(&mut client).await;
    assert!(
        a.io.fetch_sockets()
            .await
            .expect("all servers answer")
            .is_empty()
    );
    client.send("40").await;
    client.expect("40{…}").await;
    only(&a).await.disconnect_client();
    client.expect("41").await;
    client.expect_close(None).await;
}

#[tokio::test]
async fn an_acknowledgement_fails_when_the_remote_socket_leaves() {
    let [a, b] = cluster().await;
    let (mut client, _) = join(b.addr).await;
    let remote = only(&a).await;
    let answer = remote.emit_with_ack::<String>("how?", &());
    client.expect(r#"420["how?"]"#).await;
    client.send("41").await;
    let answer = within("an error", answer).await;
    assert!(matches!(answer, Err(AckError::Disconnected)), "{answer:?}");
    // A socket that has already left fails too.
    let answer = within("an error", remote.emit_with_ack::<()>("how?", &())).await;
    assert!(matches!(answer, Err(AckError::Disconnected)), "{answer:?}");
}

#[tokio::test]
async fn an_acknowledgement_of_a_remote_socket_times_out() {
    let time = VirtualTime::start();
    let [a, b] = cluster().await;
    let (mut client, _) = join(b.addr).await;
    let answer = only(&a)
        .await
        .timeout(Duration::from_secs(2))
        .emit_with_ack::<String>("how?", &());
    client.expect(r#"420["how?"]"#).await;
    let answer = tokio::spawn(answer);
    tokio::task::yield_now().await;
    time.advance(Duration::from_secs(2)).await;
    let answer = within("an error", answer).await.expect("no panic");
    assert!(matches!(answer, Err(AckError::Timeout)), "{answer:?}");
}
