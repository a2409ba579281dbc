//! The entries of the outbound queue.

use std::collections::VecDeque;

use bytes::Bytes;

use super::text_queue::TextQueue;
use crate::{message::Message, text::Text};

/// The bytes that a queued message counts in addition to its payload: 64.
///
/// They stand for the entry in the queue and the frame header, and make the limit apply to a flood of
/// empty messages.
#[doc(hidden)]
pub const MESSAGE_OVERHEAD: usize = 64;

/// A queue of messages.
#[derive(Debug, Default)]
pub(super) struct Queue(pub(super) VecDeque<Queued>);

impl Queue {
    #[inline]
    pub(super) fn push(&mut self, queued: Queued) {
        self.0.push_back(queued);
    }

    /// Appends a copy of a short text.
    #[inline]
    pub(super) fn push_text(&mut self, wire: &str, compress: bool) {
        if let Some(Queued::ShortTexts(texts)) = self.0.back_mut()
            && texts.push(wire, compress)
        {
            return;
        }
        // Only the first entry uses the buffer of the thread, because it is written soon.
        let mut texts = if self.0.is_empty() {
            TextQueue::in_spare()
        } else {
            TextQueue::default()
        };
        texts.push(wire, compress);
        self.push(Queued::ShortTexts(texts));
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes the first entry.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Queued> {
        self.0.pop_front()
    }

    /// Removes the first entry, or those of its short texts that reach `limit` bytes.
    pub(super) fn pop_some(&mut self, limit: usize) -> Option<Queued> {
        if let Some(Queued::ShortTexts(texts)) = self.0.front_mut()
            && let Some(first) = texts.split(limit, MESSAGE_OVERHEAD)
        {
            return Some(Queued::ShortTexts(first));
        }
        self.0.pop_front()
    }
}

/// An entry of the queue: a message with its `compress` flag, or several short texts.
#[derive(Debug)]
pub(super) enum Queued {
    Text(Text, bool),
    Binary(Bytes, bool),
    ShortTexts(TextQueue),
}

impl Queued {
    #[inline]
    pub(super) fn new(message: Message, compress: bool) -> Self {
        match message {
            Message::Text(text) => Self::Text(text, compress),
            Message::Binary(bytes) => Self::Binary(bytes, compress),
        }
    }

    /// Returns the bytes that the entry counts towards the limit of the queue.
    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Text(text, _) => cost(text.len()),
            Self::Binary(bytes, _) => cost(bytes.len()),
            Self::ShortTexts(texts) => {
                let (count, bytes) = texts.size();
                count.saturating_mul(MESSAGE_OVERHEAD).saturating_add(bytes)
            }
        }
    }
}

/// Returns the bytes that a message with a payload of that length counts towards the limit.
pub(super) fn cost(payload: usize) -> usize {
    payload.saturating_add(MESSAGE_OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_as_small_as_a_message() {
        assert_eq!(size_of::<Queued>(), size_of::<Message>());
    }

    #[test]
    fn only_the_first_entry_uses_the_buffer_of_the_thread() {
        let keep_large_buffer = || {
            let mut texts = TextQueue::default();
            texts.push(&"4".repeat(1_000), true);
            texts.release();
        };
        let capacity = |queue: &Queue| match queue.0.back() {
            Some(Queued::ShortTexts(texts)) => texts.capacity(),
            other => panic!("expected short texts, not {other:?}"),
        };
        keep_large_buffer();
        let mut queue = Queue::default();
        queue.push_text("4", true);
        assert!(capacity(&queue) > 1_000);
        keep_large_buffer();
        let mut queue = Queue::default();
        queue.push(Queued::Binary(Bytes::new(), true));
        queue.push_text("4", true);
        assert!(capacity(&queue) < 100);
    }
}
