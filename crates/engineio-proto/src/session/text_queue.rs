//! Short texts that wait for the client, one behind the other in one piece of memory.

use std::mem;

use crate::{spare::Spare, text::TextRef};

/// The longest text that is copied behind others, in bytes: 1 KiB.
const MAX_TEXT: usize = 1024;

/// How many bytes of texts one piece of memory takes: 16 KiB. It grows by doubling, so that neither
/// it nor what a thread keeps is ever twice as much.
const MAX_TEXTS: usize = 16 * 1024;

/// How many bytes stand in front of a text: its length and its flag, seven bits in each, so that all
/// of it is a string.
const HEAD: usize = 2;

thread_local! {
    /// Memory for what waits: as a rule it has left again before the thread sends to another client.
    static BUFFER: Spare<String> = const { Spare::new(String::new()) };
}

/// Short texts that wait for the client, of which the first may have been taken.
#[derive(Debug, Default)]
pub(super) struct TextQueue {
    /// Each behind its head.
    texts: String,
    /// How many bytes have been taken.
    taken: u32,
    /// How many texts have not.
    waiting: u32,
}

impl TextQueue {
    /// No texts, in memory of the thread, if that is not in use.
    #[inline]
    pub(super) fn in_spare() -> Self {
        Self {
            texts: Spare::take(&BUFFER),
            ..Self::default()
        }
    }

    /// Whether a text is so short that it pays to copy it.
    #[inline]
    pub(super) fn takes(text: TextRef<'_>) -> bool {
        text.as_wire().len() <= MAX_TEXT
    }

    /// Copies a short text behind the others, if there is room. Returns whether there was.
    #[inline]
    pub(super) fn push(&mut self, text: TextRef<'_>, compress: bool) -> bool {
        let wire = text.as_wire();
        let len = HEAD.saturating_add(wire.len());
        if self.texts.len().saturating_add(len) > MAX_TEXTS {
            return false;
        }
        self.texts.reserve(len);
        for seven_bits in head(wire.len(), compress) {
            self.texts.push(seven_bits.into());
        }
        self.texts.push_str(wire);
        self.waiting = self.waiting.saturating_add(1);
        true
    }

    /// Takes the first text and its flag.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(TextRef<'_>, bool)> {
        let start = self.taken();
        let (len, compress) = self.head_at(start)?;
        let start = start.saturating_add(HEAD);
        let end = start.saturating_add(len);
        self.taken = u32::try_from(end).ok()?;
        self.waiting = self.waiting.saturating_sub(1);
        let text = TextRef::from_wire(self.texts.get(start..end)?)?;
        Some((text, compress))
    }

    /// Whether all have been taken.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// How many texts wait, and how many bytes they have without their packet types.
    #[inline]
    pub(super) fn waiting(&self) -> (usize, usize) {
        let count = usize::try_from(self.waiting).unwrap_or(usize::MAX);
        let beside = count.saturating_mul(HEAD.saturating_add(1));
        let bytes = self.texts.len().saturating_sub(self.taken());
        (count, bytes.saturating_sub(beside))
    }

    /// Takes the first texts, as many as reach `limit` bytes, each with `overhead`, and leaves the
    /// others with no more memory than they need. `None` if those are all.
    pub(super) fn split(&mut self, limit: usize, overhead: usize) -> Option<Self> {
        let (mut end, mut bytes, mut count) = (self.taken(), 0_usize, 0_u32);
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
            taken: 0,
            waiting: self.waiting.saturating_sub(count),
        };
        let first = mem::replace(self, rest);
        Some(Self {
            waiting: count,
            ..first
        })
    }

    /// Drops what is left, and leaves the memory to what is sent next on this thread, unless that
    /// keeps more already.
    #[inline]
    pub(super) fn give_back(&mut self) {
        if self.texts.capacity() > 0 {
            keep(mem::take(self).texts);
        }
    }

    /// How many bytes of memory it holds.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.texts.capacity()
    }

    fn taken(&self) -> usize {
        usize::try_from(self.taken).unwrap_or(usize::MAX)
    }

    /// The length and the flag of the text whose head stands there.
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

