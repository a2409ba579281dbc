//! A request body that a test feeds as it likes, or never ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A body without a known length. It fails like a connection does: with an [`io::Error`].
#[derive(Debug)]
pub(crate) struct FedBody(UnboundedReceiver<io::Result<Bytes>>);

/// Feeds a [`FedBody`]; dropped, the body is complete.
#[derive(Debug)]
pub(crate) struct Feeder(UnboundedSender<io::Result<Bytes>>);

impl FedBody {
    pub(crate) fn new() -> (Feeder, Self) {
        let (sender, receiver) = unbounded_channel();
        (Feeder(sender), Self(receiver))
    }

    /// A complete body that does not say how long it is, in these pieces.
    pub(crate) fn complete<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Self {
        let (feeder, body) = Self::new();
        pieces.into_iter().for_each(|piece| feeder.feed(piece));
        body
    }
}

impl Feeder {
    pub(crate) fn feed(&self, piece: &str) {
        let piece = Bytes::copy_from_slice(piece.as_bytes());
        self.0.send(Ok(piece)).ok();
    }

    /// The connection breaks.
    pub(crate) fn fail(self) {
        let error = io::Error::from(io::ErrorKind::ConnectionReset);
        self.0.send(Err(error)).ok();
    }

    /// Whether the server still waits for the body.
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
