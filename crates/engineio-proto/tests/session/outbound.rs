//! The outbound queue and its limit.

use bytes::Bytes;
use engineio_proto::{
    Batch,
    CloseReason::{ForcedClose, TransportError},
    Event, MESSAGE_OVERHEAD, Message, Packet, ProbeResult, SendError, SendOptions, SessionConfig,
    TextBuf, TransmitRef,
    Transport::{Polling, WebSocket, WebTransport},
};

use super::PROTOCOL;
use crate::conversation::Conversation;

const NOTHING: [&str; 0] = [];

fn at_most(max_outbound_bytes: usize) -> SessionConfig {
    SessionConfig::default().max_outbound_bytes(max_outbound_bytes)
}

#[test]
fn messages_are_sent_in_order_and_counted() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("text");
    talk.session
        .send(Message::from(Bytes::from_static(&[1, 2, 3])))
        .unwrap();
    assert_eq!(talk.session.queued_bytes(), 4 + 3 + 2 * MESSAGE_OVERHEAD);
    assert!(!talk.session.is_drained());
    assert_eq!(
        talk.session.poll_transmit(WebSocket).unwrap().packet,
        Packet::Message(Message::from("text")),
    );
    assert_eq!(
        talk.session.poll_transmit(WebSocket).unwrap().packet,
        Packet::binary(Bytes::from_static(&[1, 2, 3])),
    );
    assert_eq!(talk.session.queued_bytes(), 0);
    assert!(talk.session.is_drained());
}

#[test]
fn a_batch_has_the_same_packets_as_single_transmits() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    let mut batch = Batch::default();
    for text in ["1", "2", "3"] {
        talk.server_sends(text);
    }
    talk.session.close(talk.now, ForcedClose);
    talk.session.take_batch(Polling, &mut batch, usize::MAX);
    assert!(batch.is_empty(), "the session uses another transport");
    // Messages until they reach the limit, and the close packet in a separate batch.
    let limit = 2 * (MESSAGE_OVERHEAD + 1);
    for expected in [&["1", "2"][..], &["3"]] {
        talk.session.take_batch(WebSocket, &mut batch, limit);
        let expected = expected.iter().map(|text| Message::from(*text));
        assert!(
            (&mut batch)
                .map(|one| one.packet)
                .eq(expected.map(Packet::Message))
        );
        assert!(!talk.session.is_closed());
    }
    assert_eq!(talk.session.queued_bytes(), 0);
    talk.session.take_batch(WebSocket, &mut batch, limit);
    assert!((&mut batch).map(|one| one.packet).eq([Packet::Close]));
    assert!(talk.session.is_closed());
}

#[test]
fn a_queue_may_reach_but_not_exceed_its_limit() {
    let mut talk = Conversation::with(PROTOCOL, at_most(2 * MESSAGE_OVERHEAD + 2), WebSocket);
    talk.server_sends("a");
    talk.server_sends("b");
    assert_eq!(
        talk.session.send(Message::from("")),
        Err(SendError::Overflow)
    );
    assert_eq!(talk.events(), [Event::Closed(TransportError)]);
    assert_eq!(talk.session.queued_bytes(), 0);
    assert_eq!(talk.websocket_receives(), NOTHING);
    assert_eq!(talk.session.send(Message::from("")), Err(SendError::Closed));
}

#[test]
fn the_limit_does_not_apply_to_transmitted_messages() {
    let mut talk = Conversation::with(PROTOCOL, at_most(MESSAGE_OVERHEAD + 4), WebSocket);
    for _ in 0..100 {
        talk.server_sends("4444");
        assert_eq!(talk.websocket_receives(), ["44444"]);
    }
}

#[test]
fn a_pending_poll_receives_the_close_packet_after_an_overflow() {
    let mut talk = Conversation::with(PROTOCOL, at_most(MESSAGE_OVERHEAD), Polling);
    talk.client_polls();
    assert_eq!(
        talk.session.send(Message::from("a")),
        Err(SendError::Overflow)
    );
    assert_eq!(talk.poll_receives(), ["1"]);
    assert_eq!(talk.events(), [Event::Closed(TransportError)]);
}

#[test]
fn a_websocket_is_writable_when_it_is_drained() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    assert!(talk.session.is_writable());
    talk.server_sends("a");
    assert!(!talk.session.is_writable());
    assert_eq!(talk.websocket_receives(), ["4a"]);
    talk.session.set_flushing(true);
    assert!(!talk.session.is_writable());
    assert!(!talk.session.is_drained());
    talk.session.set_flushing(false);
    assert!(talk.session.is_writable());
    talk.session.abort(TransportError);
    assert!(!talk.session.is_writable());
}

#[test]
fn polling_is_writable_while_a_poll_is_pending() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    assert!(!talk.session.is_writable());
    talk.client_polls();
    assert!(talk.session.is_writable());
    talk.server_sends("a");
    assert!(!talk.session.is_writable());
    assert_eq!(talk.poll_receives(), ["4a"]);
    assert!(!talk.session.is_writable());
}

#[test]
fn debug_output_contains_no_messages() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("secret");
    let shown = format!("{:?}", talk.session);
    assert!(!shown.contains("secret"), "{shown}");
    assert!(shown.contains("queued_bytes: 70"), "{shown}");
}

