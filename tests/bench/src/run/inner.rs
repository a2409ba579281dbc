//! In-memory connections of clients in the server's process.

use super::{SHORTEST_SETTLE, growth, outcome};
use crate::clock::{nanos, now};
use crate::error::LoadError;
use crate::options::Options;
use crate::process::ServerProcess;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::websocket::Clients;
use crate::window::Window;

/// The interval, in seconds, at which the progress is requested. An answer costs the server about ten
/// microseconds.
const LOOK: f64 = 0.02;
/// The time limit, in seconds, for connecting the clients and for pinging them.
const LONGEST: f64 = 100.0;
/// A measurement of at least this many seconds waits until every client was pinged.
const WITH_HEARTBEAT: f64 = 25.0;

/// Opens in-memory connections and keeps them idle.
///
/// The memory of the clients is allocated before the first one connects, so the process then grows by
/// the memory of the server only. The CPU time of their thread is not counted.
pub(super) fn run(options: &Options) -> Result<Report, LoadError> {
    let server = ServerProcess(options.pid);
    let mut clients = Clients::new(options)?;
    clients.open_all()?;
    clients.pause(SHORTEST_SETTLE);
    let start = server.resident();
    let inner = Inner::allocate(options.inner, &mut clients)?;
    clients.pause(SHORTEST_SETTLE);
    let before = server.resident();
    let held_by_clients = before.saturating_sub(start);
    let mut brackets = options.brackets.clone();
    brackets.retain(|bracket| *bracket < options.inner);
    brackets.push(options.inner);
    let window = Window::open(server, 0);
    let mut report = Report::default();
    for (number, bracket) in (1..).zip(brackets) {
        let ready = inner.ready(&mut clients)?;
        let window = Window::open(server, ready);
        inner.open(bracket, false, &mut clients)?;
        let cost = window.close(inner.ready(&mut clients)?);
        report = report.nested(&format!("bracket_{number}"), cost);
    }
    let ready = inner.ready(&mut clients)?;
    let connecting = window.close(ready);
    clients.pause(options.settle);
    let idle = server.resident();
    let window = Window::open(server, 0);
    clients.pause(options.seconds);
    let idle_cpu = window.server_cpu() as f64 / 1e3 / options.seconds.max(0.001);
    let unpinged = if options.seconds >= WITH_HEARTBEAT {
        inner.wait("pinged", options.inner, &mut clients)?;
        (options.inner as u64).saturating_sub(inner.count("pinged", &mut clients)?)
    } else {
        0
    };
    let rested = server.resident();
    let errors = clients.errors + inner.lost(&mut clients)?;
    let unready = (options.inner as u64).saturating_sub(ready);
    clients.close_all();
    let per_connection = |after| growth(before, after, options.inner);
    Ok(connecting
        .with(report)
        .with(outcome(
            clients.ready,
            errors,
            clients.traffic.mismatches,
            unready + unpinged,
        ))
        .count("rss_before", start)
        .figure("clients_per_conn", growth(start, before, options.inner))
        .figure("rss_per_conn", per_connection(idle))
        .count("rss_rested", rested.saturating_sub(held_by_clients))
        .figure("rss_per_conn_rested", per_connection(rested))
        .figure("idle_cpu_us_per_s", idle_cpu))
}

/// Connects the in-memory clients that do not receive the broadcasts: each leaves the room.
pub(super) fn others(options: &Options, clients: &mut Clients) -> Result<Inner, LoadError> {
    if options.inner == 0 || options.scenario != Scenario::Broadcast {
        return Ok(Inner(0));
    }
    let inner = Inner::allocate(options.inner, clients)?;
    inner.open(options.inner, true, clients)?;
    let ready = inner.ready(clients)?;
    if ready < options.inner as u64 {
        return Err(LoadError::new(format!(
            "only {ready} of {} in-memory clients are ready",
            options.inner
        )));
    }
    clients.pause(options.settle.max(SHORTEST_SETTLE));
    Ok(inner)
}

/// The number of clients in the server's process.
#[derive(Debug)]
pub(super) struct Inner(usize);

impl Inner {
    /// Requests the server to allocate the connections.
    fn allocate(count: usize, clients: &mut Clients) -> Result<Self, LoadError> {
        let inner = Self(count);
        if inner.count("allocated", clients)? > 0 {
            return Err(LoadError::new(
                "the server has created its clients already; restart it",
            ));
        }
        order(clients, "inner_allocate", &format!(",{count}"))?;
        inner.wait("allocated", count, clients)?;
        Ok(inner)
    }

    /// Connects clients until `count` of them are ready.
    fn open(&self, count: usize, leave: bool, clients: &mut Clients) -> Result<(), LoadError> {
        order(clients, "inner_open", &format!(",{count},{leave}"))?;
        self.wait("ready", count, clients)
    }

    fn ready(&self, clients: &mut Clients) -> Result<u64, LoadError> {
        self.count("ready", clients)
    }

    /// Returns the number of clients that have lost their connection or received an unexpected message.
    pub(super) fn lost(&self, clients: &mut Clients) -> Result<u64, LoadError> {
        if self.0 == 0 {
            return Ok(0);
        }
        self.count("lost", clients)
    }

    /// Waits until the count `name` has reached `wanted`, clients are lost, or the time limit has passed.
    fn wait(&self, name: &str, wanted: usize, clients: &mut Clients) -> Result<(), LoadError> {
        let end = now() + nanos(LONGEST);
        while self.count(name, clients)? < wanted as u64 {
            let lost = self.lost(clients)?;
            if lost > 0 || now() > end {
                eprintln!(
                    "loadgen: not all of {wanted} in-memory clients are {name}, {lost} are lost"
                );
                break;
            }
            clients.pause(LOOK);
        }
        Ok(())
    }

    fn count(&self, name: &str, clients: &mut Clients) -> Result<u64, LoadError> {
        let answer = order(clients, "inner_progress", "")?;
        let count = Report::argument(&answer).and_then(|report| report.number(name));
        count.map(|count| count as u64).ok_or_else(no_inner)
    }
}

fn order(clients: &mut Clients, event: &str, arguments: &str) -> Result<Vec<u8>, LoadError> {
    clients.ask(event, arguments).ok_or_else(no_inner)
}

fn no_inner() -> LoadError {
    LoadError::new("the server cannot create clients; start loadtest-server with --inner")
}
