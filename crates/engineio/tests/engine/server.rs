//! A server under test: its engine, its application, and its entry points.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engineio::{
    Application, CloseReason, Config, Engine, EngineIoService, Message, NotFound, Session,
};
use http::{HeaderMap, Request, StatusCode};
use http_body::Body;
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tower::ServiceExt as _;

use crate::application::{Callback, Gate, Reporter};

pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(25);
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(20);
pub(crate) const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
pub(crate) const MOMENT: Duration = Duration::from_millis(1);

/// The default capacity of an in-memory connection.
pub(crate) const PIPE: usize = 64 * 1024;

/// Advances virtual time. Timers fire in order, and every task runs until it is idle.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Runs every task until it is idle.
pub(crate) async fn settle() {
    pass(MOMENT).await;
}

/// Awaits a future, with an hour of virtual time as the limit.
pub(crate) async fn expect<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(3600), future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not come"))
}

pub(crate) struct Server {
    pub(crate) engine: Arc<Engine<Reporter>>,
    pub(crate) gate: Gate,
    callbacks: UnboundedReceiver<Callback>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self::directed(config, |_| {})
    }

    /// Creates a server whose application echoes each message.
    pub(crate) fn echoing() -> Self {
        Self::directed(Config::default(), |application| {
            application.on_message = Arc::new(|session, message| {
                session.send(message.clone()).ok();
            });
        })
    }

    /// Creates a server with the application that `direct` configures.
    pub(crate) fn directed(config: Config, direct: impl FnOnce(&mut Reporter)) -> Self {
        let (mut application, callbacks) = Reporter::new();
        direct(&mut application);
        Self {
            gate: application.gate.clone(),
            engine: Arc::new(Engine::new(config, application)),
            callbacks,
        }
    }

    pub(crate) fn service(&self) -> EngineIoService<NotFound, Reporter> {
        EngineIoService::standalone(Arc::clone(&self.engine))
    }

    /// Answers one request.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Answer
    where
        B: Body + Send + 'static,
    {
        answer(self.service(), request).await
    }

    /// Opens a connection to the server, which accepts HTTP/1.1 and HTTP/2.
    ///
    /// `buffer` is the capacity of each direction in bytes.
    pub(crate) fn connect(&self, buffer: usize) -> DuplexStream {
        connect(self.service(), buffer)
    }

    pub(crate) async fn callback(&mut self) -> Callback {
        expect("a call of the application", self.callbacks.recv())
            .await
            .expect("the application lives")
    }

    /// Returns the session if the next callback is `open`.
    pub(crate) async fn opened(&mut self) -> Session {
        match self.callback().await {
            Callback::Opened(session) => session,
            other => panic!("expected a new session, got {other:?}"),
        }
    }

    /// Returns the message if the next callback is `message`.
    pub(crate) async fn message(&mut self) -> Message {
        match self.callback().await {
            Callback::Message(message) => message,
            other => panic!("expected a message, got {other:?}"),
        }
    }

    /// Asserts that the next callbacks receive these messages.
    pub(crate) async fn messages<const N: usize>(&mut self, expected: [&str; N]) {
        for text in expected {
            assert_eq!(self.message().await, Message::from(text));
        }
    }

    /// Returns the reason if the next callback is `closed`.
    pub(crate) async fn closed(&mut self) -> CloseReason {
        match self.callback().await {
            Callback::Closed(reason) => reason,
            other => panic!("expected the end of the session, got {other:?}"),
        }
    }

    /// Returns the callbacks so far, without waiting.
    pub(crate) fn drain_callbacks(&mut self) -> Vec<Callback> {
        std::iter::from_fn(|| self.callbacks.try_recv().ok()).collect()
    }

    /// Asserts that there are no unread callbacks.
    #[track_caller]
    pub(crate) fn expect_nothing(&mut self) {
        let callbacks = self.drain_callbacks();
        assert!(callbacks.is_empty(), "unexpected: {callbacks:?}");
    }
}

/// Opens a connection to a service, which accepts HTTP/1.1 and HTTP/2.
pub(crate) fn connect<A: Application>(
    service: EngineIoService<NotFound, A>,
    buffer: usize,
) -> DuplexStream {
    let (client, server) = tokio::io::duplex(buffer);
    serve(service, server);
    client
}

/// Serves a connection with HTTP/1.1 and HTTP/2.
pub(crate) fn serve<A: Application>(
    service: EngineIoService<NotFound, A>,
    connection: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) {
    let service = TowerToHyperService::new(service);
    tokio::spawn(async move {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http2().enable_connect_protocol();
        builder
            .serve_connection_with_upgrades(TokioIo::new(connection), service)
            .await
            .ok();
    });
}

/// A complete response.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// Asserts status and body.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status.as_u16(), self.text()), (status, body));
    }
}

/// Returns the response of a service to one request.
pub(crate) async fn answer<A, B>(
    service: EngineIoService<NotFound, A>,
    request: Request<B>,
) -> Answer
where
    A: Application,
    B: Body + Send + 'static,
{
    let response = match service.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (parts, body) = response.into_parts();
    let body = body
        .collect()
        .await
        .expect("the body of an answer")
        .to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}
