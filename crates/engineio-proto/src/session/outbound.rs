//! The queue of messages that wait for the client.

use std::{collections::VecDeque, mem};

use bytes::Bytes;

use super::transmit::{SendOptions, Transmit};
use crate::{message::Message, packet::Packet, text::Text};

/// What a queued message counts beside its payload, in bytes: 64.
///
/// It covers the entry in the queue and the frame header, so that a flood of empty messages meets
/// the limit too.
pub const MESSAGE_OVERHEAD: usize = 64;

/// How many entries an empty queue may keep room for. A connection that was once sent a great many
/// messages and is idle now holds no more memory than others.
const KEPT_CAPACITY: usize = 16;

/// The queue of messages that wait for the client.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    messages: VecDeque<Queued>,
    bytes: usize,
}

impl Outbound {
    /// Appends a message unless the queue would then hold more than `limit` bytes.
    #[inline]
    pub(super) fn push(
        &mut self,
        message: Message,
        options: SendOptions,
        limit: usize,
    ) -> Result<(), Full> {
        let bytes = self.bytes.saturating_add(cost(message.len()));
        if bytes > limit {
            return Err(Full);
        }
        self.bytes = bytes;
        self.messages.push_back(Queued::new(message, options));
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Option<Transmit> {
        let queued = self.messages.pop_front()?;
        self.bytes = self.bytes.saturating_sub(queued.cost());
        if self.messages.is_empty() && self.messages.capacity() > KEPT_CAPACITY {
            self.messages = VecDeque::new();
        }
        Some(queued.into_transmit())
    }

    /// Moves messages to `batch`, which is empty: as many as reach `limit` bytes.
    #[inline]
    pub(super) fn take(&mut self, batch: &mut VecDeque<Queued>, limit: usize) {
        if self.messages.is_empty() {
            // The memory that has left with the last batch comes back.
            if batch.capacity() <= KEPT_CAPACITY {
                mem::swap(&mut self.messages, batch);
            }
        } else if self.bytes <= limit {
            // As a rule. Nothing is moved but the queue itself.
            mem::swap(&mut self.messages, batch);
            self.bytes = 0;
        } else {
            self.take_some(batch, limit);
        }
    }

    fn take_some(&mut self, batch: &mut VecDeque<Queued>, limit: usize) {
        let mut taken = 0_usize;
        while taken < limit
            && let Some(queued) = self.messages.pop_front()
        {
            taken = taken.saturating_add(queued.cost());
            batch.push_back(queued);
        }
        self.bytes = self.bytes.saturating_sub(taken);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

/// A message and its flags in the memory of a message.
#[derive(Debug)]
pub(super) enum Queued {
    Text(Text, bool),
    Binary(Bytes, bool),
}

impl Queued {
    fn new(message: Message, options: SendOptions) -> Self {
        match message {
            Message::Text(text) => Self::Text(text, options.compress),
            Message::Binary(bytes) => Self::Binary(bytes, options.compress),
        }
    }

    #[inline]
    pub(super) fn into_transmit(self) -> Transmit {
        let (message, compress) = match self {
            Self::Text(text, compress) => (Message::Text(text), compress),
            Self::Binary(bytes, compress) => (Message::Binary(bytes), compress),
        };
        Transmit {
            packet: Packet::Message(message),
            compress,
        }
    }

    fn cost(&self) -> usize {
        match self {
            Self::Text(text, _) => cost(text.len()),
            Self::Binary(bytes, _) => cost(bytes.len()),
        }
    }
}

/// The message does not fit under the limit.
#[derive(Debug, PartialEq)]
pub(super) struct Full;

/// What a message counts whose payload has so many bytes.
fn cost(payload: usize) -> usize {
    payload.saturating_add(MESSAGE_OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(queue: &mut Outbound, message: Message, limit: usize) -> Result<(), Full> {
        queue.push(message, SendOptions::default(), limit)
    }

    fn pop(queue: &mut Outbound) -> Option<Message> {
        match queue.pop()?.packet {
            Packet::Message(message) => Some(message),
            other => panic!("{other:?} was never queued"),
        }
    }

    #[test]
    fn the_flag_of_a_message_costs_nothing() {
        assert_eq!(size_of::<Queued>(), size_of::<Message>());
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
    fn bytes_are_counted_in_and_out() {
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
    fn the_limit_is_allowed_and_one_more_byte_is_not() {
        let mut queue = Outbound::default();
        let limit = MESSAGE_OVERHEAD + 3;
        assert_eq!(push(&mut queue, Message::from("four"), limit), Err(Full));
        assert!(queue.is_empty());
        push(&mut queue, Message::from("abc"), limit).unwrap();
        assert_eq!(push(&mut queue, Message::from(""), limit), Err(Full));
    }

    #[test]
    fn a_queue_within_the_limit_is_taken_as_a_whole_and_gets_its_memory_back() {
        let mut queue = Outbound::default();
        let mut batch = VecDeque::new();
        push(&mut queue, Message::from("ab"), 1_000).unwrap();
        push(&mut queue, Message::from("c"), 1_000).unwrap();
        queue.take(&mut batch, 3 + 2 * MESSAGE_OVERHEAD);
        assert_eq!((batch.len(), queue.bytes()), (2, 0));
        assert!(queue.is_empty());
        batch.clear();
        queue.take(&mut batch, 1_000);
        assert!(queue.messages.capacity() > 0);
        assert_eq!(batch.capacity(), 0);
    }

    #[test]
    fn of_a_queue_beyond_the_limit_the_rest_stays_and_counts() {
        let mut queue = Outbound::default();
        let mut batch = VecDeque::new();
        for message in ["first", "second", "third"] {
            push(&mut queue, Message::from(message), 1_000).unwrap();
        }
        queue.take(&mut batch, 6 + MESSAGE_OVERHEAD);
        let taken = batch.drain(..).map(|queued| queued.into_transmit().packet);
        let expected = ["first", "second"].map(|text| Packet::Message(text.into()));
        assert!(taken.eq(expected));
        assert_eq!(queue.bytes(), 5 + MESSAGE_OVERHEAD);
        // A message that is larger than the limit leaves all the same.
        queue.take(&mut batch, 1);
        assert_eq!((batch.len(), queue.bytes()), (1, 0));
    }

    #[test]
    fn memory_that_a_large_batch_needed_does_not_come_back() {
        let mut queue = Outbound::default();
        let mut batch = VecDeque::with_capacity(KEPT_CAPACITY + 1);
        queue.take(&mut batch, 1_000);
        assert_eq!(queue.messages.capacity(), 0);
    }

    #[test]
    fn an_idle_queue_gives_its_memory_back() {
        let mut queue = Outbound::default();
        for _ in 0..1_000 {
            push(&mut queue, Message::from("a"), usize::MAX).unwrap();
        }
        while queue.pop().is_some() {}
        assert!(queue.messages.capacity() <= KEPT_CAPACITY);
    }
}
