//! The future of the tower service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use pin_project::pin_project;

use crate::engine::EngineFuture;
use crate::http::body::ResponseBody;
use crate::service::unserved::UnservedClient;

/// The future of [`EngineIoService`](crate::EngineIoService).
#[pin_project]
pub struct ResponseFuture<F>(#[pin] Inner<F>);

#[pin_project(project = InnerProj)]
enum Inner<F> {
    Engine(EngineFuture),
    Wrapped(#[pin] F, Option<Box<UnservedClient>>),
}

impl<F> ResponseFuture<F> {
    /// Creates a future with a custom response, for services that wrap
    /// [`EngineIoService`](crate::EngineIoService) and answer some requests themselves.
    pub fn answer(answer: impl Future<Output = Response<Full<Bytes>>> + Send + 'static) -> Self {
        Self::engine(Box::pin(answer))
    }

    pub(crate) fn engine(future: EngineFuture) -> Self {
        Self(Inner::Engine(future))
    }

    pub(crate) fn wrapped(future: F, client: Option<UnservedClient>) -> Self {
        Self(Inner::Wrapped(future, client.map(Box::new)))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match self.project().0.project() {
            InnerProj::Engine(future) => ready!(future.as_mut().poll(cx)).map(ResponseBody::engine),
            InnerProj::Wrapped(future, client) => {
                let response = ready!(future.poll(cx))?;
                if let Some(client) = client {
                    client.answered(&response);
                }
                response.map(ResponseBody::wrapped)
            }
        }))
    }
}
