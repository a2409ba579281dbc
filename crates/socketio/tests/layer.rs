//! Tests where the layer and the service can be placed in a router and which requests they serve.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use e2e::app::{serve, serve_router};
use e2e::probes::Journal;
use e2e::session::{assert_alive, assert_polling_alive, join, join_polling, open};
use socketio::{MissingSocketIo, Socket, SocketIo, SocketIoLayer, Transport};
use socketio_testing::{HttpConnection, PollingClient, RawResponse, Request, WsClient};

const TRANSPORT_UNKNOWN: &str = r#"{"code":0,"message":"Transport unknown"}"#;

#[tokio::test]
async fn the_default_layer_serves_both_transports() {
    let addr = serve_router(Router::new().layer(SocketIoLayer::new())).await;
    let (mut polling, _) = join_polling(addr).await;
    assert_polling_alive(&mut polling).await;
    let (mut client, _) = join(addr).await;
    assert_alive(&mut client).await;
    Request::get("/").send(addr).await.assert(404, "");
}

/// A regression test: `axum::serve` calls `Layer::layer` for each connection here, and each call
/// must use the same sessions.
#[tokio::test]
async fn all_connections_of_a_fallback_share_one_server() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let app = Router::new().fallback(async || "fallback").layer(layer);
    let addr = serve_router(app).await;

    // The client opens a connection for each request.
    let (mut polling, _) = join_polling(addr).await;
    let (mut client, _) = join(addr).await;
    assert_eq!(io.clients_count(), 2);
    io.emit("to all", "");
    polling.expect(r#"42["to all",""]"#).await;
    client.expect(r#"42["to all",""]"#).await;

    // A WebSocket request finds the session that polling opened.
    let mut websocket = polling.websocket().await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;
    Request::get("/else")
        .send(addr)
        .await
        .assert(200, "fallback");
}

#[tokio::test]
async fn all_routes_share_one_server() {
    let layer = SocketIoLayer::new();
    layer
        .io()
        .of("/")
        .on("hello", async |socket: Socket| socket.join("greeted"));
    let announce = async |io: SocketIo| io.to("greeted").emit("announced", "");
    let app = Router::new()
        .route("/", get(async || "home"))
        .route("/announce", post(announce))
        .route("/{anything}", get(async || "any"))
        // This route would match paths below `/socket.io` without the layer.
        .route("/{anything}/", get(async || "any"))
        .layer(layer);
    let addr = serve_router(app).await;

    let (mut polling, _) = join_polling(addr).await;
    polling.send(r#"42["hello"]"#).await;
    Request::post("/announce", "")
        .send(addr)
        .await
        .assert(200, "");
    polling.expect(r#"42["announced",""]"#).await;
    Request::get("/").send(addr).await.assert(200, "home");
    Request::get("/x").send(addr).await.assert(200, "any");
}

#[tokio::test]
async fn clones_of_a_layer_share_one_server() {
    let layer = SocketIoLayer::new();
    let first = serve(layer.clone()).await;
    let second = serve(layer.clone()).await;
    let (mut client, _) = join(first).await;
    let (mut other, _) = join(second).await;
    assert_eq!(layer.io().clients_count(), 2);
    layer.io().emit("to all", "");
    client.expect(r#"42["to all",""]"#).await;
    other.expect(r#"42["to all",""]"#).await;
}

#[tokio::test]
async fn the_service_can_be_the_fallback_of_a_router() {
    let service = SocketIoLayer::new().into_service();
    let app = Router::new()
        .route("/", get(async || "home"))
        .fallback_service(service);
    let addr = serve_router(app).await;
    let (mut polling, _) = join_polling(addr).await;
    assert_polling_alive(&mut polling).await;
    let (mut client, _) = join(addr).await;
    assert_alive(&mut client).await;
    Request::get("/").send(addr).await.assert(200, "home");
    Request::get("/else").send(addr).await.assert(404, "");
}

/// `nest_service` strips its prefix, so the public path is the prefix and the configured path.
#[tokio::test]
async fn the_service_can_be_nested_below_a_path() {
    let service = SocketIoLayer::new().into_service();
    let app = Router::new().nest_service("/live", service);
    let addr = serve_router(app).await;

    let target = "/live/socket.io/?EIO=4&transport=polling";
    let mut polling = PollingClient::handshake_at(addr, target).await;
    polling.send("40").await;
    polling.expect(r#"40{"sid":"…"}"#).await;
    let mut websocket = polling.websocket().await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;

    let refused = handshake(addr, "/socket.io/").await;
    assert_eq!(refused.status, 404);
}

#[tokio::test]
async fn http_handlers_can_emit_through_the_server() {
    let layer = SocketIoLayer::new();
    let count = async |io: SocketIo| {
        io.emit("counted", "");
        io.clients_count().to_string()
    };
    let app = Router::new().route("/count", get(count)).layer(layer);
    let addr = serve_router(app).await;
    let (mut client, _) = join(addr).await;
    Request::get("/count").send(addr).await.assert(200, "1");
    client.expect(r#"42["counted",""]"#).await;
}

#[tokio::test]
async fn without_the_layer_the_extractor_logs_the_reason_and_hides_it() {
    let app: Router = Router::new()
        .layer(SocketIoLayer::new())
        // The layer does not apply to routes that are added after it.
        .route("/late", get(async |_: SocketIo| "late"));
    let addr = serve_router(app).await;
    let answer = Request::get("/late").send(addr).await;
    answer.assert(500, "Internal Server Error");
    let logged = MissingSocketIo.to_string();
    assert!(logged.contains("`SocketIoLayer`"), "{logged}");
}

/// A regression test: the configured path is not just a prefix.
#[tokio::test]
async fn the_layer_serves_only_its_path() {
    let addr = serve(SocketIoLayer::new()).await;
    for (path, status) in [
        ("/socket.io/", 200),
        // As in Node, paths below the configured path are served.
        ("/socket.io/below", 200),
        ("/socket.io", 404),
        ("/socket.ioXYZ", 404),
        ("/socket.ioXYZ/", 404),
        ("/x/socket.io/", 404),
        ("/", 404),
    ] {
        let response = handshake(addr, path).await;
        assert_eq!(response.status, status, "{path}");
    }
}

#[tokio::test]
async fn the_layer_serves_a_configured_path() {
    for path in ["/live", "/live/", "live"] {
        let addr = serve(SocketIoLayer::builder().path(path).build()).await;
        for (path, status) in [
            ("/live/", 200),
            ("/live", 404),
            ("/liveXYZ/", 404),
            ("/socket.io/", 404),
        ] {
            let response = handshake(addr, path).await;
            assert_eq!(response.status, status, "{path}");
        }
    }
}

/// A regression test: a disabled transport must not be advertised.
#[tokio::test]
async fn a_server_without_websocket_rejects_websocket_requests() {
    let layer = SocketIoLayer::builder().transports([Transport::Polling]);
    let addr = serve(layer.build()).await;
    let (mut polling, _) = join_polling(addr).await;
    assert_upgrades(polling.open_packet(), "[]");

    refused_websocket(addr, "/socket.io/?EIO=4&transport=websocket")
        .await
        .assert(400, "Transport unknown");
    refused_websocket(addr, &polling.upgrade_target())
        .await
        .assert(400, "Transport unknown");
    assert_polling_alive(&mut polling).await;
}

#[tokio::test]
async fn a_server_without_polling_rejects_polling_requests() {
    let layer = SocketIoLayer::builder().transports([Transport::WebSocket]);
    let addr = serve(layer.build()).await;
    handshake(addr, "/socket.io/")
        .await
        .assert(400, TRANSPORT_UNKNOWN);
    let mut client = WsClient::connect(addr, "/socket.io/?EIO=4&transport=websocket").await;
    assert_upgrades(&client.expect("0{…}").await, "[]");
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_server_without_upgrades_rejects_upgrades() {
    let layer = SocketIoLayer::builder().allow_upgrades(false);
    let addr = serve(layer.build()).await;
    let (mut polling, _) = join_polling(addr).await;
    assert_upgrades(polling.open_packet(), "[]");
    refused_websocket(addr, &polling.upgrade_target())
        .await
        .assert(400, "Bad request");
    assert_polling_alive(&mut polling).await;
    // New sessions can use both transports.
    assert_alive(&mut open(addr).await).await;
}

#[tokio::test]
async fn two_servers_can_share_a_router() {
    let first = SocketIoLayer::builder().path("/first").build();
    let second = SocketIoLayer::builder().path("/second").build();
    let ios = [first.io(), second.io()];
    let app = Router::new()
        .route("/", get(async || "home"))
        .layer(first)
        .layer(second);
    let addr = serve_router(app).await;

    let mut clients = Vec::new();
    for path in ["first", "second"] {
        let target = format!("/{path}/?EIO=4&transport=polling");
        let mut client = PollingClient::handshake_at(addr, &target).await;
        client.send("40").await;
        client.expect(r#"40{"sid":"…"}"#).await;
        clients.push(client);
    }
    for (index, (io, client)) in ios.iter().zip(&mut clients).enumerate() {
        assert_eq!(io.clients_count(), 1);
        io.emit("to all of", &index);
        client.expect(&format!(r#"42["to all of",{index}]"#)).await;
        assert_eq!(client.next_at_hand(), None);
    }
    let foreign_session = clients[0].target().replace("/first/", "/second/");
    Request::get(&foreign_session)
        .send(addr)
        .await
        .assert(400, r#"{"code":1,"message":"Session ID unknown"}"#);
    Request::get("/").send(addr).await.assert(200, "home");
}

/// A regression test: `with_state` must preserve the options.
#[tokio::test]
async fn options_apply_in_any_order() {
    let journal = Journal::new();
    let layer = SocketIoLayer::builder()
        .path("/live")
        .max_namespaces(1)
        .ping_interval(Duration::from_millis(12_345))
        .max_event_name_len(3)
        .with_state(journal)
        .ping_timeout(Duration::from_millis(6_789))
        .max_http_buffer_size(4_321)
        .build();
    layer.io().of("/other");
    let addr = serve(layer).await;

    let mut client = WsClient::connect(addr, "/live/?EIO=4&transport=websocket").await;
    client
        .expect(
            r#"0{"sid":"…","upgrades":[],"pingInterval":12345,"pingTimeout":6789,"maxPayload":4321}"#,
        )
        .await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.send("40/other").await;
    client.expect(r#"44/other,{"message":"…"}"#).await;
    client.send(r#"42["abc"]"#).await;
    assert_alive(&mut client).await;
    client.send(r#"42["abcd"]"#).await;
    client.expect_close(None).await;
}

/// A regression test: a namespace name without a slash must be reachable.
#[tokio::test]
async fn a_namespace_name_gets_a_leading_slash() {
    let layer = SocketIoLayer::new();
    assert_eq!(layer.io().of("chat").name(), "/chat");
    assert_eq!(layer.io().of("").name(), "/");
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    client.send("40/chat,").await;
    client.expect(r#"40/chat,{"sid":"…"}"#).await;
}

async fn handshake(addr: SocketAddr, path: &str) -> RawResponse {
    Request::get(&format!("{path}?EIO=4&transport=polling"))
        .send(addr)
        .await
}

async fn refused_websocket(addr: SocketAddr, target: &str) -> RawResponse {
    WsClient::try_connect(addr, &Request::websocket(target))
        .await
        .expect_err("the upgrade is rejected")
}

#[track_caller]
fn assert_upgrades(open_packet: &str, upgrades: &str) {
    let advertised = format!(r#""upgrades":{upgrades}"#);
    assert!(open_packet.contains(&advertised), "{open_packet}");
}

/// As in Node, a target that names another host is not a request for this server.
#[tokio::test]
async fn a_target_with_another_host_is_not_served() {
    let layer = SocketIoLayer::new();
    let addr = serve(layer).await;
    let own = addr.to_string();
    for (host, status) in [(&*own, 200), ("other.example", 404)] {
        let mut connection = HttpConnection::open(addr).await;
        let request = format!(
            "GET http://{host}/socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: {own}\r\n\r\n"
        );
        connection.send_raw(request.as_bytes()).await;
        assert_eq!(connection.response().await.status, status, "{host}");
    }
}
