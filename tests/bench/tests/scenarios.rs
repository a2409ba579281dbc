//! Every scenario against the measured server, with few connections and short windows.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use bench::{LoadError, Options, Report, Scenario, run};

#[test]
fn every_scenario_is_answered_correctly() {
    for scenario in Scenario::ALL {
        let server = Server::start(&["--inner"]);
        let report = server.load(&format!("--scenario {scenario}"));
        assert!(report.number("ops").unwrap() > 0.0, "{report}");
        assert_eq!(report.number("ready").unwrap(), ready(scenario), "{report}");
    }
}

#[test]
fn broadcasts_do_not_reach_clients_outside_of_the_room() {
    let report = Server::start(&[]).load("--scenario broadcast --others 9");
    assert_eq!(report.number("ready"), Some(12.0), "{report}");
    assert!(report.number("fanouts").unwrap() > 0.0, "{report}");
}

#[test]
fn the_cost_of_connections_is_reported_in_brackets() {
    let server = Server::start(&[]);
    let report = server.load("--scenario connect --conns 9 --brackets 2,5,9,11");
    let brackets = [1, 2, 3].map(|number| report.number(&format!("bracket_{number}/ops")));
    assert_eq!(brackets, [2.0, 3.0, 4.0].map(Some), "{report}");
    assert_eq!(report.number("bracket_4/ops"), None, "{report}");
    for figure in ["rss_rested", "bracket_3/server_cpu_us_per_op"] {
        assert!(report.number(figure).unwrap() > 0.0, "{figure}: {report}");
    }
}

#[test]
fn the_usage_of_in_memory_clients_is_not_counted() {
    let server = Server::start(&["--inner"]);
    let report = server.load("--scenario inner --inner 300 --brackets 100,200,300");
    let brackets = [1, 2, 3].map(|number| report.number(&format!("bracket_{number}/ops")));
    assert_eq!(brackets, [100.0; 3].map(Some), "{report}");
    for figure in [
        "rss_per_conn",
        "rss_rested",
        "bracket_3/server_cpu_us_per_op",
    ] {
        assert!(report.number(figure).unwrap() > 0.0, "{figure}: {report}");
    }
}

#[test]
fn broadcasts_do_not_reach_in_memory_clients() {
    let report = Server::start(&["--inner"]).load("--scenario broadcast --inner 9");
    assert_eq!(report.number("ready"), Some(3.0), "{report}");
    assert!(report.number("fanouts").unwrap() > 0.0, "{report}");
    let error = Server::start(&[]).try_load("--scenario inner").unwrap_err();
    assert!(error.to_string().contains("--inner"), "{error}");
}

#[test]
fn connections_use_several_source_addresses() {
    for scenario in ["connect", "connect --with upgrade", "polling"] {
        // A new server each time, because a source port cannot be reused at once for the same address.
        let report = Server::start(&[]).load(&format!("--scenario {scenario} --per-source 1"));
        assert_eq!(report.number("ready"), Some(3.0), "{report}");
    }
}

#[test]
fn the_server_reports_the_durations_of_joins() {
    let report = Server::start(&[]).load("--scenario joins --broadcasts 100 --rate 500 --doze");
    assert!(report.number("joins").unwrap() > 0.0, "{report}");
    assert!(report.number("fanouts").unwrap() > 0.0, "{report}");
    let inside = ["broadcasts", "between"].map(|name| {
        let count = report.number(&format!("inside/{name}/count"));
        count.expect("a number")
    });
    assert!(inside[0] > 0.0 && inside[1] > 0.0, "{report}");
}

#[test]
fn every_variation_is_answered_correctly() {
    let plain = Server::start(&[]);
    for variation in ["namespace", "rooms", "upgrade", "upgrade,namespace,rooms"] {
        let report = plain.load(&format!("--scenario connect --with {variation}"));
        assert_eq!(report.number("ready"), Some(3.0), "{variation}: {report}");
    }
    let recovery = Server::start(&["--recovery"]);
    for scenario in ["connect", "echo", "broadcast"] {
        let report = recovery.load(&format!("--scenario {scenario} --with recovery"));
        assert!(report.number("ops").unwrap() > 0.0, "{report}");
    }
}

#[test]
fn compressed_messages_are_read() {
    for option in ["--deflate", "--deflate-alone"] {
        let server = Server::start(&[option]);
        for scenario in ["connect", "echo --inflight 3", "broadcast"] {
            let report = server.load(&format!(
                "--scenario {scenario} --payload 3000 --words --with deflate"
            ));
            let compressed = report.number("compressed").unwrap();
            assert!(compressed >= report.number("ops").unwrap(), "{report}");
            assert!(compressed > 0.0, "{report}");
        }
    }
}

#[test]
fn a_server_without_the_option_is_detected() {
    let plain = Server::start(&[]);
    let report = plain.try_load("--scenario echo --with recovery").unwrap();
    assert!(report.number("mismatch").unwrap() > 0.0, "{report}");
    let deflate = "--scenario echo --payload 3000 --with deflate";
    assert!(plain.try_load(deflate).is_err());
    let recovery = Server::start(&["--recovery"]);
    let report = recovery.try_load("--scenario echo").unwrap();
    assert!(report.number("mismatch").unwrap() > 0.0, "{report}");
}

/// Returns the number of connections of a scenario: joins need guests beside the members.
fn ready(scenario: Scenario) -> f64 {
    if scenario == Scenario::Joins {
        5.0
    } else {
        3.0
    }
}

/// The server process, which is killed when this is dropped.
struct Server {
    process: Child,
    addr: String,
}

impl Server {
    fn start(options: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_loadtest-server"))
            .args(["0", "current"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let output = process.stdout.take().expect("a pipe");
        let mut addr = String::new();
        BufReader::new(output)
            .read_line(&mut addr)
            .expect("an address");
        Self { process, addr }
    }

    /// Measures without errors, mismatches or missing answers.
    fn load(&self, line: &str) -> Report {
        let report = self.try_load(line).expect("connections");
        for fault in ["errors", "mismatch", "missing"] {
            assert_eq!(
                report.number(fault),
                Some(0.0),
                "{fault} of {line}: {report}"
            );
        }
        report
    }

    fn try_load(&self, line: &str) -> Result<Report, LoadError> {
        let (addr, pid) = (self.addr.trim(), self.process.id());
        let line = format!(
            "--url {addr} --pid {pid} --conns 3 --active 2 --room-pool 5 --secs 0.3 --warmup 0.1 \
             --settle 0 --no-spin {line}"
        );
        let options = Options::parse(line.split_whitespace().map(str::to_owned));
        let options = options.expect("valid options");
        run(&options.expect("the options do not contain --help"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that has exited cannot be killed, but must be waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
