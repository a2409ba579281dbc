//! What has arrived in one run of a session's task.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// What has been read in one run of a session's task and not been taken yet.
///
/// It lies on the stack: a connection has no memory for what arrives, and several messages that
/// arrive together are taken from where they are.
pub(crate) struct Arrived<'a> {
    read: ReadBuf<'a>,
    taken: usize,
}

impl<'a> Arrived<'a> {
    pub(crate) fn new(memory: &'a mut [MaybeUninit<u8>]) -> Self {
        Self {
            read: ReadBuf::uninit(memory),
            taken: 0,
        }
    }

    /// What has not been taken.
    pub(crate) fn rest(&mut self) -> &mut [u8] {
        self.read
            .filled_mut()
            .get_mut(self.taken..)
            .unwrap_or_default()
    }

    /// All but so many bytes have been taken.
    pub(crate) fn keep(&mut self, rest: usize) {
        self.taken = self.read.filled().len().saturating_sub(rest);
    }

    /// Reads what comes next, all before having been taken. Nothing is the end.
    pub(crate) fn poll_read<T: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut T,
    ) -> Poll<io::Result<usize>> {
        self.read.clear();
        self.taken = 0;
        ready!(Pin::new(io).poll_read(cx, &mut self.read))?;
        Poll::Ready(Ok(self.read.filled().len()))
    }
}
