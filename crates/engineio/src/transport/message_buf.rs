//! The growth of a buffer while a message is being received.

/// A buffer for a message that is being received.
pub(crate) trait MessageBuf {
    /// Returns the number of received bytes.
    fn filled(&self) -> usize;

    /// Returns the number of allocated bytes.
    fn allocated(&self) -> usize;

    /// Reserves exactly `additional` more bytes.
    fn reserve_more(&mut self, additional: usize);

    /// Frees the unused part of the allocation.
    fn shrink(&mut self);

    /// Reserves space for the next `next` bytes, which are part of the `expected` bytes that were
    /// announced.
    ///
    /// The allocation is at most twice the size of the received bytes, so that announcing a large
    /// message costs nothing. It never exceeds the announced size.
    fn grow(&mut self, next: usize, expected: usize) {
        if self.allocated() - self.filled() >= next {
            return;
        }
        let doubled = self.allocated().saturating_mul(2) - self.filled();
        self.reserve_more(next.max(doubled.min(expected)));
    }

    /// Shrinks the buffer of a complete message, which may live for long.
    fn finish(&mut self) {
        // Moving the message costs more than wasting a few bytes.
        if self.allocated() - self.filled() > self.filled() / 8 {
            self.shrink();
        }
    }
}

impl MessageBuf for Vec<u8> {
    fn filled(&self) -> usize {
        self.len()
    }

    fn allocated(&self) -> usize {
        self.capacity()
    }

    fn reserve_more(&mut self, additional: usize) {
        self.reserve_exact(additional);
    }

    fn shrink(&mut self) {
        self.shrink_to_fit();
    }
}

impl MessageBuf for String {
    fn filled(&self) -> usize {
        self.len()
    }

    fn allocated(&self) -> usize {
        self.capacity()
    }

    fn reserve_more(&mut self, additional: usize) {
        self.reserve_exact(additional);
    }

    fn shrink(&mut self) {
        self.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announced_size_allocates_nothing() {
        let mut message = Vec::new();
        for _ in 0..64 {
            message.grow(1_000, usize::MAX - message.len());
            message.extend_from_slice(&[0; 1_000]);
            assert!(message.capacity() <= 2 * message.len());
        }
    }

    #[test]
    fn a_message_of_known_length_fits_exactly() {
        let mut message = Vec::new();
        let total = 100_000;
        while message.len() < total {
            let next = 1_000.min(total - message.len());
            message.grow(next, total - message.len());
            message.extend_from_slice(&vec![0; next]);
        }
        assert_eq!(message.capacity(), total);
    }

    #[test]
    fn finish_frees_unused_memory() {
        let mut message = String::with_capacity(1_000);
        message.push_str("short");
        message.finish();
        assert_eq!(message.capacity(), 5);
    }
}
