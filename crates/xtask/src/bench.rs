//! `cargo xtask bench`: compares this server with others on this machine.

mod build_cost;
mod cores;
mod files;
mod measure;
mod options;
mod plan;
mod samples;
mod scale;
mod scale_table;
mod server;
mod statistics;
mod table;

use std::fs::{self, File};
use std::io::Write as _;

use self::cores::Cores;
use self::measure::Bench;
use self::options::Options;
use self::samples::{Sample, Samples};
use self::server::{Kind, Server};
use self::table::Marks;
use crate::failure::Failure;
use crate::project::Project;

/// The document with the tables.
const DOCUMENT: &str = "docs/PERFORMANCE.md";
/// A run is repeated if the server waited for its core for a larger share of the time.
const WORTHLESS_WAIT: f64 = 0.2;

/// Builds all servers, measures them in rounds and prints the tables.
///
/// # Errors
/// For wrong arguments, or if nothing can be built or measured.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<(), Failure> {
    let options = Options::parse(arguments)?;
    let project = Project::load()?;
    if options.build {
        return build_cost::run_builds(&project);
    }
    let cores = Cores::available()?;
    // The load average would include the builds.
    print_load();
    let (servers, absent) = server::build_all(&project, |kind| {
        options.scenarios().any(|scenario| kind.can(scenario))
    });
    if servers.is_empty() {
        let reasons = absent.join("\n");
        return Err(Failure::new(format!(
            "no server could be built; see above\n{reasons}"
        )));
    }
    let bench = Bench {
        generator: measure::build_generator(&project)?,
        cores,
        options: &options,
        most: files::most_connections(),
    };
    let samples = rounds(&project, &bench, &servers)?;
    if samples.is_empty() {
        return Err(Failure::new(
            "all measurements failed; see the reasons above",
        ));
    }
    let text = if options.scale {
        scale_table::render(&servers, &samples, &absent, &options, bench.most)
    } else {
        table::render(&servers, &samples, &absent, &options)
    };
    println!("\n{text}");
    if options.write {
        if !servers.iter().any(|server| server.kind == Kind::Socketio) {
            return Err(Failure::new(
                "this server was not built, so nothing was written; see above",
            ));
        }
        let marks = if options.scale {
            Marks("bench scale")
        } else {
            Marks("bench")
        };
        table::replace(&project.root.join(DOCUMENT), marks, &text)?;
        println!("written to {DOCUMENT}");
    }
    Ok(())
}

/// Measures every server once per round. The order of the servers rotates from round to round.
fn rounds(project: &Project, bench: &Bench<'_>, servers: &[Server]) -> Result<Samples, Failure> {
    let folder = project.target.join("bench");
    let path = folder.join("samples.jsonl");
    let unwritable = |error| Failure::new(format!("cannot write {}: {error}", path.display()));
    fs::create_dir_all(&folder).map_err(unwritable)?;
    let mut log = File::create(&path).map_err(unwritable)?;
    let mut samples = Samples::default();
    for round in 0..bench.options.rounds {
        for scenario in bench.options.scenarios() {
            for turn in 0..servers.len() {
                let Some(server) = servers.get((round + turn) % servers.len()) else {
                    continue;
                };
                if !server.kind.can(scenario) {
                    continue;
                }
                match best_of_two(bench, server, scenario, &mut samples) {
                    Ok(figures) => {
                        let sample = Sample {
                            server: server.kind,
                            scenario,
                            round,
                            figures,
                        };
                        println!(
                            "{round}  {:<14}  {:<13}  {}",
                            scenario.key,
                            server.kind.name(),
                            sample.summary()
                        );
                        writeln!(log, "{}", sample.line()).map_err(unwritable)?;
                        samples.add(sample);
                    }
                    Err(failure) => {
                        println!(
                            "{round}  {:<14}  {:<13}  failed: {failure}",
                            scenario.key,
                            server.kind.name()
                        );
                        samples.failures += 1;
                    }
                }
            }
        }
    }
    println!("\nall samples: {}", project.short(&path).display());
    Ok(samples)
}

/// Measures, and repeats the measurement if the server had to wait for its core. Returns the one with
/// the shorter wait.
fn best_of_two(
    bench: &Bench<'_>,
    server: &Server,
    scenario: &'static plan::Scenario,
    samples: &mut Samples,
) -> Result<serde_json::Value, Failure> {
    let first = bench.measure(server, scenario)?;
    // Two threads that share their cores with the generator always wait.
    if scenario.two_cores || samples::wait(&first) <= WORTHLESS_WAIT {
        return Ok(first);
    }
    samples.repeated += 1;
    match bench.measure(server, scenario) {
        Ok(second) if samples::wait(&second) < samples::wait(&first) => Ok(second),
        _ => Ok(first),
    }
}

fn print_load() {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load
        .split_whitespace()
        .next()
        .and_then(|load| load.parse::<f64>().ok());
    if let Some(load) = load.filter(|load| *load > 0.5) {
        println!("Load average {load}: other programs use this machine; expect noise.");
    }
}
