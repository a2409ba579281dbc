//! Packages from npm.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::command::{program, run};
use crate::failure::Failure;

/// Installs the packages of a folder, unless they are up to date.
///
/// # Errors
/// If npm fails.
pub(crate) fn packages(folder: &Path) -> Result<(), Failure> {
    let lock = folder.join("package-lock.json");
    let wanted = changed(&lock).or_else(|| changed(&folder.join("package.json")));
    // npm writes this file after it has installed all packages.
    let installed = changed(&folder.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= wanted {
        return Ok(());
    }
    println!("   npm packages of {}", folder.display());
    let command = if lock.is_file() { "ci" } else { "install" };
    run(program("npm")
        .args([command, "--no-audit", "--no-fund"])
        .current_dir(folder))
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}
