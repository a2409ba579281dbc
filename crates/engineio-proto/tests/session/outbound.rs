//! What waits for the client, and how much of it may.

use bytes::Bytes;
use engineio_proto::{
    Batch,
    CloseReason::{ForcedClose, TransportError},
    Event, MESSAGE_OVERHEAD, Message, Packet, SendError, SendOptions, SessionConfig,
    Transport::{Polling, WebSocket},
};

use super::PROTOCOL;
use crate::conversation::Conversation;

const NOTHING: [&str; 0] = [];

fn at_most(max_outbound_bytes: usize) -> SessionConfig {
    SessionConfig {
        max_outbound_bytes,
        ..SessionConfig::default()
    }
}

#[test]
fn messages_leave_in_order_and_are_counted() {
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
fn a_batch_is_what_would_leave_one_by_one() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    let mut batch = Batch::default();
    for text in ["1", "2", "3"] {
        talk.server_sends(text);
    }
    talk.session.close(talk.now, ForcedClose);
    talk.session.take_batch(Polling, &mut batch, usize::MAX);
    assert!(batch.is_empty(), "it is for another transport");
    // As many as reach the limit, and the end when there is nothing else.
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
fn a_queue_may_be_full_but_not_fuller() {
    let mut talk = Conversation::with(PROTOCOL, at_most(2 * MESSAGE_OVERHEAD + 2), WebSocket);
    talk.server_sends("a");
    talk.server_sends("b");
    assert_eq!(
        talk.session.send(Message::from("")),
        Err(SendError::Overflow)
    );
    assert_eq!(talk.events(), [Event::Closed(TransportError)]);
    assert_eq!(talk.session.queued_bytes(), 0);
    assert_eq!(talk.websocket_gets(), NOTHING);
    assert_eq!(talk.session.send(Message::from("")), Err(SendError::Closed));
}

#[test]
fn a_client_that_reads_gets_any_number_of_bytes() {
    let mut talk = Conversation::with(PROTOCOL, at_most(MESSAGE_OVERHEAD + 4), WebSocket);
    for _ in 0..100 {
        talk.server_sends("4444");
        assert_eq!(talk.websocket_gets(), ["44444"]);
    }
}

#[test]
fn a_poll_is_told_that_the_queue_overflowed() {
    let mut talk = Conversation::with(PROTOCOL, at_most(MESSAGE_OVERHEAD), Polling);
    talk.client_polls();
    assert_eq!(
        talk.session.send(Message::from("a")),
        Err(SendError::Overflow)
    );
    assert_eq!(talk.poll_gets(), ["1"]);
    assert_eq!(talk.events(), [Event::Closed(TransportError)]);
}

#[test]
fn a_websocket_is_writable_when_nothing_is_on_its_way() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    assert!(talk.session.is_writable());
    talk.server_sends("a");
    assert!(!talk.session.is_writable());
    assert_eq!(talk.websocket_gets(), ["4a"]);
    talk.session.set_flushing(true);
    assert!(!talk.session.is_writable());
    assert!(!talk.session.is_drained());
    talk.session.set_flushing(false);
    assert!(talk.session.is_writable());
    talk.session.abort(TransportError);
    assert!(!talk.session.is_writable());
}

#[test]
fn polling_is_writable_while_a_poll_waits_for_a_message() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    assert!(!talk.session.is_writable());
    talk.client_polls();
    assert!(talk.session.is_writable());
    talk.server_sends("a");
    assert!(!talk.session.is_writable());
    assert_eq!(talk.poll_gets(), ["4a"]);
    assert!(!talk.session.is_writable());
}

#[test]
fn what_a_session_shows_of_itself_is_not_what_it_carries() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("secret");
    let shown = format!("{:?}", talk.session);
    assert!(!shown.contains("secret"), "{shown}");
    assert!(shown.contains("queued_bytes: 70"), "{shown}");
}

#[test]
fn a_message_leaves_with_the_flag_that_it_was_sent_with() {
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
