//! The heartbeat of revision 4: the server pings every 25 seconds, the client answers within 20.

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
fn the_first_ping_follows_an_interval_after_the_opening() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.advance(PING_INTERVAL - MOMENT);
    assert_eq!(talk.websocket_receives(), NOTHING);
    talk.advance(MOMENT);
    assert_eq!(talk.websocket_receives(), ["2"]);
}

#[test]
fn the_next_ping_follows_an_interval_after_the_pong() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.advance(PING_INTERVAL);
    assert_eq!(talk.websocket_receives(), ["2"]);
    talk.advance(Duration::from_secs(5));
    assert_eq!(talk.client_sends("3"), None);
    talk.advance(PING_INTERVAL - MOMENT);
    assert_eq!(talk.websocket_receives(), NOTHING);
    talk.advance(MOMENT);
    assert_eq!(talk.websocket_receives(), ["2"]);
}

#[test]
fn a_missing_pong_closes_the_session() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.advance(PING_INTERVAL + PING_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
    assert_eq!(talk.session.poll_timeout(), None);
}

#[test]
fn a_packet_extends_the_timeout_once_per_ping() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.advance(PING_INTERVAL + PING_TIMEOUT - MOMENT);
    assert!(talk.client_sends("4first").is_some());
    talk.advance(PING_TIMEOUT - MOMENT);
    assert!(talk.client_sends("4second").is_some());
    assert_eq!(talk.events(), []);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn each_timeout_can_be_extended() {
    let mut talk = Conversation::on(V4, WebSocket);
    for _ in 0..3 {
        talk.advance(PING_INTERVAL + PING_TIMEOUT - MOMENT);
        talk.client_sends("6");
        talk.advance(PING_TIMEOUT - MOMENT);
        talk.client_sends("3");
    }
    assert_eq!(talk.events(), []);
}

#[test]
fn packets_between_pings_do_not_postpone_the_next_ping() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.advance(PING_INTERVAL - MOMENT);
    talk.client_sends("4busy");
    talk.advance(MOMENT);
    assert_eq!(talk.websocket_receives(), ["2"]);
}

#[test]
fn a_ping_from_the_client_closes_the_session() {
    for transport in [Polling, WebSocket] {
        let mut talk = Conversation::on(V4, transport);
        assert_eq!(talk.client_sends("2"), None);
        assert_eq!(talk.events(), [Event::Closed(TransportError)]);
    }
}

#[test]
fn an_unexpected_pong_postpones_the_next_ping() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.advance(Duration::from_secs(10));
    talk.client_sends("3");
    talk.advance(PING_INTERVAL - MOMENT);
    assert_eq!(talk.websocket_receives(), NOTHING);
    talk.advance(MOMENT);
    assert_eq!(talk.websocket_receives(), ["2"]);
    assert!(talk.session.is_open());
}

#[test]
fn the_timeout_runs_while_a_ping_waits_for_a_poll() {
    let mut talk = Conversation::on(V4, Polling);
    talk.advance(PING_INTERVAL + PING_TIMEOUT - MOMENT);
    talk.client_polls();
    assert_eq!(talk.poll_receives(), ["2"]);
    assert!(!talk.session.poll_pending());
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn a_pending_poll_receives_the_ping() {
    let mut talk = Conversation::on(V4, Polling);
    talk.client_polls();
    assert_eq!(talk.poll_receives(), NOTHING);
    talk.advance(PING_INTERVAL);
    assert_eq!(talk.poll_receives(), ["2"]);
}

#[test]
fn an_early_timeout_has_no_effect() {
    let mut talk = Conversation::on(V4, WebSocket);
    let before = talk.session.poll_timeout();
    talk.session.handle_timeout(talk.now + MOMENT);
    assert_eq!(talk.session.poll_timeout(), before);
    assert_eq!(talk.websocket_receives(), NOTHING);
}

#[test]
fn an_endless_interval_disables_pings() {
    let config = SessionConfig::default().ping_interval(Duration::MAX);
    let mut talk = Conversation::with(V4, config, WebSocket);
    talk.advance(Duration::from_secs(365 * 24 * 60 * 60));
    assert_eq!(talk.websocket_receives(), NOTHING);
    assert!(talk.session.poll_timeout().is_some());
}

#[test]
fn a_pong_cancels_a_ping_that_was_not_sent() {
    let mut talk = Conversation::on(V4, Polling);
    talk.advance(PING_INTERVAL);
    talk.client_sends("3");
    talk.client_polls();
    assert_eq!(talk.poll_receives(), NOTHING);
}

#[test]
fn a_blocked_driver_extends_the_timeout() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.advance(PING_INTERVAL);
    assert_eq!(talk.websocket_receives(), ["2"]);
    for _ in 0..3 {
        talk.advance(PING_TIMEOUT - MOMENT);
        talk.session.handle_blocked(talk.now);
    }
    talk.advance(PING_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn a_blocked_driver_does_not_postpone_the_next_ping() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.advance(PING_INTERVAL - MOMENT);
    talk.session.handle_blocked(talk.now);
    talk.advance(MOMENT);
    assert_eq!(talk.websocket_receives(), ["2"]);
}

#[test]
fn a_blocked_driver_does_not_extend_the_close_timeout() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.session.close(talk.now, ForcedClose);
    talk.advance(CLOSE_TIMEOUT - MOMENT);
    talk.session.handle_blocked(talk.now);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn a_ping_overtakes_queued_messages() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.server_sends("a");
    talk.advance(PING_INTERVAL);
    assert_eq!(talk.websocket_receives(), ["2", "4a"]);
}

#[test]
fn a_closing_session_sends_no_pings() {
    let mut talk = Conversation::on(V4, WebSocket);
    talk.advance(PING_INTERVAL);
    talk.session.close(talk.now, ForcedClose);
    assert_eq!(talk.websocket_receives(), ["1"]);
}

#[test]
fn a_ping_due_on_polling_is_sent_after_the_upgrade() {
    let mut talk = Conversation::on(V4, Polling);
    talk.advance(PING_INTERVAL);
    talk.start_probe();
    let _ = talk.probe_sends("5");
    assert_eq!(talk.websocket_receives(), ["2"]);
}

#[test]
fn the_upgrade_restarts_the_pong_timeout() {
    let mut talk = Conversation::on(V4, Polling);
    talk.client_polls();
    talk.advance(PING_INTERVAL);
    assert_eq!(talk.poll_receives(), ["2"]);
    talk.advance(PING_TIMEOUT - MOMENT);
    talk.start_probe();
    let _ = talk.probe_sends("5");
    talk.advance(PING_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), [Event::Upgraded]);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn the_upgrade_does_not_postpone_the_next_ping() {
    let mut talk = Conversation::on(V4, Polling);
    talk.advance(PING_INTERVAL - MOMENT);
    talk.start_probe();
    let _ = talk.probe_sends("5");
    talk.advance(MOMENT);
    assert_eq!(talk.websocket_receives(), ["2"]);
}
