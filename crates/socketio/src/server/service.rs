//! The tower service.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use engineio::{Engine, EngineIoService, NotFound, ResponseBody, ResponseFuture};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::server::app::App;
use crate::server::io::SocketIo;

/// A service that handles Socket.IO requests and passes all others to the inner service, with a
/// [`SocketIo`] in their extensions.
pub struct SocketIoService<I> {
    engine: EngineIoService<I, App>,
    /// Whether there is no inner service.
    is_standalone: bool,
}

impl<I> SocketIoService<I> {
    pub(crate) fn new(inner: I, engine: Arc<Engine<App>>) -> Self {
        Self {
            engine: EngineIoService::new(inner, engine),
            is_standalone: false,
        }
    }

    /// Returns a handle to the server.
    pub fn io(&self) -> SocketIo {
        SocketIo::new(Arc::clone(self.engine.engine()), ())
    }

    /// Returns a reference to the inner service.
    pub fn get_ref(&self) -> &I {
        self.engine.get_ref()
    }

    /// Returns a mutable reference to the inner service.
    pub fn get_mut(&mut self) -> &mut I {
        self.engine.get_mut()
    }

    /// Returns the inner service.
    pub fn into_inner(self) -> I {
        self.engine.into_inner()
    }
}

impl SocketIoService<NotFound> {
    /// Creates a service without an inner service.
    pub(crate) fn standalone(engine: Arc<Engine<App>>) -> Self {
        Self {
            is_standalone: true,
            ..Self::new(NotFound, engine)
        }
    }
}

impl<I: Clone> Clone for SocketIoService<I> {
    fn clone(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            is_standalone: self.is_standalone,
        }
    }
}

impl<I: fmt::Debug> fmt::Debug for SocketIoService<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIoService")
            .field("inner", self.get_ref())
            .finish_non_exhaustive()
    }
}

impl<I, ReqBody, ResBody> Service<Request<ReqBody>> for SocketIoService<I>
where
    I: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ReqBody: Body + Send + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = I::Error;
    type Future = ResponseFuture<I::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.engine.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let engine = self.engine.engine();
        let serves = engine.serves_request(&request);
        #[cfg(feature = "serve-client")]
        if serves
            && let Some(client) = &engine.application().client
            && let Some(name) = engine.below(request.uri().path())
            && let Some(answer) = client.answer(name, request.headers())
        {
            return ResponseFuture::answer(answer);
        }
        let placement = &engine.application().placement;
        if serves {
            placement.reached();
            return self.engine.answer(request);
        }
        if !self.is_standalone {
            placement.passed_on(request.extensions(), engine.path());
        }
        request.extensions_mut().insert(self.io());
        self.engine.call(request)
    }
}
