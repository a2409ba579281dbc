//! The engine as a tower layer and service: generic, transparent and shared.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use engineio::{Config, Engine, EngineIoLayer, EngineIoService, NotFound, Origins, Transport};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty};
use tower::{Layer as _, Service, ServiceExt as _};

use crate::application::Reporter;
use crate::body::FedBody;
use crate::polling_client::{OPEN, PollingClient, sid_of};
use crate::server::{PIPE, Server};
use crate::websocket_client::{self, WebSocketClient};

/// A custom body: some bytes, one after the other.
#[derive(Debug)]
struct Countdown(u8);

impl Body for Countdown {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match self.0 {
            0 => None,
            200.. => Some(Err(io::Error::other("too high"))),
            left => {
                self.0 = left - 1;
                Some(Ok(Frame::data(Bytes::copy_from_slice(&[b'0' + left]))))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0 == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.into())
    }
}

/// A service that is ready on demand, and fails for one path.
#[derive(Clone, Debug, Default)]
struct Inner {
    /// The remaining number of polls for which it is not ready.
    unready: usize,
    broken: bool,
    calls: Arc<AtomicUsize>,
}

impl Service<Request<FedBody>> for Inner {
    type Response = Response<Countdown>;
    type Error = io::Error;
    type Future = Ready<io::Result<Response<Countdown>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.broken {
            return Poll::Ready(Err(io::Error::other("broken")));
        }
        if let Some(unready) = self.unready.checked_sub(1) {
            self.unready = unready;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<FedBody>) -> Self::Future {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if request.uri().path() == "/fails" {
            return ready(Err(io::Error::other("failed")));
        }
        assert_eq!(request.method(), "PUT");
        assert_eq!(request.headers()["x-header"], "kept");
        assert_eq!(request.extensions_mut().remove::<u8>(), Some(7));
        let mut response = Response::new(Countdown(3));
        response
            .headers_mut()
            .insert("x-inner", "yes".parse().unwrap());
        ready(Ok(response))
    }
}

fn put(path: &str) -> Request<FedBody> {
    Request::put(path)
        .header("x-header", "kept")
        .extension(7_u8)
        .body(FedBody::complete(["body"]))
        .unwrap()
}

fn open() -> Request<FedBody> {
    Request::get(OPEN).body(FedBody::complete([])).unwrap()
}

#[tokio::test(start_paused = true)]
async fn other_paths_are_passed_to_the_inner_service() {
    let server = Server::new();
    let inner = Inner::default();
    let layer = EngineIoLayer::from_engine(Arc::clone(&server.engine));
    let service = layer.layer(inner.clone());
    // Without the slash it is another path, as in Node.
    for path in [
        "/",
        "/other?EIO=4&transport=polling",
        "/engine.io",
        "/engine.iox/",
    ] {
        let response = service.clone().oneshot(put(path)).await.unwrap();
        assert_eq!(response.headers()["x-inner"], "yes");
        let body = response.into_body();
        assert_eq!(body.size_hint().exact(), Some(3));
        assert!(!body.is_end_stream());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "321");
    }
    let failed = service.clone().oneshot(put("/fails")).await;
    assert_eq!(failed.unwrap_err().to_string(), "failed");
    assert_eq!(inner.calls.load(Ordering::Relaxed), 5);

    for path in [OPEN, "/engine.io/anything?EIO=4&transport=polling"] {
        let request = Request::get(path).body(FedBody::complete([])).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.into_body();
        assert!(body.size_hint().exact().unwrap() > 0);
        let body = body.collect().await.unwrap().to_bytes();
        assert!(body.starts_with(b"0{"));
    }
    assert_eq!(inner.calls.load(Ordering::Relaxed), 5);
}

#[tokio::test(start_paused = true)]
async fn the_inner_service_determines_readiness() {
    let server = Server::new();
    let layer = EngineIoLayer::from_engine(Arc::clone(&server.engine));
    let mut service = layer.layer(Inner {
        unready: 1,
        ..Inner::default()
    });
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(service.poll_ready(&mut cx).is_pending());
    assert!(service.poll_ready(&mut cx).is_ready());
    let mut broken = layer.layer(Inner {
        broken: true,
        ..Inner::default()
    });
    let error = broken.ready().await.unwrap_err();
    assert_eq!(error.to_string(), "broken");
}

