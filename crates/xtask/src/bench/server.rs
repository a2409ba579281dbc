//! The compared servers and their builds.

use std::fs;
use std::path::{Path, PathBuf};

use super::plan::{Scenario, Servers};
use crate::command::{cargo, is_there, program, read, run};
use crate::failure::Failure;
use crate::install::node;
use crate::project::Project;

/// The folder of the other servers.
const PEERS: &str = "tests/bench/peers";

/// Builds the selected servers. Returns them, and the reason for each server that cannot be built.
pub(super) fn build_all(
    project: &Project,
    wanted: impl Fn(Kind) -> bool,
) -> (Vec<Server>, Vec<String>) {
    let mut servers = Vec::new();
    let mut absent = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| wanted(*kind)) {
        println!("building {}", kind.name());
        match kind.build(project) {
            Ok(server) => servers.push(server),
            Err(failure) => {
                println!(
                    "{} could not be built and is left out: {failure}",
                    kind.name()
                );
                absent.push(format!("{}: {failure}", kind.name()));
            }
        }
    }
    (servers, absent)
}

/// A server that has been built.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) kind: Kind,
    /// The program and its arguments, without the port and the arguments of the scenario.
    pub(super) command: Vec<PathBuf>,
    /// The library and its version.
    pub(super) version: String,
}

/// The servers, in the order of the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// This project.
    Socketio,
    /// The other Socket.IO server in Rust.
    Socketioxide,
    /// A bare WebSocket library that imitates the answers: the lower bound of the costs.
    Tungstenite,
    /// The reference implementation.
    Node,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Socketio,
        Self::Socketioxide,
        Self::Tungstenite,
        Self::Node,
    ];

    /// Returns the heading of its column.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Node => "Node",
            Self::Socketio => "socketio",
            Self::Socketioxide => "socketioxide",
            Self::Tungstenite => "tung-b",
        }
    }

    /// Returns whether the server implements the scenario.
    pub(super) fn can(self, scenario: &Scenario) -> bool {
        match scenario.servers {
            Servers::All => {
                self != Self::Tungstenite || !matches!(scenario.kind, "polling" | "rooms")
            }
            Servers::Ours => self == Self::Socketio,
            Servers::Rust => matches!(self, Self::Socketio | Self::Socketioxide),
        }
    }

    fn build(self, project: &Project) -> Result<Server, Failure> {
        let (command, version) = match self {
            Self::Node => return build_node(project),
            Self::Socketio => {
                let mut build = cargo();
                build.args(["build", "--release", "--package", "bench", "--all-features"]);
                run(build
                    .args(["--bin", "loadtest-server"])
                    .current_dir(&project.root))?;
                let program = project.target.join("release/loadtest-server");
                (program, env!("CARGO_PKG_VERSION").to_owned())
            }
            Self::Socketioxide => build_peer(project, "socketioxide", "socketioxide")?,
            Self::Tungstenite => build_peer(project, "tungstenite", "tokio-tungstenite")?,
        };
        Ok(Server {
            kind: self,
            command: vec![command],
            version,
        })
    }
}

fn build_peer(project: &Project, name: &str, stack: &str) -> Result<(PathBuf, String), Failure> {
    let folder = project.root.join(PEERS).join(name);
    let target = project.target.join("peers");
    let mut build = cargo();
    build
        .args(["build", "--release", "--locked"])
        .current_dir(&folder);
    run(build.env("CARGO_TARGET_DIR", &target))?;
    let lock = fs::read_to_string(folder.join("Cargo.lock")).unwrap_or_default();
    let version = locked_version(&lock, stack).unwrap_or("of unknown version");
    Ok((
        target.join(format!("release/peer-{name}")),
        format!("{stack} {version}"),
    ))
}

fn build_node(project: &Project) -> Result<Server, Failure> {
    for name in ["node", "npm"] {
        if !is_there(name) {
            return Err(Failure::new(format!("{name} is missing; install Node.js")));
        }
    }
    let folder = project.root.join(PEERS).join("node");
    node::packages(&folder)?;
    let package = folder.join("node_modules/socket.io/package.json");
    let version = package_version(&package).unwrap_or_else(|| "of unknown version".to_owned());
    let node = read(program("node").arg("--version"))?;
    Ok(Server {
        kind: Kind::Node,
        command: vec!["node".into(), folder.join("server.js")],
        version: format!("socket.io {version} on Node {}", node.trim()),
    })
}

/// Returns the version of a package in the text of a `Cargo.lock`.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("\nname = \"{package}\"\nversion = \""))?;
    rest.split_once('"').map(|(version, _)| version)
}

fn package_version(path: &Path) -> Option<String> {
    let package = fs::read_to_string(path).ok()?;
    let package = serde_json::from_str::<serde_json::Value>(&package).ok()?;
    package.get("version")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::plan::SCENARIOS;

    #[test]
    fn the_version_of_a_locked_package_is_found() {
        let lock = "\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n";
        assert_eq!(locked_version(lock, "a"), Some("1.0.0"));
        assert_eq!(locked_version(lock, "c"), None);
    }

    #[test]
    fn only_the_websocket_library_lacks_scenarios() {
        let lacks = |kind: Kind| {
            SCENARIOS
                .iter()
                .filter(|scenario| !kind.can(scenario))
                .count()
        };
        assert_eq!(Kind::ALL.map(lacks), [0, 0, 2, 0]);
    }
}
