//! Counts of sessions, messages and payload bytes.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use engineio_proto::{CloseReason, SendError, Transport};

/// The number of cells per traffic count, so that threads rarely write to the same cache line.
const SHARDS: usize = 16;

/// The number of error codes of refused requests: 0 to 5.
const CODES: usize = 6;

const TRANSPORTS: usize = Transport::ALL.len();

const REASONS: usize = CloseReason::ALL.len();

/// The counts of an engine since it was created, see [`Engine::counters`](crate::Engine::counters).
///
/// All counts only increase. They are read one after the other, so counts of events that happen
/// meanwhile may be included in one of them and not in another.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    opened: [u64; TRANSPORTS],
    upgraded: [u64; TRANSPORTS],
    closed: [u64; REASONS],
    refused: [u64; CODES],
    slow_clients: u64,
    traffic: Traffic,
}

/// Messages and the bytes of their payloads, in both directions.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Traffic {
    messages_received: u64,
    bytes_received: u64,
    messages_sent: u64,
    bytes_sent: u64,
}

impl Counters {
    /// Returns the number of sessions that were opened on a transport.
    #[must_use]
    pub fn opened(&self, transport: Transport) -> u64 {
        transport_index(transport).map_or(0, |index| self.opened[index])
    }

    /// Returns the number of sessions that have moved from polling to a transport.
    #[must_use]
    pub fn upgraded(&self, to: Transport) -> u64 {
        transport_index(to).map_or(0, |index| self.upgraded[index])
    }

    /// Returns the number of sessions that have ended for a reason.
    #[must_use]
    pub fn closed(&self, reason: CloseReason) -> u64 {
        reason_index(reason).map_or(0, |index| self.closed[index])
    }

    /// Returns the number of refused requests with an error code, see
    /// [`ConnectionError::code`](crate::ConnectionError::code). It is 0 for a code that does not
    /// exist.
    #[must_use]
    pub fn refused(&self, code: u8) -> u64 {
        self.refused.get(usize::from(code)).copied().unwrap_or(0)
    }

    /// Returns the number of sessions that were closed because their client read so slowly that the
    /// outbound queue exceeded [`Config::max_outbound_bytes`](crate::Config::max_outbound_bytes).
    #[must_use]
    pub fn slow_clients(&self) -> u64 {
        self.slow_clients
    }

    /// Returns the number of messages that clients have sent. It does not include heartbeats.
    #[must_use]
    pub fn messages_received(&self) -> u64 {
        self.traffic.messages_received
    }

    /// Returns the number of bytes in the payloads of the messages that clients have sent, after
    /// decompression and without framing.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.traffic.bytes_received
    }

    /// Returns the number of messages that were queued for clients. It does not include heartbeats.
    #[must_use]
    pub fn messages_sent(&self) -> u64 {
        self.traffic.messages_sent
    }

    /// Returns the number of bytes in the payloads of the messages that were queued for clients,
    /// before compression and without framing.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.traffic.bytes_sent
    }
}

/// The number of bytes that are queued for clients, see
/// [`Engine::queued_bytes`](crate::Engine::queued_bytes).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct QueuedBytes {
    pub(crate) total: usize,
    pub(crate) max: usize,
}

impl QueuedBytes {
    /// Returns the number of bytes that are queued for all clients.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// Returns the number of bytes of the longest queue.
    #[must_use]
    pub fn max(&self) -> usize {
        self.max
    }
}

/// The counts of an engine, which its sessions increase.
#[derive(Debug, Default)]
pub(crate) struct CounterCells {
    opened: [AtomicU64; TRANSPORTS],
    upgraded: [AtomicU64; TRANSPORTS],
    closed: [AtomicU64; REASONS],
    refused: [AtomicU64; CODES],
    /// Open sessions.
    open: [AtomicUsize; TRANSPORTS],
    slow_clients: AtomicU64,
    /// Whether messages are counted.
    counts_traffic: AtomicBool,
    traffic: [TrafficCells; SHARDS],
}

