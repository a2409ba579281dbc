//! Layers around the server, and HTTP requests through it.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::routing::{get, post};
use http::{HeaderValue, StatusCode};
use socketio::{ConnectError, Reply, Socket, SocketIo, SocketIoLayer, extract::Data};
use socketio_test::TestServer;
use tower_http::cors::CorsLayer;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use crate::transports;

#[tokio::test(start_paused = true)]
async fn a_session_cookie_is_shared_with_http() {
    let sockets = SocketIoLayer::new();
    sockets
        .io()
        .of("/")
        .middleware(
            async |session: Session| match session.get::<String>("name").await {
                Ok(Some(_)) => Ok(()),
                _ => Err(ConnectError::new("log in first")),
            },
        )
        .on("name", async |session: Session| {
            let name: Option<String> = session.get("name").await.expect("a store");
            Reply(name)
        });
    let login = post(async |session: Session, name: String| {
        session.insert("name", name).await.expect("a store");
    });
    let app = Router::new()
        .route("/login", login)
        .layer(sockets)
        .layer(SessionManagerLayer::new(MemoryStore::default()).with_secure(false));
    let server = TestServer::new(app);

    let login = server.post("/login", "ada").await;
    assert_eq!(login.status(), StatusCode::OK);
    for builder in transports(&server) {
        let refused = builder.connect().await.unwrap_err();
        assert_eq!(refused.message(), "log in first");
        let client = builder
            .header("cookie", &login.cookies())
            .connect()
            .await
            .unwrap();
        let name: String = client.emit_with_ack("name", &()).await;
        assert_eq!(name, "ada");
    }
}

#[tokio::test(start_paused = true)]
async fn cors_and_other_layers_take_part() {
    let origin = HeaderValue::from_static("https://a.example");
    let sockets = SocketIoLayer::new();
    sockets.io().of("/");
    let refuse = middleware::from_fn(async |request: Request, next: Next| {
        if request.headers().contains_key("x-banned") {
            return Err(StatusCode::IM_A_TEAPOT);
        }
        Ok(next.run(request).await)
    });
    let app = Router::new()
        .layer(sockets)
        .layer(CorsLayer::new().allow_origin(origin.clone()))
        .layer(refuse);
    let server = TestServer::new(app);

    let response = server.get("/socket.io/?EIO=4&transport=polling").await;
    assert_eq!(response.headers()["access-control-allow-origin"], origin);
    for builder in transports(&server) {
        let builder = builder.header("origin", "https://a.example");
        builder.connect().await.unwrap();
        let refused = builder.header("x-banned", "1").connect().await.unwrap_err();
        assert_eq!(refused.status(), Some(StatusCode::IM_A_TEAPOT));
    }
}

#[tokio::test(start_paused = true)]
async fn http_handlers_emit_to_clients() {
    let sockets = SocketIoLayer::new();
    sockets
        .io()
        .of("/")
        .on("join", async |socket: Socket, Data(room): Data<String>| {
            socket.join(room);
        });
    let app = Router::new()
        .route(
            "/count",
            get(async |io: SocketIo| axum::Json(io.of("/").sockets().len())),
        )
        .route(
            "/tea",
            post(async |io: SocketIo, text: String| io.to("tea").emit("tea", &text)),
        )
        .layer(sockets);
    let server = TestServer::new(app);
    let ada = server.connect("/").await.unwrap();
    let bob = server.connect("/").await.unwrap();
    ada.emit("join", "tea").await;
    server.post("/tea", "is ready").await;
    let text: String = ada.event("tea").await;
    assert_eq!(text, "is ready");
    bob.nothing_for(std::time::Duration::from_secs(1)).await;
    let response = server.get("/count").await;
    assert_eq!(response.json::<usize>(), 2);
    assert_eq!(response.text(), "2");
}
