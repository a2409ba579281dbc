//! A WebSocket on a connection that has left HTTP (RFC 6455).

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

use super::close_code::CloseCode;
use super::decoder::{Decoder, Event};
use super::deflation::Deflation;
use super::extension::Negotiated;
use super::frame::{Opcode, write_header};
use super::inflation::Inflation;
use super::stream::Stream;
use super::writer::{Torn, Writer};
use crate::transport::arrived::Arrived;
use crate::transport::coding::Coding;
use crate::transport::outgoing::Outgoing;
use crate::transport::{Closed, READ_BUFFER, WRITE_BUFFER};

/// How many bytes of pongs may wait for a client that does not read them before nothing more is read
/// of it. It is what is left once the queue takes messages again.
const MAX_PONGS: u16 = 16 * 1024;

/// How many control frames are handled before others may run.
const CONTROLS_PER_RUN: usize = 64;

/// How long a client may take to answer a close frame.
///
/// The connection is read meanwhile: closed with unread data, the operating system would reset
/// it, and the client might never see the close frame.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// A WebSocket of a session.
#[derive(Debug)]
pub(crate) struct WebSocket<T = Stream> {
    io: T,
    coding: Coding,
    decoder: Decoder,
    /// What was read with a message and stands behind it.
    unread: BytesMut,
    outgoing: Outgoing,
    deflation: Option<Box<Deflation>>,
    /// How many bytes of the queue are pongs, at most. More of them would grow it without end.
    pongs: u16,
    unflushed: bool,
    end: End,
}

