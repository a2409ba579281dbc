//! The queue of frames that are waiting to be written.

use std::io::{self, IoSlice};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use engineio_proto::Spare;
use tokio::io::AsyncWrite;

/// The maximum size of a frame header on any transport, in bytes.
pub(super) const MAX_HEADER: usize = 10;

/// The maximum size of a payload that is copied behind its header, in bytes. Larger payloads, which
/// may be shared by connections, are written from where they are.
const MAX_COPIED: usize = 2 * 1024;

/// The maximum size of a buffer, in bytes: 16 KiB. A buffer is held until it is written completely.
const MAX_BUFFER: usize = 16 * 1024;

/// The maximum size of the buffer that a thread keeps for reuse, in bytes: 64 KiB.
const MAX_SPARE: usize = 64 * 1024;

thread_local! {
    /// A reusable buffer. Usually a connection has written its frames before the thread serves
    /// another connection. They share one buffer instead of growing their own for every write.
    static SPARE: Spare<Vec<u8>> = const { Spare::new(Vec::new()) };
}

/// The maximum number of slices in one vectored write.
const MAX_SLICES: usize = 32;

/// The queue of frames that are waiting to be written. An empty queue holds no memory.
#[derive(Debug, Default)]
pub(super) struct WriteQueue {
    /// Headers and small payloads, which are written first. In most cases this is the whole queue.
    front: Vec<u8>,
    /// The chunks that follow `front`.
    tail: Vec<Chunk>,
    /// The number of bytes written of the first buffer: of `front`, or of the first chunk if
    /// `front` is empty.
    written: usize,
    pending: usize,
}

#[derive(Debug)]
enum Chunk {
    /// Headers and small payloads.
    Copied(Vec<u8>),
    /// A large payload.
    Shared(Bytes),
}

impl WriteQueue {
    /// Appends a frame. `write_header` appends its header.
    #[inline]
    pub(super) fn push(&mut self, payload: &Bytes, write_header: impl FnOnce(&mut Vec<u8>)) {
        if payload.len() <= MAX_COPIED {
            self.push_copied(payload, write_header);
            return;
        }
        let buffer = self.last_buffer(MAX_HEADER);
        let before = buffer.len();
        write_header(buffer);
        let added = buffer.len() - before;
        self.pending += added + payload.len();
        self.tail.push(Chunk::Shared(payload.clone()));
    }

    /// Appends a frame with a copy of its payload, which should be small.
    #[inline]
    pub(super) fn push_copied(&mut self, payload: &[u8], write_header: impl FnOnce(&mut Vec<u8>)) {
        let buffer = self.last_buffer(MAX_HEADER + payload.len());
        let before = buffer.len();
        write_header(buffer);
        buffer.extend_from_slice(payload);
        let added = buffer.len() - before;
        self.pending += added;
    }

    /// Puts the rest of a partial write in front of this queue, of which nothing has been written
    /// yet.
    pub(super) fn prepend(&mut self, partial: Self) {
        let following = mem::replace(self, partial);
        self.pending += following.pending;
        if !following.front.is_empty() {
            self.tail.push(Chunk::Copied(following.front));
        }
        self.tail.extend(following.tail);
    }

    /// Returns the number of queued bytes.
    pub(super) fn pending(&self) -> usize {
        self.pending
    }

