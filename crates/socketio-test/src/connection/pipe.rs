//! The in-memory connection below a WebSocket, which knows how far the server has read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use futures_core::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::sync::watch;

/// The bytes that each direction buffers.
const BUFFER: usize = 64 * 1024;

/// Creates a connection: the end of the client, the end of the server, and the progress of the
/// server.
pub(super) fn pipe() -> (ClientEnd, ServerEnd, Progress) {
    let (client, server) = duplex(BUFFER);
    let written = Arc::new(AtomicU64::new(0));
    let (idle, idle_at) = watch::channel(0);
    let client = ClientEnd {
        io: client,
        written: Arc::clone(&written),
    };
    let server = ServerEnd {
        io: server,
        read: 0,
        idle,
    };
    (client, server, Progress { written, idle_at })
}

/// How far the server has read.
#[derive(Debug)]
pub(super) struct Progress {
    /// The number of bytes that the client has written.
    written: Arc<AtomicU64>,
    /// The number of bytes that the server had read when it last asked for more in vain.
    idle_at: watch::Receiver<u64>,
}

impl Progress {
    /// Returns a future that ends when the server has handled all bytes that are written now.
    ///
    /// A server that waits for further bytes has handled the previous ones. The future also ends
    /// with the connection.
    pub(super) fn taken(&self) -> BoxFuture<'static, ()> {
        let written = self.written.load(Ordering::Relaxed);
        let mut idle_at = self.idle_at.clone();
        Box::pin(async move {
            let _ = idle_at.wait_for(|read| *read >= written).await;
        })
    }
}

/// The end of the client, which counts the bytes that it writes.
#[derive(Debug)]
pub(super) struct ClientEnd {
    io: DuplexStream,
    written: Arc<AtomicU64>,
}

/// The end of the server, which reports its progress.
#[derive(Debug)]
pub(super) struct ServerEnd {
    io: DuplexStream,
    read: u64,
    idle: watch::Sender<u64>,
}

impl AsyncRead for ClientEnd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for ClientEnd {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
        self.written.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl AsyncRead for ServerEnd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        let added = buffer.filled().len().saturating_sub(before);
        self.read = self.read.saturating_add(added as u64);
        if polled.is_pending() {
            let read = self.read;
            self.idle.send_if_modified(|idle_at| {
                let is_new = *idle_at != read;
                *idle_at = read;
                is_new
            });
        }
        polled
    }
}

impl AsyncWrite for ServerEnd {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn bytes_are_taken_when_the_server_asks_for_more() {
        let (mut client, mut server, progress) = pipe();
        assert!(progress.taken().now_or_never().is_some());
        client.write_all(b"hello").await.unwrap();
        let mut taken = progress.taken();
        let mut read = [0; 5];
        server.read_exact(&mut read).await.unwrap();
        assert!((&mut taken).now_or_never().is_none(), "not handled yet");
        assert!(server.read_u8().now_or_never().is_none());
        assert!(taken.now_or_never().is_some());
    }

    #[tokio::test]
    async fn the_end_of_the_server_takes_everything() {
        let (mut client, server, progress) = pipe();
        client.write_all(b"hello").await.unwrap();
        drop(server);
        progress.taken().await;
    }
}
