//! What grows with the number of connections: what is measured, and the tables.

use super::files;
use super::options::Options;
use super::plan::{Row, Scenario, USUAL, Unit, Who, cpu};
use super::samples::Samples;
use super::server::Server;
use super::table;

/// How many connections the largest scenarios have.
const LARGEST: usize = 100_000;

/// What depends on a size, in the order of the table.
pub(super) const SIZES: &[Scenario] = &[
    Scenario {
        key: "broadcast-100",
        kind: "broadcast",
        connections: 100,
        rows: &[cpu("broadcast to 100, per delivery")],
        who: Who::Rust,
        ..USUAL
    },
    Scenario {
        key: "broadcast-1000",
        kind: "broadcast",
        connections: 1000,
        rows: &[cpu("broadcast to 1000, per delivery")],
        who: Who::Rust,
        ..USUAL
    },
    Scenario {
        key: "broadcast-10000",
        kind: "broadcast",
        connections: 10_000,
        rows: &[cpu("broadcast to {conns}, per delivery")],
        who: Who::Rust,
        ..USUAL
    },
    Scenario {
        key: "broadcast-others",
        kind: "broadcast",
        connections: 1000,
        others: LARGEST,
        rows: &[cpu("broadcast to 1000 of {all}, per delivery")],
        who: Who::Rust,
        ..USUAL
    },
    Scenario {
        key: "connect-brackets",
        kind: "connect",
        connections: 50_000,
        arguments: &["--brackets", "1000,10000", "--secs", "0.1"],
        rows: &[
            Row {
                title: "connect, the first 1000",
                figure: "bracket_1/server_cpu_us_per_op",
                unit: Unit::Microseconds,
            },
            Row {
                title: "connect, from 1000 to 10 000",
                figure: "bracket_2/server_cpu_us_per_op",
                unit: Unit::Microseconds,
            },
            Row {
                title: "connect, from 10 000 to {conns}",
                figure: "bracket_3/server_cpu_us_per_op",
                unit: Unit::Microseconds,
            },
        ],
        load: false,
        who: Who::Rust,
        ..USUAL
    },
    Scenario {
        key: "idle",
        kind: "connect",
        connections: LARGEST,
        // Every client is pinged once in that time.
        arguments: &["--secs", "25"],
        rows: &[
            Row {
                title: "memory of the server with {conns} idle connections",
                figure: "rss_rested",
                unit: Unit::Mebibytes,
            },
            Row {
                title: "the same per connection",
                figure: "rss_per_conn_rested",
                unit: Unit::Kibibytes,
            },
            Row {
                title: "memory of the kernel per connection, both ends",
                figure: "kernel_per_conn",
                unit: Unit::Kibibytes,
            },
            Row {
                title: "CPU time per second with {conns} idle connections",
                figure: "idle_cpu_us_per_s",
                unit: Unit::OfSecond,
            },
        ],
        load: false,
        who: Who::Ours,
        ..USUAL
    },
    Scenario {
        key: "joins",
        kind: "joins",
        connections: 10_000,
        arguments: &["--active", "500", "--secs", "10"],
        rows: &[
            Row {
                title: "a broadcast to {conns}, 10 a second: its call, median",
                figure: "inside/broadcasts/p50_us",
                unit: Unit::Microseconds,
            },
            Row {
                title: "a join of its room during that call: p50",
                figure: "inside/during/p50_us",
                unit: Unit::Microseconds,
            },
            Row {
                title: "the same: p99",
                figure: "inside/during/p99_us",
                unit: Unit::Microseconds,
            },
            Row {
                title: "a join at other times: p99",
                figure: "inside/between/p99_us",
                unit: Unit::Microseconds,
            },
            Row {
                title: "an acknowledged join as clients see it: p50",
                figure: "p50_us",
                unit: Unit::Microseconds,
            },
            Row {
                title: "the same: p99",
                figure: "p99_us",
                unit: Unit::Microseconds,
            },
            Row {
                title: "the same: p99.9",
                figure: "p999_us",
                unit: Unit::Microseconds,
            },
        ],
        who: Who::Ours,
        two_cores: true,
        ..USUAL
    },
    Scenario {
        key: "echo-16",
        kind: "echo",
        arguments: &["--inflight", "16"],
        rows: &[Row {
            title: "p99 by p50 of an echo, 16 in flight",
            figure: "p99_by_p50",
            unit: Unit::Ratio,
        }],
        who: Who::Rust,
        ..USUAL
    },
];

/// Everything, in the order of measuring.
pub(super) const LISTS: &[&[Scenario]] = &[SIZES];

/// The tables, what was measured, and how noisy it was.
pub(super) fn render(
    servers: &[Server],
    samples: &Samples,
    absent: &[String],
    options: &Options,
    most: usize,
) -> String {
    let mut text = table::preamble(servers, samples, absent, options);
    let sizes: Vec<_> = SIZES
        .iter()
        .filter(|scenario| options.wants(scenario))
        .collect();
    let largest = sizes
        .iter()
        .map(|scenario| scenario.connections + scenario.others);
    if let Some(shortage) = files::shortage(most, largest.max().unwrap_or(0)) {
        text.push_str(&shortage);
        text.push_str("\n\n");
    }
    if !sizes.is_empty() {
        text.push_str(&table::costs(servers, samples, &sizes, most));
    }
    text
}
