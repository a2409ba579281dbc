//! Revision 3: the client asks, the server answers, and does without the client when nothing has
//! been asked for 45 seconds.

use std::time::Duration;

use engineio_proto::{
    CloseReason::{ForcedClose, PingTimeout, TransportError},
    Event,
    Protocol::V3,
    SessionConfig,
    Transport::{Polling, WebSocket},
};

use crate::conversation::{CLOSE_TIMEOUT, Conversation, MOMENT, PING_INTERVAL, PING_TIMEOUT};

const NOTHING: [&str; 0] = [];

/// How long a client may be silent.
const PATIENCE: Duration = PING_INTERVAL.saturating_add(PING_TIMEOUT);

#[test]
fn the_server_never_asks() {
    let mut talk = Conversation::on(V3, WebSocket);
    talk.pass(PATIENCE - MOMENT);
    assert_eq!(talk.websocket_gets(), NOTHING);
    assert_eq!(talk.events(), []);
}

#[test]
fn a_ping_is_answered_at_once() {
    let mut talk = Conversation::on(V3, WebSocket);
    assert_eq!(talk.client_sends("2"), None);
    assert_eq!(talk.websocket_gets(), ["3"]);
    assert_eq!(talk.websocket_gets(), NOTHING);
}

#[test]
fn the_answer_has_no_content() {
    let mut talk = Conversation::on(V3, WebSocket);
    assert_eq!(talk.client_sends("2probe"), None);
    assert_eq!(talk.websocket_gets(), ["3"]);
}

#[test]
fn a_poll_carries_the_answer() {
    let mut talk = Conversation::on(V3, Polling);
    talk.client_sends("2");
    talk.client_polls();
    assert_eq!(talk.poll_gets(), ["3"]);

    talk.client_polls();
    assert_eq!(talk.poll_gets(), NOTHING);
    talk.client_sends("2");
    assert_eq!(talk.poll_gets(), ["3"]);
}

#[test]
fn pings_that_nobody_reads_the_answers_to_are_answered_once() {
    let mut talk = Conversation::on(V3, Polling);
    for _ in 0..1_000 {
        talk.client_sends("2");
    }
    assert_eq!(talk.session.queued_bytes(), 0);
    talk.client_polls();
    assert_eq!(talk.poll_gets(), ["3"]);
}

#[test]
fn a_client_that_does_not_ask_is_gone() {
    let mut talk = Conversation::on(V3, Polling);
    talk.pass(PATIENCE - MOMENT);
    assert_eq!(talk.events(), []);
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
    assert_eq!(talk.session.poll_timeout(), None);
}

#[test]
fn every_ping_buys_the_whole_time() {
    let mut talk = Conversation::on(V3, WebSocket);
    for _ in 0..3 {
        talk.pass(PATIENCE - MOMENT);
        talk.client_sends("2");
    }
    talk.pass(PATIENCE - MOMENT);
    assert_eq!(talk.events(), []);
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn other_packets_buy_nothing() {
    let mut talk = Conversation::on(V3, WebSocket);
    talk.pass(PATIENCE - MOMENT);
    assert!(talk.client_sends("4still here").is_some());
    talk.client_sends("6");
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn a_pong_from_the_client_is_the_wrong_direction() {
    for transport in [Polling, WebSocket] {
        let mut talk = Conversation::on(V3, transport);
        assert_eq!(talk.client_sends("3"), None);
        assert_eq!(talk.events(), [Event::Closed(TransportError)]);
    }
}

#[test]
fn a_patience_without_end_is_possible() {
    let config = SessionConfig::default().ping_interval(Duration::MAX);
    let mut talk = Conversation::with(V3, config, WebSocket);
    talk.pass(Duration::from_secs(365 * 24 * 60 * 60));
    assert_eq!(talk.events(), []);
    assert!(talk.session.poll_timeout().is_some());
}

#[test]
fn an_answer_that_did_not_leave_on_polling_leaves_on_the_websocket() {
    let mut talk = Conversation::on(V3, Polling);
    talk.client_sends("2");
    talk.server_sends("a");
    talk.websocket_arrives();
    let _ = talk.probe_sends("5");
    assert_eq!(talk.websocket_gets(), ["3", "4a"]);
}

#[test]
fn a_probe_is_answered_on_the_websocket_only() {
    let mut talk = Conversation::on(V3, Polling);
    talk.probed();
    talk.client_polls();
    assert_eq!(talk.poll_gets(), NOTHING);
}

#[test]
fn an_upgraded_session_is_still_watched() {
    let mut talk = Conversation::on(V3, Polling);
    talk.pass(PATIENCE - MOMENT);
    talk.websocket_arrives();
    let _ = talk.probe_sends("5");
    talk.pass(PATIENCE - MOMENT);
    assert_eq!(talk.events(), [Event::Upgraded]);
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn a_client_that_is_not_read_is_not_lost() {
    let mut talk = Conversation::on(V3, WebSocket);
    for _ in 0..3 {
        talk.pass(PATIENCE - MOMENT);
        talk.session.handle_blocked(talk.now);
    }
    talk.pass(PATIENCE - MOMENT);
    assert_eq!(talk.events(), []);
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn a_closing_session_answers_no_pings() {
    let mut talk = Conversation::on(V3, WebSocket);
    talk.client_sends("2");
    talk.session.close(talk.now, ForcedClose);
    talk.client_sends("2");
    assert_eq!(talk.websocket_gets(), ["1"]);

    let mut talk = Conversation::on(V3, Polling);
    talk.session.close(talk.now, ForcedClose);
    talk.pass(CLOSE_TIMEOUT - MOMENT);
    talk.client_sends("2");
    talk.pass(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}
