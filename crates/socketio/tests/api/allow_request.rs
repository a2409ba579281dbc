//! Tests the hook `allow_request`, which accepts or rejects handshakes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Extension;
use axum::extract::{FromRef, FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum_extra::extract::CookieJar;
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{join, join_polling};
use serde::Deserialize;
use socketio::{ConnectError, Refusal, Socket, SocketIo, SocketIoBuilder, SocketIoLayer};
use socketio_testing::{Request, WsClient};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

async fn assert_rejected(addr: SocketAddr, query: &str, message: &str) {
    let response = Request::get(&format!("{POLLING}&{query}")).send(addr).await;
    response.assert(403, &format!(r#"{{"code":4,"message":"{message}"}}"#));
    assert_eq!(response.header("content-type"), Some("application/json"));
    let request = Request::websocket(&format!("{WEBSOCKET}&{query}"));
    let response = WsClient::try_connect(addr, &request).await;
    response
        .expect_err("the upgrade is rejected")
        .assert(400, message);
}

async fn assert_accepted(addr: SocketAddr, query: &str) {
    let response = Request::get(&format!("{POLLING}&{query}")).send(addr).await;
    response.assert(200, r#"0{"sid":"…",…}"#);
    let mut client = WsClient::connect(addr, &format!("{WEBSOCKET}&{query}")).await;
    client.expect("0{…}").await;
}

async fn serve_with(builder: impl FnOnce(SocketIoBuilder) -> SocketIoBuilder) -> SocketAddr {
    serve(builder(SocketIoLayer::builder()).build()).await
}

fn query_contains(uri: &Uri, word: &str) -> bool {
    uri.query().is_some_and(|query| query.contains(word))
}

#[tokio::test]
async fn a_handler_can_return_a_bool_or_a_result() {
    // With each kind of return value, `&no` is rejected.
    let addr = serve_with(|b| b.allow_request(async |uri: Uri| !query_contains(&uri, "no"))).await;
    assert_rejected(addr, "no", "Forbidden").await;
    assert_accepted(addr, "yes").await;

    let addr = serve_with(|b| {
        b.allow_request(async |uri: Uri| match query_contains(&uri, "no") {
            true => Err("not \"you\""),
            false => Ok(()),
        })
    })
    .await;
    let response = Request::get(&format!("{POLLING}&no")).send(addr).await;
    response.assert(403, r#"{"code":4,"message":"not \"you\""}"#);
    assert_accepted(addr, "yes").await;

    let addr = serve_with(|b| {
        b.allow_request(async |uri: Uri| match query_contains(&uri, "error") {
            true => Err(Refusal::new("unknown user")),
            false => Ok(!query_contains(&uri, "no")),
        })
    })
    .await;
    assert_rejected(addr, "error", "unknown user").await;
    assert_rejected(addr, "no", "Forbidden").await;
    assert_accepted(addr, "yes").await;

    let addr = serve_with(|b| {
        b.allow_request(async |uri: Uri| -> Result<(), ConnectError> {
            Err(ConnectError::new(uri.path()))
        })
    })
    .await;
    assert_rejected(addr, "", "/socket.io/").await;

    let addr = serve_with(|b| b.allow_request(async || {})).await;
    assert_accepted(addr, "no").await;
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

#[derive(Clone, FromRef)]
struct AppState {
    secret: &'static str,
    journal: Journal,
}

async fn by_token(
    Query(token): Query<Token>,
    cookies: CookieJar,
    headers: HeaderMap,
    State(secret): State<&'static str>,
    State(journal): State<Journal>,
    io: SocketIo,
) -> bool {
    let cookie = cookies.get("a").map_or("", |cookie| cookie.value());
    journal.write(format!("{cookie} {}", headers.contains_key("host")));
    io.engine().clients_count() == 0 && token.token == secret
}

#[tokio::test]
async fn a_handler_can_use_extractors_of_axum_and_the_state() {
    let journal = Journal::new();
    let state = AppState {
        secret: "sesame",
        journal: journal.clone(),
    };
    let layer = SocketIoLayer::builder()
        .with_state(state)
        .allow_request(by_token)
        .build();
    let addr = serve(layer).await;
    assert_rejected(addr, "token=wrong", "Forbidden").await;
    journal.expect([" true", " true"]).await;
    // The rejection text of the extractor.
    let response = Request::get(POLLING).send(addr).await;
    response.assert(403, r#"{"code":4,"message":"…missing field `token`"}"#);
    assert!(journal.take().await.is_empty());

    let request = Request::get(&format!("{POLLING}&token=sesame")).header("Cookie", "a=b");
    request.send(addr).await.assert(200, "0{…}");
    journal.expect(["b true"]).await;
}

/// The user, stored in the request by an extractor.
#[derive(Clone)]
struct User(&'static str);

struct FindUser;

impl<S: Send + Sync> FromRequestParts<S> for FindUser {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        if query_contains(&parts.uri, "broken") {
            return Err((StatusCode::BAD_GATEWAY, "10.0.0.7 does not answer"));
        }
        parts.extensions.insert(User("ada"));
        Ok(Self)
    }
}

#[tokio::test]
async fn extensions_added_by_the_hook_reach_later_handlers() {
    let layer = SocketIoLayer::builder()
        .allow_request(async |_: FindUser, Extension(User(name)): Extension<User>| name == "ada")
        .build();
    let io = layer.io();
    let journal = Journal::new();
    let headers_journal = journal.clone();
    io.engine().on_initial_headers(move |_, request| {
        let user = request.extensions.get::<User>().map(|user| user.0);
        headers_journal.write(format!("headers {user:?}"));
    });
    io.of("/").on_connect(
        async |socket: Socket, Extension(User(name)): Extension<User>| {
            // Extensions that extractors of the hook needed are not kept for the connection.
            assert!(socket.handshake().extensions().get::<SocketIo>().is_none());
            socket.emit("user", name);
        },
    );
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    client.expect(r#"42["user","ada"]"#).await;
    let (mut client, _) = join_polling(addr).await;
    client.expect(r#"42["user","ada"]"#).await;
    journal
        .expect([r#"headers Some("ada")"#, r#"headers Some("ada")"#])
        .await;
    // A server error is not described to the client.
    assert_rejected(addr, "broken", "Forbidden").await;
}

#[tokio::test]
async fn a_panic_rejects_the_handshake() {
    let addr = serve_with(|b| {
        b.allow_request(async |uri: Uri| {
            assert!(!query_contains(&uri, "panic"), "on purpose");
        })
    })
    .await;
    assert_rejected(addr, "panic", "Forbidden").await;
    assert_accepted(addr, "").await;
}

#[tokio::test]
async fn the_hook_runs_once_per_connection() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let layer = SocketIoLayer::builder()
        .with_state(counter)
        .allow_request(async |State(calls): State<Arc<AtomicUsize>>| {
            calls.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    layer.io().of("/");
    let addr = serve(layer).await;
    let (client, _) = join_polling(addr).await;
    let mut socket = client.websocket().await;
    socket.send("2probe").await;
    socket.expect("3probe").await;
    socket.send("5").await;
    socket.send("40/nowhere").await;
    socket.expect("44/nowhere,…").await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    join(addr).await;
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}
