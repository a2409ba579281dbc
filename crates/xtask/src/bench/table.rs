//! The tables of the comparison.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::options::Options;
use super::plan::{Row, Scenario};
use super::samples::Samples;
use super::server::{Kind, Server};
use super::statistics::{median, paired_ratio, spread};
use crate::failure::Failure;

/// The name of a section of a document, in the comments that mark its begin and end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks(pub(super) &'static str);

impl Marks {
    fn begin(self) -> String {
        format!("<!-- {}: begin -->", self.0)
    }

    fn end(self) -> String {
        format!("<!-- {}: end -->", self.0)
    }
}

/// The maximum length of a line of text in the document.
const MAX_COLUMNS: usize = 120;
/// A server with a larger median wait shared its core with other programs.
const QUIET_WAIT: f64 = 0.1;
/// The median spread on a quiet machine is smaller.
const QUIET_SPREAD: f64 = 0.15;

/// Returns the compared versions, the noise and both tables.
pub(super) fn render(
    servers: &[Server],
    samples: &Samples,
    absent: &[String],
    options: &Options,
) -> String {
    let mut text = preamble(servers, samples, absent, options);
    let scenarios: Vec<_> = options.scenarios().collect();
    text.push_str(&costs(servers, samples, &scenarios, 0));
    text.push('\n');
    text.push_str(&speeds(servers, samples, options));
    text
}

/// Returns the compared versions and the noise.
pub(super) fn preamble(
    servers: &[Server],
    samples: &Samples,
    absent: &[String],
    options: &Options,
) -> String {
    let mut text = String::new();
    let built: Vec<_> = servers
        .iter()
        .map(|server| format!("{}: {}", server.kind.name(), server.version))
        .collect();
    let short = if options.quick {
        " of short measurements (`--quick`)"
    } else {
        ""
    };
    let built = built.join("; ");
    let versions = format!("{} rounds{short}. {built}.", options.rounds);
    text.push_str(&wrapped(&versions));
    for reason in absent {
        let first_line = reason.lines().next().unwrap_or_default();
        let _ = writeln!(text, "Not built, so not compared: {first_line}");
    }
    let noise = wrapped(&noise(servers, samples, options));
    let _ = writeln!(text, "\n{noise}");
    text
}

/// Breaks a paragraph into lines of at most [`MAX_COLUMNS`].
pub(super) fn wrapped(paragraph: &str) -> String {
    let mut text = String::new();
    let mut columns = 0;
    for word in paragraph.split(' ') {
        let length = word.chars().count();
        if columns > 0 && columns + 1 + length > MAX_COLUMNS {
            text.push('\n');
            columns = 0;
        } else if columns > 0 {
            text.push(' ');
            columns += 1;
        }
        text.push_str(word);
        columns += length;
    }
    text.push('\n');
    text
}

/// Replaces the text between the two marks of a document.
///
/// # Errors
/// If the document cannot be read or written, or has no marks.
pub(super) fn replace(path: &Path, marks: Marks, text: &str) -> Result<(), Failure> {
    let failure = |what: &str| Failure::new(format!("{}: {what}", path.display()));
    let document = fs::read_to_string(path).map_err(|error| failure(&error.to_string()))?;
    let document = between_marks(&document, marks, text).ok_or_else(|| {
        failure(&format!(
            "the lines {} and {} are missing; put them back",
            marks.begin(),
            marks.end()
        ))
    })?;
    fs::write(path, document).map_err(|error| failure(&error.to_string()))
}

fn between_marks(document: &str, marks: Marks, text: &str) -> Option<String> {
    let (begin, end) = (marks.begin(), marks.end());
    let (before, rest) = document.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!(
        "{before}{begin}\n\n{}\n\n{end}{after}",
        text.trim()
    ))
}

/// Returns the table of the server's CPU time per operation. The other servers are compared with the
/// first one.
pub(super) fn costs(
    servers: &[Server],
    samples: &Samples,
    scenarios: &[&Scenario],
    most: usize,
) -> String {
    let mut table = head("cost to the server", servers);
    for scenario in scenarios {
        for row in scenario.rows {
            let cells = servers
                .iter()
                .map(|server| cost(servers, server, samples, scenario, row));
            line(&mut table, &scenario.title(row, most), cells);
        }
    }
    table
}

