//! The tower layer and service, and the entry points of [`Engine`] for single requests and streams;
//! may use all other modules.

mod entry;
pub(crate) mod future;
pub(crate) mod layer;
mod unserved;

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Empty;
use tower_service::Service;

use crate::engine::Engine;
use crate::engine::application::Application;
use crate::http::body::ResponseBody;
use crate::open;
use crate::service::future::ResponseFuture;
use crate::service::unserved::UnservedClient;

/// A service that serves the requests below the engine's path and passes all other requests to the
/// inner service.
pub struct EngineIoService<I, A: Application> {
    inner: I,
    engine: Arc<Engine<A>>,
}

impl<I, A: Application> EngineIoService<I, A> {
    /// Creates a service that wraps `inner`.
    #[must_use]
    pub fn new(inner: I, engine: Arc<Engine<A>>) -> Self {
        Self { inner, engine }
    }

    /// Returns the engine.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine<A>> {
        &self.engine
    }

    /// Returns a reference to the inner service.
    #[must_use]
    pub fn get_ref(&self) -> &I {
        &self.inner
    }

    /// Returns a mutable reference to the inner service.
    pub fn get_mut(&mut self) -> &mut I {
        &mut self.inner
    }

    /// Returns the inner service.
    #[must_use]
    pub fn into_inner(self) -> I {
        self.inner
    }
}

impl<A: Application> EngineIoService<NotFound, A> {
    /// Creates a service without an inner service, which answers all other requests with `404 Not
    /// Found`.
    #[must_use]
    pub fn standalone(engine: Arc<Engine<A>>) -> Self {
        Self::new(NotFound, engine)
    }
}

impl<I: Clone, A: Application> Clone for EngineIoService<I, A> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.engine))
    }
}

impl<I: fmt::Debug, A: Application> fmt::Debug for EngineIoService<I, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineIoService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<I, A: Application> EngineIoService<I, A> {
    /// Answers a request that the engine [serves](Engine::serves_request).
    pub fn answer<F, B>(&self, request: Request<B>) -> ResponseFuture<F>
    where
        B: Body + Send + 'static,
    {
        ResponseFuture::engine(open::answer(Arc::clone(&self.engine), request))
    }
}

impl<I, A, ReqBody, ResBody> Service<Request<ReqBody>> for EngineIoService<I, A>
where
    A: Application,
    I: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ReqBody: Body + Send + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = I::Error;
    type Future = ResponseFuture<I::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if self.engine.serves_request(&request) {
            self.answer(request)
        } else {
            let client = UnservedClient::of(&request, self.engine.path());
            ResponseFuture::wrapped(self.inner.call(request), client)
        }
    }
}

/// The inner service of a standalone engine, which answers `404 Not Found`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotFound;

impl<B> Service<Request<B>> for NotFound {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        ready(Ok(response))
    }
}
