//! WebSocket: a packet per text frame, and a binary message per binary frame.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::upgrade::OnUpgrade;
pub(crate) use tungstenite::protocol::frame::coding::CloseCode;

use crate::transport::coding::Coding;

mod connection;
mod decoder;
mod deflation;
mod extension;
mod frame;
mod inflation;
mod mask;
mod stream;
mod text;
mod writer;

pub(crate) use self::connection::{Incoming, WebSocket};
pub(crate) use self::extension::{Negotiated, negotiate};
use self::stream::Stream;
pub(crate) use self::writer::{PartialWrite, Writer};

/// A connection that is being upgraded from HTTP to a WebSocket, with the negotiated encodings.
#[derive(Debug)]
pub(crate) struct PendingUpgrade {
    pub(crate) on_upgrade: OnUpgrade,
    pub(crate) coding: Coding,
    /// The compression of messages, if one was negotiated.
    pub(crate) deflate: Option<Negotiated>,
}

impl PendingUpgrade {
    /// Waits for the upgrade. Returns `None` if the connection is lost before.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        max_message: usize,
    ) -> Poll<Option<WebSocket>> {
        let upgraded = ready!(Pin::new(&mut self.on_upgrade).poll(cx));
        Poll::Ready(upgraded.ok().map(|upgraded| {
            let (stream, read) = Stream::new(upgraded);
            WebSocket::new(stream, &read, max_message, self.coding, self.deflate)
        }))
    }
}

/// Decodes bytes that arrive in pieces. Returns the messages and the resulting close code, if any.
#[cfg(fuzzing)]
pub fn decode_in_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    max_message: usize,
) -> Vec<String> {
    let inflation = Box::new(inflation::Inflation::new(true));
    let mut decoder = decoder::Decoder::new(max_message, Some(inflation));
    let mut seen = Vec::new();
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut *piece;
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(event)) => {
                    let last = matches!(event, decoder::Event::Close(_));
                    seen.push(format!("{event:?}"));
                    if last {
                        return seen;
                    }
                }
                Ok(None) => break,
                Err(code) => {
                    seen.push(format!("{code:?}"));
                    return seen;
                }
            }
        }
    }
    seen
}
