//! Tests extractors of axum, axum-extra and tower-sessions in all kinds of Socket.IO handlers.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, FromRef, OriginalUri, Query, State};
use axum::http::{HeaderMap, Method, Uri};
use axum_extra::TypedHeader;
use axum_extra::extract::CookieJar;
use axum_extra::headers::UserAgent;
use e2e::probes::Journal;
use serde::Deserialize;
use socketio::extract::Data;
use socketio::{Reply, Socket, SocketIo, SocketIoLayer};
use socketio_testing::{Request, WsClient};
use tokio::net::TcpListener;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

#[derive(Clone, FromRef)]
struct App {
    journal: Journal,
    greeting: &'static str,
}

#[derive(Deserialize)]
struct Welcome {
    room: String,
}

const TARGET: &str = "/socket.io/?EIO=4&transport=websocket&room=blue";

#[tokio::test]
async fn all_kinds_of_handlers_can_extract_from_the_request() {
    let journal = Journal::new();
    let layer = SocketIoLayer::with_state(App {
        journal: journal.clone(),
        greeting: "hello",
    });
    layer
        .io()
        .of("/")
        .middleware(
            async |headers: HeaderMap, method: Method, uri: Uri, State(app): State<App>| {
                app.journal.write(format!(
                    "middleware {method} {} {}",
                    uri.path(),
                    headers.len() > 2
                ));
                Ok::<_, &str>(())
            },
        )
        .on_connect(
            async |Query(welcome): Query<Welcome>,
                   TypedHeader(agent): TypedHeader<UserAgent>,
                   ConnectInfo(address): ConnectInfo<SocketAddr>,
                   State(journal): State<Journal>| {
                journal.write(format!("connect {} {agent} {}", welcome.room, address.ip()));
            },
        )
        .on(
            "ask",
            async |cookies: CookieJar,
                   State(greeting): State<&'static str>,
                   Data(name): Data<String>| {
                let theme = cookies.get("theme").map_or("none", |cookie| cookie.value());
                Reply(format!("{greeting} {name}, {theme}"))
            },
        )
        .on_disconnect(
            async |OriginalUri(uri): OriginalUri, State(journal): State<Journal>| {
                journal.write(format!("disconnect {}", uri.query().unwrap_or("")));
            },
        );
    let addr = serve(Router::new().layer(layer)).await;
    let request = Request::websocket(TARGET)
        .header("user-agent", "test/1")
        .header("cookie", "theme=dark; a=b");
    let mut client = WsClient::connect_with(addr, &request).await;
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect("40{…}").await;
    client.send(r#"420["ask","ada"]"#).await;
    client.expect(r#"430["hello ada, dark"]"#).await;
    client.send("41").await;
    journal
        .expect([
            "middleware GET /socket.io/ true",
            "connect blue test/1 127.0.0.1",
            "disconnect EIO=4&transport=websocket&room=blue",
        ])
        .await;
}

#[tokio::test]
async fn http_handlers_and_sockets_share_the_session_of_tower_sessions() {
    let layer = SocketIoLayer::new();
    layer
        .io()
        .of("/")
        .on("visit", async |session: Session| {
            let visits = session
                .get::<u32>("visits")
                .await
                .ok()
                .flatten()
                .unwrap_or(0)
                + 1;
            session.insert("visits", visits).await.ok();
            Reply(visits)
        })
        .on_connect(async |socket: Socket, _: SocketIo, session: Session| {
            socket.emit("new", &session.is_empty().await);
        });
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    let addr = serve(Router::new().layer(layer).layer(sessions)).await;
    let mut client = WsClient::connect(addr, TARGET).await;
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect("40{…}").await;
    client.expect(r#"42["new",true]"#).await;
    for visits in 1..4 {
        client.send(r#"420["visit"]"#).await;
        client.expect(&format!("430[{visits}]")).await;
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("a listener has an address");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    addr
}
