//! WebTransport: the frames of one stream, which somebody else has accepted, are the packets.

use std::fmt;
use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use engineio_proto::{Frame, Packet, Protocol};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use crate::transport::outgoing::Outgoing;
use crate::transport::{Closed, READ_BUFFER, WRITE_BUFFER};

mod decoder;
mod frame;
mod greeting;

use self::decoder::Decoder;
pub(crate) use self::decoder::Fault;
use self::frame::write_header;
pub(crate) use self::greeting::Greeting;

/// The revision that is spoken on WebTransport: there is no other.
pub(crate) const PROTOCOL: Protocol = Protocol::V4;

/// How often the stream is read before others may run.
const READS_PER_RUN: usize = 64;

/// How long the stream may take for what is queued when it is closed: 5 seconds.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// How long the stream is kept after its end, unless the client ends it too: 1 second.
///
/// Whoever handed it in closes the whole session then, and what is still under way is lost. The
/// official clients do not answer the end of the stream.
const LINGER: Duration = Duration::from_secs(1);

/// What can be handed in as the stream of a session.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The stream of a WebTransport session.
pub(crate) struct WebTransport<T: ?Sized = dyn Stream> {
    decoder: Decoder,
    /// What was read with a frame and stands behind it.
    unread: BytesMut,
    outgoing: Outgoing,
    unflushed: bool,
    end: End,
    /// Dropped with the stream, which tells whoever handed it in.
    _released: oneshot::Sender<()>,
    stream: T,
}

/// How far the end has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Open,
    /// The client sent something that cannot be read.
    Faulty,
    /// The client's bytes have ended.
    Ended,
    /// Nothing can be read or written.
    Broken,
}

impl WebTransport {
    /// A stream on which a client may send messages of `max_message` bytes, and what resolves when
    /// it is not used any more.
    pub(crate) fn new(
        stream: impl Stream + 'static,
        max_message: usize,
    ) -> (Box<Self>, oneshot::Receiver<()>) {
        let (released, gone) = oneshot::channel();
        let webtransport = Box::new(WebTransport {
            decoder: Decoder::new(max_message),
            unread: BytesMut::new(),
            outgoing: Outgoing::default(),
            unflushed: false,
            end: End::Open,
            _released: released,
            stream,
        });
        (webtransport, gone)
    }
}

