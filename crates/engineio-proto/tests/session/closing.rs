//! Closing and aborting a session.

use engineio_proto::{
    CloseReason::{ForcedClose, ServerShuttingDown, TransportClose, TransportError},
    Event, Message, Packet, PollError, ProbeResult, SendError,
    Transport::{Polling, WebSocket},
    UpgradeError,
};

use super::PROTOCOL;
use crate::conversation::{CLOSE_TIMEOUT, Conversation, MOMENT, NOOP_INTERVAL, UPGRADE_TIMEOUT};

const NOTHING: [&str; 0] = [];

/// Returns a session with a pending poll, whose probe has been answered.
fn probed_while_polling() -> Conversation {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.start_probe();
    let probe = Packet::Ping("probe".into());
    let pong = talk.session.handle_probe_packet(talk.now, probe);
    assert_eq!(pong, ProbeResult::Reply(Packet::Pong("probe".into())));
    talk
}

#[test]
fn a_websocket_is_closed_after_the_queue() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("a");
    talk.session.close(talk.now, ForcedClose);
    assert!(talk.session.is_closing());
    assert_eq!(talk.events(), []);
    assert_eq!(talk.websocket_receives(), ["4a", "1"]);
    assert!(talk.session.is_closed());
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
    assert_eq!(talk.websocket_receives(), NOTHING);
}

#[test]
fn the_close_packet_does_not_share_a_payload_with_messages() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.server_sends("a");
    talk.session.close(talk.now, ForcedClose);
    assert_eq!(talk.poll_receives(), ["4a"]);
    assert!(!talk.session.poll_pending());
    assert_eq!(talk.events(), []);
    talk.client_polls();
    assert_eq!(talk.poll_receives(), ["6", "1"]);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn the_close_timeout_also_limits_the_wait_for_the_poll_after_the_queue() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.server_sends("a");
    talk.session.close(talk.now, ForcedClose);
    assert_eq!(talk.poll_receives(), ["4a"]);
    talk.advance(CLOSE_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn an_abort_adds_no_close_packet_to_a_payload_with_messages() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.server_sends("a");
    let first = talk.session.poll_transmit(Polling).unwrap();
    assert_eq!(first.packet, Packet::Message("a".into()));
    talk.session.abort(ForcedClose);
    assert_eq!(talk.poll_receives(), NOTHING);
    assert!(!talk.session.poll_pending());
}

#[test]
fn a_shutdown_with_an_empty_queue_answers_the_pending_poll_immediately() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.session.shut_down(talk.now, ServerShuttingDown);
    assert_eq!(talk.events(), [Event::Closed(ServerShuttingDown)]);
    assert_eq!(talk.poll_receives(), ["1"]);
}

#[test]
fn a_shutdown_with_an_empty_queue_does_not_wait_for_a_poll() {
    for probes in [false, true] {
        let mut talk = Conversation::on(PROTOCOL, Polling);
        if probes {
            talk.session.handle_probe(talk.now, WebSocket).unwrap();
        }
        talk.session.shut_down(talk.now, ServerShuttingDown);
        assert_eq!(talk.events(), [Event::Closed(ServerShuttingDown)]);
        assert!(!talk.session.is_upgrading());
        assert_eq!(talk.session.handle_poll(talk.now), Err(PollError::Closed));
    }
}

#[test]
fn a_shutdown_sends_the_queue_and_then_closes_without_a_close_packet() {
    for polls_before in [false, true] {
        let mut talk = Conversation::on(PROTOCOL, Polling);
        if polls_before {
            talk.client_polls();
        }
        talk.server_sends("a");
        talk.session.shut_down(talk.now, ServerShuttingDown);
        assert_eq!(talk.events(), []);
        if !polls_before {
            talk.client_polls();
        }
        assert_eq!(talk.poll_receives(), ["4a"]);
        assert_eq!(talk.events(), [Event::Closed(ServerShuttingDown)]);
    }
}

#[test]
fn a_shutdown_waits_for_a_poll_until_the_close_timeout() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.server_sends("dropped");
    talk.session.shut_down(talk.now, ServerShuttingDown);
    talk.advance(CLOSE_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(ServerShuttingDown)]);
}

