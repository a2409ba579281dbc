//! The observations of the clients, and their check.

use serde::Deserialize;

/// A sequence of observations, and the number of clients that made it.
#[derive(Debug, Deserialize)]
pub(crate) struct Observation {
    #[serde(flatten)]
    pub(crate) scenario: Scenario,
    observed: Vec<String>,
    count: usize,
}

/// A scenario of the client scripts.
#[derive(Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Scenario {
    end: String,
    last: String,
    reconnect: bool,
}

impl Scenario {
    /// Returns the messages of the server before the end of the session.
    fn messages(&self) -> &'static [&'static str] {
        match self.last.as_str() {
            "event" => &["event x"],
            "ack" => &["ack x"],
            _ => &["event x", "ack x"],
        }
    }

    /// Returns whether a client made the right observations, with one of these reasons.
    fn is_met_by(&self, observed: &[String], reasons: &[&str], may_lose: bool) -> bool {
        let mut observed = observed.iter().map(String::as_str).peekable();
        if observed.next() != Some("connect") {
            return false;
        }
        for message in self.messages() {
            if observed.next_if_eq(message).is_none() && !may_lose {
                return false;
            }
        }
        let reason = observed
            .next()
            .and_then(|end| end.strip_prefix("disconnect "));
        let reason_is_right = reason.is_some_and(|reason| reasons.contains(&reason));
        let reconnects = !self.reconnect || observed.next() == Some("connect");
        reason_is_right && reconnects && observed.next().is_none()
    }
}

/// Parses the output of a client script.
pub(crate) fn parse(output: &str) -> Vec<Observation> {
    let parse = |line| serde_json::from_str(line).expect("each line is an observation");
    output.lines().map(parse).collect()
}

/// Returns a line for each sequence that is wrong.
pub(crate) fn faults(
    server: &str,
    observations: &[Observation],
    reasons: &[&str],
    may_lose: bool,
) -> Vec<String> {
    let is_wrong =
        |seen: &&Observation| !seen.scenario.is_met_by(&seen.observed, reasons, may_lose);
    let describe = |seen: &Observation| {
        let Observation {
            scenario,
            observed,
            count,
        } = seen;
        format!(
            "{server}: {count} clients observed {observed:?} with {scenario:?}, expected {reasons:?}"
        )
    };
    observations.iter().filter(is_wrong).map(describe).collect()
}
