//! Events in both directions.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use socketio::parser::MsgpackParser;
use socketio::{Reply, Socket, SocketIo, SocketIoLayer, extract::Data};
use socketio_test::TestServer;

use crate::{serve, transports};

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Picture {
    title: String,
    pixels: Bytes,
}

fn echo(io: &SocketIo) {
    io.of("/")
        .on("echo", async |socket: Socket, Data(text): Data<String>| {
            socket.emit("echo", &text);
        })
        .on("two", async |socket: Socket| {
            socket.emit("first", &1);
            socket.emit("second", &(2, "b"));
        })
        .on(
            "picture",
            async |socket: Socket, Data(picture): Data<Picture>| {
                socket.emit("picture", &(&picture, Bytes::from_static(b"thumbnail")));
                Reply(picture)
            },
        );
}

#[tokio::test(start_paused = true)]
async fn events_are_received_in_both_directions() {
    let (server, _) = serve(echo);
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        client.emit("echo", "hello").await;
        let text: String = client.event("echo").await;
        assert_eq!(text, "hello");
    }
}

#[tokio::test(start_paused = true)]
async fn events_of_other_names_stay_unread() {
    let (server, _) = serve(echo);
    let client = server.connect("/").await.unwrap();
    client.emit("two", &()).await;
    let (number, letter): (u8, String) = client.event("second").await;
    assert_eq!((number, letter.as_str()), (2, "b"));
    let first: u8 = client.event("first").await;
    assert_eq!(first, 1);
}

#[tokio::test(start_paused = true)]
async fn received_returns_unread_events_and_forget_drops_them() {
    let (server, _) = serve(echo);
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        client.emit("two", &()).await;
        let received = client.received().await;
        let names: Vec<_> = received.iter().map(|event| event.name()).collect();
        assert_eq!(names, ["first", "second"]);
        assert_eq!(received[1].data::<(u8, String)>(), (2, "b".to_owned()));
        assert!(client.received().await.is_empty());
        client.emit("two", &()).await;
        client.forget().await;
        assert!(client.received().await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn binary_is_sent_and_received() {
    let (server, _) = serve(echo);
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        let picture = Picture {
            title: "cat".into(),
            pixels: Bytes::from_static(&[0, 255, 30, 10]),
        };
        let same: Picture = client.emit_with_ack("picture", &picture).await;
        assert_eq!(same, picture);
        let (same, thumbnail): (Picture, Bytes) = client.event("picture").await;
        assert_eq!(same, picture);
        assert_eq!(thumbnail, "thumbnail");
    }
}

/// Node's client sends the packets of one event in several bodies if they exceed the limit.
#[tokio::test(start_paused = true)]
async fn a_payload_is_split_at_the_limit_of_the_server() {
    let sockets = SocketIoLayer::builder().max_http_buffer_size(1000).build();
    sockets
        .io()
        .of("/")
        .on("sizes", async |Data((a, b)): Data<(Bytes, Bytes)>| {
            Reply((a.len(), b.len()))
        });
    let server = TestServer::new(axum::Router::new().layer(sockets));
    let client = server.connect("/").await.unwrap();
    let (a, b) = (Bytes::from(vec![1; 500]), Bytes::from(vec![2; 600]));
    let sizes: (usize, usize) = client.emit_with_ack("sizes", &(a, b)).await;
    assert_eq!(sizes, (500, 600));
}

#[tokio::test(start_paused = true)]
async fn a_large_event_passes_a_websocket() {
    let (server, _) = serve(echo);
    let client = server.client().websocket().connect().await.unwrap();
    let long = "x".repeat(900_000);
    client.emit("echo", &long).await;
    let same: String = client.event("echo").await;
    assert_eq!(same, long);
}

#[tokio::test(start_paused = true)]
async fn a_parser_encodes_the_packets() {
    let sockets = SocketIoLayer::builder().parser(MsgpackParser).build();
    echo(&sockets.io());
    let server = TestServer::new(axum::Router::new().layer(sockets));
    for builder in transports(&server) {
        let client = builder.parser(MsgpackParser).connect().await.unwrap();
        client.emit("echo", "hello").await;
        let text: String = client.event("echo").await;
        assert_eq!(text, "hello");
    }
}

/// "The server has taken it": handlers that do not wait are done, on both transports and on any
/// runtime.
#[tokio::test(flavor = "multi_thread")]
async fn emit_returns_after_the_handler() {
    let (server, io) = serve(|io| {
        io.of("/")
            .on("join", async |socket: Socket, Data(room): Data<String>| {
                socket.join(room);
            });
    });
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        let socket = io.of("/").socket(client.id()).unwrap();
        for number in 0..200 {
            let room = format!("room {number}");
            client.emit("join", &room).await;
            assert!(socket.is_in(&room), "{room}");
        }
    }
}
