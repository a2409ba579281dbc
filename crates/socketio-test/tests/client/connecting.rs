//! Connecting, refusals, and several namespaces over one connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Query};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use socketio::extract::{Auth, Data};
use socketio::{ConnectError, Refusal, Reply, Socket, SocketIoLayer};
use socketio_test::TestServer;

use crate::{serve, transports};

#[derive(Deserialize)]
struct Lang {
    lang: String,
}

#[tokio::test(start_paused = true)]
async fn the_options_reach_the_server() {
    let (server, _) = serve(|io| {
        io.of("/chat").on(
            "who",
            async |socket: Socket,
                   headers: HeaderMap,
                   Query(Lang { lang }): Query<Lang>,
                   ConnectInfo(address): ConnectInfo<SocketAddr>| {
                let auth: Value = socket.auth().expect("an object");
                let known = socket.handshake().address();
                let cookie = headers["cookie"].to_str().expect("text").to_owned();
                Reply((auth, cookie, lang, address, known))
            },
        );
    });
    let address: SocketAddr = ([192, 0, 2, 1], 50_000).into();
    for builder in transports(&server) {
        let client = builder
            .namespace("/chat")
            .auth(json!({ "token": "sesame" }))
            .header("cookie", "id=1")
            .query("lang", "en&de")
            .address(address)
            .connect()
            .await
            .unwrap();
        assert_eq!(client.namespace(), "/chat");
        let (auth, cookie, lang, info, known): (Value, String, String, SocketAddr, SocketAddr) =
            client.emit_with_ack("who", &()).await;
        assert_eq!(auth, json!({ "token": "sesame" }));
        assert_eq!((cookie.as_str(), lang.as_str()), ("id=1", "en&de"));
        assert_eq!((info, known), (address, address));
    }
}

