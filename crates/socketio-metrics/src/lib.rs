//! Metrics of the [Socket.IO server](socketio) on the [`metrics`] facade.
//!
//! [`SocketMetrics`] measures all connections, namespaces and events of a server. Any exporter of
//! the facade can publish them, such as `metrics-exporter-prometheus`.
//!
//! ```
//! use socketio::SocketIoLayer;
//! use socketio_metrics::SocketMetrics;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let layer = SocketIoLayer::new();
//! let io = layer.io();
//! // Before the handlers, so that all wraps and handlers are inside of the measured time.
//! SocketMetrics::new().install(&io);
//! io.of("/").on("hello", async || ());
//! # }
//! ```
//!
//! # Metrics
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `socketio_connections` | gauge | `transport` |
//! | `socketio_connections_opened_total` | counter | `transport` |
//! | `socketio_connections_closed_total` | counter | `reason`, of Engine.IO |
//! | `socketio_connection_errors_total` | counter | `code` of a refused request, 0 to 5 |
//! | `socketio_upgrades_total` | counter | `transport` after the upgrade |
//! | `socketio_slow_clients_total` | counter | |
//! | `socketio_send_queue_bytes`, `socketio_send_queue_bytes_max` | gauge | |
//! | `socketio_messages_total`, `socketio_message_bytes_total` | counter | `direction`: `received` or `sent` |
//! | `socketio_sockets`, `socketio_rooms` | gauge | `namespace` |
//! | `socketio_recovery_sessions` | gauge | `namespace` |
//! | `socketio_connect_refused_total` | counter | `namespace` |
//! | `socketio_invalid_namespaces_total` | counter | |
//! | `socketio_disconnections_total` | counter | `namespace`, `reason` |
//! | `socketio_recoveries_total` | counter | `namespace`, `result`: `recovered`, `unknown` or `unavailable` |
//! | `socketio_events_pending` | gauge | `namespace` |
//! | `socketio_event_duration_seconds` | histogram | `namespace`, `event`, `outcome` |
//! | `socketio_broadcast_recipients` | histogram | `namespace` |
//! | `socketio_acks_pending` | gauge | `namespace` |
//! | `socketio_ack_duration_seconds` | histogram | `namespace` |
//! | `socketio_ack_failures_total` | counter | `namespace`, `reason` |
//!
//! - `outcome` is one of `ok`, `error`, `rejected`, `panicked` and `unhandled`, see
//!   [`Outcome::label`](socketio::Outcome::label).
//! - An acknowledgement is measured if the server requests it with `Socket::emit_with_ack`. Only answered
//!   ones have a duration; the others are failures, with the reason of
//!   [`AckOutcome::as_str`](socketio::AckOutcome::as_str).
//! - Messages are those of Engine.IO: an event with two attachments is three. Bytes are payload, after
//!   decompression and without framing.
//!
//! # Labels
//!
//! Clients cannot create series. An event has its name only if a handler of the namespace is
//! registered for it, and is `_other` otherwise. A namespace of a pattern has the pattern as its label,
//! see [`Namespace::label`](socketio::Namespace::label). No socket ids, rooms or addresses are used.
//!
//! # When values are published
//!
//! Histograms record when the event happens. Gauges and counters are published every 5 seconds, see
//! [`SocketMetrics::interval`], and by [`Metrics::publish`]. They are read from counts of the server,
//! so a recorder that is installed late has the right values after one interval.
//!
//! # Cost
//!
//! An event costs about half a microsecond more: one [wrap](socketio::Namespace::wrap), two clock
//! readings and one histogram. Everything else is paid per connection, or per interval.

mod engine;
mod events;
mod namespaces;
mod publisher;

pub use self::publisher::{Metrics, SocketMetrics};

/// The buckets for `socketio_event_duration_seconds` and `socketio_ack_duration_seconds`: 1
/// millisecond to 10 seconds.
///
/// The facade has no buckets, so pass them to the exporter. `metrics-exporter-prometheus` takes them
/// with `PrometheusBuilder::set_buckets_for_metric(Matcher::Suffix("duration_seconds".into()), ..)`.
/// Without buckets it publishes summaries.
pub const DURATION_BUCKETS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The buckets for `socketio_broadcast_recipients`: 1 to 100 000 sockets.
pub const RECIPIENT_BUCKETS: [f64; 6] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0];
