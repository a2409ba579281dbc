//! From polling to a WebSocket, without losing anything.

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
fn a_client_moves_to_a_websocket() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.websocket_arrives();
    assert_eq!(talk.poll_gets(), NOTHING);
    assert_eq!(
        talk.probe_sends("2probe"),
        ProbeResult::Reply(Packet::Pong("probe".into()))
    );
    assert_eq!(talk.poll_gets(), ["6"]);
    assert!(talk.session.is_upgrading());

    talk.server_sends("a");
    assert_eq!(talk.websocket_gets(), NOTHING);

    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    assert_eq!(talk.events(), [Event::Upgraded]);
    assert_eq!(talk.session.transport(), WebSocket);
    assert!(!talk.session.is_upgrading());
    assert_eq!(talk.websocket_gets(), ["4a"]);
    assert_eq!(talk.client_sends("4b"), Some(Message::from("b")));
    assert_eq!(
        talk.session.handle_poll(talk.now),
        Err(PollError::NotPolling)
    );
}

#[test]
fn polls_are_released_soon_while_probing() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.probed();
    talk.client_polls();
    assert_eq!(talk.poll_gets(), NOTHING);
    talk.pass(NOOP_INTERVAL - MOMENT);
    assert_eq!(talk.poll_gets(), NOTHING);
    talk.pass(MOMENT);
    assert_eq!(talk.poll_gets(), ["6"]);
    talk.pass(NOOP_INTERVAL * 5);
    assert_eq!(talk.poll_gets(), NOTHING);

    talk.client_polls();
    talk.pass(NOOP_INTERVAL);
    assert_eq!(talk.poll_gets(), ["6"]);
}

#[test]
fn a_poll_is_not_released_before_the_probe_is_answered() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.websocket_arrives();
    talk.client_polls();
    talk.pass(UPGRADE_TIMEOUT - MOMENT);
    assert_eq!(talk.poll_gets(), NOTHING);
}

#[test]
fn a_poll_is_released_once_however_often_the_client_probes() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.probed();
    assert_eq!(talk.poll_gets(), ["6"]);
    talk.client_polls();
    assert!(matches!(talk.probe_sends("2probe"), ProbeResult::Reply(_)));
    assert_eq!(talk.poll_gets(), NOTHING);
}

#[test]
fn messages_still_leave_on_polling_while_probing() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.probed();
    talk.client_polls();
    talk.server_sends("a");
    assert_eq!(talk.poll_gets(), ["4a"]);
    talk.pass(NOOP_INTERVAL * 2);
    assert_eq!(talk.poll_gets(), NOTHING);
}

#[test]
fn a_message_makes_the_noop_needless() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.probed();
    talk.server_sends("a");
    assert_eq!(talk.poll_gets(), ["4a"]);
}

#[test]
fn a_poll_that_still_waits_is_released_by_the_upgrade() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.websocket_arrives();
    talk.server_sends("a");
    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    assert_eq!(talk.poll_gets(), ["6"]);
    assert!(!talk.session.poll_pending());
    assert_eq!(talk.websocket_gets(), ["4a"]);
}

#[test]
fn a_poll_that_waits_is_released_even_if_the_session_ends_right_after() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.websocket_arrives();
    let _ = talk.probe_sends("5");
    talk.session.abort(ForcedClose);
    assert_eq!(talk.poll_gets(), ["6"]);
    assert_eq!(talk.poll_gets(), NOTHING);
    assert_eq!(talk.events(), [Event::Upgraded, Event::Closed(ForcedClose)]);
}

#[test]
fn an_upgrade_needs_no_probe() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.websocket_arrives();
    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    assert_eq!(talk.events(), [Event::Upgraded]);
}

#[test]
fn anything_else_ends_the_probe_and_polling_lives() {
    for wire in ["2", "2prob", "4a", "3probe", "1", "6", "bAQ=="] {
        let mut talk = Conversation::on(PROTOCOL, Polling);
        talk.websocket_arrives();
        assert_eq!(talk.probe_sends(wire), ProbeResult::Rejected, "{wire}");
        assert!(!talk.session.is_upgrading());
        assert_eq!(talk.probe_sends("5"), ProbeResult::Rejected);
        assert_eq!(talk.client_sends("4b"), Some(Message::from("b")));
        assert_eq!(talk.events(), []);
        // Another WebSocket may try.
        talk.probed();
    }
}

