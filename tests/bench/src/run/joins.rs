//! Joins of a room during broadcasts to it.

use super::{SHORTEST_SETTLE, outcome, quantiles};
use crate::error::LoadError;
use crate::options::Options;
use crate::process::ServerProcess;
use crate::report::Report;
use crate::websocket::Clients;
use crate::window::Window;

/// The event to which the server answers with the durations of the joins since the last request.
const QUESTION: &str = "join_times";

/// Broadcasts to all members while other clients join, both on a schedule.
///
/// The latency is that of joins, from their due time to their acknowledgement, with all waiting in the
/// server. The server measures the duration of the joins themselves.
pub(super) fn run(options: &Options) -> Result<Report, LoadError> {
    let server = ServerProcess(options.pid);
    let mut clients = Clients::new(options)?;
    clients.open_all()?;
    clients.remove_outsiders();
    clients.pause(options.settle.max(SHORTEST_SETTLE));
    clients.start();
    clients.run_for(options.warmup);
    // Discards the joins before the window.
    ask(&mut clients)?;
    clients.start();
    clients.traffic.measuring = true;
    let window = Window::open(server, clients.traffic.done);
    clients.run_for(options.seconds);
    let loaded = window.close(clients.traffic.done);
    clients.traffic.measuring = false;
    let inside = ask(&mut clients)?;
    let missing = clients.drain();
    clients.close_all();
    let traffic = &clients.traffic;
    Ok(loaded
        .with(quantiles(&traffic.latency))
        .with(outcome(
            clients.ready,
            clients.errors,
            traffic.mismatches,
            missing,
        ))
        .figure("broadcasts_per_s", options.broadcasts)
        .figure("fanout_p50_us", traffic.fan_out_latency.quantile(0.5))
        .figure("fanout_p99_us", traffic.fan_out_latency.quantile(0.99))
        .count("fanouts", traffic.fan_out_latency.count())
        .count("joins", traffic.latency.count())
        .nested("inside", inside))
}

fn ask(clients: &mut Clients) -> Result<Report, LoadError> {
    let answer = clients.ask(QUESTION, "");
    answer
        .and_then(|arguments| Report::argument(&arguments))
        .ok_or_else(|| {
            LoadError::new("the server does not report the durations of joins; use loadtest-server")
        })
}
