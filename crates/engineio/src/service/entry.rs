//! Entry points for requests and streams that do not go through the service.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::Config;
use crate::engine::Engine;
use crate::engine::application::Application;
use crate::open;
use crate::transport::webtransport::WebTransport;

impl<A: Application> Engine<A> {
    /// Creates an engine without sessions.
    #[must_use]
    pub fn new(config: Config, application: A) -> Self {
        Self::with_starters(config, application, open::starters())
    }

    /// Answers a request, regardless of its path (Node's `handleRequest` and `handleUpgrade`).
    pub fn handle<B>(
        self: &Arc<Self>,
        request: Request<B>,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send + use<A, B>
    where
        B: Body + Send + 'static,
    {
        open::answer(Arc::clone(self), request)
    }

    /// Answers a WebSocket upgrade request, regardless of its path (Node's `handleUpgrade`). Other
    /// requests are refused with "Bad request".
    pub fn handle_upgrade<B>(
        self: &Arc<Self>,
        request: Request<B>,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send + use<A, B>
    where
        B: Body + Send + 'static,
    {
        open::answer_upgrade(Arc::clone(self), request)
    }

    /// Serves a client on the first bidirectional stream of a WebTransport session that another
    /// server has accepted (Node's `onWebTransportSession`).
    ///
    /// The client opens a session on the stream, or upgrades a polling session. The checks are the
    /// same as on other transports: [`Config::transports`](crate::Config::transports) must include
    /// [`Transport::WebTransport`](crate::Transport::WebTransport), and
    /// [`Config::origins`](crate::Config::origins), [`Application::allow_request`] and
    /// [`Application::generate_id`] are applied to `request`, the head of the CONNECT request, as
    /// far as it is known. There is no response, so the hooks for headers are not called.
    ///
    /// The future completes when the stream is no longer used, because the session was refused or
    /// has ended. Close the WebTransport session then, because clients do not treat the end of the
    /// stream as the end of the session. Dropping the future before a session is opened refuses the
    /// client. Dropping it later has no effect; losing the stream does.
    ///
    /// # Panics
    ///
    /// The future panics outside of a tokio runtime.
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
}
