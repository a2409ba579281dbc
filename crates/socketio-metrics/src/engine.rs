//! Metrics of connections and their traffic.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use socketio::Transport;
use socketio::engine::{CloseReason, Engine};

/// The number of error codes of refused requests.
const CODES: u8 = 6;

pub(crate) fn describe() {
    describe_gauge!("socketio_connections", "Open connections");
    describe_counter!("socketio_connections_opened_total", "Opened connections");
    describe_counter!("socketio_connections_closed_total", "Closed connections");
    describe_counter!("socketio_connection_errors_total", "Refused requests");
    describe_counter!("socketio_upgrades_total", "Upgrades from polling");
    describe_counter!(
        "socketio_slow_clients_total",
        "Clients that were disconnected because their queue was full"
    );
    describe_gauge!(
        "socketio_send_queue_bytes",
        Unit::Bytes,
        "Bytes that are queued for all clients"
    );
    describe_gauge!(
        "socketio_send_queue_bytes_max",
        Unit::Bytes,
        "Bytes of the longest queue"
    );
    describe_counter!("socketio_messages_total", "Messages of Engine.IO");
    describe_counter!(
        "socketio_message_bytes_total",
        Unit::Bytes,
        "Bytes in the payloads of messages"
    );
}

/// Publishes the counts of the engine.
pub(crate) fn publish<S>(engine: &Engine<S>, traffic: bool) {
    let counters = engine.counters();
    for transport in Transport::ALL {
        let name = transport.as_str();
        gauge!("socketio_connections", "transport" => name)
            .set(as_gauge(engine.clients_on(transport)));
        counter!("socketio_connections_opened_total", "transport" => name)
            .absolute(counters.opened(transport));
        if transport != Transport::Polling {
            counter!("socketio_upgrades_total", "transport" => name)
                .absolute(counters.upgraded(transport));
        }
    }
    for reason in CloseReason::ALL {
        counter!("socketio_connections_closed_total", "reason" => reason.as_str())
            .absolute(counters.closed(reason));
    }
    for code in 0..CODES {
        counter!("socketio_connection_errors_total", "code" => code.to_string())
            .absolute(counters.refused(code));
    }
    counter!("socketio_slow_clients_total").absolute(counters.slow_clients());
    let queued = engine.queued_bytes();
    gauge!("socketio_send_queue_bytes").set(as_gauge(queued.total()));
    gauge!("socketio_send_queue_bytes_max").set(as_gauge(queued.max()));
    if traffic {
        for (direction, messages, bytes) in [
            (
                "received",
                counters.messages_received(),
                counters.bytes_received(),
            ),
            ("sent", counters.messages_sent(), counters.bytes_sent()),
        ] {
            counter!("socketio_messages_total", "direction" => direction).absolute(messages);
            counter!("socketio_message_bytes_total", "direction" => direction).absolute(bytes);
        }
    }
}

/// Converts a count to the value of a gauge, exactly up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(crate) fn as_gauge(count: usize) -> f64 {
    count as f64
}
