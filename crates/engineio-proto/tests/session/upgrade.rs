//! The upgrade from polling, without lost messages.

use engineio_proto::{
    CloseReason::{ForcedClose, TransportClose, TransportError},
    Event, Message, Packet, PollError, ProbeResult,
    Transport::{Polling, WebSocket, WebTransport},
    UpgradeError,
};

use super::PROTOCOL;
use crate::conversation::{Conversation, MOMENT, NOOP_INTERVAL, UPGRADE_TIMEOUT};

const NOTHING: [&str; 0] = [];

#[test]
fn a_client_upgrades_to_websocket() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.start_probe();
    assert_eq!(talk.poll_receives(), NOTHING);
    assert_eq!(
        talk.probe_sends("2probe"),
        ProbeResult::Reply(Packet::Pong("probe".into()))
    );
    assert_eq!(talk.poll_receives(), ["6"]);
    assert!(talk.session.is_upgrading());

    talk.server_sends("a");
    assert_eq!(talk.websocket_receives(), NOTHING);

    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    assert_eq!(talk.events(), [Event::Upgraded]);
    assert_eq!(talk.session.transport(), WebSocket);
    assert!(!talk.session.is_upgrading());
    assert_eq!(talk.websocket_receives(), ["4a"]);
    assert_eq!(talk.client_sends("4b"), Some(Message::from("b")));
    assert_eq!(
        talk.session.handle_poll(talk.now),
        Err(PollError::NotPolling)
    );
}

#[test]
fn polls_are_released_early_during_a_probe() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.probe();
    talk.client_polls();
    assert_eq!(talk.poll_receives(), NOTHING);
    talk.advance(NOOP_INTERVAL - MOMENT);
    assert_eq!(talk.poll_receives(), NOTHING);
    talk.advance(MOMENT);
    assert_eq!(talk.poll_receives(), ["6"]);
    talk.advance(NOOP_INTERVAL * 5);
    assert_eq!(talk.poll_receives(), NOTHING);

    talk.client_polls();
    talk.advance(NOOP_INTERVAL);
    assert_eq!(talk.poll_receives(), ["6"]);
}

#[test]
fn a_poll_is_not_released_before_the_probe_is_answered() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.start_probe();
    talk.client_polls();
    talk.advance(UPGRADE_TIMEOUT - MOMENT);
    assert_eq!(talk.poll_receives(), NOTHING);
}

#[test]
fn repeated_probes_release_a_poll_once() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.probe();
    assert_eq!(talk.poll_receives(), ["6"]);
    talk.client_polls();
    assert!(matches!(talk.probe_sends("2probe"), ProbeResult::Reply(_)));
    assert_eq!(talk.poll_receives(), NOTHING);
}

#[test]
fn messages_are_sent_on_polling_during_a_probe() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.probe();
    talk.client_polls();
    talk.server_sends("a");
    assert_eq!(talk.poll_receives(), ["4a"]);
    talk.advance(NOOP_INTERVAL * 2);
    assert_eq!(talk.poll_receives(), NOTHING);
}

#[test]
fn a_message_replaces_the_noop() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.probe();
    talk.server_sends("a");
    assert_eq!(talk.poll_receives(), ["4a"]);
}

#[test]
fn the_upgrade_releases_a_pending_poll() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.start_probe();
    talk.server_sends("a");
    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    assert_eq!(talk.poll_receives(), ["6"]);
    assert!(!talk.session.poll_pending());
    assert_eq!(talk.websocket_receives(), ["4a"]);
}

#[test]
fn an_abort_after_the_upgrade_still_releases_the_poll() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.start_probe();
    let _ = talk.probe_sends("5");
    talk.session.abort(ForcedClose);
    assert_eq!(talk.poll_receives(), ["6"]);
    assert_eq!(talk.poll_receives(), NOTHING);
    assert_eq!(talk.events(), [Event::Upgraded, Event::Closed(ForcedClose)]);
}

#[test]
fn an_upgrade_does_not_require_a_probe_packet() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.start_probe();
    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    assert_eq!(talk.events(), [Event::Upgraded]);
}

#[test]
fn an_unexpected_packet_ends_only_the_probe() {
    for wire in ["2", "2prob", "4a", "3probe", "1", "6", "bAQ=="] {
        let mut talk = Conversation::on(PROTOCOL, Polling);
        talk.start_probe();
        assert_eq!(talk.probe_sends(wire), ProbeResult::Rejected, "{wire}");
        assert!(!talk.session.is_upgrading());
        assert_eq!(talk.probe_sends("5"), ProbeResult::Rejected);
        assert_eq!(talk.client_sends("4b"), Some(Message::from("b")));
        assert_eq!(talk.events(), []);
        // Another WebSocket may start a probe.
        talk.probe();
    }
}

#[test]
fn the_upgrade_timeout_ends_only_the_probe() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.probe();
    talk.advance(UPGRADE_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.advance(MOMENT);
    assert!(!talk.session.is_upgrading());
    // The driver has not closed the expired WebSocket yet.
    assert_eq!(
        talk.session.handle_probe(talk.now, WebSocket),
        Err(UpgradeError::AlreadyUpgrading)
    );
    assert_eq!(talk.events(), [Event::ProbeExpired]);
    assert_eq!(talk.client_sends("4a"), Some(Message::from("a")));
    talk.probe();
}

