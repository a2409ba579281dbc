//! Short texts, stored one behind the other in one string.

use std::mem;

use crate::spare::Spare;

/// The longest text that is copied into a queue, in bytes of its wire form: 1 KiB.
const MAX_TEXT: usize = 1024;

/// The most bytes of one queue: 16 KiB.
///
/// The string grows by doubling, so that neither a queue nor the buffer of a thread reaches twice the limit.
const MAX_BYTES: usize = 16 * 1024;

/// The bytes in front of each text: its length and its `compress` flag, with seven bits in each byte, so
/// that the whole is valid UTF-8.
const HEAD: usize = 2;

thread_local! {
    /// The buffer for the next queue. Usually a queue has been written before the thread sends to
    /// another client.
    static BUFFER: Spare<String> = const { Spare::new(String::new()) };
}

/// A queue of short texts.
#[derive(Debug, Default)]
pub(super) struct TextQueue {
    /// The texts in their wire form, each behind its head.
    texts: String,
    /// The number of bytes in front of the first text that has not been popped.
    read: u32,
    /// The number of texts that have not been popped.
    count: u32,
}

impl TextQueue {
    /// Creates an empty queue in the buffer of the thread, if that is not in use.
    #[inline]
    pub(super) fn in_spare() -> Self {
        Self {
            texts: Spare::take(&BUFFER),
            ..Self::default()
        }
    }

    /// Returns whether a text is short enough to be copied.
    #[inline]
    pub(super) fn accepts(wire: &str) -> bool {
        wire.len() <= MAX_TEXT
    }

    /// Appends a copy of a short text and returns `true`, or returns `false` if the queue is full.
    #[inline]
    pub(super) fn push(&mut self, wire: &str, compress: bool) -> bool {
        let len = HEAD.saturating_add(wire.len());
        if self.texts.len().saturating_add(len) > MAX_BYTES {
            return false;
        }
        self.texts.reserve(len);
        for seven_bits in head(wire.len(), compress) {
            self.texts.push(seven_bits.into());
        }
        self.texts.push_str(wire);
        self.count = self.count.saturating_add(1);
        true
    }

    /// Removes the first text and returns it with its `compress` flag.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(&str, bool)> {
        let start = self.read();
        let (len, compress) = self.head_at(start)?;
        let start = start.saturating_add(HEAD);
        let end = start.saturating_add(len);
        self.read = u32::try_from(end).ok()?;
        self.count = self.count.saturating_sub(1);
        Some((self.texts.get(start..end)?, compress))
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the number of texts and their length in bytes without their packet types.
    #[inline]
    pub(super) fn size(&self) -> (usize, usize) {
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        let beside = count.saturating_mul(HEAD.saturating_add(1));
        let bytes = self.texts.len().saturating_sub(self.read());
        (count, bytes.saturating_sub(beside))
    }

    /// Splits off the first texts, until they reach `limit` bytes, where each counts with `overhead`.
    ///
    /// The rest is moved to an exact allocation. Returns `None` if there is no rest.
    pub(super) fn split(&mut self, limit: usize, overhead: usize) -> Option<Self> {
        let (mut end, mut bytes, mut count) = (self.read(), 0_usize, 0_u32);
        while bytes < limit {
            let (len, _) = self.head_at(end)?;
            end = end.saturating_add(HEAD).saturating_add(len);
            bytes = bytes
                .saturating_add(len.saturating_sub(1))
                .saturating_add(overhead);
            count = count.saturating_add(1);
        }
        if end >= self.texts.len() {
            return None;
        }
        let rest = Self {
            texts: self.texts.split_off(end),
            read: 0,
            count: self.count.saturating_sub(count),
        };
        let first = mem::replace(self, rest);
        Some(Self { count, ..first })
    }

