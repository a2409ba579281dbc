//! Packages from PyPI in a virtual environment.

use std::fs;
use std::path::Path;

use crate::command::{program, run};
use crate::failure::Failure;

/// Creates the environment with the packages of `requirements`, unless it is up to date.
///
/// # Errors
/// If the environment cannot be created or a package cannot be installed.
pub(super) fn environment(environment: &Path, requirements: &Path) -> Result<(), Failure> {
    let wanted = fs::read_to_string(requirements).unwrap_or_default();
    let stamp = environment.join("installed-requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("   Python packages of {}", requirements.display());
    run(program("python3")
        .args(["-m", "venv", "--clear"])
        .arg(environment))?;
    run(program(environment.join("bin/python"))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "-r",
        ])
        .arg(requirements))?;
    // Written last, so that an interrupted installation is repeated.
    fs::write(&stamp, wanted)
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", stamp.display())))
}
