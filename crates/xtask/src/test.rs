//! `cargo xtask test`: the checks and tests that a change must pass.

mod documents;
mod features;
mod findings;
mod packages;
mod prose;
mod references;
mod structure;
mod toolchain;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::command::{self, cargo, read};
use crate::failure::Failure;
use crate::install::{self, Report};
use crate::project::Project;

/// The environment variable with which tests skip real clients that are not installed.
const SKIP_MISSING: &str = "SOCKETIO_E2E_SKIP_MISSING";

/// A check of the sources.
type Check = fn(&Project) -> Result<(), Failure>;

/// Runs the checks that take seconds and need the Rust toolchain only.
///
/// # Errors
/// With the first check that fails.
pub(crate) fn check() -> Result<(), Failure> {
    let project = Project::load()?;
    let mut steps = Steps::default();
    quick_checks(&project, &mut steps)?;
    steps.summary();
    Ok(())
}

/// Installs what is missing and runs every check, until one fails.
///
/// # Errors
/// With the first check that fails.
pub(crate) fn run() -> Result<(), Failure> {
    let project = Project::load()?;
    let root = &project.root;
    let mut steps = Steps::default();
    quick_checks(&project, &mut steps)?;
    let mut report = Report::default();
    steps.run("install", || {
        report = install::everything(&project);
        Ok(())
    })?;
    steps.run("dependencies", || dependencies(root, &mut report))?;
    steps.run("packages", || packages::check(&project, &mut report))?;
    steps.run("minimal versions", || packages::minimal_versions(&project))?;
    let everything = ["--workspace", "--all-features"];
    steps.run("clippy", || {
        let mut clippy = inside(root);
        clippy
            .arg("clippy")
            .args(everything)
            .args(["--all-targets", "--", "-D", "warnings"]);
        command::run(&mut clippy)
    })?;
    steps.run("each feature alone", || {
        features::check(&project, || inside(root))
    })?;
    steps.run("documentation", || {
        let mut doc = inside(root);
        doc.env("RUSTDOCFLAGS", "-D warnings")
            .args(["doc", "--no-deps"])
            .args(everything);
        command::run(&mut doc)
    })?;
    steps.run("references", || references::check(&project))?;
    steps.run("tests", || {
        let mut tests = inside(root);
        if read(inside(root).args(["nextest", "--version"])).is_ok() {
            tests.args(["nextest", "run"]);
        } else {
            tests.args(["test", "--lib", "--bins", "--tests", "--examples"]);
        }
        // The variable of the caller must not skip clients that are installed.
        tests.env_remove(SKIP_MISSING).args(everything);
        if report.clients_are_incomplete() {
            tests.env(SKIP_MISSING, "1");
        }
        command::run(&mut tests)
    })?;
    steps.run("documentation tests", || {
        command::run(inside(root).args(["test", "--doc"]).args(everything))
    })?;
    steps.summary();
    if !report.is_empty() {
        println!("\nNot tested, because not installed:\n{report}");
    }
    Ok(())
}

/// Checks the format and the sources. Reports the findings of all checks of the sources together.
fn quick_checks(project: &Project, steps: &mut Steps) -> Result<(), Failure> {
    steps.run("toolchain", || {
        install::toolchain()?;
        toolchain::check(project)
    })?;
    steps.run("format", || {
        command::run(inside(&project.root).args(["fmt", "--all", "--check"]))
    })?;
    let checks: [(_, Check); 3] = [
        ("documents", documents::check),
        ("structure", structure::check),
        ("prose", prose::check),
    ];
    let mut failures = Vec::new();
    for (name, check) in checks {
        steps.run(name, || {
            failures.extend(check(project).err());
            Ok(())
        })?;
    }
    if failures.is_empty() {
        return Ok(());
    }
    let texts: Vec<_> = failures.iter().map(Failure::to_string).collect();
    Err(Failure::new(format!(
        "the sources break the rules in docs/CONTRIBUTING.md\n{}",
        texts.join("\n")
    )))
}

/// Creates a cargo command with the same build options in all steps, so that they share their results.
fn inside(root: &Path) -> Command {
    let mut cargo = cargo();
    cargo
        .current_dir(root)
        // Line numbers are enough for a backtrace, and link faster.
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .env("CARGO_INCREMENTAL", "0");
    cargo
}

/// Checks the licenses, sources and versions of the dependencies, and the advisories if their database
/// can be fetched.
fn dependencies(root: &Path, report: &mut Report) -> Result<(), Failure> {
    if report.lacks("cargo-deny") {
        return Ok(());
    }
    let deny = || {
        let mut deny = inside(root);
        deny.args(["deny", "--workspace", "--all-features"]);
        deny
    };
    command::run(deny().args(["check", "bans", "licenses", "sources"]))?;
    let mut fetch = inside(root);
    // Git must not ask for a password, nor wait for a server that does not answer.
    fetch.env("GIT_TERMINAL_PROMPT", "0");
    fetch
        .env("GIT_HTTP_LOW_SPEED_LIMIT", "1000")
        .env("GIT_HTTP_LOW_SPEED_TIME", "20");
    match read(fetch.args(["deny", "fetch", "db"])) {
        Ok(_) => command::run(deny().args(["check", "--disable-fetch", "advisories"])),
        Err(failure) => {
            report.tool("database of security advisories", failure);
            Ok(())
        }
    }
}

/// The completed steps and their durations.
#[derive(Default)]
struct Steps(Vec<(&'static str, Duration)>);

impl Steps {
    fn run(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        println!("── {name}");
        let start = Instant::now();
        let outcome = step();
        let took = start.elapsed();
        println!("   {name}: {:.1} s", took.as_secs_f64());
        self.0.push((name, took));
        outcome.map_err(|failure| {
            self.summary();
            Failure::new(format!("the step \"{name}\" failed\n{failure}"))
        })
    }

    fn summary(&self) {
        println!();
        for (name, took) in &self.0 {
            println!("{:>8.1} s  {name}", took.as_secs_f64());
        }
        let total: Duration = self.0.iter().map(|(_, took)| *took).sum();
        println!("{:>8.1} s  total", total.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_is_named() {
        let mut steps = Steps::default();
        assert!(steps.run("first", || Ok(())).is_ok());
        let failure = steps
            .run("second", || Err(Failure::new("because")))
            .unwrap_err();
        assert_eq!(failure.to_string(), "the step \"second\" failed\nbecause");
    }
}
