//! What the tests need beside the repository, and what to do without it.

mod debian;
pub(crate) mod node;
mod python;
mod report;
mod rust;

pub(crate) use self::report::Report;
use crate::failure::Failure;
use crate::project::Project;

/// Folders whose packages come from npm.
const NODE_FOLDERS: [&str; 2] = ["tests/e2e/clients", "examples/chat"];
/// What the Python clients need.
const PYTHON_REQUIREMENTS: &str = "tests/e2e/clients/requirements.txt";

/// Installs the components of the Rust toolchain that the checks use.
///
/// # Errors
/// If one is missing and cannot be added.
pub(crate) fn toolchain() -> Result<(), Failure> {
    rust::components()
}

/// Installs the other tools and packages that are missing, and reports those that cannot be installed.
pub(crate) fn everything(project: &Project) -> Report {
    let mut report = Report::default();
    if let Err(failure) = rust::cargo_deny() {
        report.tool("cargo-deny", failure);
    }
    debian::packages(&mut report);
    for folder in NODE_FOLDERS {
        let Some(folder) = project.folder(folder) else {
            continue;
        };
        if !folder.join("package.json").is_file() {
            continue;
        }
        if let Err(failure) = node::packages(&folder) {
            report.client(
                format!("npm packages of {}", project.short(&folder).display()),
                failure,
            );
        }
    }
    let requirements = project.root.join(PYTHON_REQUIREMENTS);
    if requirements.is_file() {
        // The tests look for it under this path, wherever cargo builds.
        let environment = project.root.join("target/e2e-venv");
        if let Err(failure) = python::environment(&environment, &requirements) {
            report.client("Python packages of the clients", failure);
        }
    }
    report
}
