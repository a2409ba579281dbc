//! A WebSocket on an upgraded connection (RFC 6455).

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use bytestring::ByteString;
use engineio_proto::{Frame, Message, Packet};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::frame::coding::CloseCode;

use super::decoder::{Decoder, Event};
use super::deflation::Deflation;
use super::extension::Negotiated;
use super::frame::{Opcode, write_header};
use super::inflation::Inflation;
use super::stream::Stream;
use super::writer::{PartialWrite, Writer};
use crate::transport::coding::Coding;
use crate::transport::read_window::ReadWindow;
use crate::transport::write_queue::WriteQueue;
use crate::transport::{Closed, READ_BUFFER, WRITE_BUFFER};

/// The number of queued pong bytes from which a client is not read until it reads pongs itself. It
/// equals the limit below which the queue accepts messages.
const MAX_PONG_BYTES: u16 = 16 * 1024;

/// The number of control frames that are handled before the task yields.
const CONTROLS_PER_RUN: usize = 64;

/// The time that a client has to answer a close frame.
///
/// The connection is read meanwhile. If it were closed with unread data, the operating system would
/// reset it, and the client might never receive the close frame.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// A WebSocket of a session.
#[derive(Debug)]
pub(crate) struct WebSocket<T = Stream> {
    io: T,
    coding: Coding,
    decoder: Decoder,
    /// Bytes that were read after a message.
    unread: BytesMut,
    queue: WriteQueue,
    deflation: Option<Box<Deflation>>,
    /// An upper bound of the queued pong bytes, which limits the growth of the queue by pings.
    pong_bytes: u16,
    needs_flush: bool,
    read_state: ReadState,
}

/// The state of the receiving side.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ReadState {
    Open,
    /// A close frame with this code has been received.
    ClosedByClient(Option<CloseCode>),
    /// The client has closed its side of the connection.
    Eof,
    /// The connection is broken in both directions.
    Broken,
}

/// An item that was received on a WebSocket.
#[derive(Debug)]
pub(crate) enum Incoming {
    Text(ByteString),
    Binary(Bytes),
    /// The client has closed the connection, or it is broken.
    Closed,
    /// The client has violated the WebSocket protocol or a limit.
    Failed(CloseCode),
}

impl WebSocket {
    /// Returns the writer for flush tasks, if the stream can lend it. A connection with compression
    /// does not, because its compressed messages depend on earlier ones.
    pub(crate) fn lend_writer(&mut self) -> Option<Writer> {
        if self.deflation.is_some() {
            return None;
        }
        let write = self.io.lend_write_half()?;
        Some(Writer::new(write, self.coding))
    }

    /// Returns whether bytes have arrived that the runtime may not have announced yet.
    pub(crate) fn has_input(&self) -> bool {
        self.read_state == ReadState::Open && self.io.has_input()
    }

