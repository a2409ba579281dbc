//! Checks the minimum version of Rust.

use crate::command::{program, read};
use crate::failure::Failure;
use crate::project::Project;

/// Checks that every published crate states a version, and that the running compiler is no older.
///
/// # Errors
/// If a crate states no version, or one above that of the compiler.
pub(super) fn check(project: &Project) -> Result<(), Failure> {
    let text = read(program("rustc").arg("--version"))?;
    let running = text.split_whitespace().nth(1).unwrap_or_default();
    for package in project.packages.iter().filter(|package| package.published) {
        let name = &package.name;
        let Some(stated) = &package.rust_version else {
            return Err(Failure::new(format!(
                "{name} has no rust-version; inherit that of the workspace"
            )));
        };
        if numbers(running) < numbers(stated) {
            return Err(Failure::new(format!(
                "{name} states Rust {stated}, but {running} is running; update with `rustup update`"
            )));
        }
    }
    Ok(())
}

/// Returns the numbers of a version, without the part after a dash.
fn numbers(version: &str) -> Vec<u32> {
    let version = version.split('-').next().unwrap_or_default();
    version
        .split('.')
        .map_while(|number| number.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number() {
        assert!(numbers("1.95.0") >= numbers("1.95"));
        assert!(numbers("1.100.0-nightly") > numbers("1.95"));
        assert!(numbers("1.94.1") < numbers("1.95"));
    }
}