#[tokio::test(start_paused = true)]
async fn the_path_of_the_server_can_be_another_one() {
    let sockets = SocketIoLayer::builder().path("/ws/").build();
    sockets.io().of("/");
    let server = TestServer::new(Router::new().layer(sockets));
    for builder in transports(&server) {
        builder.clone().path("/ws/").connect().await.unwrap();
        let refused = builder.connect().await.unwrap_err();
        assert_eq!(refused.status(), Some(StatusCode::NOT_FOUND));
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_needs_no_router() {
    let service = SocketIoLayer::new().into_service();
    service.io().of("/").on("hello", async || Reply(true));
    let server = TestServer::new(service);
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        assert!(client.emit_with_ack::<bool, _>("hello", &()).await);
    }
}

#[tokio::test(start_paused = true)]
async fn middleware_refuses_a_client() {
    let (server, io) = serve(|io| {
        io.of("/").middleware(async |Auth(token): Auth<Value>| {
            if token["token"] == "sesame" {
                return Ok(());
            }
            Err(ConnectError::new("unknown token").with_data(json!({ "code": 7 })))
        });
    });
    #[derive(Debug, Deserialize, PartialEq)]
    struct Code {
        code: u8,
    }
    for builder in transports(&server) {
        let builder = builder.auth(json!({ "token": "guessed" }));
        let refused = builder.connect().await.unwrap_err();
        assert_eq!(refused.message(), "unknown token");
        assert_eq!(refused.data::<Code>(), Code { code: 7 });
        assert_eq!(refused.status(), None);
        assert!(
            refused
                .to_string()
                .starts_with("the namespace `/` refused the client: unknown token"),
            "{refused}"
        );
    }
    // As Node's client, a refused client closes a connection that it does not use.
    assert_eq!(io.engine().clients_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_namespace_refuses_a_client() {
    let (server, _) = serve(|io| {
        io.of("/");
    });
    let refused = server.connect("/nowhere").await.unwrap_err();
    assert_eq!(refused.message(), "Invalid namespace");
}

#[tokio::test(start_paused = true)]
async fn allow_request_refuses_the_handshake() {
    let sockets = SocketIoLayer::builder()
        .allow_request(async |headers: HeaderMap| {
            if headers.contains_key("x-key") {
                Ok(())
            } else {
                Err(Refusal::new("no key"))
            }
        })
        .build();
    sockets.io().of("/");
    let server = TestServer::new(Router::new().layer(sockets));
    // Node's server refuses upgrades with another status.
    let statuses = [StatusCode::FORBIDDEN, StatusCode::BAD_REQUEST];
    for (builder, status) in transports(&server).into_iter().zip(statuses) {
        let refused = builder.connect().await.unwrap_err();
        assert_eq!(refused.status(), Some(status), "{refused}");
        assert_eq!(refused.message(), "no key");
        assert!(refused.body().unwrap().contains("no key"), "{refused}");
        builder.header("x-key", "1").connect().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_a_timeout() {
    let (server, _) = serve(|io| {
        io.of("/").middleware(async || {
            tokio::time::sleep(Duration::from_secs(10)).await;
            Ok::<_, ConnectError>(())
        });
    });
    for builder in transports(&server) {
        let refused = builder.connect().await.unwrap_err();
        assert!(refused.is_timeout());
        assert_eq!(
            refused.to_string(),
            "waited 5 s for the answer to the CONNECT packet. Check what the middleware waits for, \
             or set a longer `ClientBuilder::patience`"
        );
        let patient = builder.patience(Duration::from_secs(11));
        patient.connect().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn namespaces_share_a_connection() {
    let (server, io) = serve(|io| {
        io.of("/").on("where", async || Reply("/"));
        let admin = io.of("/admin");
        let admin = admin.middleware(async |Auth(password): Auth<Value>| {
            if password["password"] == "x" {
                Ok(())
            } else {
                Err(ConnectError::new("wrong password"))
            }
        });
        let _ = admin.on("where", async |socket: Socket, Data(()): Data<()>| {
            socket.emit("there", &());
            Reply("/admin")
        });
    });
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        let guess = json!({ "password": "y" });
        let refused = client.of("/admin").auth(guess).connect().await.unwrap_err();
        assert_eq!(refused.message(), "wrong password");
        let login = json!({ "password": "x" });
        let admin = client.of("/admin").auth(&login).connect().await.unwrap();
        assert_eq!(io.engine().clients_count(), 1);
        let here: String = client.emit_with_ack("where", &()).await;
        let there: String = admin.emit_with_ack("where", &()).await;
        assert_eq!((here.as_str(), there.as_str()), ("/", "/admin"));
        let () = admin.event("there").await;
        assert!(client.received().await.is_empty());

        let again = client
            .of("/admin")
            .auth(&login)
            .connect()
            .await
            .unwrap_err();
        assert!(
            again.message().contains("has already joined `/admin`"),
            "{again}"
        );

        // The connection stays open until the last namespace is left.
        admin.disconnect().await;
        assert_eq!(admin.disconnected().await, "io client disconnect");
        let here: String = client.emit_with_ack("where", &()).await;
        assert_eq!(here, "/");
        client.disconnect().await;
        assert_eq!(io.engine().clients_count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_the_server_disconnects_closes_its_connection() {
    let (server, io) = serve(|io| {
        io.of("/").on("kick", async |socket: Socket| {
            socket.emit("bye", &());
            socket.disconnect();
        });
    });
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        client.emit("kick", &()).await;
        assert_eq!(client.disconnected().await, "io server disconnect");
        assert_eq!(client.received().await[0].name(), "bye");
        assert_eq!(io.engine().clients_count(), 0);
        assert!(!client.connected());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_reconnection_is_refused_stays_disconnected() {
    let is_open = Arc::new(AtomicBool::new(true));
    let (server, io) = serve(|io| {
        let is_open = Arc::clone(&is_open);
        io.of("/").middleware(async move || {
            if is_open.load(Ordering::Relaxed) {
                return Ok(());
            }
            Err(ConnectError::new("closed on Sundays"))
        });
    });
    for builder in transports(&server) {
        let mut client = builder.connect().await.unwrap();
        is_open.store(false, Ordering::Relaxed);
        let refused = client.reconnect().await.unwrap_err();
        assert_eq!(refused.message(), "closed on Sundays");
        assert!(!client.connected());
        assert_eq!(client.disconnected().await, "io server disconnect");
        assert_eq!(io.engine().clients_count(), 0);
        is_open.store(true, Ordering::Relaxed);
        client.reconnect().await.unwrap();
        assert!(client.connected());
    }
}