    /// Returns `Ready` once the client has closed the connection, although messages may be unread.
    ///
    /// A connection that is not plain TCP, such as one with TLS, is read ahead by one buffer. It is
    /// pending if there is more.
    pub(crate) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.read_state != ReadState::Open {
            return Poll::Ready(());
        }
        if let Some(closed) = self.io.poll_closed(cx) {
            return closed;
        }
        if self.unread.is_empty() {
            let mut buffer = [MaybeUninit::uninit(); READ_BUFFER];
            let mut buffer = ReadBuf::uninit(&mut buffer);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
            self.unread = BytesMut::from(buffer.filled());
            // The next poll waits for the application again.
        }
        Poll::Pending
    }

    /// Takes back a lent writer.
    pub(crate) fn restore_writer(&mut self, writer: Writer) {
        self.io.restore_write_half(writer.into_inner());
    }

    /// Queues the rest of a partial write in front of everything else.
    pub(crate) fn resume_write(&mut self, partial: PartialWrite) {
        self.needs_flush = true;
        self.queue.prepend(partial.into_inner());
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocket<T> {
    /// Creates a WebSocket for an upgraded connection. `read` has been read from it already, and
    /// `max_message` limits the size of the client's messages, in bytes.
    pub(super) fn new(
        io: T,
        read: &Bytes,
        max_message: usize,
        coding: Coding,
        deflate: Option<Negotiated>,
    ) -> Self {
        let inflation = deflate.map(|deflate| Box::new(Inflation::new(deflate.client_takeover)));
        Self {
            io,
            coding,
            decoder: Decoder::new(max_message, inflation),
            // Copied, because the read buffer of HTTP is large and usually almost empty.
            unread: BytesMut::from(&**read),
            queue: WriteQueue::default(),
            deflation: deflate.map(|deflate| Box::new(Deflation::new(deflate))),
            pong_bytes: 0,
            needs_flush: false,
            read_state: ReadState::Open,
        }
    }

    /// Receives the next message. After [`Incoming::Closed`] or [`Incoming::Failed`] there is none.
    #[inline]
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        window: &mut ReadWindow<'_>,
    ) -> Poll<Incoming> {
        for _ in 0..CONTROLS_PER_RUN {
            if self.pong_bytes >= MAX_PONG_BYTES {
                if ready!(self.poll_writable(cx)).is_err() {
                    return Poll::Ready(Incoming::Closed);
                }
                self.count_pongs(0);
            }
            let event = match ready!(self.poll_event(cx, window)) {
                Ok(event) => event,
                Err(received) => return Poll::Ready(received),
            };
            match event {
                Event::Text(text) => return Poll::Ready(Incoming::Text(text)),
                Event::Binary(bytes) => return Poll::Ready(Incoming::Binary(bytes)),
                Event::Close(code) => {
                    self.read_state = ReadState::ClosedByClient(code);
                    return Poll::Ready(Incoming::Closed);
                }
                Event::Ping(payload) => {
                    let before = self.queue.pending();
                    self.push(Opcode::Pong, false, &payload);
                    self.count_pongs(self.queue.pending().saturating_sub(before));
                }
                Event::Pong => {}
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Returns whether receiving may also write.
    ///
    /// It writes from `MAX_PONG_BYTES` on, which a single call of `poll_receive` cannot reach from
    /// zero.
    pub(crate) fn has_pongs(&self) -> bool {
        self.pong_bytes > 0 && self.queue.pending() > 0
    }

    /// Saves the unread bytes of the window.
    #[inline]
    pub(crate) fn save_unread(&mut self, window: &mut ReadWindow<'_>) {
        let rest = window.unread();
        if !rest.is_empty() {
            // All bytes that were saved before have been read, because these arrived later.
            debug_assert!(self.unread.is_empty());
            self.unread = BytesMut::from(&*rest);
            window.set_unread(0);
        }
    }

    /// Returns `Ready` if the queue is below its limit, so that a message can be queued.
    #[inline]
    pub(crate) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        if self.queue.pending() < WRITE_BUFFER {
            return Poll::Ready(Ok(()));
        }
        let written = self.queue.poll_write(cx, &mut self.io, WRITE_BUFFER - 1);
        self.record_error(written)
    }

    /// Returns the encoding of packets.
    pub(crate) fn coding(&self) -> Coding {
        self.coding
    }

    /// Queues a packet. It is compressed if `compress` is set and compression was negotiated.
    #[inline]
    pub(crate) fn write(&mut self, packet: &Packet, compress: bool) {
        // The common cases need no encoding, and no reference-counted buffer.
        match packet {
            Packet::Message(Message::Text(text)) => self.send_text(text.as_wire(), compress),
            Packet::Message(Message::Binary(bytes)) if self.coding.takes_bytes() => {
                self.send_binary(bytes, compress);
            }
            _ => self.write_encoded(packet, compress),
        }
    }

    fn write_encoded(&mut self, packet: &Packet, compress: bool) {
        match self.coding.encode(packet) {
            Frame::Text(text) => self.send_text(&text, compress),
            Frame::Binary(bytes) => self.send_binary(&bytes, compress),
        }
    }

    /// Queues a text message.
    #[inline]
    fn send_text(&mut self, text: &ByteString, compress: bool) {
        self.send(Opcode::Text, text.as_bytes(), compress);
    }

    /// Queues a copy of a text message. It is compressed if `compress` is set and compression was
    /// negotiated.
    #[inline]
    pub(crate) fn write_text(&mut self, wire: &str, compress: bool) {
        self.send_copied(wire, compress);
    }

    #[inline]
    fn send_copied(&mut self, text: &str, compress: bool) {
        let deflation = self.deflation.as_ref().filter(|_| compress);
        if deflation.is_some_and(|deflation| deflation.takes(text.len())) {
            self.send_text(&text.into(), compress);
            return;
        }
        self.needs_flush = true;
        self.queue.push_copied(text.as_bytes(), |out| {
            write_header(out, Opcode::Text, false, text.len());
        });
    }

    /// Queues a binary message.
    #[inline]
    fn send_binary(&mut self, bytes: &Bytes, compress: bool) {
        self.send(Opcode::Binary, bytes, compress);
    }

    /// Returns whether all queued bytes have been written.
    #[inline]
    pub(crate) fn is_flushed(&self) -> bool {
        !self.needs_flush
    }

    /// Writes all queued bytes.
    #[inline]
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        if !self.needs_flush {
            return Poll::Ready(Ok(()));
        }
        let written = self.queue.poll_write(cx, &mut self.io, 0);
        ready!(self.record_error(written))?;
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        ready!(self.record_error(flushed))?;
        self.needs_flush = false;
        Poll::Ready(Ok(()))
    }

    /// Performs the close handshake, within a time limit.
    ///
    /// `code` is set if the client has violated the protocol. Its further bytes cannot be decoded
    /// then, and are discarded.
    pub(crate) async fn close(mut self, code: Option<CloseCode>) {
        if tokio::time::timeout(CLOSE_DEADLINE, self.close_both_ways(code))
            .await
            .is_err()
        {
            tracing::debug!("the client did not answer the close frame");
        }
    }

    async fn close_both_ways(&mut self, code: Option<CloseCode>) {
        let code = match self.read_state {
            ReadState::ClosedByClient(code) => code,
            ReadState::Open | ReadState::Eof => code,
            ReadState::Broken => return,
        };
        let payload = code.map_or(Bytes::new(), |code| {
            Bytes::copy_from_slice(&u16::from(code).to_be_bytes())
        });
        self.push(Opcode::Close, false, &payload);
        if poll_fn(|cx| self.poll_flush(cx)).await.is_err() {
            return;
        }
        let mut broken = code.is_some();
        while self.read_state == ReadState::Open && !broken {
            match poll_fn(|cx| self.poll_close_reply(cx)).await {
                Ok(_) => {}
                Err(Incoming::Failed(_)) => broken = true,
                Err(_) => break,
            }
        }
        // Signals the end of the stream to the client.
        let shut = poll_fn(|cx| Pin::new(&mut self.io).poll_shutdown(cx)).await;
        if shut.is_ok() && self.read_state == ReadState::Open {
            poll_fn(|cx| self.poll_discard(cx)).await;
        }
    }

    /// Handles events between the two close frames, which get no reply.
    fn poll_close_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Incoming>> {
        let mut buffer = [MaybeUninit::uninit(); READ_BUFFER];
        let mut window = ReadWindow::new(&mut buffer);
        let event = self.poll_event(cx, &mut window);
        self.save_unread(&mut window);
        let event = ready!(event)?;
        if let Event::Close(code) = event {
            self.read_state = ReadState::ClosedByClient(code);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and discards until the client closes the connection.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut buffer = [MaybeUninit::uninit(); READ_BUFFER];
        loop {
            let mut buffer = ReadBuf::uninit(&mut buffer);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }

    /// Receives the next event.
    #[inline]
    fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        window: &mut ReadWindow<'_>,
    ) -> Poll<Result<Event, Incoming>> {
        match self.read_state {
            ReadState::Open => {}
            ReadState::ClosedByClient(_) | ReadState::Eof | ReadState::Broken => {
                return Poll::Ready(Err(Incoming::Closed));
            }
        }
        if !self.unread.is_empty() {
            let mut rest = &mut *self.unread;
            let event = self.decoder.decode(&mut rest).map_err(Incoming::Failed)?;
            let rest = rest.len();
            if rest == 0 {
                self.unread = BytesMut::new();
            } else {
                self.unread.advance(self.unread.len() - rest);
            }
            if let Some(event) = event {
                return Poll::Ready(Ok(event));
            }
        }
        loop {
            let mut rest = window.unread();
            if !rest.is_empty() {
                let event = self.decoder.decode(&mut rest).map_err(Incoming::Failed)?;
                let rest = rest.len();
                window.set_unread(rest);
                if let Some(event) = event {
                    return Poll::Ready(Ok(event));
                }
            }
            self.read_state = match ready!(window.poll_refill(cx, &mut self.io)) {
                Ok(1..) => continue,
                Ok(0) => ReadState::Eof,
                Err(_) => ReadState::Broken,
            };
            return Poll::Ready(Err(Incoming::Closed));
        }
    }

    #[inline]
    fn send(&mut self, opcode: Opcode, payload: &Bytes, compress: bool) {
        let deflation = self.deflation.as_mut().filter(|_| compress);
        match deflation.and_then(|deflation| deflation.deflate(payload)) {
            Some(compressed) => self.push(opcode, true, &compressed),
            None => self.push(opcode, false, payload),
        }
    }

    #[inline]
    fn push(&mut self, opcode: Opcode, compressed: bool, payload: &Bytes) {
        self.needs_flush = true;
        let length = payload.len();
        self.queue.push(payload, |out| {
            write_header(out, opcode, compressed, length);
        });
    }

    /// Adds to the number of pong bytes, which cannot exceed the size of the queue.
    fn count_pongs(&mut self, added: usize) {
        let pongs = usize::from(self.pong_bytes) + added;
        let pongs = pongs.min(self.queue.pending());
        self.pong_bytes = u16::try_from(pongs).unwrap_or(u16::MAX);
    }

    #[inline]
    fn record_error(&mut self, written: Poll<io::Result<()>>) -> Poll<Result<(), Closed>> {
        written.map_err(|_| {
            self.read_state = ReadState::Broken;
            Closed
        })
    }
}

#[cfg(test)]
mod tests;
