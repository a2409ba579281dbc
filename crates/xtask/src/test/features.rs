//! Checks that published crates build with each single feature.

use std::process::Command;

use crate::command::run;
use crate::failure::Failure;
use crate::project::Project;

/// Checks every published crate without features and with each single feature.
///
/// # Errors
/// With the first combination that does not build.
pub(super) fn check(project: &Project, cargo: impl Fn() -> Command) -> Result<(), Failure> {
    for package in project.packages.iter().filter(|package| package.published) {
        let check = || {
            let mut check = cargo();
            check.args([
                "check",
                "--quiet",
                "--package",
                &package.name,
                "--no-default-features",
            ]);
            check
        };
        println!("   {} alone", package.name);
        run(&mut check())?;
        for feature in &package.features {
            println!("   {} with {feature}", package.name);
            run(check().args(["--features", feature]))?;
        }
    }
    Ok(())
}