fn cost(
    servers: &[Server],
    server: &Server,
    samples: &Samples,
    scenario: &Scenario,
    row: &Row,
) -> String {
    let figures = samples.figures(server.kind, scenario, row.figure);
    let Some(value) = median(figures.iter().map(|(_, value)| *value)) else {
        return missing(server.kind, scenario);
    };
    let mut cell = row.unit.show(value);
    if let Some(first) = servers.first().filter(|first| first.kind != server.kind) {
        let first = samples.figures(first.kind, scenario, row.figure);
        if let Some(ratio) = paired_ratio(&first, &figures) {
            let _ = write!(cell, " ({ratio:.2})");
        }
    }
    cell
}

/// Returns the table of throughput and latency.
fn speeds(servers: &[Server], samples: &Samples, options: &Options) -> String {
    let mut table = head("operations per second; latency p50 / p99", servers);
    for scenario in options.scenarios().filter(|scenario| scenario.load) {
        let cells = servers.iter().map(|server| {
            let middle = |name| {
                let figures = samples.figures(server.kind, scenario, name);
                median(figures.into_iter().map(|(_, value)| value))
            };
            match (middle("ops_per_s"), middle("p50_us"), middle("p99_us")) {
                (Some(rate), Some(p50), Some(p99)) => {
                    format!("{rate:.0}; {:.2} / {:.2} ms", p50 / 1e3, p99 / 1e3)
                }
                _ => missing(server.kind, scenario),
            }
        });
        let title = scenario.rows.first().map_or(scenario.key, |row| row.title);
        line(&mut table, title, cells);
    }
    table
}

pub(super) fn missing(kind: Kind, scenario: &Scenario) -> String {
    if kind.can(scenario) { "failed" } else { "–" }.to_owned()
}

fn head(title: &str, servers: &[Server]) -> String {
    let mut table = String::new();
    line(
        &mut table,
        title,
        servers.iter().map(|server| server.kind.name().to_owned()),
    );
    line(&mut table, "---", servers.iter().map(|_| "---:".to_owned()));
    table
}

pub(super) fn line(table: &mut String, title: &str, cells: impl Iterator<Item = String>) {
    let _ = write!(table, "| {title} |");
    for cell in cells {
        let _ = write!(table, " {cell} |");
    }
    table.push('\n');
}

