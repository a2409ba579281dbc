//! `cargo xtask bench --build`: the CPU time to build the smallest server, against socketioxide's.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{cargo, run};
use crate::failure::Failure;
use crate::project::Project;

/// Each server is built as often, in turn.
const ROUNDS: usize = 3;

/// The unit of times in `/proc`, in 1/s. The same on every Linux.
const TICKS: f64 = 100.0;

struct Program {
    name: &'static str,
    source: &'static str,
    /// The dependency beside axum and tokio; `{root}` is the folder of the workspace.
    dependency: &'static str,
    /// The lock file with the versions to build, below the workspace.
    lock: &'static str,
}

const PROGRAMS: [Program; 2] = [
    Program {
        name: "socketio",
        source: include_str!("../../../../tests/bench/smallest/socketio.rs"),
        dependency: "socketio-server = { path = \"{root}/crates/socketio\" }",
        lock: "Cargo.lock",
    },
    Program {
        name: "socketioxide",
        source: include_str!("../../../../tests/bench/smallest/socketioxide.rs"),
        dependency: "socketioxide = \"0.18\"",
        lock: "tests/bench/peers/socketioxide/Cargo.lock",
    },
];

/// Builds both servers in release mode from nothing and prints the CPU seconds and their ratio.
///
/// The profile is cargo's own: users do not get ours.
///
/// # Errors
///
/// If a server cannot be built.
pub(super) fn run_builds(project: &Project) -> Result<(), Failure> {
    let mut best = [f64::INFINITY; PROGRAMS.len()];
    for _ in 0..ROUNDS {
        for (program, best) in PROGRAMS.iter().zip(&mut best) {
            let seconds = program.build(project)?;
            println!("{:<14}{seconds:>7.1} s", program.name);
            *best = best.min(seconds);
        }
    }
    let [ours, theirs] = best;
    println!(
        "\nLeast CPU time: {ours:.1} s against {theirs:.1} s, {:.2} times",
        ours / theirs
    );
    Ok(())
}

impl Program {
    fn build(&self, project: &Project) -> Result<f64, Failure> {
        let folder = self.write(project)?;
        let target = folder.join("target");
        if target.exists() {
            fs::remove_dir_all(&target).map_err(|error| unwritable(&target, &error))?;
        }
        let inside = || {
            let mut cargo = cargo();
            cargo.current_dir(&folder).env("CARGO_TARGET_DIR", &target);
            cargo
        };
        // Downloads do not count.
        run(inside().args(["fetch", "--quiet"]))?;
        let before = children_seconds()?;
        run(inside().args(["build", "--release", "--quiet"]))?;
        Ok(children_seconds()? - before)
    }

    fn write(&self, project: &Project) -> Result<PathBuf, Failure> {
        let folder = project.target.join("bench/build").join(self.name);
        let dependency = self
            .dependency
            .replace("{root}", &project.root.to_string_lossy());
        let manifest = format!(
            "[package]\nname = \"smallest\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
             [workspace]\n\n\
             [dependencies]\naxum = \"0.8\"\n{dependency}\n\
             tokio = {{ version = \"1\", features = [\"macros\", \"net\", \"rt-multi-thread\"] }}\n"
        );
        let source = folder.join("src");
        fs::create_dir_all(&source)
            .and_then(|()| fs::write(folder.join("Cargo.toml"), manifest))
            .and_then(|()| fs::write(source.join("main.rs"), self.source))
            .and_then(|()| fs::copy(project.root.join(self.lock), folder.join("Cargo.lock")))
            .map_err(|error| unwritable(&folder, &error))?;
        Ok(folder)
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", path.display()))
}

/// Returns the CPU time of all finished child processes.
fn children_seconds() -> Result<f64, Failure> {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    children_ticks(&stat)
        .map(|ticks| ticks / TICKS)
        .ok_or_else(|| Failure::new("CPU times are read from /proc; measure on Linux"))
}

/// Returns the sum of the fields `cutime` and `cstime`, which are the 16th and 17th.
fn children_ticks(stat: &str) -> Option<f64> {
    // The second field is the name in parentheses, which may contain spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(13);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some(ticks()? + ticks()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn child_times_are_read() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 1 2 3 4 50 60 700 80 20 0 1 0 9";
        assert_eq!(children_ticks(stat), Some(780.0));
        assert_eq!(children_ticks("7 (a) S 1"), None);
    }
}
