//! Metrics of namespaces.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use metrics::{
    SharedString, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};
use parking_lot::Mutex;
use socketio::{AckOutcome, NamespaceEvent, SocketIo};

use crate::engine::as_gauge;
use crate::events::{EventHistograms, LabelBudget};

pub(crate) fn describe() {
    describe_gauge!("socketio_sockets", "Connected sockets");
    describe_gauge!("socketio_rooms", "Rooms, without those of single sockets");
    describe_counter!("socketio_connect_refused_total", "Refused clients");
    describe_counter!("socketio_disconnections_total", "Disconnected sockets");
    describe_counter!("socketio_recoveries_total", "Requested recoveries");
    describe_gauge!(
        "socketio_recovery_sessions",
        "Disconnected sockets that clients can recover"
    );
    describe_counter!(
        "socketio_invalid_namespaces_total",
        "Requests for namespaces that do not exist"
    );
    describe_gauge!("socketio_events_pending", "Events in progress");
    describe_histogram!(
        "socketio_event_duration_seconds",
        Unit::Seconds,
        "Time from the start of an event's handlers to their end"
    );
    describe_histogram!("socketio_broadcast_recipients", "Sockets of a broadcast");
    describe_gauge!("socketio_acks_pending", "Acknowledgements that are awaited");
    describe_histogram!(
        "socketio_ack_duration_seconds",
        Unit::Seconds,
        "Time from an event to the acknowledgement of the client"
    );
    describe_counter!("socketio_ack_failures_total", "Missing acknowledgements");
}

/// The measurements of all namespaces, by label.
#[derive(Debug)]
pub(crate) struct NamespaceTable {
    by_label: Mutex<BTreeMap<String, Arc<NamespaceStats>>>,
    budget: Arc<LabelBudget>,
}

/// The measurements of one namespace, or of all namespaces of a pattern.
#[derive(Debug)]
pub(crate) struct NamespaceStats {
    label: SharedString,
    pub(crate) events: EventHistograms,
    events_pending: AtomicUsize,
    refused: AtomicU64,
    acks_pending: AtomicUsize,
    disconnections: Counts,
    recoveries: Counts,
    ack_failures: Counts,
}

/// The sizes of all namespaces with one label.
#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    sockets: usize,
    rooms: usize,
    recoverable: usize,
}

/// Counts by a text of a small set.
#[derive(Debug, Default)]
struct Counts(Mutex<HashMap<&'static str, u64>>);

impl Counts {
    fn increment(&self, text: &'static str) {
        let mut counts = self.0.lock();
        let count = counts.entry(text).or_default();
        *count = count.saturating_add(1);
    }

    /// Publishes the counts, which begin with the first event of each text.
    fn publish(&self, name: &'static str, namespace: &SharedString, key: &'static str) {
        for (&text, &count) in &*self.0.lock() {
            counter!(name, "namespace" => namespace.clone(), key => text).absolute(count);
        }
    }
}

impl NamespaceTable {
    pub(crate) fn new(max_event_labels: usize) -> Self {
        Self {
            by_label: Mutex::default(),
            budget: Arc::new(LabelBudget::new(max_event_labels)),
        }
    }

    /// Returns the measurements of a label.
    pub(crate) fn stats(&self, label: &str) -> Arc<NamespaceStats> {
        let mut by_label = self.by_label.lock();
        if let Some(stats) = by_label.get(label) {
            return Arc::clone(stats);
        }
        let stats = Arc::new(NamespaceStats::new(label, &self.budget));
        by_label.insert(label.to_owned(), Arc::clone(&stats));
        stats
    }

    /// Publishes the gauges and counters of all namespaces.
    pub(crate) fn publish<S: Clone>(&self, io: &SocketIo<S>) {
        counter!("socketio_invalid_namespaces_total").absolute(io.invalid_namespace_count());
        let mut sizes: HashMap<String, Sizes> = HashMap::new();
        for namespace in io.all_namespaces() {
            let sizes = sizes.entry(namespace.label().to_owned()).or_default();
            sizes.sockets = sizes.sockets.saturating_add(namespace.sockets_count());
            sizes.rooms = sizes.rooms.saturating_add(namespace.rooms_count());
            sizes.recoverable = sizes
                .recoverable
                .saturating_add(namespace.recoverable_count());
        }
        // The labels of namespaces that no longer exist stay.
        let all: Vec<_> = self.by_label.lock().values().cloned().collect();
        for stats in all {
            stats.publish(sizes.get(&*stats.label).copied().unwrap_or_default());
        }
    }
}

impl NamespaceStats {
    fn new(label: &str, budget: &Arc<LabelBudget>) -> Self {
        let label = SharedString::from(label.to_owned());
        Self {
            events: EventHistograms::new(label.clone(), Arc::clone(budget)),
            label,
            events_pending: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            acks_pending: AtomicUsize::new(0),
            disconnections: Counts::default(),
            recoveries: Counts::default(),
            ack_failures: Counts::default(),
        }
    }

    /// Counts an event in progress until the guard is dropped.
    pub(crate) fn begin_event(self: &Arc<Self>) -> PendingEvent {
        self.events_pending.fetch_add(1, Ordering::Relaxed);
        PendingEvent(Arc::clone(self))
    }

    /// Measures an event of the namespace.
    pub(crate) fn observe(&self, event: &NamespaceEvent<'_>) {
        match *event {
            NamespaceEvent::Connected {
                recovery: Some(result),
                ..
            } => self.recoveries.increment(result.as_str()),
            NamespaceEvent::Refused { .. } => {
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            NamespaceEvent::Disconnected { reason, .. } => {
                self.disconnections.increment(reason.as_str());
            }
            NamespaceEvent::AckRequested { .. } => {
                self.acks_pending.fetch_add(1, Ordering::Relaxed);
            }
            NamespaceEvent::AckEnded {
                elapsed, outcome, ..
            } => {
                self.acks_pending.fetch_sub(1, Ordering::Relaxed);
                if let AckOutcome::Answered = outcome {
                    histogram!("socketio_ack_duration_seconds", "namespace" => self.label.clone())
                        .record(elapsed);
                } else {
                    self.ack_failures.increment(outcome.as_str());
                }
            }
            NamespaceEvent::Broadcast { recipients } => {
                histogram!("socketio_broadcast_recipients", "namespace" => self.label.clone())
                    .record(as_gauge(recipients));
            }
            _ => {}
        }
    }

    fn publish(&self, sizes: Sizes) {
        self.events.renew();
        let gauge = |name: &'static str, value: usize| {
            gauge!(name, "namespace" => self.label.clone()).set(as_gauge(value));
        };
        gauge("socketio_sockets", sizes.sockets);
        gauge("socketio_rooms", sizes.rooms);
        gauge("socketio_recovery_sessions", sizes.recoverable);
        let pending = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        gauge("socketio_events_pending", pending(&self.events_pending));
        gauge("socketio_acks_pending", pending(&self.acks_pending));
        counter!("socketio_connect_refused_total", "namespace" => self.label.clone())
            .absolute(self.refused.load(Ordering::Relaxed));
        let label = &self.label;
        self.disconnections
            .publish("socketio_disconnections_total", label, "reason");
        self.recoveries
            .publish("socketio_recoveries_total", label, "result");
        self.ack_failures
            .publish("socketio_ack_failures_total", label, "reason");
    }
}

/// An event in progress.
#[derive(Debug)]
pub(crate) struct PendingEvent(Arc<NamespaceStats>);

impl Drop for PendingEvent {
    fn drop(&mut self) {
        self.0.events_pending.fetch_sub(1, Ordering::Relaxed);
    }
}
