//! What is measured, and which figures of it are shown.

/// One run of the generator.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) key: &'static str,
    /// The generator's scenario.
    pub(super) kind: &'static str,
    /// More arguments of the generator.
    pub(super) arguments: &'static [&'static str],
    pub(super) rows: &'static [Row],
    /// Whether throughput and latency mean something.
    pub(super) load: bool,
}

impl Scenario {
    /// Whether somebody who names it so means this one.
    pub(super) fn is_named(&self, name: &str) -> bool {
        name == self.key || name == self.kind || (name == "memory" && self.kind == "connect")
    }
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) title: &'static str,
    pub(super) figure: &'static str,
    pub(super) unit: Unit,
}

/// How a figure is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    Kibibytes,
    Microseconds,
}

impl Unit {
    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Kibibytes => format!("{:.1} KiB", value / 1024.0),
            Self::Microseconds if value < 10.0 => format!("{value:.2} µs"),
            Self::Microseconds => format!("{value:.1} µs"),
        }
    }
}

const fn cpu(title: &'static str) -> Row {
    Row {
        title,
        figure: "server_cpu_us_per_op",
        unit: Unit::Microseconds,
    }
}

/// Every scenario, in the order of the table.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        key: "echo-1",
        kind: "echo",
        arguments: &["--inflight", "1"],
        rows: &[cpu("echo, 1 in flight")],
        load: true,
    },
    Scenario {
        key: "echo-16",
        kind: "echo",
        arguments: &["--inflight", "16"],
        rows: &[cpu("echo, 16 in flight")],
        load: true,
    },
    Scenario {
        key: "ack-1",
        kind: "ack",
        arguments: &["--inflight", "1"],
        rows: &[cpu("acknowledgement, 1 in flight")],
        load: true,
    },
    Scenario {
        key: "ack-16",
        kind: "ack",
        arguments: &["--inflight", "16"],
        rows: &[cpu("acknowledgement, 16 in flight")],
        load: true,
    },
    Scenario {
        key: "broadcast",
        kind: "broadcast",
        arguments: &["--conns", "1000"],
        rows: &[cpu("broadcast to 1000, per delivery")],
        load: true,
    },
    Scenario {
        key: "bin",
        kind: "bin",
        arguments: &["--payload", "1024"],
        rows: &[cpu("binary event of 1 KiB")],
        load: true,
    },
    Scenario {
        key: "polling",
        kind: "polling",
        arguments: &[],
        rows: &[cpu("echo over long-polling")],
        load: true,
    },
    Scenario {
        key: "rooms",
        kind: "rooms",
        arguments: &[],
        rows: &[cpu("join or leave 5 rooms, of 10 000 sockets")],
        load: true,
    },
    Scenario {
        key: "connect",
        kind: "connect",
        arguments: &["--conns", "10000"],
        rows: &[
            cpu("connect"),
            Row {
                title: "memory per idle connection, of 10 000",
                figure: "rss_per_conn",
                unit: Unit::Kibibytes,
            },
            Row {
                title: "the same after one event each",
                figure: "rss_per_conn_touched",
                unit: Unit::Kibibytes,
            },
        ],
        load: false,
    },
];
