//! The application's hooks for requests.

use std::sync::Arc;

use bytes::Bytes;
use engineio::{
    Application, BoxError, CloseReason, Config, Connection, ConnectionError, ConnectionFailure,
    Engine, EngineIoService, FailureContext, Message, Origins, Session, SessionId,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::Full;
use parking_lot::Mutex;
use tokio_tungstenite::tungstenite::Error;

use crate::polling_client::{OPEN, sid_of};
use crate::server::{Answer, PIPE, answer, connect, expect, settle};
use crate::websocket_client;

/// An application that treats a request as its query says, and logs the calls.
#[derive(Default)]
struct LoggingApplication(Mutex<Vec<String>>);

/// An extension that the application adds to the request.
#[derive(Clone, Debug)]
struct Stamp(&'static str);

fn value<'a>(request: &'a Parts, name: &str) -> Option<&'a str> {
    let pairs = request.uri.query().unwrap_or("").split('&');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

impl LoggingApplication {
    fn write(&self, entry: impl Into<String>) {
        self.0.lock().push(entry.into());
    }

    fn stamp(request: &Parts) -> &'static str {
        request.extensions.get::<Stamp>().map_or("none", |it| it.0)
    }
}

impl Application for LoggingApplication {
    type Connection = Silent;

    fn open(&self, _: Session, request: Parts) -> Silent {
        self.write(format!("open {}", Self::stamp(&request)));
        Silent
    }

    async fn allow_request(&self, request: &mut Parts) -> Result<(), ConnectionError> {
        self.write("allow?");
        request.extensions.insert(Stamp("seen"));
        tokio::task::yield_now().await;
        match value(request, "deny") {
            None => Ok(()),
            Some("") => Err(ConnectionError::Forbidden(None)),
            Some(message) => Err(ConnectionError::forbidden(message)),
        }
    }

    async fn generate_id(&self, request: &Parts) -> Result<SessionId, BoxError> {
        self.write(format!("id? {}", Self::stamp(request)));
        tokio::task::yield_now().await;
        match value(request, "id") {
            None => Ok(SessionId::from("made")),
            Some("broken") => Err("out of ids".into()),
            Some(id) => Ok(SessionId::from(id)),
        }
    }

    fn connection_error(&self, failure: &ConnectionFailure<'_>) {
        self.write(format!(
            "error {} {:?} {} {}",
            failure.code(),
            failure.message(),
            failure.request().method,
            failure.context().name().unwrap_or("-"),
        ));
        if let FailureContext::IdGeneration { error } = failure.context() {
            self.write(error.to_string());
        }
        if let FailureContext::Forbidden { message } = failure.context() {
            self.write(format!("{message:?}"));
        }
    }

    fn initial_headers(&self, headers: &mut HeaderMap, request: &Parts) {
        self.write(format!("initial {}", Self::stamp(request)));
        headers.insert("x-initial", HeaderValue::from_static("1"));
    }

    fn headers(&self, headers: &mut HeaderMap, request: &Parts) {
        let initial = headers.contains_key("x-initial");
        self.write(format!("headers {} {initial}", request.method));
        headers.insert("x-any", HeaderValue::from_static("1"));
    }
}

struct Silent;

impl Connection for Silent {
    fn message(&mut self, _: Message) {}

    fn closed(self, _: CloseReason) {}
}

struct TestServer(Arc<Engine<LoggingApplication>>);

impl TestServer {
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        Self(Arc::new(Engine::new(config, LoggingApplication::default())))
    }

    fn service(&self) -> EngineIoService<engineio::NotFound, LoggingApplication> {
        EngineIoService::standalone(Arc::clone(&self.0))
    }

    async fn request(&self, method: &str, target: &str) -> Answer {
        let request = Request::builder().method(method).uri(target);
        let body = Full::<Bytes>::from("42");
        answer(self.service(), request.body(body).unwrap()).await
    }

    async fn get(&self, target: &str) -> Answer {
        self.request("GET", target).await
    }

    /// Returns the response to a WebSocket handshake.
    async fn websocket(&self, target: &str) -> http::Response<Option<Vec<u8>>> {
        let stream = connect(self.service(), PIPE);
        let handshake = tokio_tungstenite::client_async(format!("ws://localhost{target}"), stream);
        let response = match expect("the answer to the upgrade", handshake).await {
            Ok((socket, response)) => {
                settle().await;
                drop(socket);
                response
            }
            Err(Error::Http(response)) => *response,
            Err(error) => panic!("{error}"),
        };
        settle().await;
        response
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.0.application().0.lock())
    }
}

