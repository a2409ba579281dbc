//! The scenarios, and the figures of each that the tables show.

/// A run of the generator.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) key: &'static str,
    /// The scenario of the generator.
    pub(super) kind: &'static str,
    /// Additional arguments of the generator.
    pub(super) arguments: &'static [&'static str],
    pub(super) rows: &'static [Row],
    /// Whether throughput and latency are shown.
    pub(super) load: bool,
    /// The number of connections, unless the limit of open files is lower; 0 if `arguments` contain it.
    pub(super) connections: usize,
    /// The number of additional connections that do not receive the broadcasts.
    pub(super) others: usize,
    /// The measured servers.
    pub(super) servers: Servers,
    /// Whether the server has two cores.
    pub(super) two_cores: bool,
    /// Arguments of the server.
    pub(super) server: &'static [&'static str],
    /// The key of the same scenario without the option of the server that this one measures.
    pub(super) without: Option<&'static str>,
}

/// The defaults of most scenarios.
pub(super) const USUAL: Scenario = Scenario {
    key: "",
    kind: "",
    arguments: &[],
    rows: &[],
    load: true,
    connections: 0,
    others: 0,
    servers: Servers::All,
    two_cores: false,
    server: &[],
    without: None,
};

/// A selection of servers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Servers {
    /// All servers that implement the scenario.
    All,
    /// Only this server.
    Ours,
    /// The Socket.IO servers in Rust.
    Rust,
}

impl Scenario {
    /// Returns whether `--only` with this name selects the scenario.
    pub(super) fn is_named(&self, name: &str) -> bool {
        let is_memory = self.kind == "connect" || self.key.starts_with("memory-");
        name == self.key || name == self.kind || (name == "memory" && is_memory)
    }

    /// Returns the numbers of connections and of additional connections, if `most` are possible in total.
    pub(super) fn size(&self, most: usize) -> (usize, usize) {
        let connections = self.connections.min(most);
        (connections, self.others.min(most - connections))
    }

    /// Returns the title of a row with its numbers inserted.
    pub(super) fn title(&self, row: &Row, most: usize) -> String {
        let (connections, others) = self.size(most);
        row.title
            .replace("{conns}", &spaced(connections))
            .replace("{all}", &spaced(connections + others))
    }
}

/// Returns a number with its digits in groups of three: `10 000`.
pub(super) fn spaced(number: usize) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) title: &'static str,
    pub(super) figure: &'static str,
    pub(super) unit: Unit,
}

/// The format of a figure.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    Kibibytes,
    Mebibytes,
    Microseconds,
    /// Microseconds per second, shown in milliseconds.
    OfSecond,
    /// The ratio of two figures.
    Ratio,
    /// A fraction, shown as a percentage.
    Share,
}

impl Unit {
    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Kibibytes => format!("{:.1} KiB", value / 1024.0),
            Self::Mebibytes => format!("{:.0} MiB", value / 1024.0 / 1024.0),
            Self::OfSecond => format!("{:.1} ms", value / 1e3),
            Self::Ratio => format!("{value:.2}"),
            Self::Share => format!("{:.1} %", value * 100.0),
            Self::Microseconds if value < 10.0 => format!("{value:.2} µs"),
            Self::Microseconds => format!("{value:.1} µs"),
        }
    }
}

pub(super) const fn cpu(title: &'static str) -> Row {
    Row {
        title,
        figure: "server_cpu_us_per_op",
        unit: Unit::Microseconds,
    }
}

/// The scenarios of the comparison, in the order of the table.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        key: "echo-1",
        kind: "echo",
        arguments: &["--inflight", "1"],
        rows: &[cpu("echo, 1 in flight")],
        ..USUAL
    },
    Scenario {
        key: "echo-16",
        kind: "echo",
        arguments: &["--inflight", "16"],
        rows: &[cpu("echo, 16 in flight")],
        ..USUAL
    },
    Scenario {
        key: "ack-1",
        kind: "ack",
        arguments: &["--inflight", "1"],
        rows: &[cpu("acknowledgement, 1 in flight")],
        ..USUAL
    },
    Scenario {
        key: "ack-16",
        kind: "ack",
        arguments: &["--inflight", "16"],
        rows: &[cpu("acknowledgement, 16 in flight")],
        ..USUAL
    },
    Scenario {
        key: "broadcast",
        kind: "broadcast",
        arguments: &["--conns", "1000"],
        rows: &[cpu("broadcast to 1000, per delivery")],
        ..USUAL
    },
    Scenario {
        key: "bin",
        kind: "bin",
        arguments: &["--payload", "1024"],
        rows: &[cpu("binary event of 1 KiB")],
        ..USUAL
    },
    Scenario {
        key: "polling",
        kind: "polling",
        arguments: &[],
        rows: &[cpu("echo over long-polling")],
        ..USUAL
    },
    Scenario {
        key: "rooms",
        kind: "rooms",
        arguments: &[],
        rows: &[cpu("join or leave 5 rooms, of 10 000 sockets")],
        ..USUAL
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
        ..USUAL
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        let shown = [7, 9999, 10_000, 123_456, 1_234_567].map(spaced);
        assert_eq!(shown, ["7", "9999", "10 000", "123 456", "1 234 567"]);
    }

    #[test]
    fn the_limit_of_open_files_reduces_a_scenario() {
        let scenario = Scenario {
            connections: 1000,
            others: 100_000,
            ..USUAL
        };
        assert_eq!(scenario.size(200_000), (1000, 100_000));
        assert_eq!(scenario.size(5000), (1000, 4000));
        assert_eq!(scenario.size(10), (10, 0));
        let row = cpu("{conns} of {all}");
        assert_eq!(scenario.title(&row, 20_000), "1000 of 20 000");
    }

    #[test]
    fn figures_have_units() {
        let shown = [
            Unit::Kibibytes.show(1536.0),
            Unit::Mebibytes.show(1024.0 * 1024.0 * 3.2),
            Unit::OfSecond.show(12_340.0),
            Unit::Ratio.show(1.234),
            Unit::Share.show(0.0123),
        ];
        assert_eq!(shown, ["1.5 KiB", "3 MiB", "12.3 ms", "1.23", "1.2 %"]);
    }
}
