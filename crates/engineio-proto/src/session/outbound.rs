//! The outbound queue with its byte limit.

use std::{collections::VecDeque, mem};

use super::{
    queue::{Queue, Queued, cost},
    text_queue::TextQueue,
    transmit::{SendOptions, Transmit},
};
use crate::{
    message::Message,
    packet::Packet,
    text::{Text, TextBuf},
};

/// The most entries for which an empty queue keeps its allocation.
///
/// A connection that has been sent many messages and is idle holds no more memory than others.
const KEPT_CAPACITY: usize = 16;

/// The messages that wait to be sent to the client.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    queue: Queue,
    /// The cost of all entries.
    bytes: usize,
}

impl Outbound {
    /// Appends a message, unless that would bring the queue over `limit` bytes.
    #[inline]
    pub(super) fn push(
        &mut self,
        message: Message,
        options: SendOptions,
        limit: usize,
    ) -> Result<(), Full> {
        self.count(message.len(), limit)?;
        self.queue.push(Queued::new(message, options.compress));
        Ok(())
    }

    /// Appends a text, as [`push`](Self::push) does. A short one is copied without an allocation.
    #[inline]
    pub(super) fn push_text_buf(
        &mut self,
        text: TextBuf,
        options: SendOptions,
        limit: usize,
    ) -> Result<(), Full> {
        if !TextQueue::accepts(text.as_wire()) {
            return self.push(Message::Text(text.into_text()), options, limit);
        }
        self.count(text.len(), limit)?;
        self.queue.push_text(text.as_wire(), options.compress);
        Ok(())
    }

