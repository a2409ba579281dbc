//! The bytes received in one run of a driver.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// The bytes received in one run of a driver, some of which may be unread.
///
/// The buffer is on the stack, so that a connection holds none between runs. Several messages that
/// arrive together are decoded in place.
pub(crate) struct ReadWindow<'a> {
    read: ReadBuf<'a>,
    consumed: usize,
}

impl<'a> ReadWindow<'a> {
    pub(crate) fn new(buffer: &'a mut [MaybeUninit<u8>]) -> Self {
        Self {
            read: ReadBuf::uninit(buffer),
            consumed: 0,
        }
    }

    /// Returns the unread bytes.
    pub(crate) fn unread(&mut self) -> &mut [u8] {
        self.read
            .filled_mut()
            .get_mut(self.consumed..)
            .unwrap_or_default()
    }

    /// Marks all bytes as read except the last `unread` bytes.
    pub(crate) fn set_unread(&mut self, unread: usize) {
        self.consumed = self.read.filled().len().saturating_sub(unread);
    }

    /// Replaces the bytes, all of which have been read, by the next read. Returns 0 at the end.
    pub(crate) fn poll_refill<T: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut T,
    ) -> Poll<io::Result<usize>> {
        self.read.clear();
        self.consumed = 0;
        ready!(Pin::new(io).poll_read(cx, &mut self.read))?;
        Poll::Ready(Ok(self.read.filled().len()))
    }
}
