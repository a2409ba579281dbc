//! The connection below a WebSocket.

use std::io::{self, IoSlice, Read as _};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::coop;

/// The connection below a WebSocket.
///
/// HTTP servers return upgraded connections in several layers of boxes. If they contain a TCP
/// stream, as with `axum::serve`, it is unwrapped, which saves memory and indirect calls.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(Tcp),
    Other(TokioIo<Upgraded>),
}

/// A TCP connection whose write half may be lent.
#[derive(Debug)]
pub(crate) struct Tcp {
    read: OwnedReadHalf,
    /// `None` while it is lent.
    write: Option<OwnedWriteHalf>,
    /// Whether unread bytes may be waiting although the runtime does not report the connection as
    /// readable, because [`Stream::poll_closed`] has cleared its readiness.
    readiness_cleared: bool,
}

impl Stream {
    /// Unwraps a connection. Returns the bytes that were already read as well.
    pub(super) fn new(upgraded: Upgraded) -> (Self, Bytes) {
        let upgraded = match auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
            Ok(parts) => return (Self::Tcp(Tcp::new(parts.io.into_inner())), parts.read_buf),
            Err(upgraded) => upgraded,
        };
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => (Self::Tcp(Tcp::new(parts.io.into_inner())), parts.read_buf),
            Err(upgraded) => (Self::Other(TokioIo::new(upgraded)), Bytes::new()),
        }
    }

    /// Returns whether a TCP connection has received bytes, without waiting for the runtime to
    /// announce them. Returns `false` for other connections.
    pub(super) fn has_input(&self) -> bool {
        let Self::Tcp(tcp) = self else {
            return false;
        };
        let mut byte = [MaybeUninit::uninit()];
        let peeked = SockRef::from(tcp.read.as_ref()).peek(&mut byte);
        peeked.is_ok_and(|bytes| bytes > 0)
    }

    /// Returns `Ready` once the peer of a TCP connection has closed its side, although data may be
    /// unread. Returns `None` for other connections, which only announce it after their data.
    pub(super) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Option<Poll<()>> {
        match self {
            // Windows would announce unread data again and again.
            Self::Tcp(tcp) if cfg!(not(windows)) => Some(tcp.poll_closed(cx)),
            Self::Tcp(_) | Self::Other(_) => None,
        }
    }

    /// Returns the write half, if it can be used from any task.
    pub(super) fn lend_write_half(&mut self) -> Option<OwnedWriteHalf> {
        match self {
            Self::Tcp(tcp) => tcp.write.take(),
            Self::Other(_) => None,
        }
    }

    /// Takes back a lent write half.
    pub(super) fn restore_write_half(&mut self, write: OwnedWriteHalf) {
        if let Self::Tcp(tcp) = self {
            tcp.write = Some(write);
        }
    }
}

impl Tcp {
    fn new(stream: TcpStream) -> Self {
        let (read, write) = stream.into_split();
        Self {
            read,
            write: Some(write),
            readiness_cleared: false,
        }
    }

