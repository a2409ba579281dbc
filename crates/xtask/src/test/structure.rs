//! Checks the sizes of files and folders, and the directions of imports between modules.

mod cycles;
mod imports;
mod ladder;
mod modules;
mod sizes;

pub(super) use self::imports::is_test;
use self::modules::Modules;
use super::findings::{self, Finding};
use crate::failure::Failure;
use crate::project::Project;
use crate::sources::{self, Source};

/// The folder whose crates are checked.
const CRATES: &str = "crates";

/// Checks all crates below [`CRATES`].
///
/// # Errors
/// With every violation, its place and the remedy.
pub(super) fn check(project: &Project) -> Result<(), Failure> {
    let sources = sources::below(&project.root, CRATES, "rs")?;
    findings::none(violations(&sources)?)
}

fn violations(sources: &[Source]) -> Result<Vec<Finding>, Failure> {
    let mut findings = sizes::check(sources);
    // `crates/NAME/…`
    let name = |source: &Source| source.path.split('/').nth(1).map(str::to_owned);
    for sources in sources.chunk_by(|one, other| name(one) == name(other)) {
        let modules = Modules::parse(sources)?;
        findings.extend(cycles::check(&modules));
        if let Some(ladder) = sources
            .first()
            .and_then(name)
            .and_then(|name| ladder::of(&name))
        {
            findings.extend(ladder::check(&modules, ladder));
        }
    }
    Ok(findings)
}
