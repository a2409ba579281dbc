//! Tests the handshake of a socket.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::SystemTime;

use axum::extract::connect_info::ConnectInfo;
use axum::{Extension, Router};
use e2e::app::serve_router;
use e2e::session::id_of;
use serde_json::{Value, json};
use socketio::SocketIoLayer;
use socketio_testing::{PollingClient, Request, WsClient};

/// All properties of `socket.handshake` in Node.
#[tokio::test]
async fn a_handshake_has_the_properties_of_nodes() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let addr = serve_router(
        Router::new()
            .layer(layer)
            .layer(Extension(ConnectInfo(peer))),
    )
    .await;
    let before = SystemTime::now();
    let target = "/socket.io/?EIO=4&transport=websocket&a=1&a=2&b=x%20y";
    let request = Request::websocket(target)
        .header("X-Many", "1")
        .header("X-Many", "2")
        .header("Origin", "http://a.example");
    let mut client = WsClient::connect_with(addr, &request).await;
    client.expect("0{…}").await;
    client.send(r#"40{"t":1}"#).await;
    let id = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    let socket = io.of("/").socket(&id).expect("the socket");
    let handshake = socket.handshake();
    assert_eq!(handshake.headers()["x-many"], "1");
    assert_eq!(handshake.address(), Some(peer));
    assert!(handshake.xdomain());
    assert!(!handshake.secure());
    assert!(handshake.issued() >= before && handshake.issued() <= SystemTime::now());
    assert_eq!(handshake.url(), target);
    assert_eq!(handshake.query_value("a").as_deref(), Some("2"));
    assert_eq!(handshake.query_value("b").as_deref(), Some("x y"));
    assert!(
        handshake
            .time()
            .ends_with(" GMT+0000 (Coordinated Universal Time)")
    );
    assert_eq!(
        socket.auth::<Value>().expect("the auth payload"),
        json!({ "t": 1 })
    );
    assert!(!handshake.is_dropped());

    let sockets = io.fetch_sockets().await.expect("a single server answers");
    let remote = sockets.first().expect("a socket").handshake();
    assert_eq!(remote.header("x-many"), Some("1, 2"));
    assert_eq!(remote.address(), Some("127.0.0.1"));
    assert_eq!(remote.time(), Some(&*handshake.time()));
}

/// The handshake is the request that opened the session.
#[tokio::test]
async fn an_upgrade_does_not_change_the_handshake() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let addr = serve_router(Router::new().layer(layer)).await;
    let mut client = PollingClient::handshake(addr).await;
    client.send("40").await;
    let id = id_of(&client.expect(r#"40{"sid":"…"}"#).await);
    let socket = io.of("/").socket(&id).expect("the socket");
    let before = socket.handshake().url().to_owned();
    let mut upgraded = client.websocket().await;
    upgraded.send("2probe").await;
    upgraded.expect("3probe").await;
    upgraded.send("5").await;
    upgraded.send(r#"42["x"]"#).await;
    socket.emit("on the new transport", &());
    upgraded.expect(r#"42["on the new transport"]"#).await;
    assert_eq!(socket.handshake().url(), before);
    assert_eq!(
        socket.handshake().query_value("transport").as_deref(),
        Some("polling")
    );
}