#[test]
fn a_shutdown_ends_a_closing_session_that_waits_for_a_poll() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.close(talk.now, ForcedClose);
    talk.session.shut_down(talk.now, ServerShuttingDown);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn a_shut_down_websocket_receives_the_queue_and_the_close_packet() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("a");
    talk.session.shut_down(talk.now, ServerShuttingDown);
    assert_eq!(talk.websocket_receives(), ["4a", "1"]);
    assert_eq!(talk.events(), [Event::Closed(ServerShuttingDown)]);
}

#[test]
fn a_shut_down_session_can_complete_its_upgrade() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.handle_probe(talk.now, WebSocket).unwrap();
    talk.server_sends("a");
    talk.session.shut_down(talk.now, ServerShuttingDown);
    let upgraded = talk.session.handle_probe_packet(talk.now, Packet::Upgrade);
    assert_eq!(upgraded, ProbeResult::Upgraded);
    assert_eq!(talk.websocket_receives(), ["4a", "1"]);
}

/// Clients pause polling after the pong and never resume it: the end of the probed transport must not
/// overtake the answer to the poll.
#[test]
fn a_shutdown_waits_for_the_upgrade_after_the_end_of_the_poll() {
    for has_message in [false, true] {
        let mut talk = probed_while_polling();
        if has_message {
            talk.server_sends("a");
            talk.session.shut_down(talk.now, ServerShuttingDown);
            assert_eq!(talk.poll_receives(), ["4a"]);
        } else {
            assert_eq!(talk.poll_receives(), ["6"]);
            talk.session.shut_down(talk.now, ServerShuttingDown);
        }
        assert_eq!(talk.events(), []);
        let upgraded = talk.session.handle_probe_packet(talk.now, Packet::Upgrade);
        assert_eq!(upgraded, ProbeResult::Upgraded);
        assert_eq!(talk.websocket_receives(), ["1"]);
        let events = [Event::Upgraded, Event::Closed(ServerShuttingDown)];
        assert_eq!(talk.events(), events);
    }
}

#[test]
fn a_shutdown_waits_briefly_for_the_upgrade() {
    for has_message in [false, true] {
        let mut talk = probed_while_polling();
        // The poll may have been pending for any time.
        talk.advance(UPGRADE_TIMEOUT / 2);
        if has_message {
            talk.server_sends("a");
            talk.session.shut_down(talk.now, ServerShuttingDown);
            assert_eq!(talk.poll_receives(), ["4a"]);
        } else {
            assert_eq!(talk.poll_receives(), ["6"]);
            talk.session.shut_down(talk.now, ServerShuttingDown);
        }
        // The driver handles the timeout at once.
        assert!(talk.session.poll_timeout() <= Some(talk.now));
        talk.session.handle_timeout(talk.now);
        talk.advance(NOOP_INTERVAL - MOMENT);
        assert!(!talk.session.is_closed());
        talk.advance(MOMENT);
        assert_eq!(talk.events(), [Event::Closed(ServerShuttingDown)]);
    }
}

#[test]
fn a_shutdown_does_not_wait_for_an_upgrade_that_has_failed() {
    for closes in [false, true] {
        let mut talk = probed_while_polling();
        assert_eq!(talk.poll_receives(), ["6"]);
        talk.session.shut_down(talk.now, ServerShuttingDown);
        if closes {
            talk.session.handle_transport_closed(WebSocket, false);
        } else {
            let _ = talk.session.handle_probe_packet(talk.now, Packet::Noop);
        }
        assert_eq!(talk.events(), [Event::Closed(ServerShuttingDown)]);
    }
}

#[test]
fn a_pending_poll_receives_the_close_packet() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.session.close(talk.now, ServerShuttingDown);
    assert_eq!(talk.poll_receives(), ["1"]);
    assert_eq!(talk.events(), [Event::Closed(ServerShuttingDown)]);
}

