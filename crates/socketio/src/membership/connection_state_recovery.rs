//! The options of connection state recovery.

use std::time::Duration;

use socketio_adapter::RecoveryOptions;
use tokio::time::Instant;

/// The options of connection state recovery (Node's `connectionStateRecovery`).
///
/// A client whose connection was lost gets its socket back, together with the packets that it
/// missed. The guide has [a chapter](crate::guide::recovery) on behaviour and cost.
///
/// Packets and sessions over a limit are removed, oldest first. The affected clients are not
/// recovered: they get new sockets and can detect this. The limits apply to the in-memory adapter;
/// another adapter has its own.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use socketio::{ConnectionStateRecovery, SocketIoLayer};
///
/// let recovery = ConnectionStateRecovery::new()
///     .max_disconnection_duration(Duration::from_secs(60))
///     .skip_middlewares(false);
/// let layer = SocketIoLayer::builder()
///     .connection_state_recovery(recovery)
///     .build();
/// # let _: SocketIoLayer = layer;
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until they are given to `SocketIoBuilder::connection_state_recovery`"]
pub struct ConnectionStateRecovery {
    pub(crate) max_disconnection_duration: Duration,
    pub(crate) skip_middlewares: bool,
    max_packets: usize,
    max_packet_bytes: usize,
    max_sessions: usize,
    max_session_bytes: usize,
    max_total_bytes: usize,
}

impl ConnectionStateRecovery {
    /// Creates the default options.
    pub fn new() -> Self {
        Self {
            max_disconnection_duration: RecoveryOptions::MAX_DISCONNECTION_DURATION,
            skip_middlewares: true,
            max_packets: RecoveryOptions::MAX_PACKETS,
            max_packet_bytes: RecoveryOptions::MAX_PACKET_BYTES,
            max_sessions: RecoveryOptions::MAX_SESSIONS,
            max_session_bytes: RecoveryOptions::MAX_SESSION_BYTES,
            max_total_bytes: RecoveryOptions::MAX_TOTAL_BYTES,
        }
    }

    /// Sets how long after the loss of its connection a client can recover its socket: 2 minutes by
    /// default (Node's `maxDisconnectionDuration`).
    pub fn max_disconnection_duration(mut self, duration: Duration) -> Self {
        self.max_disconnection_duration = duration;
        self
    }

    /// Sets whether a recovered client skips the namespace middleware: `true` by default, as in
    /// Node (`skipMiddlewares`).
    ///
    /// The decision of a middleware may have changed since the client first connected: a user may
    /// have been banned, or a token may have expired. With `false`, the middleware runs as for a
    /// new client and can refuse it. The id, rooms and data of the socket are already restored, and
    /// [`Socket::recovered`](crate::Socket::recovered) returns `true`. Nothing is sent to the
    /// client before the middleware accepts it. A refused client may try again.
    pub fn skip_middlewares(mut self, skip: bool) -> Self {
        self.skip_middlewares = skip;
        self
    }

    /// Sets the maximum number of packets stored for one namespace: 50 000 by default.
    pub fn max_packets(mut self, packets: usize) -> Self {
        self.max_packets = packets;
        self
    }

    /// Sets the maximum size in bytes of the packets stored for one namespace: 12 MiB by default.
    ///
    /// A packet counts with its arguments, attachments and rooms, plus 256 bytes. Keep the limit
    /// below [`max_outbound_bytes`](crate::SocketIoBuilder::max_outbound_bytes): a client is not
    /// recovered if its missed packets exceed that.
    pub fn max_packet_bytes(mut self, bytes: usize) -> Self {
        self.max_packet_bytes = bytes;
        self
    }

    /// Sets the maximum number of stored sessions, one per disconnected client, for one namespace:
    /// 50 000 by default.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// Sets the maximum size in bytes of the sessions stored for one namespace: 16 MiB by default.
    ///
    /// A session counts with its rooms and its data as JSON, plus 256 bytes. A session larger than
    /// 1/64 of the limit is not stored.
    pub fn max_session_bytes(mut self, bytes: usize) -> Self {
        self.max_session_bytes = bytes;
        self
    }

    /// Sets the maximum size in bytes of the packets and sessions of all namespaces together: 256
    /// MiB by default.
    pub fn max_total_bytes(mut self, bytes: usize) -> Self {
        self.max_total_bytes = bytes;
        self
    }

    /// Returns the options for the in-memory adapter, which measures time with the runtime's clock.
    pub(crate) fn adapter_options(&self) -> RecoveryOptions {
        let start = Instant::now();
        RecoveryOptions::new(move || start.elapsed())
            .max_disconnection_duration(self.max_disconnection_duration)
            .max_packets(self.max_packets)
            .max_packet_bytes(self.max_packet_bytes)
            .max_sessions(self.max_sessions)
            .max_session_bytes(self.max_session_bytes)
            .max_total_bytes(self.max_total_bytes)
    }
}

impl Default for ConnectionStateRecovery {
    fn default() -> Self {
        Self::new()
    }
}
