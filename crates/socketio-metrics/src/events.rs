//! The durations of events, by name and outcome.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{Histogram, SharedString, histogram};
use parking_lot::RwLock;

/// The label of events without a separate label: no handler is registered, or there are too
/// many names.
const OTHER: &str = "_other";

/// The outcomes of an event, see [`Outcome::label`](socketio::Outcome::label).
const OUTCOMES: [&str; 5] = ["ok", "error", "rejected", "panicked", "unhandled"];

/// The limit of the number of event names of a server that are labels.
#[derive(Debug)]
pub(crate) struct LabelBudget {
    limit: usize,
    used: AtomicUsize,
    is_logged: AtomicBool,
}

impl LabelBudget {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            used: AtomicUsize::new(0),
            is_logged: AtomicBool::new(false),
        }
    }

    /// Takes one label. Logs a warning the first time that there is none.
    fn take(&self) -> bool {
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                (used < self.limit).then(|| used.saturating_add(1))
            });
        if taken.is_err() && !self.is_logged.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                limit = self.limit,
                "events of further names are measured as `_other`: raise \
                 `SocketMetrics::max_event_labels`"
            );
        }
        taken.is_ok()
    }
}

/// The histograms of one namespace.
#[derive(Debug)]
pub(crate) struct EventHistograms {
    namespace: SharedString,
    budget: Arc<LabelBudget>,
    /// By name. Only names with a handler are inserted.
    names: RwLock<HashMap<Box<str>, Arc<ByOutcome>>>,
    other: RwLock<Arc<ByOutcome>>,
}

/// The histograms of one label, which are registered with the recorder on first use.
#[derive(Debug)]
struct ByOutcome {
    event: SharedString,
    histograms: [OnceLock<Histogram>; OUTCOMES.len()],
}

impl ByOutcome {
    fn new(event: SharedString) -> Self {
        Self {
            event,
            histograms: Default::default(),
        }
    }
}

impl EventHistograms {
    pub(crate) fn new(namespace: SharedString, budget: Arc<LabelBudget>) -> Self {
        Self {
            namespace,
            budget,
            names: RwLock::default(),
            other: RwLock::new(Arc::new(ByOutcome::new(OTHER.into()))),
        }
    }

    /// Records an event. Its name is a label only if a handler is registered for it.
    pub(crate) fn record(&self, event: &str, is_registered: bool, outcome: &str, time: Duration) {
        let label = if is_registered {
            self.label_of(event)
        } else {
            Arc::clone(&self.other.read())
        };
        let Some(index) = OUTCOMES.iter().position(|&known| known == outcome) else {
            return;
        };
        let histogram = label.histograms[index].get_or_init(|| {
            histogram!(
                "socketio_event_duration_seconds",
                "namespace" => self.namespace.clone(),
                "event" => label.event.clone(),
                "outcome" => OUTCOMES[index],
            )
        });
        histogram.record(time);
    }

    fn label_of(&self, event: &str) -> Arc<ByOutcome> {
        if let Some(known) = self.names.read().get(event) {
            return Arc::clone(known);
        }
        let mut names = self.names.write();
        if let Some(known) = names.get(event) {
            return Arc::clone(known);
        }
        if !self.budget.take() {
            return Arc::clone(&self.other.read());
        }
        let label = Arc::new(ByOutcome::new(event.to_owned().into()));
        names.insert(event.into(), Arc::clone(&label));
        label
    }

    /// Registers the histograms again on their next use, because the recorder may have been installed
    /// after they were registered.
    pub(crate) fn renew(&self) {
        let renew = |label: &mut Arc<ByOutcome>| {
            *label = Arc::new(ByOutcome::new(label.event.clone()));
        };
        self.names.write().values_mut().for_each(renew);
        renew(&mut self.other.write());
    }
}