#[test]
fn a_closing_session_waits_for_the_next_poll() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.close(talk.now, ForcedClose);
    talk.advance(CLOSE_TIMEOUT - MOMENT);
    assert_eq!(talk.events(), []);
    talk.client_polls();
    assert_eq!(talk.poll_receives(), ["6", "1"]);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn the_next_poll_receives_the_queue_instead_of_a_noop() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.server_sends("a");
    talk.server_sends("b");
    talk.session.close(talk.now, ForcedClose);
    talk.client_polls();
    assert_eq!(talk.poll_receives(), ["4a", "4b"]);
    talk.client_polls();
    assert_eq!(talk.poll_receives(), ["6", "1"]);
}

#[test]
fn a_missing_poll_ends_the_session_after_the_close_timeout() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.server_sends("dropped");
    talk.session.close(talk.now, ForcedClose);
    talk.advance(CLOSE_TIMEOUT);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
    assert_eq!(talk.session.queued_bytes(), 0);
    assert_eq!(talk.session.handle_poll(talk.now), Err(PollError::Closed));
}

#[test]
fn a_stuck_websocket_ends_the_session_after_the_close_timeout() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("stuck");
    talk.session.set_flushing(true);
    talk.session.close(talk.now, ForcedClose);
    talk.advance(CLOSE_TIMEOUT);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
    assert_eq!(talk.websocket_receives(), NOTHING);
}

#[test]
fn a_closing_session_accepts_no_messages() {
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
fn a_session_keeps_its_first_reason() {
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
fn closing_again_does_not_extend_the_timeout() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.close(talk.now, ForcedClose);
    talk.advance(CLOSE_TIMEOUT - MOMENT);
    talk.session.close(talk.now, ForcedClose);
    talk.advance(MOMENT);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn an_abort_drops_the_queue_and_answers_the_poll() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.client_polls();
    talk.server_sends("dropped");
    talk.session.abort(ServerShuttingDown);
    assert_eq!(talk.session.queued_bytes(), 0);
    assert_eq!(talk.poll_receives(), ["1"]);
    assert_eq!(talk.poll_receives(), NOTHING);
    assert_eq!(talk.events(), [Event::Closed(ServerShuttingDown)]);
}

#[test]
fn an_aborted_websocket_receives_nothing() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("dropped");
    talk.session.abort(ForcedClose);
    assert_eq!(talk.websocket_receives(), NOTHING);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn the_end_of_the_transport_ends_a_closing_session() {
    let mut talk = Conversation::on(PROTOCOL, WebSocket);
    talk.server_sends("a");
    talk.session.close(talk.now, ForcedClose);
    talk.session.handle_transport_closed(WebSocket, false);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn a_close_packet_ends_a_closing_session() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.close(talk.now, ForcedClose);
    assert_eq!(talk.client_sends("1"), None);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn overlapping_polls_end_a_closing_session() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.close(talk.now, ForcedClose);
    talk.client_polls();
    assert_eq!(talk.session.handle_poll(talk.now), Err(PollError::Overlap));
    assert_eq!(talk.poll_receives(), ["1"]);
    assert_eq!(talk.events(), [Event::Closed(ForcedClose)]);
}

#[test]
fn a_closing_session_can_complete_its_upgrade() {
    let mut talk = Conversation::on(PROTOCOL, Polling);
    talk.session.handle_probe(talk.now, WebSocket).unwrap();
    talk.server_sends("a");
    talk.session.close(talk.now, ForcedClose);
    let upgraded = talk.session.handle_probe_packet(talk.now, Packet::Upgrade);
    assert_eq!(upgraded, ProbeResult::Upgraded);
    assert_eq!(talk.websocket_receives(), ["4a", "1"]);
    assert_eq!(talk.events(), [Event::Upgraded, Event::Closed(ForcedClose)]);
}

#[test]
fn a_closed_and_a_failed_websocket_have_different_reasons() {
    for (error, reason) in [(false, TransportClose), (true, TransportError)] {
        let mut talk = Conversation::on(PROTOCOL, WebSocket);
        talk.session.handle_transport_closed(WebSocket, error);
        assert_eq!(talk.events(), [Event::Closed(reason)]);
        talk.session.handle_transport_closed(WebSocket, error);
        assert_eq!(talk.events(), []);
    }
}
