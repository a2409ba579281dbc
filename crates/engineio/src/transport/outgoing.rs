//! The frames that wait for the connection to take them.

use std::io::{self, IoSlice};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use engineio_proto::Spare;
use smallvec::SmallVec;
use tokio::io::AsyncWrite;

/// Room for the header of a frame, in bytes: no transport writes longer ones.
pub(super) const MAX_HEADER: usize = 10;

/// The largest payload that is copied behind its header, in bytes. A larger one, which may be
/// shared with other connections, leaves from where it is.
const MAX_COPIED: usize = 2 * 1024;

/// The most that is gathered in one piece of memory, in bytes: 16 KiB. One is held until all of it has
/// left, however often something is added meanwhile.
const MAX_GATHERED: usize = 16 * 1024;

/// How much memory a thread keeps for gathering, in bytes: 64 KiB.
const MAX_SPARE: usize = 64 * 1024;

thread_local! {
    /// Memory for gathering. What is gathered has left again before the thread gathers for another
    /// connection, as a rule: they can share it, and none grows its own for every write.
    static SPARE: Spare<Vec<u8>> = const { Spare::new(Vec::new()) };
}

/// The most pieces of memory that are written at once.
const MAX_SLICES: usize = 32;

/// The frames that wait for the connection to take them. Empty, it holds no memory.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// What leaves first, headers and small payloads: all that waits as a rule.
    front: Vec<u8>,
    /// What leaves behind it.
    rest: Vec<Chunk>,
    /// How much of the first piece of memory has left, in bytes: of `front`, unless that is empty.
    left: usize,
    pending: usize,
}

#[derive(Debug)]
enum Chunk {
    /// Headers and small payloads.
    Gathered(Vec<u8>),
    /// A large payload.
    Shared(Bytes),
}

impl Outgoing {
    /// Appends a frame, whose header is what `write_header` appends.
    #[inline]
    pub(super) fn push(&mut self, payload: &Bytes, write_header: impl FnOnce(&mut Vec<u8>)) {
        if payload.len() <= MAX_COPIED {
            self.push_copied(payload, write_header);
            return;
        }
        let gathered = self.gathered(MAX_HEADER);
        let before = gathered.len();
        write_header(gathered);
        let added = gathered.len() - before;
        self.pending += added + payload.len();
        self.rest.push(Chunk::Shared(payload.clone()));
    }

    /// Appends a frame whose payload is copied: a small one.
    #[inline]
    pub(super) fn push_copied(&mut self, payload: &[u8], write_header: impl FnOnce(&mut Vec<u8>)) {
        let gathered = self.gathered(MAX_HEADER + payload.len());
        let before = gathered.len();
        write_header(gathered);
        gathered.extend_from_slice(payload);
        let added = gathered.len() - before;
        self.pending += added;
    }

    /// Puts what another has begun to write before what waits here, of which nothing has left yet.
    pub(super) fn resume(&mut self, torn: Self) {
        let behind = mem::replace(self, torn);
        self.pending += behind.pending;
        if !behind.front.is_empty() {
            self.rest.push(Chunk::Gathered(behind.front));
        }
        self.rest.extend(behind.rest);
    }

    /// How many bytes wait.
    pub(super) fn pending(&self) -> usize {
        self.pending
    }

