//! What may be kept for clients that come back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::ledger::Total;

/// What may be kept of one namespace for clients that come back, and for how long.
///
/// Whatever is too much is forgotten, oldest first. A client that would need it is not recovered: it
/// gets a new socket and knows it. It never gets only a part of what it has missed.
///
/// A clone belongs to the same server: namespaces that are made with clones share
/// [`max_total_bytes`](Self::max_total_bytes).
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

    /// The default of [`max_packets`](Self::max_packets): a client that comes back has each looked
    /// at once, which takes a few milliseconds for so many.
    pub const MAX_PACKETS: usize = 50_000;

    /// The default of [`max_packet_bytes`](Self::max_packet_bytes), 12 MiB: the packets of a
    /// namespace then fit into the 16 MiB that may wait for one client, who may have missed them
    /// all.
    pub const MAX_PACKET_BYTES: usize = 12 * 1024 * 1024;

    /// The default of [`max_sessions`](Self::max_sessions): more than lose their connection together
    /// when a proxy in front of one server is restarted.
    pub const MAX_SESSIONS: usize = 50_000;

    /// The default of [`max_session_bytes`](Self::max_session_bytes), 16 MiB: some 300 bytes for
    /// each of the sessions, with a few rooms and a little data.
    pub const MAX_SESSION_BYTES: usize = 16 * 1024 * 1024;

    /// The default of [`max_total_bytes`](Self::max_total_bytes), 256 MiB: nine namespaces that are
    /// full, or any number where clients choose the names.
    pub const MAX_TOTAL_BYTES: usize = 256 * 1024 * 1024;

    /// Returns the default options.
    ///
    /// `clock` returns the time that has passed since some fixed moment. It is called with the store
    /// locked, so it must return at once and must not use the adapter.
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

    /// Sets how long after the loss of its connection a client may come back. Default: 2 minutes.
    ///
    /// Packets are kept for twice as long: the last one that a client knows may be older than its
    /// loss.
    pub fn max_disconnection_duration(mut self, duration: Duration) -> Self {
        self.max_disconnection_duration = duration;
        self
    }

    /// Sets how many packets are kept. Default: 50 000.
    pub fn max_packets(mut self, packets: usize) -> Self {
        self.max_packets = packets;
        self
    }

    /// Sets how many bytes the packets that are kept may take. Default: 12 MiB.
    ///
    /// Each counts with its arguments, attachments and rooms, and 256 bytes on top.
    pub fn max_packet_bytes(mut self, bytes: usize) -> Self {
        self.max_packet_bytes = bytes;
        self
    }

    /// Sets how many sessions are kept. Default: 50 000.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// Sets how many bytes the sessions that are kept may take. Default: 16 MiB.
    ///
    /// Each counts with its rooms, its data as JSON, and 256 bytes on top. One that takes more than
    /// a 64th of it is not kept, so that one client cannot drive out all others.
    pub fn max_session_bytes(mut self, bytes: usize) -> Self {
        self.max_session_bytes = bytes;
        self
    }

    /// Sets how many bytes the packets and sessions of all namespaces may take together. Default:
    /// 256 MiB.
    ///
    /// Over it all namespaces forget what is too old, which they do otherwise when they are used.
    /// If that is not enough, a namespace forgets its own oldest ones before it keeps further ones.
    pub fn max_total_bytes(mut self, bytes: usize) -> Self {
        self.total = Total::new(bytes);
        self
    }

    /// Returns for how long packets are kept.
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