#[test]
fn a_probe_that_takes_too_long_goes_alone() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.probed();
    talk.pass(UPGRADE_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.pass(MOMENT);
    assert!(!talk.session.is_upgrading());
    // The old WebSocket is not closed yet, so the next would be taken for it.
    assert_eq!(
        talk.session.handle_probe(talk.now, WebSocket),
        Err(UpgradeError::AlreadyUpgrading)
    );
    assert_eq!(talk.events(), [Event::ProbeExpired]);
    assert_eq!(talk.client_sends("4a"), Some(Message::from("a")));
    talk.probed();
}

#[test]
fn a_probing_websocket_that_breaks_goes_alone() {
    for error in [false, true] {
        let mut talk = Conversation::on(PROTOCOL, Polling);
        talk.probed();
        talk.session.handle_transport_closed(WebSocket, error);
        assert!(!talk.session.is_upgrading());
        assert_eq!(talk.events(), []);
        talk.client_polls();
        talk.server_sends("a");
        assert_eq!(talk.poll_gets(), ["4a"]);
    }
}

#[test]
fn there_is_one_websocket_only() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.websocket_arrives();
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
fn a_client_moves_to_webtransport() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.handle_probe(talk.now, WebTransport).unwrap();
    assert_eq!(
        talk.probe_sends("2probe"),
        ProbeResult::Reply(Packet::Pong("probe".into()))
    );
    talk.server_sends("a");
    assert_eq!(talk.session.poll_transmit(WebTransport), None);
    // What becomes of another transport is not its business.
    talk.session.handle_transport_closed(WebSocket, true);
    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    assert_eq!(talk.events(), [Event::Upgraded]);
    assert_eq!(talk.session.transport(), WebTransport);
    assert_eq!(talk.websocket_gets(), NOTHING);
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
fn nobody_moves_to_polling() {
    for transport in [Polling, WebSocket, WebTransport] {
        let mut talk = Conversation::on(PROTOCOL, transport);
        assert_eq!(
            talk.session.handle_probe(talk.now, Polling),
            Err(UpgradeError::AlreadyUpgraded)
        );
    }
}

#[test]
fn a_poll_that_is_discarded_during_the_upgrade_is_harmless() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.probed();
    talk.session.handle_poll_aborted();
    assert!(!talk.session.poll_pending());
    assert_eq!(talk.events(), []);

    talk.client_polls();
    assert_eq!(talk.probe_sends("5"), ProbeResult::Upgraded);
    talk.session.handle_poll_aborted();
    assert_eq!(talk.events(), [Event::Upgraded]);
    assert!(talk.session.is_open());
    assert_eq!(talk.poll_gets(), NOTHING);
}

#[test]
fn what_was_given_to_a_poll_that_breaks_is_lost_and_said_so() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.probed();
    talk.client_polls();
    talk.server_sends("a");
    assert!(talk.session.poll_transmit(Polling).is_some());
    talk.session.handle_poll_aborted();
    assert_eq!(talk.events(), [Event::Closed(TransportError)]);
}

#[test]
fn packets_on_the_transport_that_was_left_are_ignored() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.websocket_arrives();
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
fn the_close_packet_leaves_on_the_websocket_not_on_the_old_poll() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.websocket_arrives();
    let _ = talk.probe_sends("5");
    talk.session.close(talk.now, ForcedClose);
    assert_eq!(talk.poll_gets(), ["6"]);
    assert!(talk.session.is_closing());
    assert_eq!(talk.websocket_gets(), ["1"]);
}

#[test]
fn a_poll_that_was_answered_needs_no_release() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.probed();
    let expires = talk.session.poll_timeout();
    talk.client_polls();
    assert_eq!(talk.session.poll_timeout(), Some(talk.now + NOOP_INTERVAL));
    talk.server_sends("a");
    assert_eq!(talk.poll_gets(), ["4a"]);
    assert_eq!(talk.session.poll_timeout(), expires);
}
