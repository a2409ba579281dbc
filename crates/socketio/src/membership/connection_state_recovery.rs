use std::time::Duration;

use socketio_adapter::RecoveryOptions;
use tokio::time::Instant;

/// Lets a client whose connection was lost get its socket back, with what it has missed (Node's
/// `connectionStateRecovery`).
///
/// The guide has [a chapter](crate::guide::recovery) on what it does and what it costs.
///
/// What is too much is forgotten, oldest first, and the clients that would need it are not recovered:
/// they get new sockets and know it. The bounds are those of the adapter in memory; another adapter
/// has its own.
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
    /// The default options.
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

    /// How long after the loss of its connection a client may come back: 2 minutes by default.
    pub fn max_disconnection_duration(mut self, duration: Duration) -> Self {
        self.max_disconnection_duration = duration;
        self
    }

    /// Whether a client that comes back is let in without asking the middleware: `true` by default,
    /// as in Node's server.
    ///
    /// What middleware decides may have changed meanwhile: a user may have been banned, a token may
    /// have expired. With `false` it is asked as if the client were new, and may refuse it; it finds
    /// the socket's id, rooms and data restored, and [`Socket::recovered`](crate::Socket::recovered)
    /// says so. Nothing is sent to the client before it has decided. A client that is refused may try
    /// again.
    pub fn skip_middlewares(mut self, skip: bool) -> Self {
        self.skip_middlewares = skip;
        self
    }

    /// The most packets that are kept of one namespace: 50 000 by default.
    pub fn max_packets(mut self, packets: usize) -> Self {
        self.max_packets = packets;
        self
    }

    /// The most bytes that the packets may take which are kept of one namespace: 12 MiB by default.
    ///
    /// Each counts with its arguments, attachments and rooms, and 256 bytes on top. Keep it below
    /// [`max_outbound_bytes`](crate::SocketIoBuilder::max_outbound_bytes): who has missed more than
    /// may wait for one client is not recovered.
    pub fn max_packet_bytes(mut self, bytes: usize) -> Self {
        self.max_packet_bytes = bytes;
        self
    }

    /// The most clients that may be away from one namespace at the same time: 50 000 by default.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// The most bytes that the sessions may take of those who are away from one namespace: 16 MiB by
    /// default. One that takes more than a 64th of it alone is not kept.
    ///
    /// Each counts with its rooms, its data as JSON, and 256 bytes on top.
    pub fn max_session_bytes(mut self, bytes: usize) -> Self {
        self.max_session_bytes = bytes;
        self
    }

    /// The most bytes that the packets and sessions of all namespaces may take together: 256 MiB by
    /// default.
    pub fn max_total_bytes(mut self, bytes: usize) -> Self {
        self.max_total_bytes = bytes;
        self
    }

    /// The options of the adapter in memory, which measures time with the runtime's clock.
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
