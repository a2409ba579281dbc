//! Requests and streams that the application hands in by itself.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::engine::Engine;
use crate::engine::application::Application;
use crate::open;
use crate::transport::webtransport::WebTransport;

impl<A: Application> Engine<A> {
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
    /// other transports: [`Config::transports`](crate::Config::transports) must have [`Transport::WebTransport`](crate::Transport::WebTransport), and
    /// [`Config::origins`](crate::Config::origins), [`Application::allow_request`] and [`Application::generate_id`] see
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
}
