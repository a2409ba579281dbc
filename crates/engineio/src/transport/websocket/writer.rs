//! Writing to a WebSocket from outside the session's task.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use engineio_proto::{Batch, Frame, Message, Packet, TransmitRef};
use tokio::io::AsyncWrite;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::runtime::{self, Handle};

use super::frame::{Opcode, write_header};
use crate::transport::coding::Coding;
use crate::transport::outgoing::Outgoing;

/// The writing side of a WebSocket on a TCP connection, which the session's task lends for the time
/// that it sleeps. Nothing is compressed on it.
#[derive(Debug)]
pub(crate) struct Writer {
    write: OwnedWriteHalf,
    coding: Coding,
    runtime: runtime::Id,
}

impl Writer {
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub(super) fn new(write: OwnedWriteHalf, coding: Coding) -> Self {
        Self {
            write,
            coding,
            runtime: Handle::current().id(),
        }
    }

    /// The runtime on which the session's task runs.
    pub(crate) fn runtime(&self) -> runtime::Id {
        self.runtime
    }

    /// The writing side of a connection of the current revision of the protocol.
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

    /// Writes what is in the batch as far as the connection takes them at once. Returns what is left of them.
    pub(crate) fn write(&self, batch: &mut Batch) -> Option<Torn> {
        let mut outgoing = Outgoing::default();
        while let Some(transmit) = batch.next_ref() {
            match transmit {
                TransmitRef::Text { wire, .. } => {
                    let wire = wire.as_bytes();
                    outgoing.push_copied(wire, |out| {
                        write_header(out, Opcode::Text, false, wire.len());
                    });
                }
                TransmitRef::Packet(transmit) => self.encode(&transmit.packet, &mut outgoing),
            }
        }
        let cx = &mut Context::from_waker(Waker::noop());
        // The session's task finds out whether it is for now or for ever that no more is taken.
        match outgoing.poll_write(cx, &mut AtOnce(&self.write), 0) {
            Poll::Ready(Ok(())) => None,
            Poll::Ready(Err(_)) | Poll::Pending => Some(Torn(Box::new(outgoing))),
        }
    }

    fn encode(&self, packet: &Packet, outgoing: &mut Outgoing) {
        let mut push = |opcode, payload: &bytes::Bytes| {
            outgoing.push(payload, |out| {
                write_header(out, opcode, false, payload.len());
            });
        };
        // The usual cases, as where the session's task writes.
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

/// What is left of packets of which some bytes may have left.
#[derive(Debug)]
pub(crate) struct Torn(Box<Outgoing>);

impl Torn {
    pub(super) fn into_inner(self) -> Outgoing {
        *self.0
    }
}

/// Takes what can be taken at once, and wakes nobody.
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
