//! The costs of opening connections and of idle ones.

use std::thread;
use std::time::Duration;

use super::{growth, outcome, quantiles};
use crate::error::LoadError;
use crate::kernel::Kernel;
use crate::options::Options;
use crate::process::ServerProcess;
use crate::report::Report;
use crate::websocket::Clients;
use crate::window::Window;

/// The time that the server has for releasing memory after the last close.
const AFTER_CLOSE: Duration = Duration::from_millis(1500);

/// Opens connections, keeps them idle, performs one operation on each, and closes them.
pub(super) fn run(options: &Options) -> Result<Report, LoadError> {
    let server = ServerProcess(options.pid);
    let mut clients = Clients::new(options)?;
    clients.pause(0.2);
    let (before, kernel_before) = (server.resident(), Kernel::read());
    let window = Window::open(server, 0);
    let brackets = open_in_brackets(options, server, &mut clients)?;
    let connecting = window.close(clients.ready as u64);
    if options.variation.rooms {
        clients.join_first_rooms();
    }
    clients.pause(options.settle);
    let (idle, kernel_idle) = (server.resident(), Kernel::read());
    let window = Window::open(server, 0);
    clients.pause(options.seconds);
    let idle_cpu = window.server_cpu() as f64 / 1e3 / options.seconds.max(0.001);
    let rested = server.resident();
    clients.touch_all();
    clients.pause(options.settle.min(0.5));
    let touched = server.resident();
    let missing = clients.drain();
    clients.close_all();
    thread::sleep(AFTER_CLOSE);
    let closed = server.resident();
    let per_connection = |after| growth(before, after, clients.ready);
    Ok(connecting
        .with(brackets)
        .with(quantiles(&clients.handshake_times))
        .with(outcome(
            clients.ready,
            clients.errors,
            clients.traffic.mismatches,
            missing,
        ))
        .count("compressed", clients.compressed)
        .count("rss_before", before)
        .figure("rss_per_conn", per_connection(idle))
        .count("rss_rested", rested)
        .figure("rss_per_conn_rested", per_connection(rested))
        .figure("rss_per_conn_touched", per_connection(touched))
        .figure("rss_left_after_close", growth(before, closed, 1))
        .figure("idle_cpu_us_per_s", idle_cpu)
        .figure(
            "kernel_per_conn",
            growth(kernel_before.slab, kernel_idle.slab, clients.ready),
        )
        .figure(
            "kernel_buffers_per_conn",
            growth(kernel_before.buffers, kernel_idle.buffers, clients.ready),
        ))
}

/// Opens all connections. Reports the cost of each bracket under its number.
fn open_in_brackets(
    options: &Options,
    server: ServerProcess,
    clients: &mut Clients,
) -> Result<Report, LoadError> {
    let all = options.all_connections();
    let mut brackets = options.brackets.clone();
    brackets.retain(|bracket| *bracket < all);
    brackets.push(all);
    let mut report = Report::default();
    for (number, bracket) in (1..).zip(brackets) {
        let window = Window::open(server, clients.ready as u64);
        clients.open_until(bracket)?;
        let cost = window.close(clients.ready as u64);
        report = report.nested(&format!("bracket_{number}"), cost);
    }
    Ok(report)
}
