//! WebSocket: a text frame is a packet, a binary frame is a message.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use engineio_proto::{Frame, Message, Packet};
use hyper::upgrade::OnUpgrade;

use crate::transport::Closed;
use crate::transport::arrived::Arrived;
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
use self::connection::Connection;
pub(crate) use self::connection::Received;
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
            WebSocket {
                connection: Connection::new(stream, &read, max_message, self.deflate),
                coding: self.coding,
            }
        }))
    }
}

/// A WebSocket of a session.
#[derive(Debug)]
pub(crate) struct WebSocket {
    connection: Connection<Stream>,
    coding: Coding,
}

impl WebSocket {
    /// Lends the writing side, if it can be used from anywhere.
    pub(crate) fn lend(&mut self) -> Option<Writer> {
        let write = self.connection.lend()?;
        Some(Writer::new(write, self.coding))
    }

    /// Takes the writing side back.
    pub(crate) fn take_back(&mut self, writer: Writer) {
        self.connection.take_back(writer.into_inner());
    }

    /// Queues what another has begun to write, before what waits here.
    pub(crate) fn resume(&mut self, torn: Torn) {
        self.connection.resume(torn.into_inner());
    }

    /// Whether reading may bring it to write: it does before too many pongs wait.
    pub(crate) fn has_pongs(&self) -> bool {
        self.connection.has_pongs()
    }

    /// How its packets are written.
    pub(crate) fn coding(&self) -> Coding {
        self.coding
    }

    /// The next message. After [`Received::Closed`] or [`Received::Failed`] there is none.
    #[inline]
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        arrived: &mut Arrived<'_>,
    ) -> Poll<Received> {
        self.connection.poll_receive(cx, arrived)
    }

    /// Keeps what has arrived and has not been taken, for the next run.
    #[inline]
    pub(crate) fn keep(&mut self, arrived: &mut Arrived<'_>) {
        self.connection.keep(arrived);
    }

    /// Whether a packet can be queued without the queue growing beyond its limit.
    #[inline]
    pub(crate) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        self.connection.poll_writable(cx)
    }

    /// Queues a packet, compressed if it may be and that was agreed on.
    #[inline]
    pub(crate) fn write(&mut self, packet: &Packet, compress: bool) {
        // The usual cases: nothing is to be encoded, and to share bytes for nothing would allocate.
        match packet {
            Packet::Message(Message::Text(text)) => {
                self.connection.send_text(text.as_wire(), compress);
            }
            Packet::Message(Message::Binary(bytes)) if self.coding.takes_bytes() => {
                self.connection.send_binary(bytes, compress);
            }
            _ => self.write_encoded(packet, compress),
        }
    }

    /// Queues a text message, which is copied, compressed if it may be and that was agreed on.
    #[inline]
    pub(crate) fn write_text(&mut self, wire: &str, compress: bool) {
        self.connection.send_copied(wire, compress);
    }

    fn write_encoded(&mut self, packet: &Packet, compress: bool) {
        match self.coding.encode(packet) {
            Frame::Text(text) => self.connection.send_text(&text, compress),
            Frame::Binary(bytes) => self.connection.send_binary(&bytes, compress),
        }
    }

    /// Whether nothing waits for the connection to take it.
    #[inline]
    pub(crate) fn is_flushed(&self) -> bool {
        self.connection.is_flushed()
    }

    /// Writes what is queued.
    #[inline]
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        self.connection.poll_flush(cx)
    }

    /// Sends a close frame and waits for the client's, within a bound.
    ///
    /// With a code, the client has broken the protocol or a limit.
    pub(crate) async fn close(self, code: Option<CloseCode>) {
        self.connection.close(code).await;
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
