use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use engineio_proto::{CloseReason, SessionConfig, SessionId, Transport};
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::application::Application;
use crate::config::Config;
use crate::open;
use crate::registry::Registry;
use crate::session::Session;
use crate::shutdown;
use crate::transport::webtransport::WebTransport;

/// An Engine.IO server: its options, its sessions and the application on top.
pub struct Engine<A: Application> {
    pub(crate) config: Config,
    pub(crate) session_config: Arc<SessionConfig>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) application: A,
    closing: AtomicBool,
}

impl<A: Application> Engine<A> {
    /// An engine without sessions.
    pub fn new(config: Config, application: A) -> Self {
        Self {
            session_config: Arc::new(config.session.clone()),
            config,
            registry: Arc::new(Registry::new()),
            application,
            closing: AtomicBool::new(false),
        }
    }

    /// The application on top of the engine.
    pub fn application(&self) -> &A {
        &self.application
    }

    /// The number of sessions that are open (Node's `engine.clientsCount`).
    pub fn clients_count(&self) -> usize {
        self.registry.len()
    }

    /// The session with this id, if it is open.
    pub fn session(&self, id: &SessionId) -> Option<Session> {
        self.registry.find(id).map(Session::new)
    }

    /// Whether the engine serves a path.
    pub fn serves(&self, path: &str) -> bool {
        self.config.path.contains(path)
    }

    /// The path that the engine serves, with its slash if clients put one there.
    pub fn path(&self) -> &str {
        self.config.path.as_str()
    }

    /// What of a path lies below the engine's, without a slash in front: `x.js` of
    /// `/engine.io/x.js`. `None` if it does not lie there.
    pub fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        self.config.path.below(path)
    }

    /// The transports that clients may use.
    pub fn transports(&self) -> impl Iterator<Item = Transport> {
        let transports = self.config.transports;
        [
            Transport::Polling,
            Transport::WebSocket,
            Transport::WebTransport,
        ]
        .into_iter()
        .filter(move |&transport| transports.contains(transport))
    }

    /// Whether a session may move from polling to another transport.
    pub fn allow_upgrades(&self) -> bool {
        self.config.allow_upgrades
    }

    /// How long after the last pong a client is pinged.
    pub fn ping_interval(&self) -> Duration {
        self.config.session.ping_interval
    }

    /// How long a client may take to answer a ping.
    pub fn ping_timeout(&self) -> Duration {
        self.config.session.ping_timeout
    }

    /// How long an upgrade may take, and the first packet of a WebTransport session.
    pub fn upgrade_timeout(&self) -> Duration {
        self.config.session.upgrade_timeout
    }

    /// The largest message and the largest polling body that a client may send, in bytes.
    pub fn max_http_buffer_size(&self) -> usize {
        self.config.max_http_buffer_size
    }

    /// Answers a request as one of this engine, whatever its path (Node's `handleRequest`, and
    /// `handleUpgrade` too).
    pub fn handle<B>(
        self: &Arc<Self>,
        request: Request<B>,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send + use<A, B>
    where
        B: Body + Send + 'static,
    {
        open::answer(Arc::clone(self), request)
    }

    /// Answers a request that is to become a WebSocket, whatever its path; others are refused with
    /// "Bad request" (Node's `handleUpgrade`).
    pub fn handle_upgrade<B>(
        self: &Arc<Self>,
        request: Request<B>,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send + use<A, B>
    where
        B: Body + Send + 'static,
    {
        open::answer_upgrade(Arc::clone(self), request)
    }

    /// Serves a client on the first bidirectional stream of a WebTransport session, which somebody
    /// else has accepted (Node's `onWebTransportSession`).
    ///
    /// The client opens a session there, or carries on one that polls. The checks are those of
    /// other transports: [`Config::transports`] must have [`Transport::WebTransport`], and
    /// [`Config::origins`], [`Application::allow_request`] and [`Application::generate_id`] see
    /// `request`, the head of the CONNECT request; or as much of it as is known. There is no answer
    /// whose headers could be changed.
    ///
    /// The future ends when the stream is not used any more, because the session is over or was
    /// refused. Close the WebTransport session then, for its client does not take the end of the
    /// stream for the end. Dropped before a session is opened, the future gives it up; later that
    /// changes nothing, but the loss of the stream does.
    ///
    /// # Panics
    ///
    /// The future, outside of a tokio runtime.
    pub fn handle_web_transport<T>(
        self: &Arc<Self>,
        stream: T,
        request: Parts,
    ) -> impl Future<Output = ()> + Send + use<A, T>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (webtransport, released) = WebTransport::new(stream, self.config.max_http_buffer_size);
        let engine = Arc::clone(self);
        async move {
            open::serve_webtransport(&engine, webtransport, request).await;
            released.await.ok();
        }
    }

    /// Refuses new sessions from now on.
    pub fn refuse_sessions(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Whether new sessions are refused because the engine is being closed.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Closes the engine: new sessions are refused, what is queued for the clients is sent, the
    /// clients are told.
    ///
    /// Returns when every session is gone and the application has been told so; those that are
    /// not by the `deadline` are cut off. Answers to polls may still be on their way then: let the
    /// HTTP server shut down gracefully afterwards.
    pub async fn close(&self, deadline: Duration) {
        self.refuse_sessions();
        shutdown::close_all(&self.registry, CloseReason::ServerShuttingDown, deadline).await;
    }
}

impl<A: Application> fmt::Debug for Engine<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("config", &self.config)
            .field("sessions", &self.registry.len())
            .finish_non_exhaustive()
    }
}