/// Returns a sentence for each source of noise.
fn noise(servers: &[Server], samples: &Samples, options: &Options) -> String {
    let waits = servers.iter().filter_map(|server| {
        let wait = median(samples.waits(server.kind))?;
        Some((server.kind, wait))
    });
    let waits: Vec<_> = waits.collect();
    let spreads = options.scenarios().flat_map(|scenario| {
        scenario.rows.iter().flat_map(move |row| {
            servers.iter().filter_map(move |server| {
                let figures = samples.figures(server.kind, scenario, row.figure);
                spread(
                    &figures
                        .into_iter()
                        .map(|(_, value)| value)
                        .collect::<Vec<_>>(),
                )
            })
        })
    });
    let spread = median(spreads);
    // The threads of Node wait for each other, so their waits do not measure the load of the machine.
    let waited = waits
        .iter()
        .any(|(kind, wait)| *kind != Kind::Node && *wait > QUIET_WAIT);
    let verdict = match spread {
        _ if waited => "Noisy: other programs used the cores. Compare the ratios only.",
        Some(spread) if spread > QUIET_SPREAD => {
            "Noisy: the rounds differ. Compare the ratios only."
        }
        Some(_) => "Quiet.",
        None => "Noise unknown: it takes two rounds.",
    };
    let waits: Vec<_> = waits
        .iter()
        .map(|(kind, wait)| format!("{} {wait:.2}", kind.name()))
        .collect();
    let mut text = format!(
        "{verdict} Waited for the core (share of the time): {}.",
        waits.join(", ")
    );
    if let Some(spread) = spread {
        let _ = write!(
            text,
            " Spread between rounds: {:.0} % in the median.",
            spread * 100.0
        );
    }
    if samples.repeated > 0 {
        let _ = write!(text, " Repeated because of waiting: {}.", samples.repeated);
    }
    if samples.failures > 0 {
        let _ = write!(text, " Failed: {}.", samples.failures);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bench::plan::SCENARIOS;
    use crate::bench::samples::Sample;

    fn servers() -> Vec<Server> {
        [Kind::Socketio, Kind::Tungstenite]
            .map(|kind| Server {
                kind,
                command: Vec::new(),
                version: "1".to_owned(),
            })
            .into()
    }

    fn samples(wait: f64) -> Samples {
        let mut samples = Samples::default();
        for scenario in SCENARIOS {
            for (round, slowdown) in [1.0, 1.02, 3.0].into_iter().enumerate() {
                for (server, cost) in [(Kind::Socketio, 6.0), (Kind::Tungstenite, 8.0)] {
                    let figures = json!({
                        "server_cpu_us_per_op": cost * slowdown, "server_runq_wait": wait,
                        "ops_per_s": 1000, "p50_us": 500, "p99_us": 2000, "rss_per_conn": 4096,
                    });
                    if server.can(scenario) {
                        samples.add(Sample {
                            server,
                            scenario,
                            round,
                            figures,
                        });
                    }
                }
            }
        }
        samples
    }

    fn options(line: &str) -> Options {
        Options::parse(line.split_whitespace().map(str::to_owned)).unwrap()
    }

    #[test]
    fn cells_are_medians_and_paired_ratios() {
        let text = render(&servers(), &samples(0.0), &[], &options("--rounds 3"));
        assert!(
            text.contains("| echo, 1 in flight | 6.12 µs | 8.16 µs (0.75) |"),
            "{text}"
        );
        assert!(
            text.contains("| echo over long-polling | 6.12 µs | – |"),
            "{text}"
        );
        assert!(
            text.contains("| memory per idle connection, of 10 000 | 4.0 KiB | 4.0 KiB (1.00) |"),
            "{text}"
        );
        assert!(
            text.contains("| the same after one event each | failed | failed |"),
            "{text}"
        );
        assert!(
            text.contains("| echo, 1 in flight | 1000; 0.50 / 2.00 ms |"),
            "{text}"
        );
    }

    #[test]
    fn long_paragraphs_are_broken_between_words() {
        let words = ["word"; 30].join(" ");
        let text = wrapped(&words);
        let lengths: Vec<_> = text.lines().map(str::len).collect();
        assert_eq!(lengths, [119, 29]);
        assert_eq!(text.replace('\n', " ").trim_end(), words);
    }

    #[test]
    fn noise_is_reported() {
        let text = |wait| noise(&servers(), &samples(wait), &options(""));
        assert!(
            text(0.0).starts_with("Noisy: the rounds differ."),
            "{}",
            text(0.0)
        );
        assert!(
            text(0.3).starts_with("Noisy: other programs"),
            "{}",
            text(0.3)
        );
    }

    #[test]
    fn a_missing_server_is_reported() {
        let absent = ["Node: npm is missing; install Node.js".to_owned()];
        let text = render(&servers(), &samples(0.0), &absent, &options("--only echo"));
        assert!(
            text.contains("not compared: Node: npm is missing"),
            "{text}"
        );
        assert!(!text.contains("broadcast"), "{text}");
    }

    #[test]
    fn the_table_replaces_the_text_between_its_marks() {
        let marks = Marks("bench scale");
        let (begin, end) = (marks.begin(), marks.end());
        let other = "<!-- bench: begin -->\nkept\n<!-- bench: end -->";
        let document = format!("{other}\n{begin}\nold\n{end}\nb\n");
        let replaced = between_marks(&document, marks, "new\n").unwrap();
        assert_eq!(replaced, format!("{other}\n{begin}\n\nnew\n\n{end}\nb\n"));
        assert_eq!(between_marks("a", marks, "new"), None);
        assert_eq!(
            between_marks(&replaced, marks, "new\n"),
            Some(replaced.clone())
        );
    }
}
