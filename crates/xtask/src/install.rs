//! Installs the tools and packages that the tests need.

mod debian;
pub(crate) mod node;
mod python;
mod report;
mod rust;

pub(crate) use self::report::Report;
use crate::failure::Failure;
use crate::project::Project;

/// The folders with npm packages.
const NODE_FOLDERS: [&str; 2] = ["tests/e2e/clients", "examples/chat"];
/// The requirements of the Python clients.
const PYTHON_REQUIREMENTS: &str = "tests/e2e/clients/requirements.txt";

/// Installs the components of the Rust toolchain that the checks use.
///
/// # Errors
/// If one is missing and cannot be added.
pub(crate) fn toolchain() -> Result<(), Failure> {
    rust::components()
}

/// Installs the other tools and packages that are missing. The report lists the ones that cannot be installed.
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
        // The tests expect this path in any configuration of cargo.
        let environment = project.root.join("target/e2e-venv");
        if let Err(failure) = python::environment(&environment, &requirements) {
            report.client("Python packages of the clients", failure);
        }
    }
    report
}
