//! Joins of a room while there are broadcasts to it.

use super::{SHORTEST_SETTLE, outcome, quantiles};
use crate::error::LoadError;
use crate::options::Options;
use crate::process::ServerProcess;
use crate::report::Report;
use crate::websocket::Clients;
use crate::window::Window;

/// The event with which the server tells how long joins have taken since it was asked last.
const QUESTION: &str = "join_times";

/// Broadcasts to all members, and joins by others, both on a schedule.
///
/// The latency is that of joins, from when they were due to their acknowledgement: with what waits
/// before them in the server. How long the joins themselves took is measured within the server.
pub(super) fn run(options: &Options) -> Result<Report, LoadError> {
    let server = ServerProcess(options.pid);
    let mut clients = Clients::new(options)?;
    clients.open_all()?;
    clients.let_outsiders_leave();
    clients.pause(options.settle.max(SHORTEST_SETTLE));
    clients.start();
    clients.run_for(options.warmup);
    // What it answers now is of the time before the window.
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
            LoadError::new("the server does not tell how long joins took; use loadtest-server")
        })
}