#[tokio::test(start_paused = true)]
async fn a_polling_session_calls_all_hooks_in_order() {
    let server = TestServer::new();
    let opened = server.get(OPEN).await;
    assert_eq!(sid_of(opened.text()), "made");
    assert_eq!(opened.headers["x-initial"], "1");
    assert_eq!(opened.headers["x-any"], "1");
    let expected = [
        "allow?",
        "id? seen",
        "initial seen",
        "headers GET true",
        "open seen",
    ];
    assert_eq!(server.log(), expected);

    let target = format!("{OPEN}&sid=made");
    let posted = server.request("POST", &target).await;
    posted.is(200, "ok");
    assert_eq!(posted.headers["x-any"], "1");
    assert!(!posted.headers.contains_key("x-initial"));
    assert_eq!(server.log(), ["headers POST false"]);

    let session = server.0.session(&SessionId::from("made")).unwrap();
    session.send("hello").unwrap();
    assert_eq!(server.get(&target).await.headers["x-any"], "1");
    assert_eq!(server.log(), ["headers GET false"]);

    let upgrade = target.replace("polling", "websocket");
    let upgraded = server.websocket(&upgrade).await;
    assert_eq!(upgraded.status(), 101);
    assert_eq!(upgraded.headers()["x-any"], "1");
    assert!(!upgraded.headers().contains_key("x-initial"));
    assert_eq!(server.log(), ["headers GET false"]);
}

#[tokio::test(start_paused = true)]
async fn a_websocket_session_calls_all_hooks_in_order() {
    let server = TestServer::new();
    let opened = server.websocket(websocket_client::OPEN).await;
    assert_eq!(opened.status(), 101);
    assert_eq!(opened.headers()["x-initial"], "1");
    assert_eq!(opened.headers()["x-any"], "1");
    let expected = [
        "allow?",
        "id? seen",
        "initial seen",
        "headers GET true",
        "open seen",
    ];
    assert_eq!(server.log(), expected);
}

