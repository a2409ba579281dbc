//! Messages that wait, in their order.

use std::collections::VecDeque;

use bytes::Bytes;

use super::text_queue::TextQueue;
use crate::{
    message::Message,
    text::{Text, TextRef},
};

/// What a queued message counts beside its payload, in bytes: 64.
///
/// It covers the entry in the queue and the frame header, so that a flood of empty messages meets
/// the limit too.
pub const MESSAGE_OVERHEAD: usize = 64;

/// Messages in their order.
#[derive(Debug, Default)]
pub(super) struct Queue(pub(super) VecDeque<Queued>);

impl Queue {
    #[inline]
    pub(super) fn push(&mut self, queued: Queued) {
        self.0.push_back(queued);
    }

    /// Copies a short text behind the others.
    #[inline]
    pub(super) fn push_text(&mut self, text: TextRef<'_>, compress: bool) {
        if let Some(Queued::TextQueue(texts)) = self.0.back_mut()
            && texts.push(text, compress)
        {
            return;
        }
        // The memory of the thread is for what leaves first, and so does not wait in it for long.
        let mut texts = if self.0.is_empty() {
            TextQueue::in_spare()
        } else {
            TextQueue::default()
        };
        texts.push(text, compress);
        self.push(Queued::TextQueue(texts));
    }

    /// Whether there are none.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the first message, or the first texts.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Queued> {
        self.0.pop_front()
    }

    /// Takes the first message, or short texts as many as reach `limit` bytes.
    pub(super) fn pop_some(&mut self, limit: usize) -> Option<Queued> {
        if let Some(Queued::TextQueue(texts)) = self.0.front_mut()
            && let Some(first) = texts.split(limit, MESSAGE_OVERHEAD)
        {
            return Some(Queued::TextQueue(first));
        }
        self.0.pop_front()
    }
}

/// A message and whether it may be compressed, in the memory of a message.
#[derive(Debug)]
pub(super) enum Queued {
    Text(Text, bool),
    Binary(Bytes, bool),
    /// Short texts.
    TextQueue(TextQueue),
}

impl Queued {
    #[inline]
    pub(super) fn new(message: Message, compress: bool) -> Self {
        match message {
            Message::Text(text) => Self::Text(text, compress),
            Message::Binary(bytes) => Self::Binary(bytes, compress),
        }
    }

    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Text(text, _) => cost(text.len()),
            Self::Binary(bytes, _) => cost(bytes.len()),
            Self::TextQueue(texts) => {
                let (count, bytes) = texts.waiting();
                count.saturating_mul(MESSAGE_OVERHEAD).saturating_add(bytes)
            }
        }
    }
}

/// What a message counts whose payload has so many bytes.
pub(super) fn cost(payload: usize) -> usize {
    payload.saturating_add(MESSAGE_OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_of_a_message_costs_nothing() {
        assert_eq!(size_of::<Queued>(), size_of::<Message>());
    }

    /// It may stand behind what waits for long.
    #[test]
    fn only_what_leaves_first_is_in_memory_of_the_thread() {
        let large = || {
            let mut texts = TextQueue::default();
            texts.push((&Text::new(&"x".repeat(1_000))).into(), true);
            texts.give_back();
        };
        let capacity = |queue: &Queue| match queue.0.back() {
            Some(Queued::TextQueue(texts)) => texts.capacity(),
            other => panic!("{other:?} instead of texts"),
        };
        large();
        let mut queue = Queue::default();
        queue.push_text(TextRef::default(), true);
        assert!(capacity(&queue) > 1_000);
        large();
        let mut queue = Queue::default();
        queue.push(Queued::Binary(Bytes::new(), true));
        queue.push_text(TextRef::default(), true);
        assert!(capacity(&queue) < 100);
    }
}
