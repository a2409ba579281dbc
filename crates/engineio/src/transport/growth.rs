//! How the memory of a message grows while it arrives.

/// What has arrived of a message.
pub(crate) trait Arrived {
    /// How many bytes have arrived.
    fn arrived(&self) -> usize;

    /// How many bytes there is room for.
    fn room(&self) -> usize;

    /// Makes room for `additional` bytes and not for more.
    fn make_room(&mut self, additional: usize);

    /// Gives back what is not used.
    fn fit(&mut self);

    /// Makes room for the next `next` bytes, when `expected` bytes are announced, those included.
    ///
    /// What is announced costs nothing: the room is at most twice what has arrived. But it is not
    /// more than what is announced either.
    fn grow(&mut self, next: usize, expected: usize) {
        if self.room() - self.arrived() >= next {
            return;
        }
        let doubled = self.room().saturating_mul(2) - self.arrived();
        self.make_room(next.max(doubled.min(expected)));
    }

    /// The message has arrived: it may live for long and shall not waste memory.
    fn finish(&mut self) {
        // A little waste is cheaper than moving everything.
        if self.room() - self.arrived() > self.arrived() / 8 {
            self.fit();
        }
    }
}

impl Arrived for Vec<u8> {
    fn arrived(&self) -> usize {
        self.len()
    }

    fn room(&self) -> usize {
        self.capacity()
    }

    fn make_room(&mut self, additional: usize) {
        self.reserve_exact(additional);
    }

    fn fit(&mut self) {
        self.shrink_to_fit();
    }
}

impl Arrived for String {
    fn arrived(&self) -> usize {
        self.len()
    }

    fn room(&self) -> usize {
        self.capacity()
    }

    fn make_room(&mut self, additional: usize) {
        self.reserve_exact(additional);
    }

    fn fit(&mut self) {
        self.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_costs_nothing() {
        let mut message = Vec::new();
        for _ in 0..64 {
            message.grow(1_000, usize::MAX - message.len());
            message.extend_from_slice(&[0; 1_000]);
            assert!(message.capacity() <= 2 * message.len());
        }
    }

    #[test]
    fn a_message_of_known_length_ends_without_waste() {
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
    fn waste_is_given_back_at_the_end() {
        let mut message = String::with_capacity(1_000);
        message.push_str("short");
        message.finish();
        assert_eq!(message.capacity(), 5);
    }
}
