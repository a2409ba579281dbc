//! The bidirectional channel of a session: a WebSocket, or the stream of a WebTransport session.

use std::task::{Context, Poll, ready};

use engineio_proto::{Packet, Transport};

use crate::transport::Closed;
use crate::transport::read_window::ReadWindow;
use crate::transport::websocket::{
    self, CloseCode, PartialWrite, PendingUpgrade, WebSocket, Writer,
};
use crate::transport::webtransport::WebTransport;

/// The bidirectional channel that carries the packets of a session.
#[derive(Debug)]
pub(crate) enum Channel {
    WebSocket(WebSocket),
    /// Boxed, because its stream is a trait object and most sessions do not use it.
    WebTransport(Box<WebTransport>),
}

/// A new channel of a polling session, which has to be probed.
#[derive(Debug)]
pub(crate) enum ProbeChannel {
    WebSocket(PendingUpgrade),
    WebTransport(Box<WebTransport>),
}

/// An item that was received on a channel.
#[derive(Debug)]
pub(crate) enum Received {
    /// A packet, or `None` if it cannot be decoded.
    Packet(Option<Packet>),
    /// The client has closed the channel, or the connection is broken.
    Closed,
    /// The client has violated the WebSocket protocol or a limit.
    Failed(CloseCode),
}

impl Channel {
    pub(crate) fn transport(&self) -> Transport {
        match self {
            Self::WebSocket(_) => Transport::WebSocket,
            Self::WebTransport(_) => Transport::WebTransport,
        }
    }

    /// Receives the next item. After [`Received::Closed`] or [`Received::Failed`] there is none.
    #[inline]
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        window: &mut ReadWindow<'_>,
    ) -> Poll<Received> {
        Poll::Ready(match self {
            Self::WebSocket(websocket) => match ready!(websocket.poll_receive(cx, window)) {
                websocket::Incoming::Text(text) => {
                    Received::Packet(websocket.coding().decode_text(text).ok())
                }
                websocket::Incoming::Binary(bytes) => {
                    Received::Packet(websocket.coding().decode_binary(bytes).ok())
                }
                websocket::Incoming::Closed => Received::Closed,
                websocket::Incoming::Failed(code) => Received::Failed(code),
            },
            Self::WebTransport(webtransport) => match ready!(webtransport.poll_receive(cx)) {
                Some(Ok(packet)) => Received::Packet(Some(packet)),
                Some(Err(_)) => Received::Packet(None),
                None => Received::Closed,
            },
        })
    }

    /// Returns whether bytes have arrived that the runtime may not have announced yet.
    pub(crate) fn has_input(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.has_input(),
            Self::WebTransport(_) => false,
        }
    }

    /// Returns `Ready` once the client has closed the connection, although packets may be unread.
    pub(crate) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::WebSocket(websocket) => websocket.poll_closed(cx),
            Self::WebTransport(webtransport) => webtransport.poll_gone(cx),
        }
    }

    /// Saves the unread bytes of the window for the next run.
    #[inline]
    pub(crate) fn save_unread(&mut self, window: &mut ReadWindow<'_>) {
        if let Self::WebSocket(websocket) = self {
            websocket.save_unread(window);
        }
    }

    /// Returns the writer for flush tasks, if the channel can lend it.
    pub(crate) fn lend_writer(&mut self) -> Option<Writer> {
        match self {
            Self::WebSocket(websocket) => websocket.lend_writer(),
            Self::WebTransport(_) => None,
        }
    }

    /// Takes back a lent writer.
    pub(crate) fn restore_writer(&mut self, writer: Writer) {
        if let Self::WebSocket(websocket) = self {
            websocket.restore_writer(writer);
        }
    }

    /// Queues the rest of a partial write in front of everything else.
    pub(crate) fn resume_write(&mut self, partial: PartialWrite) {
        if let Self::WebSocket(websocket) = self {
            websocket.resume_write(partial);
        }
    }

    /// Returns whether receiving may also write.
    pub(crate) fn has_pongs(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.has_pongs(),
            Self::WebTransport(_) => false,
        }
    }

    /// Returns `Ready` if the queue is below its limit, so that a packet can be queued.
    #[inline]
    pub(crate) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        match self {
            Self::WebSocket(websocket) => websocket.poll_writable(cx),
            Self::WebTransport(webtransport) => webtransport.poll_writable(cx),
        }
    }

    /// Queues a packet. It is compressed if `compress` is set and the channel supports it.
    #[inline]
    pub(crate) fn write(&mut self, packet: &Packet, compress: bool) {
        match self {
            Self::WebSocket(websocket) => websocket.write(packet, compress),
            Self::WebTransport(webtransport) => webtransport.write(packet),
        }
    }

    /// Queues a text message. It is compressed if `compress` is set and the channel supports it.
    #[inline]
    pub(crate) fn write_text(&mut self, wire: &str, compress: bool) {
        match self {
            Self::WebSocket(websocket) => websocket.write_text(wire, compress),
            Self::WebTransport(webtransport) => webtransport.write_text(wire),
        }
    }

    /// Returns whether all queued bytes have been written.
    pub(crate) fn is_flushed(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.is_flushed(),
            Self::WebTransport(webtransport) => webtransport.is_flushed(),
        }
    }

    /// Writes all queued bytes.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        match self {
            Self::WebSocket(websocket) => websocket.poll_flush(cx),
            Self::WebTransport(webtransport) => webtransport.poll_flush(cx),
        }
    }

    /// Sends the queued bytes and closes the channel, within a time limit.
    ///
    /// `code` is set if the client has violated the WebSocket protocol or a limit.
    pub(crate) async fn close(self, code: Option<CloseCode>) {
        match self {
            Self::WebSocket(websocket) => websocket.close(code).await,
            Self::WebTransport(webtransport) => webtransport.close().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_as_small_as_a_websocket() {
        assert_eq!(size_of::<Channel>(), size_of::<WebSocket>());
    }
}