    /// Writes until at most `rest` bytes are queued.
    pub(super) fn poll_write<T: AsyncWrite + Unpin + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut T,
        rest: usize,
    ) -> Poll<io::Result<()>> {
        while self.pending > rest {
            let Poll::Ready(written) = self.poll_write_some(cx, io) else {
                self.shrink();
                return Poll::Pending;
            };
            let written = written?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_some<T: AsyncWrite + Unpin + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut T,
    ) -> Poll<io::Result<usize>> {
        if self.tail.is_empty() {
            // The common case.
            let front = self.front.get(self.written..).unwrap_or_default();
            return Pin::new(io).poll_write(cx, front);
        }
        let front = Some(&*self.front).filter(|front| !front.is_empty());
        let chunks = front.into_iter().chain(self.tail.iter().map(Chunk::bytes));
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for (slice, chunk) in slices.iter_mut().zip(chunks) {
            *slice = IoSlice::new(chunk);
            count += 1;
        }
        let slices = slices.get_mut(..count).unwrap_or_default();
        if let Some(first) = slices.first_mut() {
            first.advance(self.written);
        }
        if io.is_write_vectored() {
            Pin::new(io).poll_write_vectored(cx, slices)
        } else {
            let first = slices.first().map(|first| &**first);
            Pin::new(io).poll_write(cx, first.unwrap_or_default())
        }
    }

    /// Removes the written bytes.
    #[inline]
    fn advance(&mut self, written: usize) {
        if written >= self.pending && self.tail.is_empty() {
            // The common case.
            self.pending = 0;
            self.written = 0;
            recycle(mem::take(&mut self.front));
        } else {
            self.advance_some(written);
        }
    }

    fn advance_some(&mut self, written: usize) {
        self.pending = self.pending.saturating_sub(written);
        self.written += written;
        if !self.front.is_empty() {
            if self.written < self.front.len() {
                return;
            }
            self.written -= self.front.len();
            recycle(mem::take(&mut self.front));
        }
        let mut drained = 0;
        for chunk in &self.tail {
            let length = chunk.bytes().len();
            if self.written < length {
                break;
            }
            self.written -= length;
            drained += 1;
        }
        self.tail.drain(..drained).for_each(Chunk::recycle);
        if self.tail.is_empty() {
            self.tail = Vec::new();
        }
        if self.pending == 0 {
            self.written = 0;
        }
    }

    /// Frees unused memory of buffers that stay queued.
    fn shrink(&mut self) {
        shrink(&mut self.front);
        for chunk in &mut self.tail {
            if let Chunk::Copied(bytes) = chunk {
                shrink(bytes);
            }
        }
    }

    /// Returns the last buffer, which collects headers and small payloads.
    #[inline]
    fn last_buffer(&mut self, needed: usize) -> &mut Vec<u8> {
        if !self.tail.is_empty() || self.front.len() + needed > MAX_BUFFER {
            return self.tail_buffer(needed);
        }
        if self.front.capacity() == 0 {
            self.front = Spare::take(&SPARE);
        }
        self.front.reserve(needed);
        &mut self.front
    }

    /// Returns the last buffer of `tail`.
    fn tail_buffer(&mut self, needed: usize) -> &mut Vec<u8> {
        let has_room = match self.tail.last() {
            Some(Chunk::Copied(bytes)) => bytes.len() + needed <= MAX_BUFFER,
            _ => false,
        };
        if !has_room {
            let mut bytes = Spare::take(&SPARE);
            bytes.reserve(needed);
            self.tail.push(Chunk::Copied(bytes));
        }
        match self.tail.last_mut() {
            Some(Chunk::Copied(bytes)) => bytes,
            _ => unreachable!("it has just been put there"),
        }
    }
}

