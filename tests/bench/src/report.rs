//! The result of a measurement.

use std::fmt;

use serde_json::{Map, Value};

/// Named figures, displayed as one line of JSON.
#[derive(Clone, Debug, Default)]
pub struct Report(Map<String, Value>);

impl Report {
    /// Returns the number with this name. The name of a number in a nested report is `report/number`.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        match name.split_once('/') {
            None => self.0.get(name)?.as_f64(),
            Some((report, name)) => Self(self.0.get(report)?.as_object()?.clone()).number(name),
        }
    }

    /// Parses the report that is the only argument of an acknowledgement.
    pub(crate) fn argument(arguments: &[u8]) -> Option<Self> {
        let [report] = serde_json::from_slice::<[Map<String, Value>; 1]>(arguments).ok()?;
        Some(Self(report))
    }

    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn count(mut self, name: &str, value: u64) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a number, rounded to four decimals.
    pub(crate) fn figure(mut self, name: &str, value: f64) -> Self {
        self.0
            .insert(name.to_owned(), ((value * 1e4).round() / 1e4).into());
        self
    }

    pub(crate) fn nested(mut self, name: &str, report: Report) -> Self {
        self.0.insert(name.to_owned(), Value::Object(report.0));
        self
    }

    pub(crate) fn with(mut self, other: Report) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&line)
    }
}