impl<T: Stream + ?Sized> WebTransport<T> {
    /// The next packet. `None` is the end, and comes after a fault too.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Packet, Fault>>> {
        let received = ready!(self.poll_frame(cx)).map(|frame| {
            let packet = match frame? {
                Frame::Text(text) => PROTOCOL.decode_text(text),
                Frame::Binary(bytes) => PROTOCOL.decode_binary(bytes),
            };
            packet.map_err(|_| Fault::NoPacket)
        });
        if let Some(Err(fault)) = &received {
            tracing::debug!(%fault, "nothing more is read of a WebTransport session");
            self.end = End::Faulty;
        }
        Poll::Ready(received)
    }

    /// Resolves if the client goes, while nothing is to be received. What it sends is kept.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.end != End::Open {
            return Poll::Ready(());
        }
        if self.unread.is_empty() {
            let mut buffer = [MaybeUninit::uninit(); READ_BUFFER];
            let mut buffer = ReadBuf::uninit(&mut buffer);
            if !ready!(self.poll_read(cx, &mut buffer)) {
                return Poll::Ready(());
            }
            self.unread = BytesMut::from(buffer.filled());
        }
        Poll::Pending
    }

    /// Whether a packet can be queued without the queue growing beyond its limit.
    pub(crate) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        if self.outgoing.pending() < WRITE_BUFFER {
            return Poll::Ready(Ok(()));
        }
        self.poll_write(cx, WRITE_BUFFER - 1)
    }

    /// Queues a packet.
    pub(crate) fn write(&mut self, packet: &Packet) {
        let (binary, payload) = match PROTOCOL.encode(packet) {
            // The official clients take a frame of no bytes for an error.
            Frame::Binary(bytes) if bytes.is_empty() => {
                (false, PROTOCOL.encode_base64(packet).into_bytes())
            }
            Frame::Binary(bytes) => (true, bytes),
            Frame::Text(text) => (false, text.into_bytes()),
        };
        self.push(binary, &payload);
    }

    /// Queues a text message, which is copied.
    pub(crate) fn write_text(&mut self, wire: &str) {
        self.unflushed = true;
        let payload = wire.as_bytes();
        self.outgoing
            .push_copied(payload, |out| write_header(out, false, payload.len()));
    }

    /// Whether nothing waits for the connection to take it.
    pub(crate) fn is_flushed(&self) -> bool {
        !self.unflushed
    }

    /// Writes what is queued.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        if !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_write(cx, 0))?;
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        ready!(self.checked(flushed))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    /// Sends what is queued and ends the stream, within a bound.
    pub(crate) async fn close(mut self: Box<Self>) {
        let ended = async {
            poll_fn(|cx| self.poll_flush(cx)).await?;
            poll_fn(|cx| {
                let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
                self.checked(shut)
            })
            .await
        };
        if !matches!(
            tokio::time::timeout(CLOSE_DEADLINE, ended).await,
            Ok(Ok(()))
        ) {
            tracing::debug!("a WebTransport session did not take what was queued");
            return;
        }
        let heard_out = poll_fn(|cx| self.poll_hear_out(cx));
        tokio::time::timeout(LINGER, heard_out).await.ok();
    }

    /// Reads and forgets until the client ends the stream.
    fn poll_hear_out(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [MaybeUninit::uninit(); READ_BUFFER];
        for _ in 0..READS_PER_RUN {
            if matches!(self.end, End::Ended | End::Broken) {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::uninit(&mut bytes);
            ready!(self.poll_read(cx, &mut buffer));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// What the client sends next.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Fault>>> {
        if self.end != End::Open {
            return Poll::Ready(None);
        }
        if !self.unread.is_empty() {
            let mut rest = &*self.unread;
            let frame = self.decoder.decode(&mut rest);
            let left = rest.len();
            if left == 0 {
                self.unread = BytesMut::new();
            } else {
                self.unread.advance(self.unread.len() - left);
            }
            if let Some(frame) = frame.transpose() {
                return Poll::Ready(Some(frame));
            }
        }
        let mut bytes = [MaybeUninit::uninit(); READ_BUFFER];
        for _ in 0..READS_PER_RUN {
            let mut buffer = ReadBuf::uninit(&mut bytes);
            if !ready!(self.poll_read(cx, &mut buffer)) {
                return Poll::Ready(None);
            }
            let mut rest = buffer.filled();
            if let Some(frame) = self.decoder.decode(&mut rest).transpose() {
                if !rest.is_empty() {
                    self.unread = BytesMut::from(rest);
                }
                return Poll::Ready(Some(frame));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads something into the buffer. `false` is the end.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<bool> {
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        match read {
            Ok(()) if !buffer.filled().is_empty() => return Poll::Ready(true),
            Ok(()) => self.end = End::Ended,
            Err(_) => self.end = End::Broken,
        }
        Poll::Ready(false)
    }

    fn push(&mut self, binary: bool, payload: &Bytes) {
        self.unflushed = true;
        let length = payload.len();
        self.outgoing
            .push(payload, |out| write_header(out, binary, length));
    }

    /// Writes until at most `rest` bytes wait.
    fn poll_write(&mut self, cx: &mut Context<'_>, rest: usize) -> Poll<Result<(), Closed>> {
        let written = self.outgoing.poll_write(cx, &mut self.stream, rest);
        self.checked(written)
    }

    fn checked(&mut self, written: Poll<std::io::Result<()>>) -> Poll<Result<(), Closed>> {
        written.map_err(|_| {
            self.end = End::Broken;
            Closed
        })
    }
}

impl<T: ?Sized> fmt::Debug for WebTransport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebTransport")
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// What a client has sent whose bytes arrive in these pieces, frame by frame, and its fault.
#[cfg(fuzzing)]
pub fn decode_in_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    max_message: usize,
) -> Vec<String> {
    let mut decoder = Decoder::new(max_message);
    let mut seen = Vec::new();
    for mut piece in pieces {
        loop {
            match decoder.decode(&mut piece) {
                Ok(Some(frame)) => seen.push(format!("{frame:?}")),
                Ok(None) => break,
                Err(fault) => {
                    seen.push(format!("{fault:?}"));
                    return seen;
                }
            }
        }
    }
    seen
}
