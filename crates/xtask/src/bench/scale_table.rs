//! The tables of `--scale`.

use super::files;
use super::options::Options;
use super::plan::Scenario;
use super::samples::Samples;
use super::scale::{ADDITIONS, LISTS, MEMORY, SIZES};
use super::server::{Kind, Server};
use super::statistics::{median, paired_ratio};
use super::table::{self, missing};

/// Returns the measured versions, the noise and the tables.
pub(super) fn render(
    servers: &[Server],
    samples: &Samples,
    absent: &[String],
    options: &Options,
    most: usize,
) -> String {
    let mut text = table::preamble(servers, samples, absent, options);
    let chosen = |list: &'static [Scenario]| -> Vec<&Scenario> {
        list.iter()
            .filter(|scenario| options.wants(scenario))
            .collect()
    };
    let sizes = chosen(SIZES);
    let largest = sizes
        .iter()
        .map(|scenario| scenario.connections + scenario.others);
    if let Some(shortage) = files::shortage(most, largest.max().unwrap_or(0)) {
        text.push_str(&table::wrapped(&shortage));
        text.push('\n');
    }
    let tables = [
        table::costs(servers, samples, &sizes, most),
        additions(samples, &chosen(ADDITIONS)),
        memory(samples, &chosen(MEMORY)),
    ];
    let has_rows = |table: &&String| table.lines().count() > 2;
    let tables: Vec<_> = tables.iter().filter(has_rows).map(String::as_str).collect();
    text.push_str(&tables.join("\n"));
    text
}

/// Returns the table of costs with and without an option.
fn additions(samples: &Samples, scenarios: &[&Scenario]) -> String {
    let mut table = head(["cost of additions", "without", "with", "ratio"]);
    for scenario in scenarios {
        let Some((row, without)) = scenario.rows.first().zip(scenario.without) else {
            continue;
        };
        let mut all = LISTS.iter().copied().flatten();
        let Some(without) = all.find(|other| other.key == without) else {
            continue;
        };
        let with = samples.figures(Kind::Socketio, scenario, row.figure);
        let without = samples.figures(Kind::Socketio, without, row.figure);
        let shown = |figures: &[(usize, f64)]| {
            median(figures.iter().map(|(_, value)| *value)).map(|value| row.unit.show(value))
        };
        let ratio = paired_ratio(&with, &without).map(|ratio| format!("{ratio:.2}"));
        let cells = [shown(&without), shown(&with), ratio]
            .map(|cell| cell.unwrap_or_else(|| missing(Kind::Socketio, scenario)));
        table::line(&mut table, row.title, cells.into_iter());
    }
    table
}

/// Returns the table of memory per connection, idle and after one event.
fn memory(samples: &Samples, scenarios: &[&Scenario]) -> String {
    let mut table = head(["memory per connection", "idle", "after one event each"]);
    for scenario in scenarios {
        let Some(title) = scenario.rows.first().map(|row| row.title) else {
            continue;
        };
        let cells = scenario.rows.iter().map(|row| {
            let figures = samples.figures(Kind::Socketio, scenario, row.figure);
            match median(figures.into_iter().map(|(_, value)| value)) {
                Some(value) => row.unit.show(value),
                None => missing(Kind::Socketio, scenario),
            }
        });
        table::line(&mut table, title, cells);
    }
    table
}

fn head<const COLUMNS: usize>(titles: [&str; COLUMNS]) -> String {
    let mut table = String::new();
    let [title, columns @ ..] = &titles[..] else {
        return table;
    };
    table::line(
        &mut table,
        title,
        columns.iter().map(|title| (*title).to_owned()),
    );
    table::line(&mut table, "---", columns.iter().map(|_| "---:".to_owned()));
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bench::samples::Sample;

    fn options(line: &str) -> Options {
        Options::parse(line.split_whitespace().map(str::to_owned)).unwrap()
    }

    fn servers() -> Vec<Server> {
        [Kind::Socketio, Kind::Socketioxide]
            .map(|kind| Server {
                kind,
                command: Vec::new(),
                version: "1".to_owned(),
            })
            .into()
    }

    /// An option raises the cost from 2 to 3. The rounds differ.
    fn samples() -> Samples {
        let mut samples = Samples::default();
        for scenario in LISTS.iter().copied().flatten() {
            for (round, slowdown) in [1.0, 2.0].into_iter().enumerate() {
                let cost = if scenario.without.is_some() { 3.0 } else { 2.0 };
                let figures = json!({
                    "server_cpu_us_per_op": cost * slowdown,
                    "server_runq_wait": 0.0,
                    "bracket_2": { "server_cpu_us_per_op": 7.0 },
                    "rss_rested": 300.0 * 1024.0 * 1024.0,
                    "rss_per_conn": 2048, "rss_per_conn_touched": 4096,
                });
                samples.add(Sample {
                    server: Kind::Socketio,
                    scenario,
                    round,
                    figures,
                });
            }
        }
        samples
    }

    fn rendered(line: &str, most: usize) -> String {
        let options = options(&format!("--scale {line}"));
        render(&servers(), &samples(), &[], &options, most)
    }

    #[test]
    fn titles_state_the_measured_sizes() {
        let text = rendered("", 19_800);
        for line in [
            "| memory of the server with 19 800 idle connections | 300 MiB | – |",
            "| broadcast to 1000 of 19 800, per delivery | 3.00 µs | failed |",
            "| connect, from 1000 to 10 000 | 7.00 µs | failed |",
            "| connect, from 10 000 to 19 800 | failed | failed |",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(
            text.contains("A process may open 20 000 files here"),
            "{text}"
        );
        let text = rendered("", 109_800);
        assert!(
            text.contains("| broadcast to 1000 of 101 000, per"),
            "{text}"
        );
        assert!(!text.contains("may open"), "{text}");
    }

    #[test]
    fn additions_are_compared_with_their_base() {
        let text = rendered("", 19_800);
        let line = "| delivery to 1000: connection state recovery | 3.00 µs | 4.50 µs | 1.50 |";
        assert!(text.contains(line), "{text}");
        assert!(!text.contains("| echo of 2 KiB of text |"), "{text}");
        let line = "| WebSocket, in two namespaces | 2.0 KiB | 4.0 KiB |";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn tables_without_rows_are_left_out() {
        let text = rendered("--only memory-rooms", 19_800);
        assert!(text.contains("| WebSocket, in 5 of 1000 rooms |"), "{text}");
        assert!(!text.contains("cost"), "{text}");
    }

    #[test]
    fn the_base_of_each_addition_is_measured() {
        for scenario in ADDITIONS {
            if let Some(without) = scenario.without {
                let found = LISTS
                    .iter()
                    .copied()
                    .flatten()
                    .find(|other| other.key == without);
                assert_eq!(
                    found.map(|found| found.kind),
                    Some(scenario.kind),
                    "{without}"
                );
            }
        }
    }
}
