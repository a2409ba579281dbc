//! The scenarios of `--scale`: costs by the number of connections, and the costs of options.

use super::plan::{Row, Scenario, Servers, USUAL, Unit, cpu};

/// The number of connections in the largest scenarios.
const LARGEST: usize = 100_000;

/// Costs that depend on the number of connections, in the order of the table.
pub(super) const SIZES: &[Scenario] = &[
    Scenario {
        key: "broadcast-100",
        kind: "broadcast",
        connections: 100,
        rows: &[cpu("broadcast to 100, per delivery")],
        servers: Servers::Rust,
        ..USUAL
    },
    Scenario {
        key: "broadcast-1000",
        kind: "broadcast",
        connections: 1000,
        rows: &[cpu("broadcast to 1000, per delivery")],
        servers: Servers::Rust,
        ..USUAL
    },
    Scenario {
        key: "broadcast-10000",
        kind: "broadcast",
        connections: 10_000,
        rows: &[cpu("broadcast to {conns}, per delivery")],
        servers: Servers::Rust,
        ..USUAL
    },
    Scenario {
        key: "broadcast-others",
        kind: "broadcast",
        connections: 1000,
        others: LARGEST,
        rows: &[cpu("broadcast to 1000 of {all}, per delivery")],
        servers: Servers::Rust,
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
        servers: Servers::Rust,
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
        servers: Servers::Ours,
        ..USUAL
    },
    Scenario {
        key: "inner",
        kind: "inner",
        // Every client is pinged once in that time.
        arguments: &[
            "--inner",
            "100000",
            "--brackets",
            "1000,10000,50000",
            "--secs",
            "26",
        ],
        rows: &[
            Row {
                title: "connect over memory, the first 1000",
                figure: "bracket_1/server_cpu_us_per_op",
                unit: Unit::Microseconds,
            },
            Row {
                title: "connect over memory, from 1000 to 10 000",
                figure: "bracket_2/server_cpu_us_per_op",
                unit: Unit::Microseconds,
            },
            Row {
                title: "connect over memory, from 10 000 to 50 000",
                figure: "bracket_3/server_cpu_us_per_op",
                unit: Unit::Microseconds,
            },
            Row {
                title: "connect over memory, from 50 000 to 100 000",
                figure: "bracket_4/server_cpu_us_per_op",
                unit: Unit::Microseconds,
            },
            Row {
                title: "memory of the server with 100 000 idle connections over memory",
                figure: "rss_rested",
                unit: Unit::Mebibytes,
            },
            Row {
                title: "the same per connection",
                figure: "rss_per_conn_rested",
                unit: Unit::Kibibytes,
            },
            Row {
                title: "memory of the clients for each, not included",
                figure: "clients_per_conn",
                unit: Unit::Kibibytes,
            },
            Row {
                title: "CPU time per second with 100 000 idle connections over memory",
                figure: "idle_cpu_us_per_s",
                unit: Unit::OfSecond,
            },
        ],
        ..INNER
    },
    Scenario {
        key: "inner-10000",
        kind: "inner",
        arguments: &["--inner", "10000", "--secs", "26"],
        rows: &[Row {
            title: "memory per connection of 10 000 idle ones over memory",
            figure: "rss_per_conn_rested",
            unit: Unit::Kibibytes,
        }],
        ..INNER
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
                title: "the same while the thread kept its core: p99",
                figure: "inside/during/kept/p99_us",
                unit: Unit::Microseconds,
            },
            Row {
                title: "share of these joins in which it lost its core",
                figure: "inside/during/lost_core",
                unit: Unit::Share,
            },
            Row {
                title: "share of these joins in which it slept",
                figure: "inside/during/slept",
                unit: Unit::Share,
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
        servers: Servers::Ours,
        two_cores: true,
        ..USUAL
    },
    Scenario {
        key: "joins-calm",
        kind: "joins",
        connections: 10_000,
        arguments: &[
            "--active",
            "500",
            "--broadcasts",
            "2",
            "--rate",
            "4000",
            "--doze",
            "--secs",
            "20",
        ],
        rows: &[
            Row {
                title: "a join during the call, 2 broadcasts a second and the machine idle otherwise: p50",
                figure: "inside/during/p50_us",
                unit: Unit::Microseconds,
            },
            Row {
                title: "the same: p99",
                figure: "inside/during/p99_us",
                unit: Unit::Microseconds,
            },
            Row {
                title: "share of these joins in which the thread lost its core",
                figure: "inside/during/lost_core",
                unit: Unit::Share,
            },
        ],
        servers: Servers::Ours,
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
        servers: Servers::Rust,
        ..USUAL
    },
];

/// In-memory connections: the thread of the server and that of the clients have one core each.
const INNER: Scenario = Scenario {
    load: false,
    two_cores: true,
    server: &["current", "--inner"],
    ..OURS
};

/// A payload of words, which compresses as text does.
const TEXT: [&str; 3] = ["--payload", "2048", "--words"];