#[test]
fn a_message_keeps_its_compress_flag() {
    for transport in [Polling, WebSocket] {
        let mut talk = Conversation::on(PROTOCOL, transport);
        if transport == Polling {
            talk.client_polls();
        }
        talk.server_sends("by default");
        for compress in [false, true] {
            let options = SendOptions::default().compress(compress);
            talk.session
                .send_with(Message::from("asked for"), options)
                .unwrap();
        }
        let flags = std::iter::from_fn(|| talk.session.poll_transmit(transport))
            .map(|transmit| transmit.compress);
        assert_eq!(flags.collect::<Vec<_>>(), [true, false, true]);
    }
}

fn send_text_buf(talk: &mut Conversation, text: &str) -> Result<(), SendError> {
    let text = TextBuf::build(0, |out| out.push_str(text));
    talk.session.send_text_buf(text, SendOptions::default())
}

#[test]
fn text_bufs_are_sent_in_order_on_every_transport() {
    for transport in [Polling, WebSocket, WebTransport] {
        let mut talk = Conversation::on(PROTOCOL, transport);
        for text in ["é", "", "third"] {
            send_text_buf(&mut talk, text).unwrap();
            talk.server_sends("between");
        }
        let bytes = 2 + 5 + 3 * "between".len();
        assert_eq!(talk.session.queued_bytes(), bytes + 6 * MESSAGE_OVERHEAD);
        assert!(!talk.session.is_drained() && !talk.session.is_queue_empty());
        talk.client_polls_on(transport);
        let sent: Vec<_> = std::iter::from_fn(|| talk.session.poll_transmit(transport))
            .map(|transmit| transmit.packet.encode_base64())
            .collect();
        let expected = ["4é", "4between", "4", "4between", "4third", "4between"];
        assert_eq!(sent, expected);
        assert!(talk.session.is_drained());
    }
}

#[test]
fn a_text_buf_that_may_have_to_wait_is_owned() {
    let borrowed = |talk: &mut Conversation| {
        let mut batch = Batch::default();
        talk.session.take_batch(WebSocket, &mut batch, usize::MAX);
        let mut borrowed = Vec::new();
        while let Some(one) = batch.next_ref() {
            borrowed.push(matches!(one, TransmitRef::Text { .. }));
        }
        borrowed
    };
    let mut talk = Conversation::on(PROTOCOL, Polling);
    send_text_buf(&mut talk, "for a poll").unwrap();
    talk.probe();
    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    send_text_buf(&mut talk, "after the upgrade").unwrap();
    talk.session.set_flushing(true);
    send_text_buf(&mut talk, "during a write").unwrap();
    talk.session.set_flushing(false);
    send_text_buf(&mut talk, &"x".repeat(2_000)).unwrap();
    send_text_buf(&mut talk, "short").unwrap();
    assert_eq!(borrowed(&mut talk), [false, true, false, false, true]);
}

#[test]
fn text_bufs_queued_on_polling_are_sent_in_order_after_the_upgrade() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    send_text_buf(&mut talk, "one").unwrap();
    talk.probe();
    send_text_buf(&mut talk, "two").unwrap();
    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    send_text_buf(&mut talk, "three").unwrap();
    talk.server_sends("four");
    send_text_buf(&mut talk, "five").unwrap();
    assert_eq!(
        talk.websocket_receives(),
        ["4one", "4two", "4three", "4four", "4five"]
    );
}

#[test]
fn a_text_buf_over_the_limit_closes_the_session() {
    let mut talk = Conversation::with(PROTOCOL, at_most(2 * MESSAGE_OVERHEAD + 2), WebSocket);
    send_text_buf(&mut talk, "a").unwrap();
    send_text_buf(&mut talk, "b").unwrap();
    assert_eq!(send_text_buf(&mut talk, ""), Err(SendError::Overflow));
    assert_eq!(talk.events(), [Event::Closed(TransportError)]);
    assert_eq!(talk.session.queued_bytes(), 0);
    assert_eq!(talk.websocket_receives(), NOTHING);
    assert_eq!(send_text_buf(&mut talk, ""), Err(SendError::Closed));
}

#[test]
fn text_bufs_are_sent_before_a_close_and_dropped_by_an_abort() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    send_text_buf(&mut talk, "queued").unwrap();
    talk.session.close(talk.now, ForcedClose);
    assert_eq!(send_text_buf(&mut talk, "too late"), Err(SendError::Closed));
    assert_eq!(talk.websocket_receives(), ["4queued", "1"]);

    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    send_text_buf(&mut talk, "dropped").unwrap();
    talk.session.abort(TransportError);
    assert_eq!(talk.websocket_receives(), NOTHING);
    assert!(talk.session.is_queue_empty());
}

#[test]
fn a_text_buf_keeps_its_compress_flag() {
    for transport in [Polling, WebSocket] {
        let mut talk = Conversation::on(PROTOCOL, transport);
        talk.client_polls_on(transport);
        for compress in [false, true] {
            let options = SendOptions::default().compress(compress);
            let text = TextBuf::build(0, |out| out.push('x'));
            talk.session.send_text_buf(text, options).unwrap();
        }
        let flags = std::iter::from_fn(|| talk.session.poll_transmit(transport))
            .map(|transmit| transmit.compress);
        assert_eq!(flags.collect::<Vec<_>>(), [false, true]);
    }
}
