//! WebSocket: a text frame is a packet, a binary frame is a message.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::upgrade::OnUpgrade;

use crate::transport::coding::Coding;

mod close_code;
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

pub(crate) use self::close_code::CloseCode;
pub(crate) use self::connection::{Received, WebSocket};
pub(crate) use self::extension::{Negotiated, negotiate};
use self::stream::Stream;
pub(crate) use self::writer::{Torn, Writer};

/// A connection that is leaving HTTP to become a WebSocket, and what was agreed on for it.
#[derive(Debug)]
pub(crate) struct Switching {
    pub(crate) on_upgrade: OnUpgrade,
    pub(crate) coding: Coding,
    /// How messages are compressed, if they are.
    pub(crate) deflate: Option<Negotiated>,
}

impl Switching {
    /// The WebSocket, or `None` if the connection broke before it was one.
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

/// What a client has sent whose bytes arrive in these pieces, message by message, and the code with
/// which it would be closed.
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