    /// Returns `Ready` once the peer has closed its side, although data may be unread.
    ///
    /// A connection with unread data is always readable. To be woken when it is closed, its
    /// readiness is cleared, and reads bypass it until they have caught up.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let stream = self.read.as_ref();
        loop {
            if ready!(stream.poll_read_ready(cx)).is_err() {
                return Poll::Ready(());
            }
            // The connection is ready, so that this does not wait.
            let readiness = pin!(stream.ready(Interest::READABLE)).poll(cx);
            match readiness {
                Poll::Ready(Ok(readiness)) if !readiness.is_read_closed() => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
            self.readiness_cleared = true;
            let cleared: io::Result<()> =
                stream.try_io(Interest::READABLE, || Err(io::ErrorKind::WouldBlock.into()));
            debug_assert!(cleared.is_err());
        }
    }

    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.readiness_cleared
            && let Some(read) = self.read_bypassing_readiness(buffer)
        {
            return Poll::Ready(read);
        }
        Pin::new(&mut self.read).poll_read(cx, buffer)
    }

    /// Reads without asking the runtime. Returns `None` if no data is waiting.
    #[cold]
    fn read_bypassing_readiness(&mut self, buffer: &mut ReadBuf<'_>) -> Option<io::Result<()>> {
        let space = buffer.initialize_unfilled();
        let wanted = space.len();
        match (&*SockRef::from(self.read.as_ref())).read(space) {
            Ok(read) => {
                // After a short read, the runtime reports the next bytes again.
                self.readiness_cleared = read == wanted;
                buffer.advance(read);
                Some(Ok(()))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.readiness_cleared = false;
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// Writes when the connection is writable, even while the write half is lent. The borrower only
    /// writes while the driver is parked.
    fn poll_write(
        &self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        // Uses the coop budget, so that a client which reads fast does not monopolize the thread.
        let coop_budget = ready!(coop::poll_proceed(cx));
        let stream = self.read.as_ref();
        loop {
            match write(stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(stream.poll_write_ready(cx))?;
                }
                written => {
                    coop_budget.made_progress();
                    return Poll::Ready(written);
                }
            }
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.write {
            Some(write) => Pin::new(write).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => tcp.poll_read(cx, buffer),
            Self::Other(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => tcp.poll_write(cx, |stream| stream.try_write(bytes)),
            Self::Other(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => tcp.poll_write(cx, |stream| stream.try_write_vectored(slices)),
            Self::Other(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(_) => true,
            Self::Other(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(_) => Poll::Ready(Ok(())),
            Self::Other(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => tcp.poll_shutdown(cx),
            Self::Other(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;

    use http::{Request, Response, StatusCode, header};
    use http_body_util::Empty;
    use hyper::body::Incoming;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioExecutor;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;

    /// An upgrade request, and bytes that the client sends after it without waiting.
    const REQUEST: &[u8] =
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nearly";

    /// Upgrades a connection.
    async fn switch<T>(io: T, plainly: bool) -> (Stream, Bytes)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, mut switched) = mpsc::unbounded_channel();
        let service = service_fn(move |request: Request<Incoming>| {
            let sender = sender.clone();
            tokio::spawn(async move {
                let upgraded = hyper::upgrade::on(request).await.expect("it switches");
                sender.send(Stream::new(upgraded)).expect("it is awaited");
            });
            let response = Response::builder()
                .status(StatusCode::SWITCHING_PROTOCOLS)
                .header(header::CONNECTION, "upgrade")
                .header(header::UPGRADE, "websocket")
                .body(Empty::<Bytes>::new())
                .expect("a response");
            async { Ok::<_, Infallible>(response) }
        });
        let io = TokioIo::new(io);
        if plainly {
            let http = hyper::server::conn::http1::Builder::new();
            let serving = http.serve_connection(io, service).with_upgrades();
            serving.await.expect("it is served");
        } else {
            let http = auto::Builder::new(TokioExecutor::new());
            let serving = http.serve_connection_with_upgrades(io, service);
            serving.await.expect("it is served");
        }
        switched.recv().await.expect("it has switched")
    }

    #[tokio::test]
    async fn a_tcp_stream_is_unwrapped_without_losing_bytes() {
        for plainly in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            let mut client = TcpStream::connect(addr).await.unwrap();
            client.write_all(REQUEST).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            let (stream, read) = switch(server, plainly).await;
            assert!(matches!(stream, Stream::Tcp(_)), "{stream:?}");
            assert_eq!(read, "early");
        }
    }

    #[tokio::test]
    async fn another_stream_is_not_unwrapped_and_loses_no_bytes() {
        let (server, mut client) = duplex(1_000);
        client.write_all(REQUEST).await.unwrap();
        let (mut stream, read) = switch(server, false).await;
        assert!(matches!(stream, Stream::Other(_)), "{stream:?}");
        let mut early = read.to_vec();
        let mut rest = vec![0; 5 - early.len()];
        stream.read_exact(&mut rest).await.unwrap();
        early.extend(rest);
        assert_eq!(early, b"early");
    }

    /// Guards against a client that reads as fast as the server writes and monopolizes a thread.
    #[tokio::test]
    async fn a_long_write_yields_to_other_tasks() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(addr), listener.accept());
        let mut stream = Stream::Tcp(Tcp::new(accepted.unwrap().0));
        let written = tokio::spawn(poll_fn(move |cx| {
            let mut write = || Pin::new(&mut stream).poll_write(cx, b"x").is_ready();
            Poll::Ready((0..1_000).take_while(|_| write()).count())
        }));
        assert!((1..1_000).contains(&written.await.unwrap()));
        drop(client);
    }
}
