//! An in-memory connection of minimal size.
//!
//! The line holds references to the constant messages of its client. The server writes into one buffer
//! for all lines, as it would write to the kernel.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The maximum number of unread messages of a client: a request, of which the next one waits for the
/// answer, and a pong.
const MAX_UNREAD: usize = 2;

/// The bytes that the server has written to all lines, in order.
#[derive(Debug, Default)]
pub(super) struct WriteProgress {
    /// The line and the number of bytes of each write; 0 if the server has closed the line.
    pub(super) parts: Vec<(usize, usize)>,
    pub(super) bytes: Vec<u8>,
}

/// The buffer into which the server writes.
#[derive(Debug, Default)]
pub(super) struct Wire(Mutex<WriteProgress>);

impl Wire {
    /// Swaps the written bytes with an empty buffer.
    pub(super) fn swap(&self, empty: &mut WriteProgress) {
        std::mem::swap(&mut *self.written(), empty);
    }

    fn written(&self) -> MutexGuard<'_, WriteProgress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(super) struct Line {
    number: usize,
    wire: Arc<Wire>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The messages that the server has not read, before the empty slices.
    unread: [&'static [u8]; MAX_UNREAD],
    reader: Option<Waker>,
}

impl Line {
    pub(super) fn new(number: usize, wire: Arc<Wire>) -> Arc<Self> {
        Arc::new(Self {
            number,
            wire,
            state: Mutex::default(),
        })
    }

    /// Sends a message to the server. Returns `false` if too many messages are unread.
    pub(super) fn send(&self, message: &'static [u8]) -> bool {
        let mut state = self.state();
        let Some(free) = state.unread.iter_mut().find(|unread| unread.is_empty()) else {
            return false;
        };
        *free = message;
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server's end.
#[derive(Debug)]
pub(crate) struct ServerEnd(pub(super) Arc<Line>);

impl AsyncRead for ServerEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        let [first, second] = &mut state.unread;
        if first.is_empty() {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let (now, later) = first.split_at(first.len().min(buffer.remaining()));
        buffer.put_slice(now);
        *first = later;
        if first.is_empty() {
            std::mem::swap(first, second);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ServerEnd {
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
        let length = slices.iter().map(|slice| slice.len()).sum();
        if length > 0 {
            let mut written = self.0.wire.written();
            for slice in slices {
                written.bytes.extend_from_slice(slice);
            }
            written.parts.push((self.0.number, length));
        }
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

impl Drop for ServerEnd {
    fn drop(&mut self) {
        self.0.wire.written().parts.push((self.0.number, 0));
        // The waker holds a reference to the task that it wakes.
        drop(self.0.state().reader.take());
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn the_server_reads_messages_in_order_and_in_pieces() {
        let line = Line::new(7, Arc::default());
        let mut server = ServerEnd(Arc::clone(&line));
        assert!(line.send(b"abc") && line.send(b"de"));
        assert!(!line.send(b"f"), "there is room for more");
        let mut two = [0; 2];
        server.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"ab");
        let mut three = [0; 3];
        server.read_exact(&mut three).await.unwrap();
        assert_eq!(&three, b"cde");
        let mut one = [0];
        let reads = server.read_exact(&mut one);
        let (read, sent) = tokio::join!(reads, async { line.send(b"f") });
        assert!(sent && read.is_ok());
        assert_eq!(&one, b"f");
    }

    #[tokio::test]
    async fn each_write_and_the_end_name_their_line() {
        let wire = Arc::<Wire>::default();
        let ends = [1, 2].map(|number| ServerEnd(Line::new(number, Arc::clone(&wire))));
        let [mut one, mut two] = ends;
        two.write_all(b"two").await.unwrap();
        one.write_all(b"one").await.unwrap();
        drop(two);
        let mut written = WriteProgress::default();
        wire.swap(&mut written);
        assert_eq!(written.parts, [(2, 3), (1, 3), (2, 0)]);
        assert_eq!(written.bytes, b"twoone");
    }

    #[test]
    fn a_line_is_small() {
        let size = size_of::<Line>();
        assert!(size <= 80, "{size} bytes");
    }
}