    /// Clears the queue and returns its buffer to the thread, unless the thread has a larger one.
    #[inline]
    pub(super) fn release(&mut self) {
        if self.texts.capacity() > 0 {
            keep(mem::take(self).texts);
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.texts.capacity()
    }

    fn read(&self) -> usize {
        usize::try_from(self.read).unwrap_or(usize::MAX)
    }

    /// Returns the length and the `compress` flag of the text whose head is at `at`.
    #[inline]
    fn head_at(&self, at: usize) -> Option<(usize, bool)> {
        let head = self.texts.as_bytes().get(at..)?.first_chunk::<HEAD>()?;
        let [high, low] = head.map(usize::from);
        let head = high << 7 | low;
        Some((head >> 1, head & 1 == 1))
    }
}

fn keep(mut texts: String) {
    texts.clear();
    Spare::with(&BUFFER, |kept| {
        if kept.capacity() <= texts.capacity() {
            *kept = texts;
        }
    });
}

/// Returns the head of a short text: its length and its flag in twice seven bits.
#[inline]
fn head(len: usize, compress: bool) -> [u8; HEAD] {
    let head = len << 1 | usize::from(compress);
    [head >> 7, head].map(|bits| (bits & 0x7f) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(texts: &mut TextQueue, payload: &str) {
        assert!(texts.push(&format!("4{payload}"), true));
    }

    #[track_caller]
    fn pop_expecting(texts: &mut TextQueue, payload: &str) {
        assert_eq!(texts.pop(), Some((&*format!("4{payload}"), true)));
    }

    /// Returns the capacity of the thread's buffer.
    fn kept_capacity() -> usize {
        Spare::with(&BUFFER, |texts| {
            assert_eq!(texts, "");
            texts.capacity()
        })
    }

    #[test]
    fn texts_of_every_short_length_keep_their_flags() {
        for len in 1..=MAX_TEXT {
            let wire = "4".repeat(len);
            assert!(TextQueue::accepts(&wire));
            let mut texts = TextQueue::default();
            for compress in [false, true] {
                assert!(texts.push(&wire, compress));
            }
            assert_eq!(texts.size(), (2, 2 * (len - 1)));
            for compress in [false, true] {
                assert_eq!(texts.pop(), Some((&*wire, compress)));
            }
            assert!(texts.is_empty() && texts.pop().is_none());
            assert_eq!(texts.size(), (0, 0));
        }
        assert!(!TextQueue::accepts(&"4".repeat(MAX_TEXT + 1)));
    }

    #[test]
    fn a_queue_has_a_limit() {
        let longest = "4".repeat(MAX_TEXT);
        let mut texts = TextQueue::default();
        let mut count = 0;
        while texts.push(&longest, true) {
            count += 1;
        }
        assert_eq!(count, MAX_BYTES / (MAX_TEXT + HEAD));
        let room = MAX_BYTES - texts.texts.len();
        push(&mut texts, &"x".repeat(room - HEAD - 1));
        assert!(!texts.push("4", true));
        assert_eq!(texts.texts.len(), MAX_BYTES);
        assert!(texts.texts.capacity() < 2 * MAX_BYTES);
    }

    #[test]
    fn the_next_queue_of_the_thread_reuses_the_buffer() {
        drop(Spare::take(&BUFFER));
        let mut texts = TextQueue::in_spare();
        for payload in ["é", "", "third"] {
            push(&mut texts, payload);
        }
        for payload in ["é", "", "third"] {
            assert!(!texts.is_empty());
            pop_expecting(&mut texts, payload);
        }
        assert!(texts.is_empty());
        let buffer = texts.texts.as_ptr();
        texts.release();
        assert!((1..2 * MAX_BYTES).contains(&kept_capacity()));

        let mut next = TextQueue::in_spare();
        assert_eq!(kept_capacity(), 0);
        push(&mut next, "next");
        assert_eq!(next.texts.as_ptr(), buffer);
        // A smaller buffer does not replace a larger one.
        let mut small = TextQueue::default();
        push(&mut small, "");
        next.release();
        small.release();
        assert_eq!(TextQueue::in_spare().texts.as_ptr(), buffer);
    }

    #[test]
    fn the_rest_of_a_split_has_an_exact_allocation() {
        let mut texts = TextQueue::default();
        let long = "x".repeat(1_000);
        for payload in [&long, "one", "two", "three"] {
            push(&mut texts, payload);
        }
        pop_expecting(&mut texts, &long);
        assert!(texts.split(2 * (3 + 10) + 1, 10).is_none(), "no rest");
        let mut first = texts.split(2 * (3 + 10), 10).unwrap();
        assert_eq!(first.size(), (2, 6));
        assert_eq!(texts.size(), (1, 5));
        assert_eq!(texts.texts.capacity(), HEAD + "4three".len());
        push(&mut texts, "four");
        pop_expecting(&mut first, "one");
        pop_expecting(&mut first, "two");
        assert!(first.pop().is_none());
        pop_expecting(&mut texts, "three");
        pop_expecting(&mut texts, "four");
        assert!(texts.split(1, 10).is_none());
    }
}