/// The traffic of some of the threads, on a separate cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct TrafficCells {
    messages_received: AtomicU64,
    bytes_received: AtomicU64,
    messages_sent: AtomicU64,
    bytes_sent: AtomicU64,
}

impl CounterCells {
    pub(crate) fn opened(&self, transport: Transport) {
        if let Some(index) = transport_index(transport) {
            self.opened[index].fetch_add(1, Ordering::Relaxed);
            self.open[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn upgraded(&self, from: Transport, to: Transport) {
        if let (Some(from), Some(to)) = (transport_index(from), transport_index(to)) {
            self.open[to].fetch_add(1, Ordering::Relaxed);
            self.open[from].fetch_sub(1, Ordering::Relaxed);
            self.upgraded[to].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn closed(&self, transport: Transport, reason: CloseReason) {
        if let Some(index) = transport_index(transport) {
            self.open[index].fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(index) = reason_index(reason) {
            self.closed[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn refused(&self, code: u8) {
        if let Some(cell) = self.refused.get(usize::from(code)) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the number of open sessions on a transport.
    pub(crate) fn open(&self, transport: Transport) -> usize {
        transport_index(transport).map_or(0, |index| self.open[index].load(Ordering::Relaxed))
    }

    /// Counts a message that was queued, or the client whose queue is full.
    #[inline]
    pub(crate) fn sent(&self, result: Result<(), SendError>, bytes: usize) {
        if result.is_err() {
            self.unsent(result);
        } else if self.counts_traffic.load(Ordering::Relaxed) {
            self.add_sent(bytes);
        }
    }

    #[cold]
    fn unsent(&self, result: Result<(), SendError>) {
        if result == Err(SendError::Overflow) {
            self.slow_clients.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[cold]
    fn add_sent(&self, bytes: usize) {
        let cells = &self.traffic[shard()];
        cells.messages_sent.fetch_add(1, Ordering::Relaxed);
        cells.bytes_sent.fetch_add(widen(bytes), Ordering::Relaxed);
    }

    /// Counts the messages of one run of a driver.
    #[inline]
    pub(crate) fn received(&self, messages: usize, bytes: usize) {
        if messages > 0 && self.counts_traffic.load(Ordering::Relaxed) {
            self.add_received(messages, bytes);
        }
    }

    #[cold]
    fn add_received(&self, messages: usize, bytes: usize) {
        let cells = &self.traffic[shard()];
        cells
            .messages_received
            .fetch_add(widen(messages), Ordering::Relaxed);
        cells
            .bytes_received
            .fetch_add(widen(bytes), Ordering::Relaxed);
    }

    pub(crate) fn count_traffic(&self, is_on: bool) {
        self.counts_traffic.store(is_on, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counters {
        let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        let mut traffic = Traffic::default();
        for cells in &self.traffic {
            traffic.messages_received += read(&cells.messages_received);
            traffic.bytes_received += read(&cells.bytes_received);
            traffic.messages_sent += read(&cells.messages_sent);
            traffic.bytes_sent += read(&cells.bytes_sent);
        }
        Counters {
            opened: self.opened.each_ref().map(read),
            upgraded: self.upgraded.each_ref().map(read),
            closed: self.closed.each_ref().map(read),
            refused: self.refused.each_ref().map(read),
            slow_clients: read(&self.slow_clients),
            traffic,
        }
    }
}

/// Returns the shard of the current thread.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
    }
    // A thread that is ending has no shard.
    SHARD.try_with(Cell::get).unwrap_or(0)
}

fn transport_index(transport: Transport) -> Option<usize> {
    Transport::ALL.iter().position(|&known| known == transport)
}

fn reason_index(reason: CloseReason) -> Option<usize> {
    CloseReason::ALL.iter().position(|&known| known == reason)
}

fn widen(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
