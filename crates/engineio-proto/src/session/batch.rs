//! What is taken from a session at once.

use super::{
    queue::{Queue, Queued},
    text_queue::TextQueue,
    transmit::{Transmit, TransmitRef},
};
use crate::{message::Message, packet::Packet};

/// Packets that have been taken from a session at once, in their order.
///
/// Keep it for the batches that follow: the queue and the batch exchange their memory.
#[derive(Debug, Default)]
pub struct Batch {
    /// A packet of the session's own, which comes first.
    pub(super) own: Option<Own>,
    /// Those that are being lent, and come next.
    texts: TextQueue,
    pub(super) messages: Queue,
}

/// A packet of the session's own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Own {
    Ping,
    Pong,
    Close,
}

impl Own {
    pub(super) fn into_transmit(self) -> Transmit {
        match self {
            Self::Ping => Transmit::compressible(Packet::Ping(Default::default())),
            Self::Pong => Transmit::compressible(Packet::Pong(Default::default())),
            // There is nothing in it to compress.
            Self::Close => Transmit::plain(Packet::Close),
        }
    }
}

impl Batch {
    /// Whether nothing is in it.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.own.is_none() && self.texts.is_empty()
    }

    /// Takes the next packet out of the batch. What is short is borrowed from it, and nothing is
    /// allocated for it; the iterator makes a packet of it that owns its text.
    #[inline]
    pub fn next_ref(&mut self) -> Option<TransmitRef<'_>> {
        if let Some(own) = self.own.take() {
            return Some(TransmitRef::Packet(own.into_transmit()));
        }
        if self.texts.is_empty() {
            let (message, compress) = match self.messages.pop() {
                Some(Queued::Text(text, compress)) => (Message::Text(text), compress),
                Some(Queued::Binary(bytes, compress)) => (Message::Binary(bytes), compress),
                Some(Queued::TextQueue(texts)) => {
                    self.texts.give_back();
                    self.texts = texts;
                    return self.lend();
                }
                None => {
                    self.texts.give_back();
                    return None;
                }
            };
            return Some(TransmitRef::Packet(Transmit {
                packet: Packet::Message(message),
                compress,
            }));
        }
        self.lend()
    }

    #[inline]
    fn lend(&mut self) -> Option<TransmitRef<'_>> {
        let (text, compress) = self.texts.pop()?;
        Some(TransmitRef::Text { text, compress })
    }
}

/// Takes what is in the batch out of it.
impl Iterator for Batch {
    type Item = Transmit;

