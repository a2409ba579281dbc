//! Tests the content and order of packets to one client, for every kind of encoding.

use std::net::SocketAddr;

use bytes::Bytes;
use e2e::app::serve;
use e2e::session::{join, join_polling};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use socketio::{EmitError, Reply, Socket, SocketIoLayer};

/// A value that emits while it is serialized, recursively.
struct Emitting {
    socket: Socket,
    depth: u8,
}

impl Serialize for Emitting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(depth) = self.depth.checked_sub(1) {
            let socket = self.socket.clone();
            self.socket.emit("inner", &Emitting { socket, depth });
        }
        serializer.serialize_u8(self.depth)
    }
}

struct Failing;

impl Serialize for Failing {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("on purpose"))
    }
}

struct Panicking;

impl Serialize for Panicking {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("on purpose")
    }
}

/// Starts a server whose event arguments and acknowledgements emit while they are serialized.
async fn serve_emitting() -> SocketAddr {
    let layer = SocketIoLayer::new();
    layer.io().of("/").on("ask", async |socket: Socket| {
        let (outer, answer) = (socket.clone(), socket.clone());
        let (socket, depth) = (outer.clone(), 2);
        outer.emit("outer", &Emitting { socket, depth });
        let socket = answer;
        Reply(Emitting { socket, depth: 1 })
    });
    serve(layer).await
}

/// The order of Node's server, where `toJSON` can emit.
const EMITTED: [&str; 5] = [
    r#"42["inner",0]"#,
    r#"42["inner",1]"#,
    r#"42["outer",2]"#,
    r#"42["inner",0]"#,
    r#"437[1]"#,
];

#[tokio::test]
async fn events_emitted_during_serialization_are_sent_first() {
    let addr = serve_emitting().await;
    let (mut client, _) = join(addr).await;
    for _ in 0..3 {
        client.send(r#"427["ask"]"#).await;
        for expected in EMITTED {
            client.expect(expected).await;
        }
    }
    let (mut client, _) = join_polling(addr).await;
    client.send(r#"427["ask"]"#).await;
    for expected in EMITTED {
        client.expect(expected).await;
    }
}

#[tokio::test]
async fn packets_of_all_kinds_are_sent_in_order() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of("/").on("ask", async move |socket: Socket| {
        let (long, bytes) = ("x".repeat(5_000), Bytes::from_static(b"bytes"));
        socket.emit("short", &1);
        io.emit("to all", &2);
        socket.emit("binary", &bytes);
        socket.emit("short", &3);
        socket.emit("long", &long);
        socket.compress(false).emit("short", &4);
        drop(socket.emit_with_ack::<()>("asked", &5));
        // Dropped because packets are queued.
        socket.volatile().emit("volatile", &6);
        socket.to(socket.id().as_str()).emit("to others", &7);
        io.to(socket.id().as_str()).emit("to a room", &8);
        Reply((9, bytes))
    });
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    for id in 0..3 {
        client.send(r#"420["ask"]"#).await;
        client.expect(r#"42["short",1]"#).await;
        client.expect(r#"42["to all",2]"#).await;
        client
            .expect(r#"451-["binary",{"_placeholder":true,"num":0}]"#)
            .await;
        client.expect_binary(b"bytes").await;
        client.expect(r#"42["short",3]"#).await;
        client
            .expect(&format!(r#"42["long","{}"]"#, "x".repeat(5_000)))
            .await;
        client.expect(r#"42["short",4]"#).await;
        client.expect(&format!(r#"42{id}["asked",5]"#)).await;
        client.expect(r#"42["to a room",8]"#).await;
        client
            .expect(r#"461-0[9,{"_placeholder":true,"num":0}]"#)
            .await;
        client.expect_binary(b"bytes").await;
    }
}

#[tokio::test]
async fn failed_serialization_leaves_no_partial_packet() {
    let layer = SocketIoLayer::new();
    layer
        .io()
        .of("/")
        .on("fail", async |socket: Socket| {
            let failed = socket.try_emit("event", &("begun", Failing));
            assert!(matches!(failed, Err(EmitError::Encode(_))), "{failed:?}");
            socket.emit("after", &());
        })
        .on("panic", async |socket: Socket| {
            socket.emit("event", &("begun", Panicking));
        });
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    for _ in 0..2 {
        client.send(r#"42["panic"]"#).await;
        client.send(r#"42["fail"]"#).await;
        client.expect(r#"42["after"]"#).await;
    }
}
