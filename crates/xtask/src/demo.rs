//! `cargo xtask demo`: runs the chat example.

use crate::command::{self, cargo, is_there};
use crate::failure::Failure;
use crate::install::node;
use crate::project::Project;

/// The folder of the example and its page.
const EXAMPLE: &str = "examples/chat";

/// Installs the client for the browser, and then runs the example until it is stopped.
///
/// # Errors
/// If the example does not build or ends with an error.
pub(crate) fn run() -> Result<(), Failure> {
    let project = Project::load()?;
    match project
        .folder(EXAMPLE)
        .filter(|folder| folder.join("package.json").is_file())
    {
        None => {}
        Some(_) if !is_there("npm") => {
            println!("npm is not installed: the page will load its client from the CDN.");
        }
        Some(folder) => {
            if let Err(failure) = node::packages(&folder) {
                println!("{failure}\nThe page will load its client from the CDN.");
            }
        }
    }
    // An unoptimized build takes a fraction of the time.
    command::run(
        cargo()
            .args(["run", "--package", "chat"])
            .current_dir(&project.root),
    )
}
