//! An in-memory connection whose client end is the benchmark.
//!
//! It accepts vectored writes, as TCP does. The bytes of the server are only counted, so the client's share
//! of the instructions is negligible.

use std::io::{self, IoSlice};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::tally::Tally;

/// Creates a connection whose events are added to the tally.
pub(crate) fn line(tally: &Arc<Tally>) -> (Client, Server) {
    let line = Arc::new(Line {
        state: Mutex::default(),
        tally: Arc::clone(tally),
    });
    (Client(Arc::clone(&line)), Server(line))
}

struct Line {
    state: Mutex<State>,
    tally: Arc<Tally>,
}

#[derive(Default)]
struct State {
    /// The bytes of the client, of which the server has read the first `read`.
    sent: Vec<u8>,
    read: usize,
    closed: bool,
    reader: Option<Waker>,
    /// The bytes of the server since [`Client::record`].
    record: Option<Vec<u8>>,
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client's end. Dropping it closes the connection.
pub(crate) struct Client(Arc<Line>);

impl Client {
    /// Sends bytes to the server.
    pub(crate) fn send(&self, bytes: &[u8]) {
        let mut state = self.0.state();
        state.sent.extend_from_slice(bytes);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Starts to record the bytes of the server for [`recorded`](Self::recorded).
    pub(crate) fn record(&self) {
        self.0.state().record = Some(Vec::new());
    }

    /// Returns the bytes that the server has written since [`record`](Self::record).
    pub(crate) fn recorded(&self) -> Vec<u8> {
        self.0.state().record.take().unwrap_or_default()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

/// The server's end.
pub(crate) struct Server(Arc<Line>);

impl AsyncRead for Server {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        let unread = state.sent.get(state.read..).unwrap_or_default();
        if unread.is_empty() {
            if state.closed {
                return Poll::Ready(Ok(()));
            }
            state.reader = Some(cx.waker().clone());
            drop(state);
            self.0.tally.waits.add(1);
            return Poll::Pending;
        }
        let length = unread.len().min(buffer.remaining());
        buffer.put_slice(unread.get(..length).unwrap_or_default());
        state.read += length;
        if state.read == state.sent.len() {
            state.sent.clear();
            state.read = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Server {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(record) = &mut self.0.state().record {
            for slice in slices {
                record.extend_from_slice(slice);
            }
        }
        let length = slices.iter().map(|slice| slice.len()).sum();
        self.0.tally.writes.add(1);
        self.0.tally.bytes.add(length);
        Poll::Ready(Ok(length))
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

impl Drop for Server {
    fn drop(&mut self) {
        self.0.tally.ends.add(1);
        // The waker holds a reference to the task that it wakes.
        drop(mem::take(&mut self.0.state().reader));
    }
}
