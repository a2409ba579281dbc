//! WebTransport: packets as frames on one bidirectional stream, which another server has accepted.

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

use crate::transport::write_queue::WriteQueue;
use crate::transport::{Closed, READ_BUFFER, WRITE_BUFFER};

mod decoder;
mod frame;
mod greeting;

use self::decoder::Decoder;
pub(crate) use self::decoder::Fault;
use self::frame::write_header;
pub(crate) use self::greeting::Greeting;

/// The only protocol revision that supports WebTransport.
pub(crate) const PROTOCOL: Protocol = Protocol::V4;

/// The number of reads before the task yields.
const READS_PER_RUN: usize = 64;

/// The time limit for sending the queued bytes of a closing stream: 5 seconds.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// The time for which a finished stream is kept open unless the client finishes it too: 1 second.
///
/// The owner of the WebTransport session closes it when the stream is released, and bytes in
/// transit are lost then. The official clients do not answer the end of the stream.
const LINGER: Duration = Duration::from_secs(1);

/// The requirements on the stream of a WebTransport session.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The stream of a WebTransport session.
pub(crate) struct WebTransport<T: ?Sized = dyn Stream> {
    decoder: Decoder,
    /// Bytes that were read after a frame.
    unread: BytesMut,
    queue: WriteQueue,
    needs_flush: bool,
    read_state: ReadState,
    /// Dropped with the stream, which notifies the caller that passed it in.
    _released: oneshot::Sender<()>,
    stream: T,
}

/// The state of the receiving side.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ReadState {
    Open,
    /// The client has sent an invalid frame.
    Faulty,
    /// The client has finished its side.
    Eof,
    /// The stream is broken in both directions.
    Broken,
}

impl WebTransport {
    /// Creates a transport for a client whose messages are limited to `max_message` bytes. The
    /// receiver resolves when the stream is released.
    pub(crate) fn new(
        stream: impl Stream + 'static,
        max_message: usize,
    ) -> (Box<Self>, oneshot::Receiver<()>) {
        let (released, on_release) = oneshot::channel();
        let webtransport = Box::new(WebTransport {
            decoder: Decoder::new(max_message),
            unread: BytesMut::new(),
            queue: WriteQueue::default(),
            needs_flush: false,
            read_state: ReadState::Open,
            _released: released,
            stream,
        });
        (webtransport, on_release)
    }
}

impl<T: Stream + ?Sized> WebTransport<T> {
    /// Receives the next packet. Returns `None` at the end, and after a fault.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Packet, Fault>>> {
        let received = ready!(self.poll_frame(cx)).map(|frame| {
            let packet = match frame? {
                Frame::Text(text) => PROTOCOL.decode_text(text),
                Frame::Binary(bytes) => PROTOCOL.decode_binary(bytes),
            };
            packet.map_err(|_| Fault::NotAPacket)
        });
        if let Some(Err(fault)) = &received {
            tracing::debug!(%fault, "a WebTransport client sent an invalid frame");
            self.read_state = ReadState::Faulty;
        }
        Poll::Ready(received)
    }

    /// Returns `Ready` if the client disconnects. Bytes that it sends meanwhile are kept.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.read_state != ReadState::Open {
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

    /// Returns `Ready` if the queue is below its limit, so that a packet can be queued.
    pub(crate) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        if self.queue.pending() < WRITE_BUFFER {
            return Poll::Ready(Ok(()));
        }
        self.poll_write(cx, WRITE_BUFFER - 1)
    }

    /// Queues a packet.
    pub(crate) fn write(&mut self, packet: &Packet) {
        let (binary, payload) = match PROTOCOL.encode(packet) {
            // The official clients treat an empty frame as an error.
            Frame::Binary(bytes) if bytes.is_empty() => {
                (false, PROTOCOL.encode_base64(packet).into_bytes())
            }
            Frame::Binary(bytes) => (true, bytes),
            Frame::Text(text) => (false, text.into_bytes()),
        };
        self.push(binary, &payload);
    }

    /// Queues a copy of a text message.
    pub(crate) fn write_text(&mut self, wire: &str) {
        self.needs_flush = true;
        let payload = wire.as_bytes();
        self.queue
            .push_copied(payload, |out| write_header(out, false, payload.len()));
    }

    /// Returns whether all queued bytes have been written.
    pub(crate) fn is_flushed(&self) -> bool {
        !self.needs_flush
    }

    /// Writes all queued bytes.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        if !self.needs_flush {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_write(cx, 0))?;
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        ready!(self.record_error(flushed))?;
        self.needs_flush = false;
        Poll::Ready(Ok(()))
    }

    /// Sends the queued bytes and finishes the stream, within a time limit.
    pub(crate) async fn close(mut self: Box<Self>) {
        let ended = async {
            poll_fn(|cx| self.poll_flush(cx)).await?;
            poll_fn(|cx| {
                let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
                self.record_error(shut)
            })
            .await
        };
        if !matches!(
            tokio::time::timeout(CLOSE_DEADLINE, ended).await,
            Ok(Ok(()))
        ) {
            tracing::debug!("a WebTransport client did not accept the queued packets");
            return;
        }
        let heard_out = poll_fn(|cx| self.poll_discard(cx));
        tokio::time::timeout(LINGER, heard_out).await.ok();
    }

    /// Reads and discards until the client finishes the stream.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [MaybeUninit::uninit(); READ_BUFFER];
        for _ in 0..READS_PER_RUN {
            if matches!(self.read_state, ReadState::Eof | ReadState::Broken) {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::uninit(&mut bytes);
            ready!(self.poll_read(cx, &mut buffer));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Receives the next frame.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Fault>>> {
        if self.read_state != ReadState::Open {
            return Poll::Ready(None);
        }
        if !self.unread.is_empty() {
            let mut rest = &*self.unread;
            let frame = self.decoder.decode(&mut rest);
            let remaining = rest.len();
            if remaining == 0 {
                self.unread = BytesMut::new();
            } else {
                self.unread.advance(self.unread.len() - remaining);
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

    /// Reads into the buffer. Returns `false` at the end.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<bool> {
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        match read {
            Ok(()) if !buffer.filled().is_empty() => return Poll::Ready(true),
            Ok(()) => self.read_state = ReadState::Eof,
            Err(_) => self.read_state = ReadState::Broken,
        }
        Poll::Ready(false)
    }

    fn push(&mut self, binary: bool, payload: &Bytes) {
        self.needs_flush = true;
        let length = payload.len();
        self.queue
            .push(payload, |out| write_header(out, binary, length));
    }

    /// Writes until at most `rest` bytes are queued.
    fn poll_write(&mut self, cx: &mut Context<'_>, rest: usize) -> Poll<Result<(), Closed>> {
        let written = self.queue.poll_write(cx, &mut self.stream, rest);
        self.record_error(written)
    }

    fn record_error(&mut self, written: Poll<std::io::Result<()>>) -> Poll<Result<(), Closed>> {
        written.map_err(|_| {
            self.read_state = ReadState::Broken;
            Closed
        })
    }
}

impl<T: ?Sized> fmt::Debug for WebTransport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebTransport")
            .field("read_state", &self.read_state)
            .finish_non_exhaustive()
    }
}

/// Decodes bytes that arrive in pieces. Returns the frames and the fault, if any.
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
