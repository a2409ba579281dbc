//! A measurement: starts a new server on one core and the generator on another.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cores::Cores;
use super::files::raise_limit;
use super::options::Options;
use super::plan::Scenario;
use super::server::Server;
use crate::command::{cargo, program, run};
use crate::failure::Failure;
use crate::project::Project;

/// The time within which a server must listen.
const START: Duration = Duration::from_secs(10);
/// The pause between the start of the server and that of the generator.
const REST: Duration = Duration::from_millis(300);
/// The maximum duration of a run of the generator.
const LONGEST: Duration = Duration::from_secs(240);
/// The interval at which a process is polled.
const LOOK: Duration = Duration::from_millis(50);

/// Builds the load generator.
///
/// # Errors
/// If it does not build.
pub(super) fn build_generator(project: &Project) -> Result<PathBuf, Failure> {
    println!("building the load generator");
    let mut build = cargo();
    build.args([
        "build",
        "--release",
        "--package",
        "bench",
        "--bin",
        "loadgen",
    ]);
    run(build.current_dir(&project.root))?;
    Ok(project.target.join("release/loadgen"))
}

/// The settings that all measurements share.
#[derive(Debug)]
pub(super) struct Bench<'a> {
    pub(super) generator: PathBuf,
    pub(super) cores: Cores,
    pub(super) options: &'a Options,
    /// The maximum number of connections.
    pub(super) most: usize,
}

impl Bench<'_> {
    /// Measures one server in one scenario.
    ///
    /// # Errors
    /// If the server does not listen, an answer is wrong or missing, or the run takes too long.
    pub(super) fn measure(&self, server: &Server, scenario: &Scenario) -> Result<Value, Failure> {
        let addr = free_address()?;
        let (server_cores, generator_core) = if scenario.two_cores {
            self.cores.server_with_two()
        } else {
            (self.cores.server.to_string(), self.cores.generator)
        };
        let mut running = start(server, addr, &server_cores, scenario)?;
        wait_until_listening(&mut running, addr)?;
        let mut generator = pinned(&generator_core.to_string());
        generator
            .arg(&self.generator)
            .args([
                "--url",
                &addr.to_string(),
                "--pid",
                &running.0.id().to_string(),
            ])
            .args(["--label", server.kind.name(), "--scenario", scenario.kind])
            .args(self.options.times())
            .args(scenario.arguments);
        if scenario.two_cores && self.cores.third.is_none() {
            generator.arg("--no-spin");
        }
        match scenario.size(self.most) {
            (0, _) => {}
            (connections, others) => {
                generator.args(["--conns", &connections.to_string()]);
                if others > 0 {
                    generator.args(["--others", &others.to_string()]);
                }
            }
        }
        let output = finish(generator.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let figures = serde_json::from_str::<Value>(&output)
            .map_err(|_| Failure::new(format!("the generator printed `{output}`")))?;
        for fault in ["errors", "mismatch", "missing"] {
            match figures.get(fault).and_then(Value::as_u64) {
                Some(0) => {}
                count => {
                    let count = count.map_or("unknown".to_owned(), |count| count.to_string());
                    return Err(Failure::new(format!("{fault}: {count}, must be 0")));
                }
            }
        }
        Ok(figures)
    }
}

fn start(
    server: &Server,
    addr: SocketAddrV4,
    cores: &str,
    scenario: &Scenario,
) -> Result<Running, Failure> {
    let mut command = pinned(cores);
    command
        .args(&server.command)
        .arg(addr.port().to_string())
        .args(scenario.server);
    let child = command.stdout(Stdio::null()).spawn();
    child.map(Running).map_err(|error| {
        Failure::new(format!(
            "{} does not start: {error}; build it again",
            server.kind.name()
        ))
    })
}

/// A process that is killed when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // A process that has exited cannot be killed, but must be waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns a command that runs its arguments as a program on the given cores (a list with commas), with
/// a raised limit of open files. All programs on the way have the same process id.
fn pinned(cores: &str) -> Command {
    let mut shell = program("sh");
    let script = format!("{}; exec taskset -c {cores} \"$@\"", raise_limit());
    shell.args(["-c", &script, "sh"]);
    shell
}

/// Returns a local address with a free port.
fn free_address() -> Result<SocketAddrV4, Failure> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|probe| probe.local_addr());
    let bound = bound.map_err(|error| Failure::new(format!("no free port: {error}; try again")))?;
    Ok(SocketAddrV4::new(Ipv4Addr::LOCALHOST, bound.port()))
}

fn wait_until_listening(server: &mut Running, addr: SocketAddrV4) -> Result<(), Failure> {
    let deadline = Instant::now() + START;
    while Instant::now() < deadline {
        if let Ok(Some(status)) = server.0.try_wait() {
            return Err(Failure::new(format!(
                "the server ended: {status}; see its output above"
            )));
        }
        if TcpStream::connect(addr).is_ok() {
            thread::sleep(REST);
            return Ok(());
        }
        thread::sleep(LOOK);
    }
    Err(Failure::new(format!(
        "the server does not listen on {addr} after {START:?}"
    )))
}

/// Runs the generator and returns its output, which must fit into the buffer of a pipe.
fn finish(command: &mut Command) -> Result<String, Failure> {
    let child = command.spawn();
    let mut running = Running(
        child.map_err(|error| Failure::new(format!("the generator does not start: {error}")))?,
    );
    let deadline = Instant::now() + LONGEST;
    loop {
        match running.0.try_wait() {
            Ok(Some(status)) => {
                let output = text(running.0.stdout.take());
                let errors = text(running.0.stderr.take());
                if status.success() {
                    // Warnings of the generator.
                    if !errors.is_empty() {
                        println!("   {errors}");
                    }
                    return Ok(output);
                }
                return Err(Failure::new(format!("the generator failed: {errors}")));
            }
            Ok(None) if Instant::now() < deadline => thread::sleep(LOOK),
            Ok(None) => {
                // The output ends with the process. The process may have exited in the meantime.
                let _ = running.0.kill();
                let errors = text(running.0.stderr.take());
                return Err(Failure::new(format!(
                    "the generator still runs after {LONGEST:?}: {errors}"
                )));
            }
            Err(error) => {
                return Err(Failure::new(format!(
                    "the generator cannot be observed: {error}"
                )));
            }
        }
    }
}

fn text(pipe: Option<impl Read>) -> String {
    let mut text = Vec::new();
    if let Some(mut pipe) = pipe {
        // The output before a read error is more useful than the error.
        let _ = pipe.read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).trim().to_owned()
}
