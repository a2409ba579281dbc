//! Tests the state that a recovered client gets back.

use std::time::Duration;

use e2e::session::{open, settle};
use e2e::sync::VirtualTime;
use serde::{Deserialize, Serialize};
use serde_json::json;
use socketio::extract::Auth;
use socketio::{ConnectionStateRecovery, EmitError, Namespace, Regex, Socket};

use super::{Client, serve_default, serve_with};

#[tokio::test]
async fn a_recovered_client_has_its_rooms_and_missed_events() {
    let (addr, io, journal) = serve_default().await;
    let client = Client::in_rooms(addr, &["red"]).await;
    journal.expect(["new [me]"]).await;
    let credentials = client.disconnect();
    journal
        .expect(["leaving [me all red]", "transport close []"])
        .await;
    assert!(io.of("/").sockets().is_empty());
    io.to("red").emit("one", &(1, 2));
    io.to("blue").emit("not for it", "");
    io.except("red").emit("not for it", "");
    io.local().compress(false).emit("two", "");
    io.to(&*credentials.sid).emit("three", "");

    let mut client = credentials.recover(addr, &["one", "two", "three"]).await;
    journal.expect(["recovered [me all red]"]).await;
    io.to("red").emit("four", "");
    client.expect_event("four").await;
    let sockets = io.of("/").sockets();
    assert_eq!(sockets.len(), 1);
    assert_eq!(sockets[0].id().as_str(), client.credentials.sid);
    assert!(sockets[0].recovered());
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct User {
    name: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Private;

#[tokio::test]
async fn a_recovered_socket_has_its_shared_data() {
    let (addr, io, journal) = serve_default().await;
    io.of("/").share_data::<User>("user");
    let client = Client::in_rooms(addr, &[]).await;
    let socket = io.of("/").sockets().remove(0);
    let user = User { name: "ada".into() };
    socket.data().insert(user.clone());
    socket.data().insert(Private);
    socket.data().insert_json("visits", 3);
    let credentials = client.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    settle(addr).await;
    assert_eq!(socket.data().get::<User>(), None);

    let _client = credentials.recover(addr, &[]).await;
    let socket = io.of("/").sockets().remove(0);
    assert_eq!(socket.data().get::<User>(), Some(user));
    assert_eq!(socket.data().json("visits"), Some(json!(3)));
    assert_eq!(socket.data().get::<Private>(), None);
}

impl Client {
    async fn expect_no_auth(&mut self) {
        let event = self.websocket.expect(r#"42["auth",null,"…"]"#).await;
        self.credentials.offset = event.rsplit('"').nth(1).expect("an offset").to_owned();
    }
}

#[tokio::test]
async fn applications_do_not_see_the_private_id() {
    let (addr, io, journal) = serve_default().await;
    let auth = async |socket: Socket, Auth(auth): Auth<Option<serde_json::Value>>| {
        socket.emit("auth", &auth);
    };
    io.of("/").on_connect(auth);
    let mut client = Client::connect(addr).await;
    client.expect_no_auth().await;
    let credentials = client.disconnect();
    journal
        .expect(["new [me]", "leaving [me]", "transport close []"])
        .await;
    let mut client = credentials.recover(addr, &[]).await;
    client.expect_no_auth().await;
    let credentials = client.disconnect();
    journal
        .expect(["recovered [me]", "leaving [me]", "transport close []"])
        .await;

    let mut websocket = open(addr).await;
    let payload = credentials.connect().replace("40{", r#"40{"token":7,"#);
    websocket.send(&payload).await;
    websocket.expect("40…").await;
    websocket.expect(r#"42["auth",{"token":7},"…"]"#).await;
    let fetched = io.fetch_sockets().await.expect("an answer");
    assert!(!format!("{fetched:?}").contains(&credentials.pid));
}

#[tokio::test]
async fn packets_to_a_disconnected_recoverable_socket_are_replayed() {
    let time = VirtualTime::start();
    let window = Duration::from_secs(60);
    let recovery = ConnectionStateRecovery::new().max_disconnection_duration(window);
    let hour = Duration::from_secs(3_600);
    let (addr, io, journal) = serve_with(recovery, |builder| builder.ping_interval(hour)).await;
    let client = Client::in_rooms(addr, &[]).await;
    let socket = io.of("/").sockets().remove(0);
    let credentials = client.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    assert!(!socket.connected());
    socket.try_emit("one", "").expect("the packet is stored");
    socket.volatile().emit("not stored", "");
    let asked = socket.emit_with_ack::<()>("not stored", "");
    assert!(asked.await.is_err());
    time.advance(window / 2).await;

    let mut client = credentials.recover(addr, &["one"]).await;
    // The handle refers to the recovered socket.
    socket.try_emit("two", "").expect("the socket is recovered");
    client.expect_event("two").await;
    time.advance(window * 2).await;
    socket
        .try_emit("three", "")
        .expect("the socket is still connected");
    client.expect_event("three").await;

    let credentials = client.disconnect();
    journal
        .expect([
            "recovered [me all]",
            "leaving [me all]",
            "transport close []",
        ])
        .await;
    let error = socket
        .try_emit("four", "")
        .expect_err("the recovery window has passed");
    assert!(matches!(error, EmitError::Disconnected));
    credentials.recover(addr, &[]).await;
}

/// No packets are stored for sockets that cannot be recovered.
#[tokio::test]
async fn packets_to_a_socket_that_left_are_not_stored() {
    let (addr, io, journal) = serve_default().await;
    let mut client = Client::in_rooms(addr, &[]).await;
    let socket = io.of("/").sockets().remove(0);
    client.websocket.send("41").await;
    journal
        .expect([
            "new [me]",
            "leaving [me all]",
            "client namespace disconnect []",
        ])
        .await;
    let error = socket.try_emit("one", "").expect_err("the socket has left");
    assert!(matches!(error, EmitError::Disconnected));
    client.credentials.recover_fails(addr).await;
}

#[tokio::test]
async fn events_of_middleware_come_first_and_are_not_stored() {
    let (addr, io, _) = serve_default().await;
    io.of("/").middleware(async |socket: Socket| {
        socket.emit("welcome", "");
        Ok::<(), &str>(())
    });
    let mut websocket = open(addr).await;
    websocket.send("40").await;
    websocket.expect(r#"42["welcome",""]"#).await;
    websocket.expect(r#"40{"sid":"…","pid":"…"}"#).await;
}

#[tokio::test]
async fn a_client_can_recover_in_a_dynamic_namespace() {
    let (addr, io, _) = serve_default().await;
    let hello = async |socket: Socket, namespace: Namespace| {
        socket.emit("hello", &(namespace.name(), socket.recovered()));
    };
    let rooms = Regex::new("^/room-\\d$").expect("a valid pattern");
    io.of(rooms).on_connect(hello);
    let mut websocket = open(addr).await;
    websocket.send("40/room-1,").await;
    let connect = websocket.expect(r#"40/room-1,{"sid":"…","pid":"…"}"#).await;
    let hello = websocket
        .expect(r#"42/room-1,["hello","/room-1",false,"…"]"#)
        .await;
    let pid = connect.split('"').nth(7).expect("a pid").to_owned();
    let offset = hello.rsplit('"').nth(1).expect("an offset").to_owned();
    websocket.reset();
    settle(addr).await;
    let mut websocket = open(addr).await;
    let payload = format!(r#"40/room-1,{{"pid":"{pid}","offset":"{offset}"}}"#);
    websocket.send(&payload).await;
    websocket.expect(&connect).await;
    websocket
        .expect(r#"42/room-1,["hello","/room-1",true,"…"]"#)
        .await;
}
