//! A request body that a test sends piece by piece.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A body of unknown length. It fails with an [`io::Error`], as a connection does.
#[derive(Debug)]
pub(crate) struct FedBody(UnboundedReceiver<io::Result<Bytes>>);

/// The sender of a [`FedBody`]. Dropping it completes the body.
#[derive(Debug)]
pub(crate) struct BodySender(UnboundedSender<io::Result<Bytes>>);

impl FedBody {
    pub(crate) fn new() -> (BodySender, Self) {
        let (sender, receiver) = unbounded_channel();
        (BodySender(sender), Self(receiver))
    }

    /// Creates a complete body of unknown length that arrives in these pieces.
    pub(crate) fn complete<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Self {
        let (body_sender, body) = Self::new();
        pieces.into_iter().for_each(|piece| body_sender.feed(piece));
        body
    }
}

impl BodySender {
    pub(crate) fn feed(&self, piece: &str) {
        let piece = Bytes::copy_from_slice(piece.as_bytes());
        self.0.send(Ok(piece)).ok();
    }

    /// Breaks the connection.
    pub(crate) fn fail(self) {
        let error = io::Error::from(io::ErrorKind::ConnectionReset);
        self.0.send(Err(error)).ok();
    }

    /// Returns whether the server is still receiving the body.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.0.is_closed()
    }
}

impl Body for FedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0
            .poll_recv(cx)
            .map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