#[tokio::test(start_paused = true)]
async fn the_application_can_refuse_on_both_transports() {
    let server = TestServer::new();
    for (query, message, reported) in [
        ("deny=go%20away", "go%20away", "Some(\"go%20away\")"),
        ("deny=", "Forbidden", "None"),
    ] {
        let refused = server.get(&format!("{OPEN}&{query}")).await;
        refused.is(403, &format!(r#"{{"code":4,"message":"{message}"}}"#));
        assert!(!refused.headers.contains_key("x-any"));
        let log = ["allow?", r#"error 4 "Forbidden" GET -"#, reported];
        assert_eq!(server.log(), log);

        let refused = server
            .websocket(&format!("{}&{query}", websocket_client::OPEN))
            .await;
        assert_eq!(refused.status(), 400);
        assert_eq!(refused.body().as_deref(), Some(message.as_bytes()));
        assert_eq!(server.log(), log);
    }
    assert_eq!(server.0.clients_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_application_is_asked_after_the_method_and_before_the_revision() {
    let server = TestServer::new();
    for (method, query, code, asked) in [
        ("GET", "EIO=4&transport=none", 0, false),
        ("GET", "EIO=4&transport=polling&sid=none", 1, false),
        ("POST", "EIO=4&transport=polling", 2, false),
        ("GET", "EIO=4&transport=websocket", 3, false),
        ("GET", "EIO=7&transport=polling", 5, true),
        ("GET", "EIO=7&transport=polling&deny=", 4, true),
    ] {
        let refused = server
            .request(method, &format!("/engine.io/?{query}&deny"))
            .await;
        let body = format!("{{\"code\":{code},");
        assert!(refused.text().starts_with(&body), "{query}: {refused:?}");
        let log = server.log();
        assert_eq!(log.contains(&"allow?".to_owned()), asked, "{query}");
        assert!(!log.contains(&"id? seen".to_owned()), "{query}");
        assert!(
            log.iter().any(|e| e.starts_with(&format!("error {code} "))),
            "{query}: {log:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_unlisted_origin_is_reported_to_the_application() {
    let server = TestServer::with(Config::default().origins(Origins::list(["https://a.example"])));
    let request = Request::get(OPEN).header("origin", "https://b.example");
    let refused = answer(
        server.service(),
        request.body(Full::<Bytes>::default()).unwrap(),
    )
    .await;
    refused.is(403, r#"{"code":4,"message":"Forbidden"}"#);
    assert_eq!(
        server.log(),
        [r#"error 4 "Forbidden" GET ORIGIN_NOT_ALLOWED"#]
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_without_a_valid_id_is_not_opened() {
    let server = TestServer::new();
    server.get(&format!("{OPEN}&id=taken")).await;
    server.log();
    let long = "x".repeat(129);
    for (id, why) in [
        ("broken", "out of ids"),
        ("taken", "belongs to another session"),
        ("a%20b", "is invalid"),
        ("", "is invalid"),
        (&*long, "is invalid"),
    ] {
        let refused = server.get(&format!("{OPEN}&id={id}")).await;
        refused.is(400, r#"{"code":3,"message":"Bad request"}"#);
        let websocket = format!("{}&id={id}", websocket_client::OPEN);
        let refused = server.websocket(&websocket).await;
        assert_eq!(refused.status(), 400, "refused before the 101");
        assert_eq!(refused.body().as_deref(), Some(&b"Bad request"[..]));
        for log in server.log().chunks(4) {
            let error = r#"error 3 "Bad request" GET ID_GENERATION_ERROR"#;
            assert_eq!(log[..3], ["allow?", "id? seen", error]);
            assert!(log[3].contains(why), "{id}: {log:?}");
        }
    }
    // The session that already has the id stays open.
    assert_eq!(server.0.clients_count(), 1);
    let posted = server.request("POST", &format!("{OPEN}&sid=taken")).await;
    posted.is(200, "ok");
}

#[tokio::test(start_paused = true)]
async fn an_id_can_be_reused_after_its_session_ends() {
    let server = TestServer::new();
    for _ in 0..3 {
        sid_of(server.get(OPEN).await.text());
        let session = server.0.session(&SessionId::from("made")).unwrap();
        session.abort(CloseReason::ForcedClose);
        settle().await;
        assert_eq!(server.0.clients_count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_aborted_handshake_leaves_no_session() {
    let server = TestServer::new();
    let request = Request::get(OPEN).body(Full::<Bytes>::default()).unwrap();
    let mut pending = Box::pin(answer(server.service(), request));
    let waiting =
        std::future::poll_fn(|cx| std::task::Poll::Ready(pending.as_mut().poll(cx).is_pending()));
    assert!(waiting.await);
    assert_eq!(server.log(), ["allow?"]);
    drop(pending);
    settle().await;
    assert!(server.log().is_empty());
    assert_eq!(server.0.clients_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn requests_can_be_passed_to_the_engine_with_any_path() {
    let server = TestServer::new();
    let request = |target: &str| Request::get(target).body(Full::<Bytes>::default()).unwrap();
    let other = "/elsewhere?EIO=4&transport=polling";
    server.get(other).await.is(404, "");
    let answered = server.0.handle(request(other)).await;
    assert_eq!(answered.status(), 200);
    assert_eq!(server.0.clients_count(), 1);
    server.log();
    // Not every request is a WebSocket upgrade.
    let refused = server.0.handle_upgrade(request(other)).await;
    assert_eq!(refused.status(), 400);
    let error = r#"error 3 "Bad request" GET TRANSPORT_HANDSHAKE_ERROR"#;
    assert_eq!(server.log(), [error]);
}