#[test]
fn the_end_of_a_probed_websocket_ends_only_the_probe() {
    for error in [false, true] {
        let mut talk = Conversation::on(PROTOCOL, Polling);
        talk.probe();
        talk.session.handle_transport_closed(WebSocket, error);
        assert!(!talk.session.is_upgrading());
        assert_eq!(talk.events(), []);
        talk.client_polls();
        talk.server_sends("a");
        assert_eq!(talk.poll_receives(), ["4a"]);
    }
}

#[test]
fn a_session_accepts_one_websocket() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.start_probe();
    assert_eq!(
        talk.session.handle_probe(talk.now, WebSocket),
        Err(UpgradeError::AlreadyUpgrading)
    );
    let _ = talk.probe_sends("5");
    assert_eq!(
        talk.session.handle_probe(talk.now, WebSocket),
        Err(UpgradeError::AlreadyUpgraded)
    );
    talk.session.abort(ForcedClose);
    assert_eq!(
        talk.session.handle_probe(talk.now, WebSocket),
        Err(UpgradeError::Closed)
    );

    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    assert_eq!(
        talk.session.handle_probe(talk.now, WebSocket),
        Err(UpgradeError::AlreadyUpgraded)
    );
}

#[test]
fn a_client_upgrades_to_webtransport() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.handle_probe(talk.now, WebTransport).unwrap();
    assert_eq!(
        talk.probe_sends("2probe"),
        ProbeResult::Reply(Packet::Pong("probe".into()))
    );
    talk.server_sends("a");
    assert_eq!(talk.session.poll_transmit(WebTransport), None);
    // The end of another transport does not affect the probe.
    talk.session.handle_transport_closed(WebSocket, true);
    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    assert_eq!(talk.events(), [Event::Upgraded]);
    assert_eq!(talk.session.transport(), WebTransport);
    assert_eq!(talk.websocket_receives(), NOTHING);
    let queued = talk.session.poll_transmit(WebTransport).unwrap().packet;
    assert_eq!(queued, Packet::Message(Message::from("a")));
    talk.session.set_flushing(true);
    assert!(!talk.session.is_writable());
    talk.session.set_flushing(false);
    assert!(talk.session.is_writable());
    for transport in [WebSocket, WebTransport] {
        assert_eq!(
            talk.session.handle_probe(talk.now, transport),
            Err(UpgradeError::AlreadyUpgraded)
        );
    }
    talk.session.handle_transport_closed(WebTransport, false);
    assert_eq!(talk.events(), [Event::Closed(TransportClose)]);
}

#[test]
fn a_session_cannot_upgrade_to_polling() {
    for transport in [Polling, WebSocket, WebTransport] {
        let mut talk = Conversation::on(PROTOCOL, transport);
        assert_eq!(
            talk.session.handle_probe(talk.now, Polling),
            Err(UpgradeError::AlreadyUpgraded)
        );
    }
}

#[test]
fn a_poll_may_be_aborted_during_the_upgrade() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.probe();
    talk.session.handle_poll_aborted();
    assert!(!talk.session.poll_pending());
    assert_eq!(talk.events(), []);

    talk.client_polls();
    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    talk.session.handle_poll_aborted();
    assert_eq!(talk.events(), [Event::Upgraded]);
    assert!(talk.session.is_open());
    assert_eq!(talk.poll_receives(), NOTHING);
}

#[test]
fn an_aborted_poll_with_packets_closes_the_session() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.probe();
    talk.client_polls();
    talk.server_sends("a");
    assert!(talk.session.poll_transmit(Polling).is_some());
    talk.session.handle_poll_aborted();
    assert_eq!(talk.events(), [Event::Closed(TransportError)]);
}

#[test]
fn packets_on_the_previous_transport_are_ignored() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.start_probe();
    let _ = talk.probe_sends("5");
    let late = Packet::Message(Message::from("late"));
    assert_eq!(talk.session.handle_packet(talk.now, Polling, late), None);
    assert_eq!(
        talk.session.handle_packet(talk.now, Polling, Packet::Close),
        None
    );
    talk.session.handle_transport_closed(Polling, true);
    assert_eq!(talk.events(), [Event::Upgraded]);
    talk.session.handle_transport_closed(WebSocket, false);
    assert_eq!(talk.events(), [Event::Closed(TransportClose)]);
}

#[test]
fn the_close_packet_is_sent_on_the_websocket() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.start_probe();
    let _ = talk.probe_sends("5");
    talk.session.close(talk.now, ForcedClose);
    assert_eq!(talk.poll_receives(), ["6"]);
    assert!(talk.session.is_closing());
    assert_eq!(talk.websocket_receives(), ["1"]);
}

#[test]
fn an_answered_poll_is_not_released_again() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.probe();
    let expires = talk.session.poll_timeout();
    talk.client_polls();
    assert_eq!(talk.session.poll_timeout(), Some(talk.now + NOOP_INTERVAL));
    talk.server_sends("a");
    assert_eq!(talk.poll_receives(), ["4a"]);
    assert_eq!(talk.session.poll_timeout(), expires);
}
