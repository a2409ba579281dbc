//! Tests `socket.client()`.

use std::sync::{Arc, Weak};

use axum::extract::{FromRequestParts, Request as HttpRequest};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::{Extension, Router};
use e2e::app::{serve, serve_router};
use e2e::session::{assert_alive, id_of, join};
use e2e::sync::eventually;
use socketio::{DisconnectReason, Reply, SocketIo, SocketIoLayer, Transport};
use socketio_testing::{Request, WsClient};

#[tokio::test]
async fn a_client_has_a_socket_in_each_joined_namespace() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of("/other");
    let addr = serve(layer).await;
    let (mut client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    let handle = socket.client();
    assert_eq!(handle.socket_count(), 1);
    assert!(handle.socket("/other").is_none());
    client.send("40/other,").await;
    let other = client.expect(r#"40/other,{"sid":"…"}"#).await;
    assert_eq!(handle.socket_count(), 2);
    assert_eq!(handle.socket("/"), Some(socket.clone()));
    let other = io.of("/other").socket(&id_of(&other)).expect("the socket");
    assert_eq!(handle.socket("/other"), Some(other.clone()));
    assert_eq!(other.client().sockets(), [socket.clone(), other.clone()]);
    assert_eq!(handle.conn().transport(), Transport::WebSocket);
    assert!(Arc::ptr_eq(&handle.handshake(), &other.handshake()));
    assert!(socket.connected() && !socket.disconnected());

    client.send("41").await;
    assert_alive(&mut client).await;
    assert_eq!(handle.sockets(), [other]);
    assert!(socket.disconnected() && !socket.connected());
    // Also through a socket that has left.
    handle.disconnect();
    client.expect("41/other,").await;
    client.expect_close(None).await;
    assert_eq!(handle.socket_count(), 0);
    handle.disconnect();
    eventually("the client to be removed", || io.clients_count() == 0).await;
    assert_eq!(handle.socket_count(), 0);
}

#[tokio::test]
async fn disconnecting_a_client_disconnects_all_its_sockets() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let (sender, mut reasons) = tokio::sync::mpsc::unbounded_channel();
    for namespace in ["/", "/other"] {
        let sender = sender.clone();
        io.of(namespace)
            .on_disconnect(async move |reason: DisconnectReason| {
                sender.send(reason.to_string()).ok();
            });
    }
    let addr = serve(layer).await;
    let (mut client, id) = join(addr).await;
    client.send("40/other,").await;
    client.expect("40/other,{…}").await;
    let socket = io.of("/").socket(&id).expect("the socket");
    socket.client().disconnect();
    client.expect("41").await;
    client.expect("41/other,").await;
    client.expect_close(None).await;
    for _ in 0..2 {
        let reason = reasons.recv().await;
        assert_eq!(reason.as_deref(), Some("server namespace disconnect"));
    }
}

/// A value that a layer adds to the request.
#[derive(Clone)]
struct Large(#[expect(dead_code, reason = "held for its drop")] Arc<[u8]>);

/// Reads the request as extractors do.
struct SeenRequest(String);

impl<S: Send + Sync> FromRequestParts<S> for SeenRequest {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let headers = HeaderMap::from_request_parts(parts, state).await?;
        let large = parts.extensions.get::<Large>().is_some();
        Ok(Self(format!(
            "{} {} {large}",
            parts.uri,
            headers.contains_key("x-token")
        )))
    }
}

async fn seen(SeenRequest(seen): SeenRequest, io: SocketIo) -> Reply<String> {
    // This extractor does not need the request.
    io.emit("seen", &());
    Reply(seen)
}

/// Guards the memory use of servers with many idle clients.
#[tokio::test]
async fn dropping_the_request_frees_its_memory() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of("/").on("seen", seen);
    let large: Arc<[u8]> = vec![0; 1 << 20].into();
    let held: Weak<[u8]> = Arc::downgrade(&large);
    let add =
        async |Extension(large): Extension<Weak<[u8]>>, mut request: HttpRequest, next: Next| {
            if let Some(large) = large.upgrade() {
                request.extensions_mut().insert(Large(large));
            }
            next.run(request).await
        };
    let router = Router::new()
        .layer(layer)
        .layer(from_fn(add))
        .layer(Extension(Weak::clone(&held)));
    let addr = serve_router(router).await;
    let request = Request::websocket("/socket.io/?EIO=4&transport=websocket&room=1")
        .header("X-Token", "s3cret")
        .header("Origin", "http://a.example");
    let mut client = WsClient::connect_with(addr, &request).await;
    client.expect("0{…}").await;
    client.send("40").await;
    let id = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    drop(large);
    let uri = "/socket.io/?EIO=4&transport=websocket&room=1";
    // Twice, so that the copy for the next event exists.
    for ack in 0..2 {
        client.send(&format!(r#"42{ack}["seen"]"#)).await;
        client.expect(r#"42["seen"]"#).await;
        client
            .expect(&format!(r#"43{ack}["{uri} true true"]"#))
            .await;
    }
    assert!(held.upgrade().is_some(), "the connection holds its request");

    let socket = io.of("/").socket(&id).expect("the socket");
    let before = socket.handshake();
    socket.client().drop_request();
    // A handshake obtained earlier stays readable.
    assert_eq!(before.query_value("room").as_deref(), Some("1"));
    assert!(held.upgrade().is_some());
    drop(before);
    assert!(held.upgrade().is_none(), "the request is still held");
    let handshake = socket.handshake();
    assert!(handshake.is_dropped());
    assert!(handshake.headers().is_empty());
    assert_eq!(handshake.url(), "/socket.io/");
    assert!(handshake.xdomain());
    client.send(r#"422["seen"]"#).await;
    client.expect(r#"42["seen"]"#).await;
    client.expect(r#"432["/socket.io/ false false"]"#).await;
    // Dropping the request twice is not an error, and other servers see the reduced handshake.
    socket.client().drop_request();
    let sockets = io.fetch_sockets().await.expect("a single server answers");
    let remote = sockets.first().expect("a socket");
    assert_eq!(remote.handshake().headers().count(), 0);
    assert_eq!(remote.handshake().url(), Some("/socket.io/"));
    assert!(remote.handshake().xdomain());
}
