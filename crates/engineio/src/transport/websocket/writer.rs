//! Writing to a WebSocket while its driver is parked.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use engineio_proto::{Batch, Frame, Message, Packet, TransmitRef};
use tokio::io::AsyncWrite;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::runtime::{self, Handle};

use super::frame::{Opcode, write_header};
use crate::transport::coding::Coding;
use crate::transport::write_queue::WriteQueue;

/// The write half of a WebSocket on a TCP connection, which the driver lends while it is parked. It
/// never compresses.
#[derive(Debug)]
pub(crate) struct Writer {
    write: OwnedWriteHalf,
    coding: Coding,
    runtime: runtime::Id,
}

impl Writer {
    /// Creates a writer for the current runtime.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub(super) fn new(write: OwnedWriteHalf, coding: Coding) -> Self {
        Self {
            write,
            coding,
            runtime: Handle::current().id(),
        }
    }

    /// Returns the runtime of the session's task.
    pub(crate) fn runtime(&self) -> runtime::Id {
        self.runtime
    }

    /// Creates a writer for protocol revision 4.
    #[cfg(test)]
    pub(crate) fn plain(write: OwnedWriteHalf) -> Self {
        Self::new(
            write,
            Coding {
                protocol: engineio_proto::Protocol::V4,
                base64: false,
            },
        )
    }

    pub(super) fn into_inner(self) -> OwnedWriteHalf {
        self.write
    }

    /// Writes the packets of a batch as far as the connection accepts them immediately. Returns the
    /// rest.
    pub(crate) fn write(&self, batch: &mut Batch) -> Option<PartialWrite> {
        let mut queue = WriteQueue::default();
        while let Some(transmit) = batch.next_ref() {
            match transmit {
                TransmitRef::Text { wire, .. } => {
                    let wire = wire.as_bytes();
                    queue.push_copied(wire, |out| {
                        write_header(out, Opcode::Text, false, wire.len());
                    });
                }
                TransmitRef::Packet(transmit) => self.encode(&transmit.packet, &mut queue),
            }
        }
        let cx = &mut Context::from_waker(Waker::noop());
        // The driver finds out whether the connection is only blocked or broken.
        match queue.poll_write(cx, &mut AtOnce(&self.write), 0) {
            Poll::Ready(Ok(())) => None,
            Poll::Ready(Err(_)) | Poll::Pending => Some(PartialWrite(Box::new(queue))),
        }
    }

    fn encode(&self, packet: &Packet, queue: &mut WriteQueue) {
        let mut push = |opcode, payload: &bytes::Bytes| {
            queue.push(payload, |out| {
                write_header(out, opcode, false, payload.len());
            });
        };
        // The common cases, as in `WebSocket::write`.
        match packet {
            Packet::Message(Message::Text(text)) => push(Opcode::Text, text.as_wire().as_bytes()),
            Packet::Message(Message::Binary(bytes)) if self.coding.takes_bytes() => {
                push(Opcode::Binary, bytes);
            }
            _ => match self.coding.encode(packet) {
                Frame::Text(text) => push(Opcode::Text, text.as_bytes()),
                Frame::Binary(bytes) => push(Opcode::Binary, &bytes),
            },
        }
    }
}

/// The rest of a write, which may start within a frame.
#[derive(Debug)]
pub(crate) struct PartialWrite(Box<WriteQueue>);

impl PartialWrite {
    pub(super) fn into_inner(self) -> WriteQueue {
        *self.0
    }
}

/// A writer that never waits and registers no waker.
struct AtOnce<'a>(&'a OwnedWriteHalf);

fn at_once(written: io::Result<usize>) -> Poll<io::Result<usize>> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        written => Poll::Ready(written),
    }
}

impl AsyncWrite for AtOnce<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        at_once(self.0.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        at_once(self.0.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
