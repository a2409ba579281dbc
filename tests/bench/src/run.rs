//! A measurement from the first connect to the last close.

mod connect;
mod inner;
mod joins;

use crate::error::LoadError;
use crate::histogram::Histogram;
use crate::limits;
use crate::options::Options;
use crate::polling;
use crate::process::ServerProcess;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::websocket::Clients;
use crate::window::Window;

/// Open files beside the connections: epoll, standard streams, readings of `/proc`.
const SPARE_FILES: u64 = 200;
/// The minimum pause between connecting and the load.
const SHORTEST_SETTLE: f64 = 0.3;

/// Measures one scenario.
///
/// # Errors
/// If no connection became ready.
pub fn run(options: &Options) -> Result<Report, LoadError> {
    let per_client = match options.scenario {
        Scenario::Polling => 2,
        _ => 1,
    };
    limits::allow_open_files(options.all_connections() as u64 * per_client + SPARE_FILES);
    let head = Report::default()
        .text("label", &options.label)
        .text("scenario", options.scenario.name())
        .count("conns", options.connections as u64)
        .count("others", options.others as u64)
        .count("inner", options.inner as u64)
        .count("inflight", options.inflight as u64)
        .count("payload", options.payload as u64)
        .figure("rate", options.rate.unwrap_or(0.0));
    let body = match options.scenario {
        Scenario::Connect => connect::run(options)?,
        Scenario::Inner => inner::run(options)?,
        Scenario::Joins => joins::run(options)?,
        Scenario::Polling => load_polling(options)?,
        _ => load(options)?,
    };
    Ok(head.with(body))
}

/// Measures a load over WebSocket.
fn load(options: &Options) -> Result<Report, LoadError> {
    let server = ServerProcess(options.pid);
    let mut clients = Clients::new(options)?;
    let before = server.resident();
    clients.open_all()?;
    clients.pause(options.settle.max(SHORTEST_SETTLE));
    let mut report = Report::default();
    if options.scenario == Scenario::Rooms {
        let window = Window::open(server, clients.traffic.done);
        clients.join_first_rooms();
        report = report
            .count("rooms_per_op", options.rooms as u64)
            .nested("setup", window.close(clients.traffic.done));
        clients.pause(SHORTEST_SETTLE);
    }
    if options.others > 0 {
        clients.remove_outsiders();
        clients.pause(SHORTEST_SETTLE);
    }
    let idle = server.resident();
    let inner = inner::others(options, &mut clients)?;
    clients.start();
    clients.run_for(options.warmup);
    clients.traffic.measuring = true;
    let window = Window::open(server, clients.traffic.done);
    clients.run_for(options.seconds);
    let loaded = window.close(clients.traffic.done);
    clients.traffic.measuring = false;
    let used = server.resident();
    let missing = clients.drain();
    clients.errors += inner.lost(&mut clients)?;
    clients.close_all();
    let traffic = &clients.traffic;
    if options.scenario == Scenario::Broadcast {
        report = report
            .figure("fanout_p50_us", traffic.fan_out_latency.quantile(0.5))
            .figure("fanout_p99_us", traffic.fan_out_latency.quantile(0.99))
            .count("fanouts", traffic.fan_out_latency.count());
    }
    Ok(report
        .with(loaded)
        .with(quantiles(&traffic.latency))
        .with(outcome(
            clients.ready,
            clients.errors,
            traffic.mismatches,
            missing,
        ))
        .count("compressed", clients.compressed)
        .figure("rss_per_conn", growth(before, idle, clients.ready))
        .figure("rss_per_conn_loaded", growth(before, used, clients.ready)))
}

/// Measures a load over HTTP long-polling.
fn load_polling(options: &Options) -> Result<Report, LoadError> {
    let server = ServerProcess(options.pid);
    let before = server.resident();
    let mut clients = polling::Clients::new(options)?;
    clients.open_all()?;
    clients.run_for(options.settle.max(SHORTEST_SETTLE));
    let idle = server.resident();
    clients.start();
    clients.run_for(options.warmup);
    clients.measuring = true;
    let requests = (clients.gets, clients.posts);
    let window = Window::open(server, clients.done);
    clients.run_for(options.seconds);
    let loaded = window.close(clients.done);
    let (gets, posts) = (clients.gets - requests.0, clients.posts - requests.1);
    clients.measuring = false;
    let used = server.resident();
    let missing = clients.drain();
    Ok(loaded
        .with(quantiles(&clients.latency))
        .with(outcome(
            clients.ready,
            clients.errors,
            clients.mismatches,
            missing,
        ))
        .count("gets", gets)
        .count("posts", posts)
        .figure("rss_per_conn", growth(before, idle, clients.ready))
        .figure("rss_per_conn_loaded", growth(before, used, clients.ready)))
}

fn quantiles(histogram: &Histogram) -> Report {
    let (middle, high) = (histogram.quantile(0.5), histogram.quantile(0.99));
    let report = if middle > 0.0 {
        Report::default().figure("p99_by_p50", high / middle)
    } else {
        Report::default()
    };
    report
        .figure("p50_us", middle)
        .figure("p99_us", high)
        .figure("p999_us", histogram.quantile(0.999))
        .figure("max_us", histogram.max())
        .figure("mean_us", histogram.mean())
}

fn outcome(ready: usize, errors: u64, mismatches: u64, missing: u64) -> Report {
    Report::default()
        .count("ready", ready as u64)
        .count("errors", errors)
        .count("mismatch", mismatches)
        .count("missing", missing)
}

/// Returns the increase in bytes per connection.
fn growth(before: u64, after: u64, connections: usize) -> f64 {
    (after as f64 - before as f64) / connections.max(1) as f64
}
