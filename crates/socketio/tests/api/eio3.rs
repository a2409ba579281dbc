//! Tests Socket.IO 2.x clients from the application's view.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::sync::{Gate, eventually};
use serde::Deserialize;
use serde_json::{Value, json};
use socketio::engine::Protocol;
use socketio::extract::Auth;
use socketio::parser::MsgpackParser;
use socketio::{
    ConnectError, ConnectionStateRecovery, Reply, Socket, SocketIoBuilder, SocketIoLayer,
};
use socketio_testing::WsClient;

const TARGET: &str = "/socket.io/?EIO=3&transport=websocket";

/// The maximum size in bytes of a namespace query including its question mark.
const MAX_QUERY: usize = 8192;

fn builder() -> SocketIoBuilder {
    SocketIoLayer::builder().allow_eio3(true)
}

/// Opens a connection and returns the client and the session id.
async fn open(addr: SocketAddr) -> (WsClient, String) {
    let mut client = WsClient::connect(addr, TARGET).await;
    let open = client.expect(r#"0{"sid":"…",…}"#).await;
    let sid = open.split('"').nth(3).expect("an id").to_owned();
    (client, sid)
}

/// Joins the main namespace and returns the client and the session id.
async fn join(addr: SocketAddr) -> (WsClient, String) {
    let (mut client, sid) = open(addr).await;
    client.expect("40").await;
    (client, sid)
}

#[tokio::test]
async fn middleware_of_the_main_namespace_runs_when_the_connection_opens() {
    let is_open = Arc::new(AtomicBool::new(false));
    let layer = builder().with_state(Arc::clone(&is_open)).build();
    let if_open = async |State(is_open): State<Arc<AtomicBool>>| {
        let is_open = is_open.load(Ordering::Relaxed);
        is_open.then_some(()).ok_or("closed today")
    };
    let io = layer.io();
    io.of("/").middleware(if_open);
    let (mut client, _) = open(serve(layer).await).await;
    client.expect(r#"44"closed today""#).await;
    assert_eq!(io.of("/").sockets().len(), 0);
    // A further CONNECT runs the middleware again.
    is_open.store(true, Ordering::Relaxed);
    client.send("40").await;
    client.expect("40").await;
}

#[tokio::test]
async fn a_refusal_consists_of_its_data_or_its_message() {
    let layer = builder().build();
    let io = layer.io();
    for (name, data) in [
        ("/none", None),
        ("/null", Some(json!(null))),
        ("/zero", Some(json!(0))),
        ("/empty", Some(json!(""))),
        ("/text", Some(json!("é"))),
        ("/list", Some(json!([1, { "a": 2 }]))),
    ] {
        io.of(name)
            .middleware(async move || -> Result<(), ConnectError> {
                let error = ConnectError::new("no \"entry\"");
                Err(match data.clone() {
                    Some(data) => error.with_data(data),
                    None => error,
                })
            });
    }
    let (mut client, _) = join(serve(layer).await).await;
    for (name, reason) in [
        ("/none", r#""no \"entry\"""#),
        ("/null", r#""no \"entry\"""#),
        ("/zero", r#""no \"entry\"""#),
        ("/empty", r#""no \"entry\"""#),
        ("/text", r#""é""#),
        ("/list", r#"[1,{"a":2}]"#),
        ("/unknown", r#"{"message":"Invalid namespace"}"#),
    ] {
        client.send(&format!("40{name}")).await;
        client.expect(&format!("44{name},{reason}")).await;
    }
}

#[derive(Deserialize)]
struct Login {
    token: String,
    room: Option<String>,
}

#[tokio::test]
async fn the_query_of_a_namespace_becomes_auth() {
    let layer = builder().build();
    layer
        .io()
        .of("/staff")
        .middleware(async |Auth(login): Auth<Login>| {
            (login.token == "a b&c").then_some(()).ok_or("no")
        })
        .on_connect(async |socket: Socket, Auth(login): Auth<Login>| {
            socket.emit("room", &login.room);
        });
    let (mut client, _) = join(serve(layer).await).await;
    client.send("40/staff?token=a%20b%26c&room=x").await;
    client.expect("40/staff,").await;
    client.expect(r#"42/staff,["room","x"]"#).await;
}

#[tokio::test]
async fn a_socket_has_the_id_that_its_client_expects() {
    let layer = builder().build();
    let io = layer.io();
    for name in ["/", "/staff"] {
        io.of(name).on("who", async |socket: Socket| {
            assert_eq!(socket.conn().protocol(), Protocol::V3);
            Reply((socket.id().to_string(), socket.rooms()))
        });
    }
    let (mut client, sid) = join(serve(layer).await).await;
    client.send("40/staff").await;
    client.expect("40/staff,").await;
    client.send(r#"420["who"]"#).await;
    client.expect(&format!(r#"430["{sid}",["{sid}"]]"#)).await;
    client.send(r#"42/staff,0["who"]"#).await;
    let id = format!("/staff#{sid}");
    client
        .expect(&format!(r#"43/staff,0["{id}",["{id}"]]"#))
        .await;
    let staff = io.of("/staff");
    staff.to(id).emit("hello", &());
    client.expect(r#"42/staff,["hello"]"#).await;
}

#[tokio::test]
async fn a_client_can_rejoin_while_its_old_socket_is_leaving() {
    let gate = Gate::closed();
    let layer = builder().with_state(gate.clone()).build();
    let io = layer.io();
    let staff = io
        .of("/staff")
        .on_disconnecting(async |State(gate): State<Gate>| gate.pass().await);
    let (mut client, sid) = join(serve(layer).await).await;
    for _ in 0..2 {
        client.send("40/staff").await;
        client.expect("40/staff,").await;
        client.send("41/staff,").await;
    }
    client.send("40/staff").await;
    client.expect("40/staff,").await;
    gate.open();
    // Sockets that have left do not affect the connected one.
    client.send("2").await;
    client.expect("3").await;
    eventually("one socket", || staff.sockets().len() == 1).await;
    staff.to(format!("/staff#{sid}")).emit("hello", &());
    client.expect(r#"42/staff,["hello"]"#).await;
}

#[tokio::test]
async fn a_leaving_socket_keeps_its_rooms_after_its_client_rejoined() {
    let (gate, journal) = (Gate::closed(), Journal::new());
    let (handler_gate, handler_journal) = (gate.clone(), journal.clone());
    let layer = builder().build();
    let io = layer.io();
    io.of("/staff")
        .on_connect(async |socket: Socket| socket.join("before"))
        .on_disconnecting(move |socket: Socket| {
            let (gate, journal) = (handler_gate.clone(), handler_journal.clone());
            async move {
                journal.write("leaving");
                gate.pass().await;
                let rooms = socket.rooms().into_iter().map(|room| room.to_string());
                journal.write(rooms.skip(1).collect::<String>());
            }
        })
        .on_disconnect({
            let journal = journal.clone();
            move |socket: Socket| {
                let rooms = socket.rooms().len();
                journal.write(format!("left {rooms} rooms"));
                async {}
            }
        });
    let (mut client, _) = join(serve(layer).await).await;
    client.send("40/staff").await;
    client.expect("40/staff,").await;
    client.send("41/staff,").await;
    journal.expect(["leaving"]).await;
    client.send("40/staff").await;
    client.expect("40/staff,").await;
    gate.open();
    journal.expect(["before", "left 0 rooms"]).await;
}

#[tokio::test]
async fn the_query_of_a_namespace_is_limited() {
    let layer = builder().max_namespace_len(10).build();
    let io = layer.io();
    io.of("/123456789");
    let addr = serve(layer).await;
    let query = format!("q={}", "x".repeat(MAX_QUERY - 3));
    let (mut client, _) = join(addr).await;
    client.send(&format!("40/123456789?{query}")).await;
    client.expect("40/123456789,").await;

    let (mut client, _) = join(addr).await;
    client.send(&format!("40/123456789?{query}x")).await;
    client.expect_close(None).await;
    // The limit of the query does not extend the limit of the name.
    for name in ["/1234567890", "/1234567890?q=1"] {
        let (mut client, _) = join(addr).await;
        client.send(&format!("40{name}")).await;
        client.expect_close(None).await;
    }
}

#[tokio::test]
async fn a_version_2_client_receives_no_recovery_data() {
    let layer = builder()
        .connection_state_recovery(ConnectionStateRecovery::new())
        .build();
    let io = layer.io();
    io.of("/staff");
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    client.send("40/staff?pid=a&offset=b").await;
    client.expect("40/staff,").await;
    let socket = io.of("/staff").sockets().pop().expect("a socket");
    assert!(!socket.recovered());
    // Members named like those of a recovery request belong to the application.
    let auth: Value = socket.auth().expect("an object");
    assert_eq!(auth, json!({ "pid": "a", "offset": "b" }));
}

#[tokio::test]
async fn a_version_2_client_can_use_another_parser() {
    let layer = builder().parser(MsgpackParser).build();
    layer.io().of("/").middleware(async || Ok::<_, &str>(()));
    let mut client = WsClient::connect(serve(layer).await, TARGET).await;
    client.expect(r#"0{"sid":"…",…}"#).await;
    // {type: 0, nsp: "/"} after the packet type.
    let connect = b"\x04\x82\xa4type\x00\xa3nsp\xa1/";
    client.expect_binary(connect).await;
}

#[tokio::test]
async fn version_2_clients_are_rejected_by_default() {
    for layer in [SocketIoLayer::new(), builder().allow_eio3(false).build()] {
        let addr = serve(layer).await;
        let request = socketio_testing::Request::websocket(TARGET);
        let refused = WsClient::try_connect(addr, &request).await;
        let answer = refused.expect_err("the upgrade is rejected");
        answer.assert(400, "Unsupported protocol version");
    }
}
