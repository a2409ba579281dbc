//! What carries the packets of a session both ways: a WebSocket, or the stream of a WebTransport
//! session.

use std::task::{Context, Poll, ready};

use engineio_proto::{Packet, Transport};

use crate::transport::Closed;
use crate::transport::arrived::Arrived;
use crate::transport::websocket::{self, CloseCode, Switching, Torn, WebSocket, Writer};
use crate::transport::webtransport::WebTransport;

/// What carries the packets of a session both ways.
#[derive(Debug)]
pub(crate) enum Channel {
    WebSocket(WebSocket),
    /// Boxed: its stream may be of any type, and most sessions have none.
    WebTransport(Box<WebTransport>),
}

/// A channel that arrives for a session that polls.
#[derive(Debug)]
pub(crate) enum Arriving {
    WebSocket(Switching),
    WebTransport(Box<WebTransport>),
}

/// What came out of a channel.
#[derive(Debug)]
pub(crate) enum Received {
    /// A packet, or `None` for something that is none.
    Packet(Option<Packet>),
    /// The client closed the channel, or it broke.
    Closed,
    /// The client broke the WebSocket protocol or a limit.
    Failed(CloseCode),
}

impl Channel {
    pub(crate) fn transport(&self) -> Transport {
        match self {
            Self::WebSocket(_) => Transport::WebSocket,
            Self::WebTransport(_) => Transport::WebTransport,
        }
    }

    /// What the client sends next. After [`Received::Closed`] or [`Received::Failed`] there is
    /// nothing.
    #[inline]
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        arrived: &mut Arrived<'_>,
    ) -> Poll<Received> {
        Poll::Ready(match self {
            Self::WebSocket(websocket) => match ready!(websocket.poll_receive(cx, arrived)) {
                websocket::Received::Text(text) => {
                    Received::Packet(websocket.coding().decode_text(text).ok())
                }
                websocket::Received::Binary(bytes) => {
                    Received::Packet(websocket.coding().decode_binary(bytes).ok())
                }
                websocket::Received::Closed => Received::Closed,
                websocket::Received::Failed(code) => Received::Failed(code),
            },
            Self::WebTransport(webtransport) => match ready!(webtransport.poll_receive(cx)) {
                Some(Ok(packet)) => Received::Packet(Some(packet)),
                Some(Err(_)) => Received::Packet(None),
                None => Received::Closed,
            },
        })
    }

    /// Keeps what has arrived and has not been taken, for the next run.
    #[inline]
    pub(crate) fn keep(&mut self, arrived: &mut Arrived<'_>) {
        if let Self::WebSocket(websocket) = self {
            websocket.keep(arrived);
        }
    }

    /// Lends the writing side to whoever sends while the session's task sleeps, if that can be.
    pub(crate) fn lend(&mut self) -> Option<Writer> {
        match self {
            Self::WebSocket(websocket) => websocket.lend(),
            Self::WebTransport(_) => None,
        }
    }

    /// Takes the writing side back.
    pub(crate) fn take_back(&mut self, writer: Writer) {
        if let Self::WebSocket(websocket) = self {
            websocket.take_back(writer);
        }
    }

    /// Queues what another has begun to write, before what waits here.
    pub(crate) fn resume(&mut self, torn: Torn) {
        if let Self::WebSocket(websocket) = self {
            websocket.resume(torn);
        }
    }

    /// Whether reading may bring it to write.
    pub(crate) fn has_pongs(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.has_pongs(),
            Self::WebTransport(_) => false,
        }
    }

    /// Whether a packet can be queued without the queue growing beyond its limit.
    #[inline]
    pub(crate) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        match self {
            Self::WebSocket(websocket) => websocket.poll_writable(cx),
            Self::WebTransport(webtransport) => webtransport.poll_writable(cx),
        }
    }

    /// Queues a packet, compressed if it may be and the channel can.
    #[inline]
    pub(crate) fn write(&mut self, packet: &Packet, compress: bool) {
        match self {
            Self::WebSocket(websocket) => websocket.write(packet, compress),
            Self::WebTransport(webtransport) => webtransport.write(packet),
        }
    }

    /// Queues a text message, compressed if it may be and the channel can.
    #[inline]
    pub(crate) fn write_text(&mut self, wire: &str, compress: bool) {
        match self {
            Self::WebSocket(websocket) => websocket.write_text(wire, compress),
            Self::WebTransport(webtransport) => webtransport.write_text(wire),
        }
    }

    /// Whether nothing waits for the connection to take it.
    pub(crate) fn is_flushed(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.is_flushed(),
            Self::WebTransport(webtransport) => webtransport.is_flushed(),
        }
    }

    /// Writes what is queued.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        match self {
            Self::WebSocket(websocket) => websocket.poll_flush(cx),
            Self::WebTransport(webtransport) => webtransport.poll_flush(cx),
        }
    }

    /// Sends what is queued and tells the client that nothing follows, within a bound.
    ///
    /// With a code, the client of a WebSocket has broken the protocol or a limit.
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
    fn a_websocket_is_no_larger_for_there_being_others() {
        assert_eq!(size_of::<Channel>(), size_of::<WebSocket>());
    }
}
