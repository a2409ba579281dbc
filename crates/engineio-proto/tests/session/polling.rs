//! GETs that wait for packets.

use engineio_proto::{
    CloseReason::{ParseError, TransportClose, TransportError},
    Event, Message, PollError,
    Transport::{Polling, WebSocket},
};

use super::PROTOCOL;
use crate::conversation::Conversation;

const NOTHING: [&str; 0] = [];

#[test]
fn a_poll_waits_until_there_is_something() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    assert_eq!(talk.poll_gets(), NOTHING);
    assert!(talk.session.poll_pending());
    talk.server_sends("a");
    talk.server_sends("b");
    assert_eq!(talk.poll_gets(), ["4a", "4b"]);
    assert!(!talk.session.poll_pending());
}

#[test]
fn without_a_poll_messages_wait() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.server_sends("a");
    assert_eq!(talk.poll_gets(), NOTHING);
    talk.client_polls();
    assert_eq!(talk.poll_gets(), ["4a"]);
    talk.client_polls();
    assert_eq!(talk.poll_gets(), NOTHING);
}

#[test]
fn an_answer_may_be_cut_short() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.server_sends("a");
    talk.server_sends("b");
    talk.client_polls();
    assert!(talk.session.poll_transmit(Polling).is_some());
    talk.session.handle_poll_answered();
    assert!(!talk.session.poll_pending());
    assert_eq!(talk.poll_gets(), NOTHING);
    talk.client_polls();
    assert_eq!(talk.poll_gets(), ["4b"]);
}

#[test]
fn polls_that_overlap_end_the_session() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    assert_eq!(talk.session.handle_poll(talk.now), Err(PollError::Overlap));
    assert_eq!(talk.poll_gets(), ["1"]);
    assert_eq!(talk.events(), [Event::Closed(TransportError)]);
    assert_eq!(talk.session.handle_poll(talk.now), Err(PollError::Closed));
    assert_eq!(talk.poll_gets(), NOTHING);
}

#[test]
fn a_client_that_gives_up_its_poll_is_gone() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.session.handle_poll_aborted();
    assert_eq!(talk.events(), [Event::Closed(TransportError)]);
    assert_eq!(talk.poll_gets(), NOTHING);
}

#[test]
fn giving_up_a_poll_that_was_answered_is_harmless() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.server_sends("a");
    assert_eq!(talk.poll_gets(), ["4a"]);
    talk.session.handle_poll_aborted();
    assert_eq!(talk.events(), []);
}

#[test]
fn a_client_that_closes_gets_a_noop_for_its_poll() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    assert_eq!(talk.client_sends("1"), None);
    assert_eq!(talk.poll_gets(), ["6"]);
    assert_eq!(talk.events(), [Event::Closed(TransportClose)]);
    assert_eq!(talk.client_sends("4late"), None);
}

#[test]
fn a_client_that_closes_without_a_poll_is_just_gone() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.server_sends("never read");
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
fn what_is_no_packet_ends_the_session() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.session.handle_decode_error();
    assert_eq!(talk.poll_gets(), ["1"]);
    assert_eq!(talk.events(), [Event::Closed(ParseError)]);
    talk.session.handle_decode_error();
    assert_eq!(talk.events(), []);
}

#[test]
fn a_websocket_session_is_not_polled() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    assert_eq!(
        talk.session.handle_poll(talk.now),
        Err(PollError::NotPolling)
    );
    assert!(!talk.session.poll_pending());
    assert!(talk.session.is_open());
}

#[test]
fn a_lost_request_ends_the_session_and_the_poll() {
    for (error, reason) in [(true, TransportError), (false, TransportClose)] {
        let mut talk = Conversation::on(PROTOCOL, Polling);
        talk.client_polls();
        talk.session.handle_transport_closed(Polling, error);
        assert_eq!(talk.poll_gets(), ["1"]);
        assert_eq!(talk.events(), [Event::Closed(reason)]);
    }
}
