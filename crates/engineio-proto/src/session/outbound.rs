//! The queue of messages that wait for the client.

use std::collections::VecDeque;

use crate::message::Message;

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
    messages: VecDeque<Message>,
    bytes: usize,
}

impl Outbound {
    /// Appends a message unless the queue would then hold more than `limit` bytes.
    pub(super) fn push(&mut self, message: Message, limit: usize) -> Result<(), Full> {
        let bytes = self.bytes.saturating_add(cost(&message));
        if bytes > limit {
            return Err(Full);
        }
        self.bytes = bytes;
        self.messages.push_back(message);
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Option<Message> {
        let message = self.messages.pop_front()?;
        self.bytes = self.bytes.saturating_sub(cost(&message));
        if self.messages.is_empty() && self.messages.capacity() > KEPT_CAPACITY {
            self.messages = VecDeque::new();
        }
        Some(message)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

/// The message does not fit under the limit.
#[derive(Debug, PartialEq)]
pub(super) struct Full;

fn cost(message: &Message) -> usize {
    message.len().saturating_add(MESSAGE_OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_in_and_out() {
        let mut queue = Outbound::default();
        queue.push(Message::from("abc"), 1_000).unwrap();
        queue.push(Message::from(""), 1_000).unwrap();
        assert_eq!(queue.bytes(), 3 + 2 * MESSAGE_OVERHEAD);
        assert_eq!(queue.pop(), Some(Message::from("abc")));
        assert_eq!(queue.bytes(), MESSAGE_OVERHEAD);
        assert_eq!(queue.pop(), Some(Message::from("")));
        assert_eq!(queue.bytes(), 0);
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn the_limit_is_allowed_and_one_more_byte_is_not() {
        let mut queue = Outbound::default();
        let limit = MESSAGE_OVERHEAD + 3;
        assert_eq!(queue.push(Message::from("four"), limit), Err(Full));
        assert!(queue.is_empty());
        queue.push(Message::from("abc"), limit).unwrap();
        assert_eq!(queue.push(Message::from(""), limit), Err(Full));
    }

    #[test]
    fn an_idle_queue_gives_its_memory_back() {
        let mut queue = Outbound::default();
        for _ in 0..1_000 {
            queue.push(Message::from("a"), usize::MAX).unwrap();
        }
        while queue.pop().is_some() {}
        assert!(queue.messages.capacity() <= KEPT_CAPACITY);
    }
}