    #[inline]
    fn next(&mut self) -> Option<Transmit> {
        self.next_ref().map(TransmitRef::into_transmit)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{
        super::{outbound::Outbound, queue::cost, transmit::SendOptions},
        *,
    };
    use crate::text::{TextBuf, TextRef};

    fn push(queue: &mut Outbound, message: Message) {
        queue
            .push(message, SendOptions::default(), usize::MAX)
            .unwrap();
    }

    fn push_text_buf(queue: &mut Outbound, payload: &str) {
        let text = TextBuf::build(0, |out| out.push_str(payload));
        queue
            .push_text_buf(text, SendOptions::default(), usize::MAX)
            .unwrap();
    }

    /// A queue of messages of every kind, and their payloads: one after the other, the numbers of the
    /// messages.
    fn mixed() -> (Outbound, Vec<String>) {
        let mut queue = Outbound::default();
        let lengths = [1, 1, 30, 1, 2_000, 1, 400, 1, 0, 1_023, 1_024, 5];
        let payloads = lengths
            .iter()
            .enumerate()
            .map(|(at, length)| format!("{at}{}", "x".repeat(*length)));
        let payloads: Vec<_> = payloads.collect();
        for (at, payload) in payloads.iter().enumerate() {
            match at % 4 {
                0 => push(&mut queue, Message::from(&**payload)),
                1 => {
                    let bytes = Bytes::copy_from_slice(payload.as_bytes());
                    push(&mut queue, bytes.into());
                }
                _ => push_text_buf(&mut queue, payload),
            }
        }
        let cost: usize = payloads.iter().map(|payload| cost(payload.len())).sum();
        assert_eq!(queue.bytes(), cost);
        (queue, payloads)
    }

    fn payload(transmit: Transmit) -> String {
        match transmit.packet {
            Packet::Message(Message::Text(text)) => text.as_str().to_owned(),
            Packet::Message(Message::Binary(bytes)) => String::from_utf8(bytes.into()).unwrap(),
            other => panic!("{other:?} was never queued"),
        }
    }

    #[test]
    fn messages_of_every_kind_leave_in_order_however_they_are_taken() {
        let (mut queue, payloads) = mixed();
        let popped = std::iter::from_fn(|| queue.pop()).map(payload);
        assert!(popped.eq(payloads));
        assert_eq!(queue.bytes(), 0);

        for limit in [1, 100, 1_000, 3_000, usize::MAX] {
            let (mut queue, mut payloads) = mixed();
            let mut batch = Batch::default();
            let mut taken = Vec::new();
            while !queue.is_empty() {
                queue.take(&mut batch.messages, limit);
                // What comes meanwhile is behind all that is there.
                if taken.is_empty() {
                    push_text_buf(&mut queue, "later");
                    payloads.push("later".to_owned());
                }
                while let Some(one) = batch.next_ref() {
                    taken.push(payload(one.into_transmit()));
                }
                let waiting = payloads.iter().skip(taken.len());
                let bytes: usize = waiting.map(|payload| cost(payload.len())).sum();
                assert_eq!(queue.bytes(), bytes);
            }
            assert_eq!(taken, payloads, "{limit} bytes at once");
        }
    }

    /// A part may be taken by the one, and the rest by the other.
    #[test]
    fn what_is_left_of_a_batch_or_popped_is_in_order() {
        let (mut queue, payloads) = mixed();
        let mut batch = Batch::default();
        let mut taken = Vec::new();
        queue.take(&mut batch.messages, 300);
        taken.extend(std::iter::from_fn(|| {
            batch
                .next_ref()
                .map(TransmitRef::into_transmit)
                .map(payload)
        }));
        taken.extend(queue.pop().map(payload));
        taken.extend(queue.pop().map(payload));
        queue.take(&mut batch.messages, usize::MAX);
        while let Some(one) = batch.next_ref() {
            taken.push(payload(one.into_transmit()));
        }
        assert_eq!(taken, payloads);
    }

    #[test]
    fn short_texts_are_borrowed_and_long_ones_have_memory_of_their_own() {
        let mut queue = Outbound::default();
        let long = "x".repeat(2_000);
        push_text_buf(&mut queue, "short");
        push_text_buf(&mut queue, &long);
        let mut batch = Batch::default();
        queue.take(&mut batch.messages, usize::MAX);
        let short = batch.next_ref();
        let is_short = |text: TextRef<'_>| text.as_str() == "short";
        assert!(matches!(short, Some(TransmitRef::Text { text, .. }) if is_short(text)));
        assert!(matches!(batch.next_ref(), Some(TransmitRef::Packet(_))));
        assert!(batch.is_empty() && batch.next_ref().is_none());
        assert!(batch.messages.0.is_empty());
    }

    #[test]
    fn a_copied_text_keeps_its_flag() {
        let mut queue = Outbound::default();
        for compress in [true, false] {
            let text = TextBuf::build(0, |_| {});
            let options = SendOptions::default().compress(compress);
            queue.push_text_buf(text, options, usize::MAX).unwrap();
        }
        let mut batch = Batch::default();
        queue.take(&mut batch.messages, usize::MAX);
        for expected in [true, false] {
            assert!(!batch.is_empty());
            let Some(TransmitRef::Text { compress, .. }) = batch.next_ref() else {
                panic!("it is a short text");
            };
            assert_eq!(compress, expected);
        }
        assert!(batch.is_empty());
    }

    /// Who looks only whether a batch is empty gives its memory back with the next one.
    #[test]
    fn a_queue_gets_nothing_back_that_has_been_taken() {
        let mut queue = Outbound::default();
        let mut batch = Batch::default();
        for _ in 0..3 {
            push_text_buf(&mut queue, "text");
            queue.take(&mut batch.messages, usize::MAX);
            assert!(queue.is_empty() && !batch.is_empty());
            assert!(batch.next_ref().is_some());
            assert!(batch.is_empty());
        }
        queue.take(&mut batch.messages, usize::MAX);
        assert!(queue.is_empty());
        assert!(batch.is_empty());
    }

    /// Otherwise an idle connection would hold it.
    #[test]
    fn a_batch_that_is_empty_holds_no_memory_for_texts() {
        let (mut queue, _) = mixed();
        let mut batch = Batch::default();
        queue.take(&mut batch.messages, usize::MAX);
        while batch.next_ref().is_some() {}
        assert_eq!(batch.texts.capacity(), 0);
    }
}
