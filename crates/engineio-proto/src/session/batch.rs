//! Packets that a driver takes from a session in one step.

use super::{
    queue::{Queue, Queued},
    text_queue::TextQueue,
    transmit::{Transmit, TransmitRef},
};
use crate::{message::Message, packet::Packet};

/// Packets taken from a session by [`Session::take_batch`](crate::Session::take_batch), in order.
///
/// Reuse the batch: the queue of the session and the batch swap their allocations.
#[derive(Debug, Default)]
pub struct Batch {
    /// The first packet.
    pub(super) control: Option<ControlPacket>,
    /// The short texts that are being read, after `control`.
    texts: TextQueue,
    /// The messages after `texts`.
    pub(super) messages: Queue,
}

/// A packet that the session itself sends.
#[derive(Clone, Copy, Debug)]
pub(super) enum ControlPacket {
    Ping,
    Pong,
    Close,
}

impl ControlPacket {
    pub(super) fn into_transmit(self) -> Transmit {
        match self {
            Self::Ping => Transmit::compressible(Packet::Ping(Default::default())),
            Self::Pong => Transmit::compressible(Packet::Pong(Default::default())),
            // It has no content.
            Self::Close => Transmit::plain(Packet::Close),
        }
    }
}

impl Batch {
    /// Returns whether all packets have been taken.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.control.is_none() && self.texts.is_empty()
    }

    /// Removes the next packet and returns it. A short text is borrowed from the batch.
    ///
    /// The iterator returns the same packets, but copies each short text.
    #[inline]
    pub fn next_ref(&mut self) -> Option<TransmitRef<'_>> {
        if let Some(control) = self.control.take() {
            return Some(TransmitRef::Packet(control.into_transmit()));
        }
        if self.texts.is_empty() {
            let (message, compress) = match self.messages.pop() {
                Some(Queued::Text(text, compress)) => (Message::Text(text), compress),
                Some(Queued::Binary(bytes, compress)) => (Message::Binary(bytes), compress),
                Some(Queued::ShortTexts(texts)) => {
                    self.texts.release();
                    self.texts = texts;
                    return self.next_short();
                }
                None => {
                    self.texts.release();
                    return None;
                }
            };
            return Some(TransmitRef::Packet(Transmit {
                packet: Packet::Message(message),
                compress,
            }));
        }
        self.next_short()
    }

    #[inline]
    fn next_short(&mut self) -> Option<TransmitRef<'_>> {
        let (wire, compress) = self.texts.pop()?;
        Some(TransmitRef::Text { wire, compress })
    }
}

/// Removes the packets from the batch.
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
    use crate::text::TextBuf;

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

    /// Returns a queue of messages of every kind and their payloads, each of which begins with its number.
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
            other => panic!("unexpected packet {other:?}"),
        }
    }

    #[test]
    fn messages_of_every_kind_keep_their_order() {
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
                // A message sent meanwhile is behind all others.
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

    #[test]
    fn batches_and_pops_can_alternate() {
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
    fn only_short_texts_are_borrowed() {
        let mut queue = Outbound::default();
        let long = "x".repeat(2_000);
        push_text_buf(&mut queue, "short");
        push_text_buf(&mut queue, &long);
        let mut batch = Batch::default();
        queue.take(&mut batch.messages, usize::MAX);
        let short = batch.next_ref();
        assert!(matches!(
            short,
            Some(TransmitRef::Text { wire: "4short", .. })
        ));
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
                panic!("a short text is borrowed");
            };
            assert_eq!(compress, expected);
        }
        assert!(batch.is_empty());
    }

    /// The driver may check only `is_empty`, and then reuse the batch.
    #[test]
    fn taken_texts_do_not_return_to_the_queue() {
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

    /// Idle connections keep a batch.
    #[test]
    fn an_empty_batch_has_no_buffer_for_texts() {
        let (mut queue, _) = mixed();
        let mut batch = Batch::default();
        queue.take(&mut batch.messages, usize::MAX);
        while batch.next_ref().is_some() {}
        assert_eq!(batch.texts.capacity(), 0);
    }
}