/// Pairs of scenarios with and without an option.
pub(super) const ADDITIONS: &[Scenario] = &[
    Scenario {
        key: "broadcast-inner",
        kind: "broadcast",
        connections: 1000,
        arguments: &["--inner", "100000"],
        server: &["--inner", "--unpinged"],
        without: Some("broadcast-1000"),
        rows: &[cpu(
            "delivery to 1000: 100 000 others in the namespace, over memory",
        )],
        ..OURS
    },
    Scenario {
        key: "echo-recovery",
        kind: "echo",
        arguments: &["--inflight", "16", "--with", "recovery"],
        server: &["--recovery"],
        without: Some("echo-16"),
        rows: &[cpu("echo, 16 in flight: connection state recovery")],
        ..OURS
    },
    Scenario {
        key: "broadcast-recovery",
        kind: "broadcast",
        connections: 1000,
        arguments: &["--with", "recovery"],
        server: &["--recovery"],
        without: Some("broadcast-1000"),
        rows: &[cpu("delivery to 1000: connection state recovery")],
        ..OURS
    },
    Scenario {
        key: "text-echo",
        kind: "echo",
        arguments: &TEXT,
        rows: &[cpu("echo of 2 KiB of text")],
        ..OURS
    },
    Scenario {
        key: "text-echo-deflate",
        kind: "echo",
        arguments: &[TEXT[0], TEXT[1], TEXT[2], "--with", "deflate"],
        server: &["--deflate"],
        without: Some("text-echo"),
        rows: &[cpu("echo of 2 KiB of text: compressed")],
        ..OURS
    },
    Scenario {
        key: "text-echo-alone",
        kind: "echo",
        arguments: &[TEXT[0], TEXT[1], TEXT[2], "--with", "deflate"],
        server: &["--deflate-alone"],
        without: Some("text-echo"),
        rows: &[cpu("echo of 2 KiB of text: compressed, each for itself")],
        ..OURS
    },
    Scenario {
        key: "text-broadcast",
        kind: "broadcast",
        connections: 1000,
        arguments: &TEXT,
        rows: &[cpu("delivery of 2 KiB of text to 1000")],
        ..OURS
    },
    Scenario {
        key: "text-broadcast-deflate",
        kind: "broadcast",
        connections: 1000,
        arguments: &[TEXT[0], TEXT[1], TEXT[2], "--with", "deflate"],
        server: &["--deflate"],
        without: Some("text-broadcast"),
        rows: &[cpu("delivery of 2 KiB of text to 1000: compressed")],
        ..OURS
    },
    Scenario {
        key: "text-broadcast-alone",
        kind: "broadcast",
        connections: 1000,
        arguments: &[TEXT[0], TEXT[1], TEXT[2], "--with", "deflate"],
        server: &["--deflate-alone"],
        without: Some("text-broadcast"),
        rows: &[cpu(
            "delivery of 2 KiB of text to 1000: compressed, each for itself",
        )],
        ..OURS
    },
];

/// The memory of connections, idle and after one event.
pub(super) const MEMORY: &[Scenario] = &[
    Scenario {
        key: "memory-websocket",
        rows: &memory("WebSocket"),
        ..IDLE
    },
    Scenario {
        key: "memory-polling",
        kind: "polling",
        connections: 5000,
        // The second figure needs a load.
        arguments: &["--secs", "1", "--warmup", "0"],
        rows: &[
            Row {
                title: "long-polling, with its two HTTP connections",
                figure: "rss_per_conn",
                unit: Unit::Kibibytes,
            },
            Row {
                title: "",
                figure: "rss_per_conn_loaded",
                unit: Unit::Kibibytes,
            },
        ],
        ..IDLE
    },
    Scenario {
        key: "memory-upgraded",
        arguments: &["--secs", "0.1", "--with", "upgrade"],
        rows: &memory("WebSocket, upgraded from long-polling"),
        ..IDLE
    },
    Scenario {
        key: "memory-rooms",
        arguments: &["--secs", "0.1", "--with", "rooms"],
        rows: &memory("WebSocket, in 5 of 1000 rooms"),
        ..IDLE
    },
    Scenario {
        key: "memory-namespace",
        arguments: &["--secs", "0.1", "--with", "namespace"],
        rows: &memory("WebSocket, in two namespaces"),
        ..IDLE
    },
    Scenario {
        key: "memory-recovery",
        arguments: &["--secs", "0.1", "--with", "recovery"],
        server: &["--recovery"],
        rows: &memory("WebSocket, connection state recovery"),
        ..IDLE
    },
    Scenario {
        key: "memory-deflate",
        connections: 2000,
        arguments: &[
            TEXT[0], TEXT[1], TEXT[2], "--secs", "0.1", "--with", "deflate",
        ],
        server: &["--deflate"],
        rows: &memory("WebSocket, compressed"),
        ..IDLE
    },
    Scenario {
        key: "memory-alone",
        connections: 2000,
        arguments: &[
            TEXT[0], TEXT[1], TEXT[2], "--secs", "0.1", "--with", "deflate",
        ],
        server: &["--deflate-alone"],
        rows: &memory("WebSocket, compressed, each message for itself"),
        ..IDLE
    },
];

/// The defaults of scenarios that only this server runs.
const OURS: Scenario = Scenario {
    servers: Servers::Ours,
    ..USUAL
};

/// Connections that are idle and then send one event.
const IDLE: Scenario = Scenario {
    kind: "connect",
    connections: 10_000,
    arguments: &["--secs", "0.1"],
    load: false,
    ..OURS
};

/// Returns the two columns of the memory table.
const fn memory(title: &'static str) -> [Row; 2] {
    [
        Row {
            title,
            figure: "rss_per_conn",
            unit: Unit::Kibibytes,
        },
        Row {
            title: "",
            figure: "rss_per_conn_touched",
            unit: Unit::Kibibytes,
        },
    ]
}

/// All scenarios, in the order of the measurements.
pub(super) const LISTS: &[&[Scenario]] = &[SIZES, ADDITIONS, MEMORY];