#[tokio::test(start_paused = true)]
async fn a_failing_body_keeps_its_error() {
    let server = Server::new();
    let layer = EngineIoLayer::from_engine(Arc::clone(&server.engine));
    let inner = tower::service_fn(async |_: Request<FedBody>| {
        Ok::<_, io::Error>(Response::new(Countdown(200)))
    });
    let response = layer.layer(inner).oneshot(put("/")).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert_eq!(error.to_string(), "too high");
}

#[tokio::test(start_paused = true)]
async fn all_services_of_a_layer_share_sessions() {
    let mut server = Server::new();
    let layer = EngineIoLayer::from_engine(Arc::clone(&server.engine));
    let first = layer.layer(Inner::default());
    let second = layer.clone().layer(NotFound);
    assert!(Arc::ptr_eq(first.engine(), layer.engine()));
    let opened = first.clone().oneshot(open()).await.unwrap();
    let open = opened.into_body().collect().await.unwrap().to_bytes();
    let sid = sid_of(std::str::from_utf8(&open).unwrap());
    let session = server.opened().await;
    session.send("hello").unwrap();
    let poll = Request::get(format!("{OPEN}&sid={sid}")).body(Empty::<Bytes>::new());
    let response = second.clone().oneshot(poll.unwrap()).await.unwrap();
    let packets = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(packets, "4hello");
    assert_eq!(second.engine().clients_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_inner_service_is_accessible() {
    let server = Server::new();
    let mut service = EngineIoService::new(Inner::default(), Arc::clone(&server.engine));
    service.get_mut().unready = 3;
    assert_eq!(service.get_ref().unready, 3);
    assert_eq!(service.into_inner().unready, 3);
}

#[tokio::test(start_paused = true)]
async fn a_standalone_engine_answers_other_paths_with_not_found() {
    let (application, _happenings) = Reporter::new();
    let engine = Arc::new(Engine::new(
        Config::default().path("engine.io"),
        application,
    ));
    let service = EngineIoService::standalone(Arc::clone(&engine));
    let response = service.clone().oneshot(put("/")).await;
    let Ok::<_, Infallible>(response) = response;
    assert_eq!(response.status(), 404);
    assert!(response.into_body().is_end_stream());
    let Ok(response) = service.oneshot(open()).await;
    assert_eq!(response.status(), 200);
    assert!(engine.serves("/engine.io/") && !engine.serves("/"));
    assert_eq!(engine.clients_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_http_server_without_upgrade_support_keeps_no_session() {
    let server = Server::new();
    let request = Request::get(websocket_client::OPEN)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(Empty::<Bytes>::new());
    server.answer(request.unwrap()).await.is(500, "");
    assert_eq!(server.engine.clients_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_disabled_transport_is_refused() {
    let unknown = r#"{"code":0,"message":"Transport unknown"}"#;
    let server = Server::with(Config::default().transports([Transport::WebSocket]));
    server.answer(open()).await.is(400, unknown);
    WebSocketClient::open(&server).await;

    let mut server = Server::with(Config::default().transports([Transport::Polling]));
    let client = PollingClient::open(&server).await;
    server.opened().await;
    for target in [
        websocket_client::OPEN.to_owned(),
        format!("{}&sid={}", websocket_client::OPEN, client.sid),
    ] {
        assert!(
            WebSocketClient::connect(&server, &target, PIPE)
                .await
                .is_err()
        );
    }
    client.post("4unharmed").await.is(200, "ok");
    server.messages(["unharmed"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_page_of_another_origin_reaches_no_session() {
    let origins = Origins::list(["https://example.com"]);
    let mut server = Server::with(Config::default().origins(origins));
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    session.send("secret").unwrap();
    for target in [OPEN.to_owned(), client.target()] {
        let request = Request::get(target)
            .header("origin", "https://evil.example")
            .body(Empty::<Bytes>::new());
        let forbidden = r#"{"code":4,"message":"Forbidden"}"#;
        server.answer(request.unwrap()).await.is(403, forbidden);
    }
    let request = Request::get(client.target())
        .header("origin", "https://example.com")
        .body(Empty::<Bytes>::new());
    server.answer(request.unwrap()).await.is(200, "4secret");
    assert_eq!(server.engine.clients_count(), 1);
}