    /// Writes until at most `rest` bytes wait.
    pub(super) fn poll_write<T: AsyncWrite + Unpin + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut T,
        rest: usize,
    ) -> Poll<io::Result<()>> {
        while self.pending > rest {
            let Poll::Ready(written) = self.poll_write_some(cx, io) else {
                self.fit();
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
        if self.rest.is_empty() {
            // As a rule.
            let front = self.front.get(self.left..).unwrap_or_default();
            return Pin::new(io).poll_write(cx, front);
        }
        let mut slices: SmallVec<[IoSlice<'_>; MAX_SLICES]> = SmallVec::new();
        let front = Some(&*self.front).filter(|front| !front.is_empty());
        let chunks = front.into_iter().chain(self.rest.iter().map(Chunk::bytes));
        slices.extend(chunks.take(MAX_SLICES).map(IoSlice::new));
        if let Some(first) = slices.first_mut() {
            first.advance(self.left);
        }
        if io.is_write_vectored() {
            Pin::new(io).poll_write_vectored(cx, &slices)
        } else {
            let first = slices.first().map(|first| &**first);
            Pin::new(io).poll_write(cx, first.unwrap_or_default())
        }
    }

    /// So many bytes have left.
    #[inline]
    fn advance(&mut self, written: usize) {
        if written >= self.pending && self.rest.is_empty() {
            // As a rule.
            self.pending = 0;
            self.left = 0;
            give_back(mem::take(&mut self.front));
        } else {
            self.advance_some(written);
        }
    }

    fn advance_some(&mut self, written: usize) {
        self.pending = self.pending.saturating_sub(written);
        self.left += written;
        if !self.front.is_empty() {
            if self.left < self.front.len() {
                return;
            }
            self.left -= self.front.len();
            give_back(mem::take(&mut self.front));
        }
        let mut gone = 0;
        for chunk in &self.rest {
            let length = chunk.bytes().len();
            if self.left < length {
                break;
            }
            self.left -= length;
            gone += 1;
        }
        self.rest.drain(..gone).for_each(Chunk::give_back);
        if self.rest.is_empty() {
            self.rest = Vec::new();
        }
        if self.pending == 0 {
            self.left = 0;
        }
    }

    /// Has what waits for longer take no more memory than it needs.
    fn fit(&mut self) {
        fit(&mut self.front);
        for chunk in &mut self.rest {
            if let Chunk::Gathered(bytes) = chunk {
                fit(bytes);
            }
        }
    }

    /// The end of the queue, where small things are gathered.
    #[inline]
    fn gathered(&mut self, needed: usize) -> &mut Vec<u8> {
        if !self.rest.is_empty() || self.front.len() + needed > MAX_GATHERED {
            return self.gathered_behind(needed);
        }
        if self.front.capacity() == 0 {
            self.front = Spare::take(&SPARE);
        }
        self.front.reserve(needed);
        &mut self.front
    }

    /// The end of the queue behind the first piece of memory.
    fn gathered_behind(&mut self, needed: usize) -> &mut Vec<u8> {
        let has_room = match self.rest.last() {
            Some(Chunk::Gathered(bytes)) => bytes.len() + needed <= MAX_GATHERED,
            _ => false,
        };
        if !has_room {
            let mut bytes = Spare::take(&SPARE);
            bytes.reserve(needed);
            self.rest.push(Chunk::Gathered(bytes));
        }
        match self.rest.last_mut() {
            Some(Chunk::Gathered(bytes)) => bytes,
            _ => unreachable!("it has just been put there"),
        }
    }
}

impl Chunk {
    fn give_back(self) {
        if let Self::Gathered(bytes) = self {
            give_back(bytes);
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Gathered(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

fn fit(bytes: &mut Vec<u8>) {
    if bytes.capacity() > 2 * bytes.len() {
        let fitting = bytes.as_slice().to_vec();
        give_back(mem::replace(bytes, fitting));
    }
}

/// Keeps memory for what is gathered next on this thread.
fn give_back(mut bytes: Vec<u8>) {
    if bytes.capacity() <= MAX_SPARE {
        bytes.clear();
        Spare::put(&SPARE, bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// Takes a number of bytes at a time, with vectored writes or without.
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

    fn push(outgoing: &mut Outgoing, payload: impl Into<Bytes>) {
        outgoing.push(&payload.into(), |out| out.extend_from_slice(HEADER));
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
        let mut outgoing = Outgoing::default();
        for payload in payloads() {
            push(&mut outgoing, payload);
        }
        assert_eq!(outgoing.pending(), expected().len());
        let mut sink = Sink {
            taken: Vec::new(),
            step,
            vectored,
            writes: 0,
        };
        poll_fn(|cx| outgoing.poll_write(cx, &mut sink, 0))
            .await
            .unwrap();
        assert_eq!(outgoing.pending(), 0);
        assert_eq!(outgoing.front.capacity() + outgoing.rest.capacity(), 0);
        sink
    }

    #[tokio::test]
    async fn the_bytes_are_the_same_whatever_the_connection_takes() {
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
    async fn all_leaves_in_one_write_where_that_is_possible() {
        assert_eq!(write(usize::MAX, true).await.writes, 1);
    }

    #[test]
    fn a_large_payload_is_not_copied() {
        let payload = Bytes::from(vec![1; MAX_COPIED + 1]);
        let mut outgoing = Outgoing::default();
        push(&mut outgoing, payload.clone());
        let Some(Chunk::Shared(shared)) = outgoing.rest.last() else {
            panic!("it is queued as it is");
        };
        assert_eq!(shared.as_ptr(), payload.as_ptr());
    }

    #[tokio::test]
    async fn frames_that_are_added_meanwhile_follow() {
        let mut outgoing = Outgoing::default();
        let mut sink = Sink {
            taken: Vec::new(),
            step: 3,
            vectored: true,
            writes: 0,
        };
        push(&mut outgoing, Bytes::from_static(b"first"));
        poll_fn(|cx| outgoing.poll_write(cx, &mut sink, 4))
            .await
            .unwrap();
        push(&mut outgoing, Bytes::from_static(b"second"));
        poll_fn(|cx| outgoing.poll_write(cx, &mut sink, 0))
            .await
            .unwrap();
        assert_eq!(sink.taken, b"<header>first<header>second");
    }

    #[test]
    fn what_waits_takes_no_more_memory_than_it_needs() {
        let cx = &mut Context::from_waker(std::task::Waker::noop());
        let mut sink = taking_all();
        let mut large = Outgoing::default();
        for _ in 0..100 {
            push(&mut large, Bytes::from_static(&[b'x'; 100]));
        }
        assert!(large.poll_write(cx, &mut sink, 0).is_ready());
        // The memory of the one serves the other, and is not kept by it.
        for payload in [5, MAX_COPIED + 1] {
            let mut blocked = Outgoing::default();
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
    async fn what_has_left_is_not_held_for_what_is_added() {
        let mut outgoing = Outgoing::default();
        let mut sink = Sink {
            taken: Vec::new(),
            step: 102,
            vectored: true,
            writes: 0,
        };
        push(&mut outgoing, Bytes::from_static(b"never empty"));
        for _ in 0..10_000 {
            push(&mut outgoing, Bytes::from_static(&[b'x'; 94]));
            let rest = outgoing.pending() - 102;
            poll_fn(|cx| outgoing.poll_write(cx, &mut sink, rest))
                .await
                .unwrap();
            assert!(outgoing.pending() > 0);
            let rest = outgoing.rest.iter().map(|chunk| chunk.bytes().len());
            let held = outgoing.front.len() + rest.sum::<usize>();
            assert!(held <= outgoing.pending() + MAX_GATHERED, "{held} bytes");
            assert!(outgoing.rest.len() <= 2);
        }
        poll_fn(|cx| outgoing.poll_write(cx, &mut sink, 0))
            .await
            .unwrap();
        assert_eq!(sink.taken.len(), 19 + 10_000 * 102);
    }
}
