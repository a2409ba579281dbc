//! The body of responses.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project::pin_project;

/// The body of a response: that of the inner service, or one of the engine.
#[derive(Debug)]
#[pin_project]
pub struct ResponseBody<B>(#[pin] Inner<B>);

#[derive(Debug)]
#[pin_project(project = InnerProj)]
enum Inner<B> {
    Engine(Full<Bytes>),
    Wrapped(#[pin] B),
}

impl<B> ResponseBody<B> {
    pub(crate) fn engine(body: Full<Bytes>) -> Self {
        Self(Inner::Engine(body))
    }

    pub(crate) fn wrapped(body: B) -> Self {
        Self(Inner::Wrapped(body))
    }
}

impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::engine(Full::default())
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match self.project().0.project() {
            InnerProj::Engine(body) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                Poll::Ready(frame.map(|frame| frame.map_err(|never| match never {})))
            }
            InnerProj::Wrapped(body) => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Engine(body) => body.is_end_stream(),
            Inner::Wrapped(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Engine(body) => body.size_hint(),
            Inner::Wrapped(body) => body.size_hint(),
        }
    }
}
