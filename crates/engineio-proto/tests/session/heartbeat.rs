//! Revision 4: the server asks every 25 seconds, the client answers within 20.

use std::time::Duration;

use engineio_proto::{
    CloseReason::{ForcedClose, PingTimeout, TransportError},
    Event,
    Protocol::V4,
    SessionConfig,
    Transport::{Polling, WebSocket},
};

use crate::conversation::{CLOSE_TIMEOUT, Conversation, MOMENT, PING_INTERVAL, PING_TIMEOUT};

const NOTHING: [&str; 0] = [];

#[test]
fn the_first_ping_comes_an_interval_after_the_opening() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.pass(PING_INTERVAL - MOMENT);
    assert_eq!(talk.websocket_gets(), NOTHING);
    talk.pass(MOMENT);
    assert_eq!(talk.websocket_gets(), ["2"]);
}

#[test]
fn the_next_ping_comes_an_interval_after_the_pong() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.pass(PING_INTERVAL);
    assert_eq!(talk.websocket_gets(), ["2"]);
    talk.pass(Duration::from_secs(5));
    assert_eq!(talk.client_sends("3"), None);
    talk.pass(PING_INTERVAL - MOMENT);
    assert_eq!(talk.websocket_gets(), NOTHING);
    talk.pass(MOMENT);
    assert_eq!(talk.websocket_gets(), ["2"]);
}

#[test]
fn a_client_that_does_not_answer_is_gone() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.pass(PING_INTERVAL + PING_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
    assert_eq!(talk.session.poll_timeout(), None);
}

#[test]
fn a_packet_buys_more_time_but_only_once_per_ping() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.pass(PING_INTERVAL + PING_TIMEOUT - MOMENT);
    assert!(talk.client_sends("4still here").is_some());
    talk.pass(PING_TIMEOUT - MOMENT);
    assert!(talk.client_sends("4and here").is_some());
    assert_eq!(talk.events(), []);
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn every_ping_can_be_extended_anew() {
    let mut talk = Conversation::on(V4, WebSocket);
    for _ in 0..3 {
        talk.pass(PING_INTERVAL + PING_TIMEOUT - MOMENT);
        talk.client_sends("6");
        talk.pass(PING_TIMEOUT - MOMENT);
        talk.client_sends("3");
    }
    assert_eq!(talk.events(), []);
}

#[test]
fn packets_between_pings_do_not_move_the_next_one() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.pass(PING_INTERVAL - MOMENT);
    talk.client_sends("4busy");
    talk.pass(MOMENT);
    assert_eq!(talk.websocket_gets(), ["2"]);
}

#[test]
fn a_ping_from_the_client_is_the_wrong_direction() {
    for transport in [Polling, WebSocket] {
        let mut talk = Conversation::on(V4, transport);
        assert_eq!(talk.client_sends("2"), None);
        assert_eq!(talk.events(), [Event::Closed(TransportError)]);
    }
}

#[test]
fn a_pong_that_nobody_asked_for_is_harmless() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.pass(Duration::from_secs(10));
    talk.client_sends("3");
    talk.pass(PING_INTERVAL - MOMENT);
    assert_eq!(talk.websocket_gets(), NOTHING);
    talk.pass(MOMENT);
    assert_eq!(talk.websocket_gets(), ["2"]);
    assert!(talk.session.is_open());
}

#[test]
fn a_ping_waits_for_a_poll_while_its_time_runs() {
    let mut talk = Conversation::on(V4, Polling);
    talk.pass(PING_INTERVAL + PING_TIMEOUT - MOMENT);
    talk.client_polls();
    assert_eq!(talk.poll_gets(), ["2"]);
    assert!(!talk.session.poll_pending());
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn a_poll_that_waits_gets_the_ping_at_once() {
    let mut talk = Conversation::on(V4, Polling);
    talk.client_polls();
    assert_eq!(talk.poll_gets(), NOTHING);
    talk.pass(PING_INTERVAL);
    assert_eq!(talk.poll_gets(), ["2"]);
}

#[test]
fn a_timeout_that_comes_early_changes_nothing() {
    let mut talk = Conversation::on(V4, WebSocket);
    let before = talk.session.poll_timeout();
    talk.session.handle_timeout(talk.now + MOMENT);
    assert_eq!(talk.session.poll_timeout(), before);
    assert_eq!(talk.websocket_gets(), NOTHING);
}

#[test]
fn an_interval_without_end_means_no_pings() {
    let config = SessionConfig::default().ping_interval(Duration::MAX);
    let mut talk = Conversation::with(V4, config, WebSocket);
    talk.pass(Duration::from_secs(365 * 24 * 60 * 60));
    assert_eq!(talk.websocket_gets(), NOTHING);
    assert!(talk.session.poll_timeout().is_some());
}

#[test]
fn a_ping_that_is_answered_before_it_left_does_not_leave() {
    let mut talk = Conversation::on(V4, Polling);
    talk.pass(PING_INTERVAL);
    talk.client_sends("3");
    talk.client_polls();
    assert_eq!(talk.poll_gets(), NOTHING);
}

#[test]
fn a_client_that_is_not_read_is_not_lost() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.pass(PING_INTERVAL);
    assert_eq!(talk.websocket_gets(), ["2"]);
    for _ in 0..3 {
        talk.pass(PING_TIMEOUT - MOMENT);
        talk.session.handle_blocked(talk.now);
    }
    talk.pass(PING_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn the_next_ping_does_not_wait_for_the_application() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.pass(PING_INTERVAL - MOMENT);
    talk.session.handle_blocked(talk.now);
    talk.pass(MOMENT);
    assert_eq!(talk.websocket_gets(), ["2"]);
}

#[test]
fn blocking_does_not_hold_a_session_that_closes() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.session.close(talk.now, ForcedClose);
    talk.pass(CLOSE_TIMEOUT - MOMENT);
    talk.session.handle_blocked(talk.now);
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn a_ping_does_not_wait_behind_messages() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.server_sends("a");
    talk.pass(PING_INTERVAL);
    assert_eq!(talk.websocket_gets(), ["2", "4a"]);
}

#[test]
fn a_closing_session_sends_no_pings() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.pass(PING_INTERVAL);
    talk.session.close(talk.now, ForcedClose);
    assert_eq!(talk.websocket_gets(), ["1"]);
}

#[test]
fn a_ping_that_did_not_leave_on_polling_leaves_on_the_websocket() {
    let mut talk = Conversation::on(V4, Polling);
    talk.pass(PING_INTERVAL);
    talk.websocket_arrives();
    let _ = talk.probe_sends("5");
    assert_eq!(talk.websocket_gets(), ["2"]);
}

#[test]
fn the_upgrade_restarts_the_time_for_the_pong() {
    let mut talk = Conversation::on(V4, Polling);
    talk.client_polls();
    talk.pass(PING_INTERVAL);
    assert_eq!(talk.poll_gets(), ["2"]);
    talk.pass(PING_TIMEOUT - MOMENT);
    talk.websocket_arrives();
    let _ = talk.probe_sends("5");
    talk.pass(PING_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), [Event::Upgraded]);
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn the_upgrade_does_not_move_the_next_ping() {
    let mut talk = Conversation::on(V4, Polling);
    talk.pass(PING_INTERVAL - MOMENT);
    talk.websocket_arrives();
    let _ = talk.probe_sends("5");
    talk.pass(MOMENT);
    assert_eq!(talk.websocket_gets(), ["2"]);
}
