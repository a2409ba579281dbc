//! The results of measurements.

use serde_json::{Value, json};

use super::plan::Scenario;
use super::server::Kind;

/// The result of one measurement.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) server: Kind,
    pub(super) scenario: &'static Scenario,
    pub(super) round: usize,
    pub(super) figures: Value,
}

impl Sample {
    /// Returns a figure. The name of a figure in a nested report is `report/figure`.
    fn figure(&self, name: &str) -> Option<f64> {
        let mut value = &self.figures;
        for part in name.split('/') {
            value = value.get(part)?;
        }
        value.as_f64()
    }

    /// Returns the figures as a line for the terminal.
    pub(super) fn summary(&self) -> String {
        let figure = |name| self.figure(name).unwrap_or(f64::NAN);
        format!(
            "{:>9.0}/s {:>8.2} µs/op  busy {:.2}  waited {:.2}  p50 {:.0} µs  p99 {:.0} µs",
            figure("ops_per_s"),
            figure("server_cpu_us_per_op"),
            figure("server_busy"),
            figure("server_runq_wait"),
            figure("p50_us"),
            figure("p99_us"),
        )
    }

    /// Returns the sample as a JSON object for the log.
    pub(super) fn line(&self) -> Value {
        json!({
            "figures": self.figures,
            "round": self.round,
            "scenario": self.scenario.key,
            "server": self.server.name(),
        })
    }
}

/// Returns the share of the time during which the server was ready to run but another process had its
/// core.
pub(super) fn wait(figures: &Value) -> f64 {
    figures
        .get("server_runq_wait")
        .and_then(Value::as_f64)
        .unwrap_or(1.0)
}

/// The results of all measurements.
#[derive(Debug, Default)]
pub(super) struct Samples {
    samples: Vec<Sample>,
    /// The number of measurements that were repeated because the server had waited for its core.
    pub(super) repeated: usize,
    /// The number of failed measurements.
    pub(super) failures: usize,
}

impl Samples {
    pub(super) fn add(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Returns a figure of a server in a scenario, with the round of each sample.
    pub(super) fn figures(
        &self,
        server: Kind,
        scenario: &Scenario,
        name: &str,
    ) -> Vec<(usize, f64)> {
        let mine =
            |sample: &&Sample| sample.server == server && sample.scenario.key == scenario.key;
        let figure = |sample: &Sample| Some((sample.round, sample.figure(name)?));
        self.samples
            .iter()
            .filter(mine)
            .filter_map(figure)
            .collect()
    }

    /// Returns the share of the time that a server waited for its core, for each scenario and round.
    pub(super) fn waits(&self, server: Kind) -> Vec<f64> {
        let mine = self.samples.iter().filter(|sample| sample.server == server);
        mine.map(|sample| wait(&sample.figures)).collect()
    }
}
