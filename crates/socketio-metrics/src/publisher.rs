//! Installing the metrics, and publishing them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use socketio::extract::EventName;
use socketio::{Namespace, Next, Outcome, SocketIo};
use tokio::runtime::Handle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::namespaces::{NamespaceStats, NamespaceTable};
use crate::{engine, namespaces};

/// The default of [`SocketMetrics::interval`]: 5 seconds.
const INTERVAL: Duration = Duration::from_secs(5);

/// The default of [`SocketMetrics::max_event_labels`]: 1000.
const MAX_EVENT_LABELS: usize = 1_000;

/// The options of the metrics of a server.
///
/// # Examples
///
/// With the Prometheus exporter:
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
/// use socketio::SocketIoLayer;
/// use socketio_metrics::{DURATION_BUCKETS, SocketMetrics};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let durations = Matcher::Suffix("duration_seconds".into());
/// let prometheus = PrometheusBuilder::new()
///     .set_buckets_for_metric(durations, &DURATION_BUCKETS)?
///     .install_recorder()?;
/// let sockets = SocketIoLayer::new();
/// let metrics = SocketMetrics::new().install(&sockets.io());
/// let app: Router = Router::new()
///     .route(
///         "/metrics",
///         get(async move || {
///             metrics.publish();
///             prometheus.render()
///         }),
///     )
///     .layer(sockets);
/// # let _ = app;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is measured before `install`"]
pub struct SocketMetrics {
    interval: Option<Duration>,
    max_event_labels: usize,
    traffic: bool,
}

impl Default for SocketMetrics {
    fn default() -> Self {
        Self {
            interval: Some(INTERVAL),
            max_event_labels: MAX_EVENT_LABELS,
            traffic: true,
        }
    }
}

impl SocketMetrics {
    /// Creates the options with their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the interval at which gauges and counters are published: 5 seconds by default. With
    /// `None`, only [`Metrics::publish`] publishes them.
    ///
    /// # Panics
    ///
    /// Panics if the interval is zero.
    pub fn interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.interval = interval.into();
        assert!(
            self.interval != Some(Duration::ZERO),
            "the interval of metrics is zero: use `None` to publish only on demand"
        );
        self
    }

    /// Sets the maximum number of event names that are labels, over all namespaces: 1000 by default.
    ///
    /// Events of further names are measured as `_other`, and a warning is logged once. Only names with
    /// a handler count, so the limit matters for applications that register handlers for names that
    /// they generate.
    pub fn max_event_labels(mut self, limit: usize) -> Self {
        self.max_event_labels = limit;
        self
    }

    /// Sets whether messages and their bytes are counted: `true` by default.
    ///
    /// It enables [`Engine::count_traffic`](socketio::engine::Engine::count_traffic).
    pub fn traffic(mut self, traffic: bool) -> Self {
        self.traffic = traffic;
        self
    }

    /// Measures a server from now on. Call it once for each server, before handlers are registered.
    ///
    /// Events are measured by a wrap around the wraps and handlers that are registered later. Middleware
    /// and wraps that are registered earlier are not included in the duration. A task publishes gauges
    /// and counters until the server is dropped.
    ///
    /// # Panics
    ///
    /// Panics if there is an interval and no tokio runtime.
    pub fn install<S>(self, io: &SocketIo<S>) -> Metrics
    where
        S: Clone + Send + Sync + 'static,
    {
        engine::describe();
        namespaces::describe();
        let table = Arc::new(NamespaceTable::new(self.max_event_labels));
        if self.traffic {
            io.engine().count_traffic(true);
        }
        {
            let table = Arc::clone(&table);
            io.configure_each(move |namespace| measure(&table, namespace));
        }
        let server = io.downgrade();
        let traffic = self.traffic;
        let publish = move || match server.upgrade() {
            Some(io) => {
                engine::publish(&io.engine(), traffic);
                table.publish(&io);
                true
            }
            None => false,
        };
        let metrics = Metrics(Arc::new(publish));
        if let Some(period) = self.interval {
            let runtime = Handle::try_current().unwrap_or_else(|_| {
                panic!(
                    "metrics are published by a task: call `install` in a tokio runtime, or set \
                     `interval(None)`"
                )
            });
            runtime.spawn(metrics.clone().publish_every(period));
        }
        metrics
    }
}

/// Measures the events of a namespace or pattern.
fn measure<S>(table: &NamespaceTable, namespace: Namespace<S>)
where
    S: Clone + Send + Sync + 'static,
{
    let stats = table.stats(namespace.label());
    let observed = Arc::clone(&stats);
    namespace
        .observe(move |event| observed.observe(event))
        .wrap(move |event: EventName, next: Next| measure_event(Arc::clone(&stats), event, next));
}

async fn measure_event(stats: Arc<NamespaceStats>, event: EventName, next: Next) -> Outcome {
    let pending = stats.begin_event();
    let started = Instant::now();
    let outcome = next.run().await;
    drop(pending);
    let (is_registered, label) = (outcome.is_registered(), outcome.label());
    stats
        .events
        .record(&event, is_registered, label, started.elapsed());
    outcome
}

/// A handle to the metrics of a server. It is cheap to clone and does not keep the server alive.
#[derive(Clone)]
pub struct Metrics(Arc<dyn Fn() -> bool + Send + Sync>);

impl Metrics {
    /// Publishes the current gauges and counters. Call it before the exporter renders, so that a scrape
    /// does not see values of the last interval.
    ///
    /// Has no effect after the server was dropped.
    pub fn publish(&self) {
        let _is_alive = (self.0)();
    }

    async fn publish_every(self, period: Duration) {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if !(self.0)() {
                return;
            }
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