    /// Counts a message with a payload of that length.
    #[inline]
    fn count(&mut self, payload: usize, limit: usize) -> Result<(), Full> {
        let bytes = self.bytes.saturating_add(cost(payload));
        if bytes > limit {
            return Err(Full);
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Removes the first message.
    pub(super) fn pop(&mut self) -> Option<Transmit> {
        let (message, compress) = match self.queue.0.front_mut()? {
            Queued::ShortTexts(texts) => {
                let (wire, compress) = texts.pop()?;
                let text = Text::copy_wire(wire);
                if texts.is_empty() {
                    self.queue.pop();
                }
                (Message::Text(text), compress)
            }
            _ => match self.queue.pop()? {
                Queued::Text(text, compress) => (Message::Text(text), compress),
                Queued::Binary(bytes, compress) => (Message::Binary(bytes), compress),
                Queued::ShortTexts(_) => return None,
            },
        };
        self.bytes = self.bytes.saturating_sub(cost(message.len()));
        let messages = &mut self.queue.0;
        if messages.is_empty() && messages.capacity() > KEPT_CAPACITY {
            *messages = VecDeque::new();
        }
        Some(Transmit {
            packet: Packet::Message(message),
            compress,
        })
    }

    /// Moves messages to the empty queue `batch`, until they reach `limit` bytes.
    #[inline]
    pub(super) fn take(&mut self, batch: &mut Queue, limit: usize) {
        if self.queue.is_empty() {
            // The allocation returns from the last batch.
            if batch.0.capacity() <= KEPT_CAPACITY {
                mem::swap(&mut self.queue, batch);
            }
        } else if self.bytes <= limit {
            // The usual case: the whole queue is swapped.
            mem::swap(&mut self.queue, batch);
            self.bytes = 0;
        } else {
            self.take_some(batch, limit);
        }
    }

    fn take_some(&mut self, batch: &mut Queue, limit: usize) {
        let mut taken = 0_usize;
        while taken < limit
            && let Some(queued) = self.queue.pop_some(limit.saturating_sub(taken))
        {
            taken = taken.saturating_add(queued.cost());
            batch.push(queued);
        }
        self.bytes = self.bytes.saturating_sub(taken);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

/// The error of a message that would bring the queue over its limit.
#[derive(Debug, PartialEq)]
pub(super) struct Full;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{super::queue::MESSAGE_OVERHEAD, *};

    fn push(queue: &mut Outbound, message: Message, limit: usize) -> Result<(), Full> {
        queue.push(message, SendOptions::default(), limit)
    }

    fn pop(queue: &mut Outbound) -> Option<Message> {
        match queue.pop()?.packet {
            Packet::Message(message) => Some(message),
            other => panic!("unexpected packet {other:?}"),
        }
    }

    #[test]
    fn a_message_keeps_its_flag() {
        let mut queue = Outbound::default();
        for (message, compress) in [("a", true), ("b", false)] {
            let options = SendOptions::default().compress(compress);
            queue.push(message.into(), options, 1_000).unwrap();
            let bytes = Bytes::from_static(b"binary");
            queue.push(bytes.into(), options, 1_000).unwrap();
        }
        let flags = std::iter::from_fn(|| queue.pop()).map(|transmit| transmit.compress);
        assert_eq!(flags.collect::<Vec<_>>(), [true, true, false, false]);
    }

    #[test]
    fn popped_messages_no_longer_count() {
        let mut queue = Outbound::default();
        push(&mut queue, Message::from("abc"), 1_000).unwrap();
        push(&mut queue, Message::from(""), 1_000).unwrap();
        assert_eq!(queue.bytes(), 3 + 2 * MESSAGE_OVERHEAD);
        assert_eq!(pop(&mut queue), Some(Message::from("abc")));
        assert_eq!(queue.bytes(), MESSAGE_OVERHEAD);
        assert_eq!(pop(&mut queue), Some(Message::from("")));
        assert_eq!(queue.bytes(), 0);
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn a_message_may_reach_but_not_pass_the_limit() {
        let mut queue = Outbound::default();
        let limit = MESSAGE_OVERHEAD + 3;
        assert_eq!(push(&mut queue, Message::from("four"), limit), Err(Full));
        assert!(queue.is_empty());
        push(&mut queue, Message::from("abc"), limit).unwrap();
        assert_eq!(push(&mut queue, Message::from(""), limit), Err(Full));
    }

    #[test]
    fn a_whole_queue_is_swapped_and_its_allocation_returns() {
        let mut queue = Outbound::default();
        let mut batch = Queue::default();
        push(&mut queue, Message::from("ab"), 1_000).unwrap();
        push(&mut queue, Message::from("c"), 1_000).unwrap();
        queue.take(&mut batch, 3 + 2 * MESSAGE_OVERHEAD);
        assert_eq!((batch.0.len(), queue.bytes()), (2, 0));
        assert!(queue.is_empty());
        while batch.pop().is_some() {}
        queue.take(&mut batch, 1_000);
        assert!(queue.queue.0.capacity() > 0);
        assert_eq!(batch.0.capacity(), 0);
    }

    #[test]
    fn the_rest_of_a_partly_taken_queue_still_counts() {
        let mut queue = Outbound::default();
        let mut batch = Queue::default();
        for message in ["first", "second", "third"] {
            push(&mut queue, Message::from(message), 1_000).unwrap();
        }
        queue.take(&mut batch, 6 + MESSAGE_OVERHEAD);
        for expected in ["first", "second"] {
            let matches = |text: &Text| text.as_str() == expected;
            assert!(matches!(&batch.pop(), Some(Queued::Text(text, _)) if matches(text)));
        }
        assert!(batch.pop().is_none());
        assert_eq!(queue.bytes(), 5 + MESSAGE_OVERHEAD);
        // A single message over the limit is taken too.
        queue.take(&mut batch, 1);
        assert_eq!((batch.0.len(), queue.bytes()), (1, 0));
    }

    #[test]
    fn the_allocation_of_a_large_batch_is_dropped() {
        let mut queue = Outbound::default();
        let mut batch = Queue::default();
        batch.0.reserve(KEPT_CAPACITY + 1);
        queue.take(&mut batch, 1_000);
        assert_eq!(queue.queue.0.capacity(), 0);
    }

    #[test]
    fn an_empty_queue_drops_a_large_allocation() {
        let mut queue = Outbound::default();
        for _ in 0..1_000 {
            push(&mut queue, Message::from("a"), usize::MAX).unwrap();
        }
        while queue.pop().is_some() {}
        assert!(queue.queue.0.capacity() <= KEPT_CAPACITY);
    }

    fn push_text_buf(queue: &mut Outbound, payload: &str, limit: usize) -> Result<(), Full> {
        let text = TextBuf::build(0, |out| out.push_str(payload));
        queue.push_text_buf(text, SendOptions::default(), limit)
    }

    #[test]
    fn a_copied_text_counts_like_any_message() {
        let mut queue = Outbound::default();
        let limit = 2 * MESSAGE_OVERHEAD + 3;
        push_text_buf(&mut queue, "é", limit).unwrap();
        assert_eq!(queue.bytes(), MESSAGE_OVERHEAD + 2);
        assert_eq!(push_text_buf(&mut queue, "ab", limit), Err(Full));
        push_text_buf(&mut queue, "a", limit).unwrap();
        assert_eq!(queue.bytes(), limit);
        assert_eq!(push_text_buf(&mut queue, "", limit), Err(Full));
        assert_eq!(pop(&mut queue), Some(Message::from("é")));
        assert_eq!(pop(&mut queue), Some(Message::from("a")));
        assert!(queue.is_empty());
        assert_eq!((queue.pop(), queue.bytes()), (None, 0));
    }

    #[test]
    fn consecutive_short_texts_share_an_entry() {
        let mut queue = Outbound::default();
        for _ in 0..100 {
            push_text_buf(&mut queue, "text", usize::MAX).unwrap();
        }
        assert_eq!(queue.queue.0.len(), 1);
        push(&mut queue, Message::from("text"), usize::MAX).unwrap();
        for _ in 0..100 {
            push_text_buf(&mut queue, &"x".repeat(1_000), usize::MAX).unwrap();
        }
        assert_eq!(queue.queue.0.len(), 2 + 100_usize.div_ceil(16));
        assert_eq!(queue.bytes(), 101 * cost(4) + 100 * cost(1_000));
    }
}
