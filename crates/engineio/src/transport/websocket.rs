//! WebSocket: a text frame is a packet, a binary frame is a message.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{Frame, Packet};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame as WsFrame};
use tokio_tungstenite::tungstenite::{Error, Message, protocol::WebSocketConfig};

use crate::transport::coding::Coding;

/// Held by every connection, also by an idle one: enough for a burst of small events, while
/// larger messages grow the buffer for as long as they last.
const READ_BUFFER: usize = 4 * 1024;

/// What is gathered before it is written although more is to come.
const WRITE_BUFFER: usize = 16 * 1024;

/// How long a client may take to answer a close frame.
///
/// The connection is read meanwhile: closed with unread data, the operating system would reset
/// it, and the client might never see the close frame.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// A WebSocket of a session.
#[derive(Debug)]
pub(crate) struct WebSocket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    coding: Coding,
    /// Whether a ping of the client is still to be answered.
    owes_pong: bool,
    unflushed: bool,
}

/// What came out of a WebSocket.
#[derive(Debug)]
pub(crate) enum Received {
    Text(ByteString),
    Binary(Bytes),
    /// The client closed the connection, or it broke.
    Closed,
    /// The client broke the WebSocket protocol or a limit.
    Failed(CloseCode),
}

impl WebSocket {
    /// A WebSocket on a connection that has just left HTTP. `None` never happens in practice.
    pub(crate) fn new(upgraded: Upgraded, coding: Coding, max_message: usize) -> Option<Self> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(max_message))
            .max_frame_size(Some(max_message));
        // There is nothing to wait for without a handshake.
        let stream =
            WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config))
                .now_or_never()?;
        Some(Self {
            stream,
            coding,
            owes_pong: false,
            unflushed: false,
        })
    }

    /// How its packets are written.
    pub(crate) fn coding(&self) -> Coding {
        self.coding
    }

    pub(crate) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        loop {
            // Pongs for a client that pings and does not read would grow the buffer without end.
            if self.owes_pong {
                if ready!(self.stream.poll_flush_unpin(cx)).is_err() {
                    return Poll::Ready(Received::Closed);
                }
                self.owes_pong = false;
            }
            let message = match ready!(self.stream.poll_next_unpin(cx)) {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Poll::Ready(failure(&error)),
                None => return Poll::Ready(Received::Closed),
            };
            return Poll::Ready(match message {
                Message::Text(text) => match ByteString::try_from(Bytes::from(text)) {
                    Ok(text) => Received::Text(text),
                    Err(_) => Received::Failed(CloseCode::Invalid),
                },
                Message::Binary(bytes) => Received::Binary(bytes),
                Message::Close(_) => Received::Closed,
                // A pong has been queued.
                Message::Ping(_) => {
                    self.owes_pong = true;
                    continue;
                }
                Message::Pong(_) | Message::Frame(_) => continue,
            });
        }
    }

    /// Whether a packet can be written without growing the buffer beyond its limit.
    pub(crate) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        self.stream.poll_ready_unpin(cx).map_err(|_| Closed)
    }

    /// Puts a packet into the buffer.
    pub(crate) fn write(&mut self, packet: &Packet) -> Result<(), Closed> {
        self.unflushed = true;
        let (bytes, data) = match self.coding.encode(packet) {
            Frame::Text(text) => (text.into_bytes(), Data::Text),
            Frame::Binary(bytes) => (bytes, Data::Binary),
        };
        // A frame of our own spares checking that the text is UTF-8, which it is by its type.
        let frame = WsFrame::message(bytes, OpCode::Data(data), true);
        self.stream
            .start_send_unpin(Message::Frame(frame))
            .map_err(|_| Closed)
    }

    /// Writes what is in the buffer.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        if self.unflushed {
            ready!(self.stream.poll_flush_unpin(cx)).map_err(|_| Closed)?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends a close frame and waits for the client's, within a bound.
    pub(crate) async fn close(mut self, code: Option<CloseCode>) {
        let frame = code.map(|code| CloseFrame {
            code,
            reason: Default::default(),
        });
        let closed = async {
            // Where the client has closed, its frame has been answered and the answer only has to
            // leave.
            if self.stream.send(Message::Close(frame)).await.is_err() {
                self.stream.flush().await.ok();
            }
            // A client that broke the protocol cannot be understood any more, only heard out.
            let mut broken = code.is_some();
            while let Some(received) = self.stream.next().await {
                broken |= received.is_err();
            }
            if broken {
                hear_out(self.stream.get_mut()).await.ok();
            }
        };
        if tokio::time::timeout(CLOSE_DEADLINE, closed).await.is_err() {
            tracing::debug!("no answer to the close frame");
        }
    }
}

/// The connection is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed;

/// Reads and forgets until the client closes the connection, which it is told to do.
async fn hear_out<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_shutdown(cx)).await?;
    let mut buffer = [0; READ_BUFFER];
    loop {
        let mut buffer = ReadBuf::new(&mut buffer);
        poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut buffer)).await?;
        if buffer.filled().is_empty() {
            return Ok(());
        }
    }
}

fn failure(error: &Error) -> Received {
    use tokio_tungstenite::tungstenite::error::ProtocolError;

    match error {
        Error::Capacity(_) => Received::Failed(CloseCode::Size),
        Error::Utf8(_) => Received::Failed(CloseCode::Invalid),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Received::Closed,
        Error::Protocol(_) => Received::Failed(CloseCode::Protocol),
        _ => Received::Closed,
    }
}