impl Chunk {
    fn recycle(self) {
        if let Self::Copied(bytes) = self {
            recycle(bytes);
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Copied(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

fn shrink(bytes: &mut Vec<u8>) {
    if bytes.capacity() > 2 * bytes.len() {
        let fitting = bytes.as_slice().to_vec();
        recycle(mem::replace(bytes, fitting));
    }
}

/// Stores a buffer for reuse on this thread.
fn recycle(mut bytes: Vec<u8>) {
    if bytes.capacity() <= MAX_SPARE {
        bytes.clear();
        Spare::put(&SPARE, bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// A writer that accepts a number of bytes at a time, with or without vectored writes.
    struct Sink {
        taken: Vec<u8>,
        step: usize,
        vectored: bool,
        writes: usize,
    }

    impl AsyncWrite for Sink {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let length = bytes.len().min(self.step);
            self.taken.extend_from_slice(&bytes[..length]);
            self.writes += 1;
            Poll::Ready(Ok(length))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            assert!(self.vectored);
            let bytes = slices.iter().flat_map(|slice| slice.iter().copied());
            let before = self.taken.len();
            let step = self.step;
            self.taken.extend(bytes.take(step));
            let length = self.taken.len() - before;
            self.writes += 1;
            Poll::Ready(Ok(length))
        }

        fn is_write_vectored(&self) -> bool {
            self.vectored
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    const HEADER: &[u8] = b"<header>";

    fn push(queue: &mut WriteQueue, payload: impl Into<Bytes>) {
        queue.push(&payload.into(), |out| out.extend_from_slice(HEADER));
    }

    fn payloads() -> Vec<Bytes> {
        [5, MAX_COPIED, MAX_COPIED + 1, 0, 70_000, 70_000, 125, 126]
            .into_iter()
            .enumerate()
            .map(|(at, length)| vec![at as u8; length].into())
            .collect()
    }

    fn expected() -> Vec<u8> {
        let mut bytes = Vec::new();
        for payload in payloads() {
            bytes.extend_from_slice(HEADER);
            bytes.extend_from_slice(&payload);
        }
        bytes
    }

    async fn write(step: usize, vectored: bool) -> Sink {
        let mut queue = WriteQueue::default();
        for payload in payloads() {
            push(&mut queue, payload);
        }
        assert_eq!(queue.pending(), expected().len());
        let mut sink = Sink {
            taken: Vec::new(),
            step,
            vectored,
            writes: 0,
        };
        poll_fn(|cx| queue.poll_write(cx, &mut sink, 0))
            .await
            .unwrap();
        assert_eq!(queue.pending(), 0);
        assert_eq!(queue.front.capacity() + queue.tail.capacity(), 0);
        sink
    }

    #[tokio::test]
    async fn partial_writes_do_not_change_the_bytes() {
        for step in [1, 7, 1_000, 70_007, usize::MAX] {
            for vectored in [false, true] {
                let sink = write(step, vectored).await;
                assert!(
                    sink.taken == expected(),
                    "steps of {step}, vectored: {vectored}"
                );
            }
        }
    }

    #[tokio::test]
    async fn the_queue_is_written_in_one_vectored_write() {
        assert_eq!(write(usize::MAX, true).await.writes, 1);
    }

    #[test]
    fn a_large_payload_is_not_copied() {
        let payload = Bytes::from(vec![1; MAX_COPIED + 1]);
        let mut queue = WriteQueue::default();
        push(&mut queue, payload.clone());
        let Some(Chunk::Shared(shared)) = queue.tail.last() else {
            panic!("it is queued as it is");
        };
        assert_eq!(shared.as_ptr(), payload.as_ptr());
    }

    #[tokio::test]
    async fn frames_added_during_a_write_follow() {
        let mut queue = WriteQueue::default();
        let mut sink = Sink {
            taken: Vec::new(),
            step: 3,
            vectored: true,
            writes: 0,
        };
        push(&mut queue, Bytes::from_static(b"first"));
        poll_fn(|cx| queue.poll_write(cx, &mut sink, 4))
            .await
            .unwrap();
        push(&mut queue, Bytes::from_static(b"second"));
        poll_fn(|cx| queue.poll_write(cx, &mut sink, 0))
            .await
            .unwrap();
        assert_eq!(sink.taken, b"<header>first<header>second");
    }

    #[test]
    fn queued_bytes_waste_no_memory() {
        let cx = &mut Context::from_waker(std::task::Waker::noop());
        let mut sink = taking_all();
        let mut large = WriteQueue::default();
        for _ in 0..100 {
            push(&mut large, Bytes::from_static(&[b'x'; 100]));
        }
        assert!(large.poll_write(cx, &mut sink, 0).is_ready());
        // The second queue reuses the buffer of the first, but does not keep its capacity.
        for payload in [5, MAX_COPIED + 1] {
            let mut blocked = WriteQueue::default();
            push(&mut blocked, vec![b'x'; payload]);
            let (mut full, _other) = tokio::io::duplex(1);
            assert!(blocked.poll_write(cx, &mut full, 0).is_pending());
            let (capacity, length) = (blocked.front.capacity(), blocked.front.len());
            assert!(length > 0, "it waits");
            assert!(capacity <= 2 * length, "{capacity}");
        }
    }

    fn taking_all() -> Sink {
        Sink {
            taken: Vec::new(),
            step: usize::MAX,
            vectored: true,
            writes: 0,
        }
    }

    #[tokio::test]
    async fn written_bytes_are_freed_while_frames_are_added() {
        let mut queue = WriteQueue::default();
        let mut sink = Sink {
            taken: Vec::new(),
            step: 102,
            vectored: true,
            writes: 0,
        };
        push(&mut queue, Bytes::from_static(b"never empty"));
        for _ in 0..10_000 {
            push(&mut queue, Bytes::from_static(&[b'x'; 94]));
            let rest = queue.pending() - 102;
            poll_fn(|cx| queue.poll_write(cx, &mut sink, rest))
                .await
                .unwrap();
            assert!(queue.pending() > 0);
            let rest = queue.tail.iter().map(|chunk| chunk.bytes().len());
            let held = queue.front.len() + rest.sum::<usize>();
            assert!(held <= queue.pending() + MAX_BUFFER, "{held} bytes");
            assert!(queue.tail.len() <= 2);
        }
        poll_fn(|cx| queue.poll_write(cx, &mut sink, 0))
            .await
            .unwrap();
        assert_eq!(sink.taken.len(), 19 + 10_000 * 102);
    }
}