/// How far the end has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Open,
    /// The client's close frame has come, with this code.
    ClosedByClient(Option<CloseCode>),
    /// The client's bytes have ended.
    Ended,
    /// Nothing can be read or written.
    Broken,
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
    /// Lends the writing side, if it can be used from anywhere. What a connection compresses depends on
    /// what it has sent before, so that one which does is not lent.
    pub(crate) fn lend(&mut self) -> Option<Writer> {
        if self.deflation.is_some() {
            return None;
        }
        let write = self.io.lend()?;
        Some(Writer::new(write, self.coding))
    }

    /// Takes the writing side back.
    pub(crate) fn take_back(&mut self, writer: Writer) {
        self.io.take_back(writer.into_inner());
    }

    /// Queues what another has begun to write, before what waits here.
    pub(crate) fn resume(&mut self, torn: Torn) {
        self.unflushed = true;
        self.outgoing.resume(torn.into_inner());
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocket<T> {
    /// A WebSocket of a server, of which `read` has been read already, and whose client may send
    /// messages of `max_message` bytes.
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
            // A copy: the memory of HTTP, which is large and empty as a rule, is given back.
            unread: BytesMut::from(&**read),
            outgoing: Outgoing::default(),
            deflation: deflate.map(|deflate| Box::new(Deflation::new(deflate))),
            pongs: 0,
            unflushed: false,
            end: End::Open,
        }
    }

    /// The next message. After [`Received::Closed`] or [`Received::Failed`] there is none.
    #[inline]
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        arrived: &mut Arrived<'_>,
    ) -> Poll<Received> {
        for _ in 0..CONTROLS_PER_RUN {
            if self.pongs >= MAX_PONGS {
                if ready!(self.poll_writable(cx)).is_err() {
                    return Poll::Ready(Received::Closed);
                }
                self.count_pongs(0);
            }
            let event = match ready!(self.poll_event(cx, arrived)) {
                Ok(event) => event,
                Err(received) => return Poll::Ready(received),
            };
            match event {
                Event::Text(text) => return Poll::Ready(Received::Text(text)),
                Event::Binary(bytes) => return Poll::Ready(Received::Binary(bytes)),
                Event::Close(code) => {
                    self.end = End::ClosedByClient(code);
                    return Poll::Ready(Received::Closed);
                }
                Event::Ping(payload) => {
                    let before = self.outgoing.pending();
                    self.push(Opcode::Pong, false, &payload);
                    self.count_pongs(self.outgoing.pending().saturating_sub(before));
                }
                Event::Pong => {}
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether reading may bring it to write.
    ///
    /// It does at `MAX_PONGS`, which no single call of `poll_receive` reaches from none.
    pub(crate) fn has_pongs(&self) -> bool {
        self.pongs > 0 && self.outgoing.pending() > 0
    }

    /// Keeps what has arrived and has not been taken.
    #[inline]
    pub(crate) fn keep(&mut self, arrived: &mut Arrived<'_>) {
        let rest = arrived.rest();
        if !rest.is_empty() {
            // It has arrived behind all that was kept before, which has been taken then.
            self.unread = BytesMut::from(&*rest);
            arrived.keep(0);
        }
    }

    /// Whether a message can be queued without the queue growing beyond its limit.
    #[inline]
    pub(crate) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        if self.outgoing.pending() < WRITE_BUFFER {
            return Poll::Ready(Ok(()));
        }
        let written = self.outgoing.poll_write(cx, &mut self.io, WRITE_BUFFER - 1);
        self.checked(written)
    }

    /// How its packets are written.
    pub(crate) fn coding(&self) -> Coding {
        self.coding
    }

    /// Queues a packet, compressed if it may be and that was agreed on.
    #[inline]
    pub(crate) fn write(&mut self, packet: &Packet, compress: bool) {
        // The usual cases: nothing is to be encoded, and to share bytes for nothing would allocate.
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

    /// Queues a text message, which is copied, compressed if it may be and that was agreed on.
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
        self.unflushed = true;
        self.outgoing.push_copied(text.as_bytes(), |out| {
            write_header(out, Opcode::Text, false, text.len());
        });
    }

    /// Queues a binary message.
    #[inline]
    fn send_binary(&mut self, bytes: &Bytes, compress: bool) {
        self.send(Opcode::Binary, bytes, compress);
    }

    /// Whether nothing waits for the connection to take it.
    #[inline]
    pub(crate) fn is_flushed(&self) -> bool {
        !self.unflushed
    }

    /// Writes what is queued.
    #[inline]
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        if !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        let written = self.outgoing.poll_write(cx, &mut self.io, 0);
        ready!(self.checked(written))?;
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        ready!(self.checked(flushed))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    /// Sends a close frame and waits for the client's, within a bound.
    ///
    /// With a code, the client has broken the protocol: it cannot be understood any more, only
    /// heard out.
    pub(super) async fn close(mut self, code: Option<CloseCode>) {
        if tokio::time::timeout(CLOSE_DEADLINE, self.close_both_ways(code))
            .await
            .is_err()
        {
            tracing::debug!("no answer to the close frame");
        }
    }

    async fn close_both_ways(&mut self, code: Option<CloseCode>) {
        let code = match self.end {
            End::ClosedByClient(code) => code,
            End::Open | End::Ended => code,
            End::Broken => return,
        };
        let payload = code.map_or(Bytes::new(), |code| {
            Bytes::copy_from_slice(&code.to_wire().to_be_bytes())
        });
        self.push(Opcode::Close, false, &payload);
        if poll_fn(|cx| self.poll_flush(cx)).await.is_err() {
            return;
        }
        let mut broken = code.is_some();
        while self.end == End::Open && !broken {
            match poll_fn(|cx| self.poll_answer(cx)).await {
                Ok(_) => {}
                Err(Received::Failed(_)) => broken = true,
                Err(_) => break,
            }
        }
        // It is told that nothing follows.
        let shut = poll_fn(|cx| Pin::new(&mut self.io).poll_shutdown(cx)).await;
        if shut.is_ok() && self.end == End::Open {
            poll_fn(|cx| self.poll_hear_out(cx)).await;
        }
    }

    /// What comes between the two close frames, to which nothing is answered.
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Received>> {
        let mut memory = [MaybeUninit::uninit(); READ_BUFFER];
        let mut arrived = Arrived::new(&mut memory);
        let event = self.poll_event(cx, &mut arrived);
        self.keep(&mut arrived);
        let event = ready!(event)?;
        if let Event::Close(code) = event {
            self.end = End::ClosedByClient(code);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and forgets until the client closes the connection.
    fn poll_hear_out(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut buffer = [MaybeUninit::uninit(); READ_BUFFER];
        loop {
            let mut buffer = ReadBuf::uninit(&mut buffer);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }

    /// What the client sends next.
    #[inline]
    fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        arrived: &mut Arrived<'_>,
    ) -> Poll<Result<Event, Received>> {
        match self.end {
            End::Open => {}
            End::ClosedByClient(_) | End::Ended | End::Broken => {
                return Poll::Ready(Err(Received::Closed));
            }
        }
        if !self.unread.is_empty() {
            let mut rest = &mut *self.unread;
            let event = self.decoder.decode(&mut rest).map_err(Received::Failed)?;
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
            let mut rest = arrived.rest();
            if !rest.is_empty() {
                let event = self.decoder.decode(&mut rest).map_err(Received::Failed)?;
                let rest = rest.len();
                arrived.keep(rest);
                if let Some(event) = event {
                    return Poll::Ready(Ok(event));
                }
            }
            self.end = match ready!(arrived.poll_read(cx, &mut self.io)) {
                Ok(1..) => continue,
                Ok(0) => End::Ended,
                Err(_) => End::Broken,
            };
            return Poll::Ready(Err(Received::Closed));
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
        self.unflushed = true;
        let length = payload.len();
        self.outgoing.push(payload, |out| {
            write_header(out, opcode, compressed, length);
        });
    }

    /// So many bytes of pongs have been added to the queue, which may hold fewer by now.
    fn count_pongs(&mut self, added: usize) {
        let pongs = usize::from(self.pongs) + added;
        let pongs = pongs.min(self.outgoing.pending());
        self.pongs = u16::try_from(pongs).unwrap_or(u16::MAX);
    }

    #[inline]
    fn checked(&mut self, written: Poll<io::Result<()>>) -> Poll<Result<(), Closed>> {
        written.map_err(|_| {
            self.end = End::Broken;
            Closed
        })
    }
}

#[cfg(test)]
mod tests;
