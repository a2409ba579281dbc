//! Components of the Rust toolchain, and tools that cargo builds.

use crate::command::{cargo, is_there, program, read, run};
use crate::failure::Failure;

/// Adds the components that the checks use.
///
/// # Errors
/// If one is missing and rustup cannot add it.
pub(super) fn components() -> Result<(), Failure> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if read(cargo().args([subcommand, "--version"])).is_ok() {
            continue;
        }
        if !is_there("rustup") {
            return Err(Failure::new(format!(
                "{component} is missing; install it beside the compiler"
            )));
        }
        run(program("rustup").args(["component", "add", component]))?;
    }
    Ok(())
}

/// Installs the tool that checks the licenses, sources and advisories of the dependencies.
///
/// # Errors
/// If it is missing and cannot be built.
pub(super) fn cargo_deny() -> Result<(), Failure> {
    if read(cargo().args(["deny", "--version"])).is_ok() {
        return Ok(());
    }
    println!("   building cargo-deny; once, and it takes some minutes");
    run(cargo().args(["install", "--locked", "--quiet", "cargo-deny"]))
}
