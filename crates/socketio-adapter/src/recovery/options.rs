//! The limits of stored packets and sessions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::ledger::Total;

/// The limits of the packets and sessions that an adapter stores for recovery.
///
/// Over a limit, the oldest entries are removed. A client that needs a removed entry is not recovered:
/// it gets a new socket and learns this from the CONNECT packet. It never receives only a part of the
/// missed packets.
///
/// The adapters that are created with clones of one value share
/// [`max_total_bytes`](Self::max_total_bytes). All other limits are per namespace.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use socketio_adapter::{InMemoryAdapter, RecoveryOptions};
///
/// let start = Instant::now();
/// let options = RecoveryOptions::new(move || start.elapsed())
///     .max_disconnection_duration(Duration::from_secs(30));
/// let factory = InMemoryAdapter::factory_with_recovery(options);
/// # let _: &dyn socketio_adapter::AdapterFactory = &factory;
/// ```
#[derive(Clone)]
#[must_use = "options do nothing until an adapter is made with them"]
pub struct RecoveryOptions {
    pub(crate) max_disconnection_duration: Duration,
    pub(crate) max_packets: usize,
    pub(crate) max_packet_bytes: usize,
    pub(crate) max_sessions: usize,
    pub(crate) max_session_bytes: usize,
    pub(crate) total: Total,
    clock: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl RecoveryOptions {
    /// Node's default of `maxDisconnectionDuration`.
    pub const MAX_DISCONNECTION_DURATION: Duration = Duration::from_secs(120);

    /// The default of [`max_packets`](Self::max_packets). A recovery looks at each packet once, which
    /// takes a few milliseconds for 50 000.
    pub const MAX_PACKETS: usize = 50_000;

    /// The default of [`max_packet_bytes`](Self::max_packet_bytes), 12 MiB. A client may have missed
    /// all packets of a namespace, and these fit into the 16 MiB that may be queued for one client.
    pub const MAX_PACKET_BYTES: usize = 12 * 1024 * 1024;

    /// The default of [`max_sessions`](Self::max_sessions): more than the connections that are lost
    /// together when a proxy in front of one server restarts.
    pub const MAX_SESSIONS: usize = 50_000;

    /// The default of [`max_session_bytes`](Self::max_session_bytes), 16 MiB: some 300 bytes per
    /// session, enough for a few rooms and a little data.
    pub const MAX_SESSION_BYTES: usize = 16 * 1024 * 1024;

    /// The default of [`max_total_bytes`](Self::max_total_bytes), 256 MiB: nine full namespaces. It
    /// bounds the memory where clients choose the names of namespaces.
    pub const MAX_TOTAL_BYTES: usize = 256 * 1024 * 1024;

    /// Creates the default options.
    ///
    /// `clock` returns the time since a fixed moment. It is called with the store locked, so it must
    /// return at once and must not use the adapter.
    pub fn new(clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self {
            max_disconnection_duration: Self::MAX_DISCONNECTION_DURATION,
            max_packets: Self::MAX_PACKETS,
            max_packet_bytes: Self::MAX_PACKET_BYTES,
            max_sessions: Self::MAX_SESSIONS,
            max_session_bytes: Self::MAX_SESSION_BYTES,
            total: Total::new(Self::MAX_TOTAL_BYTES),
            clock: Arc::new(clock),
        }
    }

    /// Sets how long after the loss of its connection a client can recover. Default: 2 minutes.
    ///
    /// Packets are stored for twice as long, because the last packet that a client knows may be older
    /// than the loss of its connection.
    pub fn max_disconnection_duration(mut self, duration: Duration) -> Self {
        self.max_disconnection_duration = duration;
        self
    }

    /// Sets the maximum number of stored packets. Default: 50 000.
    pub fn max_packets(mut self, packets: usize) -> Self {
        self.max_packets = packets;
        self
    }

    /// Sets the maximum size of all stored packets in bytes. Default: 12 MiB.
    ///
    /// The size of a packet is that of its arguments, attachments and rooms, plus 256 bytes.
    pub fn max_packet_bytes(mut self, bytes: usize) -> Self {
        self.max_packet_bytes = bytes;
        self
    }

    /// Sets the maximum number of stored sessions. Default: 50 000.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// Sets the maximum size of all stored sessions in bytes. Default: 16 MiB.
    ///
    /// The size of a session is that of its rooms and of its data as JSON, plus 256 bytes. A session
    /// larger than 1/64 of the limit is not stored, so that one client cannot displace all others.
    pub fn max_session_bytes(mut self, bytes: usize) -> Self {
        self.max_session_bytes = bytes;
        self
    }

    /// Sets the maximum size in bytes of the packets and sessions of all namespaces together.
    /// Default: 256 MiB.
    ///
    /// Over the limit, the expired entries of all namespaces are removed. If that is not enough, a
    /// namespace removes its own oldest entries before it stores another.
    pub fn max_total_bytes(mut self, bytes: usize) -> Self {
        self.total = Total::new(bytes);
        self
    }

    /// Returns the lifetime of stored packets.
    pub(crate) fn packet_age(&self) -> Duration {
        self.max_disconnection_duration.saturating_mul(2)
    }

    pub(crate) fn now(&self) -> Duration {
        (self.clock)()
    }
}

impl fmt::Debug for RecoveryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryOptions")
            .field(
                "max_disconnection_duration",
                &self.max_disconnection_duration,
            )
            .field("max_packets", &self.max_packets)
            .field("max_packet_bytes", &self.max_packet_bytes)
            .field("max_sessions", &self.max_sessions)
            .field("max_session_bytes", &self.max_session_bytes)
            .field("max_total_bytes", &self.total.max)
            .finish_non_exhaustive()
    }
}