/// Two times seven bits with the length of a text, which is short, and its flag.
#[inline]
fn head(len: usize, compress: bool) -> [u8; HEAD] {
    let head = len << 1 | usize::from(compress);
    [head >> 7, head].map(|bits| (bits & 0x7f) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    fn push(texts: &mut TextQueue, payload: &str) {
        assert!(texts.push((&Text::new(payload)).into(), true));
    }

    #[track_caller]
    fn pops(texts: &mut TextQueue, expected: &str) {
        match texts.pop() {
            Some((text, _)) => assert_eq!(text.as_str(), expected),
            other => panic!("{other:?} instead of {expected}"),
        }
    }

    /// How much memory the thread keeps.
    fn spare() -> usize {
        Spare::with(&BUFFER, |texts| {
            assert_eq!(texts, "");
            texts.capacity()
        })
    }

    #[test]
    fn texts_of_every_short_length_come_out_with_their_flags() {
        for len in 0..MAX_TEXT {
            let payload = "x".repeat(len);
            let text = Text::new(&payload);
            assert!(TextQueue::takes((&text).into()));
            let mut texts = TextQueue::default();
            for compress in [false, true] {
                assert!(texts.push((&text).into(), compress));
            }
            assert_eq!(texts.waiting(), (2, 2 * len));
            for expected in [false, true] {
                let Some((text, compress)) = texts.pop() else {
                    panic!("it waits");
                };
                assert_eq!((text.as_str(), compress), (&*payload, expected));
            }
            assert!(texts.is_empty() && texts.pop().is_none());
            assert_eq!(texts.waiting(), (0, 0));
        }
        let text = Text::new(&"x".repeat(MAX_TEXT));
        assert!(!TextQueue::takes((&text).into()));
    }

    #[test]
    fn only_so_much_is_taken() {
        let longest = Text::new(&"x".repeat(MAX_TEXT - 1));
        let mut texts = TextQueue::default();
        let mut count = 0;
        while texts.push((&longest).into(), true) {
            count += 1;
        }
        assert_eq!(count, MAX_TEXTS / (MAX_TEXT + HEAD));
        let room = MAX_TEXTS - texts.texts.len();
        push(&mut texts, &"x".repeat(room - HEAD - 1));
        assert!(!texts.push(TextRef::default(), true));
        assert_eq!(texts.texts.len(), MAX_TEXTS);
        assert!(texts.texts.capacity() < 2 * MAX_TEXTS);
    }

    #[test]
    fn memory_goes_to_the_thread_and_to_whoever_is_next() {
        Spare::take(&BUFFER);
        let mut texts = TextQueue::in_spare();
        for payload in ["é", "", "third"] {
            push(&mut texts, payload);
        }
        for payload in ["é", "", "third"] {
            assert!(!texts.is_empty());
            pops(&mut texts, payload);
        }
        assert!(texts.is_empty());
        let memory = texts.texts.as_ptr();
        texts.give_back();
        assert!((1..2 * MAX_TEXTS).contains(&spare()));

        let mut next = TextQueue::in_spare();
        assert_eq!(spare(), 0);
        push(&mut next, "next");
        assert_eq!(next.texts.as_ptr(), memory);
        // What is smaller than what is kept already goes.
        let mut small = TextQueue::default();
        push(&mut small, "");
        next.give_back();
        small.give_back();
        assert_eq!(TextQueue::in_spare().texts.as_ptr(), memory);
    }

    #[test]
    fn what_stays_holds_no_more_memory_than_it_needs() {
        let mut texts = TextQueue::default();
        let long = "x".repeat(1_000);
        for payload in [&long, "one", "two", "three"] {
            push(&mut texts, payload);
        }
        pops(&mut texts, &long);
        assert!(texts.split(2 * (3 + 10) + 1, 10).is_none(), "that is all");
        let mut first = texts.split(2 * (3 + 10), 10).unwrap();
        assert_eq!(first.waiting(), (2, 6));
        assert_eq!(texts.waiting(), (1, 5));
        assert_eq!(texts.texts.capacity(), HEAD + "4three".len());
        push(&mut texts, "four");
        pops(&mut first, "one");
        pops(&mut first, "two");
        assert!(first.pop().is_none());
        pops(&mut texts, "three");
        pops(&mut texts, "four");
        assert!(texts.split(1, 10).is_none());
    }
}
