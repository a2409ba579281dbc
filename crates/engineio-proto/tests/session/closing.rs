//! The end, graceful or not.

use engineio_proto::{
    CloseReason::{ForcedClose, ServerShuttingDown, TransportClose, TransportError},
    Event, Message, Packet, PollError, ProbeResult, SendError,
    Transport::{Polling, WebSocket},
    UpgradeError,
};

use super::PROTOCOL;
use crate::conversation::{CLOSE_TIMEOUT, Conversation, MOMENT};

const NOTHING: [&str; 0] = [];

#[test]
fn a_websocket_is_closed_behind_the_queue() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("a");
    talk.session.close(talk.now, ForcedClose);
    assert!(talk.session.is_closing());
    assert_eq!(talk.events(), []);
    assert_eq!(talk.websocket_gets(), ["4a", "1"]);
    assert!(talk.session.is_closed());
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
    assert_eq!(talk.websocket_gets(), NOTHING);
}

#[test]
fn a_pending_poll_gets_the_queue_and_the_close_packet() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.server_sends("a");
    talk.session.close(talk.now, ForcedClose);
    assert_eq!(talk.poll_gets(), ["4a", "1"]);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn a_pending_poll_gets_the_close_packet_alone() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.session.close(talk.now, ServerShuttingDown);
    assert_eq!(talk.poll_gets(), ["1"]);
    assert_eq!(talk.events(), [Event::Closed(ServerShuttingDown)]);
}

#[test]
fn without_a_poll_the_next_one_is_awaited() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.close(talk.now, ForcedClose);
    talk.pass(CLOSE_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.client_polls();
    assert_eq!(talk.poll_gets(), ["6", "1"]);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn the_awaited_poll_gets_what_is_queued_instead_of_a_noop() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.server_sends("a");
    talk.server_sends("b");
    talk.session.close(talk.now, ForcedClose);
    talk.client_polls();
    assert_eq!(talk.poll_gets(), ["4a", "4b", "1"]);
}

#[test]
fn no_poll_is_awaited_for_ever() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.server_sends("never read");
    talk.session.close(talk.now, ForcedClose);
    talk.pass(CLOSE_TIMEOUT);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
    assert_eq!(talk.session.queued_bytes(), 0);
    assert_eq!(talk.session.handle_poll(talk.now), Err(PollError::Closed));
}

#[test]
fn a_websocket_that_takes_nothing_is_not_awaited_for_ever() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("stuck");
    talk.session.set_flushing(true);
    talk.session.close(talk.now, ForcedClose);
    talk.pass(CLOSE_TIMEOUT);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
    assert_eq!(talk.websocket_gets(), NOTHING);
}

#[test]
fn a_closing_session_takes_nothing_more() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.close(talk.now, ForcedClose);
    assert_eq!(
        talk.session.send(Message::from("a")),
        Err(SendError::Closed)
    );
    assert_eq!(talk.client_sends("4a"), None);
    assert_eq!(talk.client_sends("2"), None);
    talk.session.handle_decode_error();
    assert_eq!(
        talk.session.handle_probe(talk.now, WebSocket),
        Err(UpgradeError::Closed)
    );
    assert!(!talk.session.is_writable());
    assert!(talk.session.is_closing());
}

#[test]
fn the_first_reason_stands() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.session.close(talk.now, ForcedClose);
    talk.session.close(talk.now, ServerShuttingDown);
    talk.session.abort(ServerShuttingDown);
    talk.session.handle_transport_closed(WebSocket, true);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
    talk.session.abort(ServerShuttingDown);
    assert_eq!(talk.events(), []);
}

#[test]
fn closing_again_does_not_buy_time() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.close(talk.now, ForcedClose);
    talk.pass(CLOSE_TIMEOUT - MOMENT);
    talk.session.close(talk.now, ForcedClose);
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn aborting_drops_the_queue_and_answers_the_poll() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.server_sends("dropped");
    talk.session.abort(ServerShuttingDown);
    assert_eq!(talk.session.queued_bytes(), 0);
    assert_eq!(talk.poll_gets(), ["1"]);
    assert_eq!(talk.poll_gets(), NOTHING);
    assert_eq!(talk.events(), [Event::Closed(ServerShuttingDown)]);
}

#[test]
fn aborting_leaves_a_websocket_silent() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("dropped");
    talk.session.abort(ForcedClose);
    assert_eq!(talk.websocket_gets(), NOTHING);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn a_transport_that_goes_while_closing_ends_it() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("a");
    talk.session.close(talk.now, ForcedClose);
    talk.session.handle_transport_closed(WebSocket, false);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn a_client_that_closes_a_closing_session_is_not_waited_for() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.close(talk.now, ForcedClose);
    assert_eq!(talk.client_sends("1"), None);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn polls_that_overlap_while_closing_end_it() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.close(talk.now, ForcedClose);
    talk.client_polls();
    assert_eq!(talk.session.handle_poll(talk.now), Err(PollError::Overlap));
    assert_eq!(talk.poll_gets(), ["1"]);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn an_upgrade_that_is_under_way_is_finished_while_closing() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.handle_probe(talk.now, WebSocket).unwrap();
    talk.server_sends("a");
    talk.session.close(talk.now, ForcedClose);
    let upgraded = talk.session.handle_probe_packet(talk.now, Packet::Upgrade);
    assert_eq!(upgraded, ProbeResult::Upgraded);
    assert_eq!(talk.websocket_gets(), ["4a", "1"]);
    assert_eq!(talk.events(), [Event::Upgraded, Event::Closed(ForcedClose)]);
}

#[test]
fn a_websocket_that_closes_or_fails_says_so() {
    for (error, reason) in [(false, TransportClose), (true, TransportError)] {
        let mut talk = Conversation::on(PROTOCOL, WebSocket);
        talk.session.handle_transport_closed(WebSocket, error);
        assert_eq!(talk.events(), [Event::Closed(reason)]);
        talk.session.handle_transport_closed(WebSocket, error);
        assert_eq!(talk.events(), []);
    }
}
