//! Polls, the GET requests of a client on polling.

use engineio_proto::{
    CloseReason::{ParseError, TransportClose, TransportError},
    Event, Message, PollError,
    Transport::{Polling, WebSocket},
};

use super::PROTOCOL;
use crate::conversation::Conversation;

const NOTHING: [&str; 0] = [];

#[test]
fn a_poll_waits_for_packets() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    assert_eq!(talk.poll_receives(), NOTHING);
    assert!(talk.session.poll_pending());
    talk.server_sends("a");
    talk.server_sends("b");
    assert_eq!(talk.poll_receives(), ["4a", "4b"]);
    assert!(!talk.session.poll_pending());
}

#[test]
fn messages_wait_for_a_poll() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.server_sends("a");
    assert_eq!(talk.poll_receives(), NOTHING);
    talk.client_polls();
    assert_eq!(talk.poll_receives(), ["4a"]);
    talk.client_polls();
    assert_eq!(talk.poll_receives(), NOTHING);
}

#[test]
fn the_driver_may_end_a_poll_early() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.server_sends("a");
    talk.server_sends("b");
    talk.client_polls();
    assert!(talk.session.poll_transmit(Polling).is_some());
    talk.session.handle_poll_answered();
    assert!(!talk.session.poll_pending());
    assert_eq!(talk.poll_receives(), NOTHING);
    talk.client_polls();
    assert_eq!(talk.poll_receives(), ["4b"]);
}

#[test]
fn overlapping_polls_close_the_session() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    assert_eq!(talk.session.handle_poll(talk.now), Err(PollError::Overlap));
    assert_eq!(talk.poll_receives(), ["1"]);
    assert_eq!(talk.events(), [Event::Closed(TransportError)]);
    assert_eq!(talk.session.handle_poll(talk.now), Err(PollError::Closed));
    assert_eq!(talk.poll_receives(), NOTHING);
}

#[test]
fn an_aborted_poll_closes_the_session() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.session.handle_poll_aborted();
    assert_eq!(talk.events(), [Event::Closed(TransportError)]);
    assert_eq!(talk.poll_receives(), NOTHING);
}

#[test]
fn aborting_an_answered_poll_has_no_effect() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.server_sends("a");
    assert_eq!(talk.poll_receives(), ["4a"]);
    talk.session.handle_poll_aborted();
    assert_eq!(talk.events(), []);
}

#[test]
fn a_close_packet_ends_the_pending_poll_with_a_noop() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    assert_eq!(talk.client_sends("1"), None);
    assert_eq!(talk.poll_receives(), ["6"]);
    assert_eq!(talk.events(), [Event::Closed(TransportClose)]);
    assert_eq!(talk.client_sends("4late"), None);
}

#[test]
fn a_close_packet_without_a_poll_closes_the_session() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.server_sends("dropped");
    talk.client_sends("1");
    assert_eq!(talk.events(), [Event::Closed(TransportClose)]);
    assert_eq!(talk.session.queued_bytes(), 0);
    assert_eq!(talk.session.handle_poll(talk.now), Err(PollError::Closed));
}

#[test]
fn a_close_packet_on_a_websocket_is_ignored() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    assert_eq!(talk.client_sends("1"), None);
    assert_eq!(talk.client_sends("4a"), Some(Message::from("a")));
}

#[test]
fn packets_that_only_a_server_sends_are_ignored() {
    for transport in [Polling, WebSocket] {
        let mut talk = Conversation::on(PROTOCOL, transport);
        for wire in ["0{}", "5", "6"] {
            assert_eq!(talk.client_sends(wire), None);
        }
        assert_eq!(
            talk.client_sends("bAQ=="),
            Some(Message::from(bytes::Bytes::from_static(&[1])))
        );
        assert_eq!(talk.events(), []);
    }
}

#[test]
fn a_decode_error_closes_the_session() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.session.handle_decode_error();
    assert_eq!(talk.poll_receives(), ["1"]);
    assert_eq!(talk.events(), [Event::Closed(ParseError)]);
    talk.session.handle_decode_error();
    assert_eq!(talk.events(), []);
}

#[test]
fn a_websocket_session_refuses_polls() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    assert_eq!(
        talk.session.handle_poll(talk.now),
        Err(PollError::NotPolling)
    );
    assert!(!talk.session.poll_pending());
    assert!(talk.session.is_open());
}

#[test]
fn the_end_of_a_request_closes_the_session_and_ends_the_poll() {
    for (error, reason) in [(true, TransportError), (false, TransportClose)] {
        let mut talk = Conversation::on(PROTOCOL, Polling);
        talk.client_polls();
        talk.session.handle_transport_closed(Polling, error);
        assert_eq!(talk.poll_receives(), ["1"]);
        assert_eq!(talk.events(), [Event::Closed(reason)]);
    }
}
