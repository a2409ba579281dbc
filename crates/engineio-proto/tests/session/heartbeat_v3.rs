//! The heartbeat of revision 3: the server answers the pings of the client, and closes the session after 45
//! seconds without one.

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

/// The longest time between two pings of the client.
const CLIENT_TIMEOUT: Duration = PING_INTERVAL.saturating_add(PING_TIMEOUT);

#[test]
fn the_server_sends_no_pings() {
    let mut talk = Conversation::on(V3, WebSocket);
    talk.advance(CLIENT_TIMEOUT - MOMENT);
    assert_eq!(talk.websocket_receives(), NOTHING);
    assert_eq!(talk.events(), []);
}

#[test]
fn a_ping_is_answered_once() {
    let mut talk = Conversation::on(V3, WebSocket);
    assert_eq!(talk.client_sends("2"), None);
    assert_eq!(talk.websocket_receives(), ["3"]);
    assert_eq!(talk.websocket_receives(), NOTHING);
}

#[test]
fn a_pong_has_no_content() {
    let mut talk = Conversation::on(V3, WebSocket);
    assert_eq!(talk.client_sends("2probe"), None);
    assert_eq!(talk.websocket_receives(), ["3"]);
}

#[test]
fn a_poll_receives_the_pong() {
    let mut talk = Conversation::on(V3, Polling);
    talk.client_sends("2");
    talk.client_polls();
    assert_eq!(talk.poll_receives(), ["3"]);

    talk.client_polls();
    assert_eq!(talk.poll_receives(), NOTHING);
    talk.client_sends("2");
    assert_eq!(talk.poll_receives(), ["3"]);
}

#[test]
fn unanswered_pings_share_one_pong() {
    let mut talk = Conversation::on(V3, Polling);
    for _ in 0..1_000 {
        talk.client_sends("2");
    }
    assert_eq!(talk.session.queued_bytes(), 0);
    talk.client_polls();
    assert_eq!(talk.poll_receives(), ["3"]);
}

#[test]
fn a_missing_ping_closes_the_session() {
    let mut talk = Conversation::on(V3, Polling);
    talk.advance(CLIENT_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
    assert_eq!(talk.session.poll_timeout(), None);
}

#[test]
fn each_ping_restarts_the_timeout() {
    let mut talk = Conversation::on(V3, WebSocket);
    for _ in 0..3 {
        talk.advance(CLIENT_TIMEOUT - MOMENT);
        talk.client_sends("2");
    }
    talk.advance(CLIENT_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn other_packets_do_not_extend_the_timeout() {
    let mut talk = Conversation::on(V3, WebSocket);
    talk.advance(CLIENT_TIMEOUT - MOMENT);
    assert!(talk.client_sends("4message").is_some());
    talk.client_sends("6");
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn a_pong_from_the_client_closes_the_session() {
    for transport in [Polling, WebSocket] {
        let mut talk = Conversation::on(V3, transport);
        assert_eq!(talk.client_sends("3"), None);
        assert_eq!(talk.events(), [Event::Closed(TransportError)]);
    }
}

#[test]
fn an_endless_interval_disables_the_timeout() {
    let config = SessionConfig::default().ping_interval(Duration::MAX);
    let mut talk = Conversation::with(V3, config, WebSocket);
    talk.advance(Duration::from_secs(365 * 24 * 60 * 60));
    assert_eq!(talk.events(), []);
    assert!(talk.session.poll_timeout().is_some());
}

#[test]
fn a_pong_due_on_polling_is_sent_after_the_upgrade() {
    let mut talk = Conversation::on(V3, Polling);
    talk.client_sends("2");
    talk.server_sends("a");
    talk.start_probe();
    let _ = talk.probe_sends("5");
    assert_eq!(talk.websocket_receives(), ["3", "4a"]);
}

#[test]
fn a_probe_is_not_answered_on_polling() {
    let mut talk = Conversation::on(V3, Polling);
    talk.probe();
    talk.client_polls();
    assert_eq!(talk.poll_receives(), NOTHING);
}

#[test]
fn the_upgrade_restarts_the_timeout() {
    let mut talk = Conversation::on(V3, Polling);
    talk.advance(CLIENT_TIMEOUT - MOMENT);
    talk.start_probe();
    let _ = talk.probe_sends("5");
    talk.advance(CLIENT_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), [Event::Upgraded]);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn a_blocked_driver_extends_the_timeout() {
    let mut talk = Conversation::on(V3, WebSocket);
    for _ in 0..3 {
        talk.advance(CLIENT_TIMEOUT - MOMENT);
        talk.session.handle_blocked(talk.now);
    }
    talk.advance(CLIENT_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(PingTimeout)]);
}

#[test]
fn a_closing_session_answers_no_pings() {
    let mut talk = Conversation::on(V3, WebSocket);
    talk.client_sends("2");
    talk.session.close(talk.now, ForcedClose);
    talk.client_sends("2");
    assert_eq!(talk.websocket_receives(), ["1"]);

    let mut talk = Conversation::on(V3, Polling);
    talk.session.close(talk.now, ForcedClose);
    talk.advance(CLOSE_TIMEOUT - MOMENT);
    talk.client_sends("2");
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}
