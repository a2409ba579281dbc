//! `cargo xtask demo`: the chat example.

use crate::command::{self, cargo, is_there};
use crate::failure::Failure;
use crate::install::node;
use crate::project::Project;

/// Where the example keeps its page.
const EXAMPLE: &str = "examples/chat";

/// Fetches the browser's client, then runs the example until it is stopped.
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
    // Not optimised: it builds in a fraction of the time, and nobody measures a demonstration.
    command::run(
        cargo()
            .args(["run", "--package", "chat"])
            .current_dir(&project.root),
    )
}
