//! Compares the figures with the accepted ones, or accepts them.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bench::instructions::{
    Baseline, Comparison, Counted, environment, read_counts, replace_table, table,
};

use crate::catalogue::CATALOGUE;

const ACCEPTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/PERFORMANCE.md");

/// Prints the figures that were measured since a time, and returns whether they are within the tolerance.
/// Accepts them if the environment variable `INSTRUCTIONS` is `accept`.
///
/// # Errors
///
/// If one of `all` figures is missing, or a file cannot be read or written.
pub(crate) fn give(since: SystemTime, all: bool) -> Result<bool, Box<dyn Error>> {
    let folder = counts_folder()?;
    let counts = read_counts(&folder, since)
        .map_err(|error| format!("no counts in {}: {error}; was CARGO_TARGET_DIR or --target set for some of the programs only?", folder.display()))?;
    let figure = |counted: &Counted| {
        let count = counts.get(counted.name)?;
        Some((counted.name.to_owned(), counted.per_operation(*count)))
    };
    let figures: BTreeMap<String, u64> = CATALOGUE.iter().filter_map(figure).collect();
    if let Some(unknown) = counts.keys().find(|name| !figures.contains_key(*name)) {
        return Err(format!("{unknown} was counted but is not in the catalogue: add it").into());
    }
    let missing = CATALOGUE
        .iter()
        .find(|counted| !figures.contains_key(counted.name));
    let accept = env::var_os("INSTRUCTIONS").is_some_and(|value| value == "accept");
    if let Some(missing) = missing.filter(|_| all || accept) {
        return Err(format!(
            "the figure {} is missing: see the reason above, and run `cargo bench` without a filter",
            missing.name
        )
        .into());
    }
    if accept {
        accept_all(figures)?;
        return Ok(true);
    }
    let accepted = match fs::read_to_string(ACCEPTED) {
        Ok(text) => Baseline::parse(&text)?,
        Err(error) if error.kind() == ErrorKind::NotFound => Baseline::default(),
        Err(error) => return Err(format!("{ACCEPTED} cannot be read: {error}").into()),
    };
    let comparison = Comparison::new(CATALOGUE, &figures, &environment(), &accepted);
    println!("\n{comparison}");
    Ok(!comparison.is_worse())
}

/// Writes the figures to the file of accepted figures and into the document.
fn accept_all(figures: BTreeMap<String, u64>) -> Result<(), Box<dyn Error>> {
    let accepted = Baseline {
        environment: environment(),
        figures,
    };
    let document = fs::read_to_string(DOCUMENT)?;
    let document = replace_table(&document, &table(CATALOGUE, &accepted))
        .ok_or_else(|| format!("{DOCUMENT} has no place for the table: restore its two marks"))?;
    fs::write(DOCUMENT, document)?;
    fs::write(ACCEPTED, accepted.to_string())?;
    println!("\naccepted: {ACCEPTED} and the table of {DOCUMENT}");
    Ok(())
}

/// Returns the folder in which gungraun stores the output of callgrind.
fn counts_folder() -> Result<PathBuf, Box<dyn Error>> {
    let target = match env::var_os("CARGO_TARGET_DIR") {
        Some(target) => PathBuf::from(target),
        None => {
            // target/release/deps/instructions-0123456789abcdef
            let program = env::current_exe()?;
            let target = program.ancestors().nth(3).map(Path::to_owned);
            target.ok_or("this program is not in a target directory: run it with `cargo bench`")?
        }
    };
    Ok(target
        .join("gungraun")
        .join(env!("CARGO_PKG_NAME"))
        .join("instructions/counting"))
}
