//! The counts of callgrind.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// Returns the counts that callgrind has written below a folder since a time, by group and name: for
/// `events/answered.echo/callgrind.answered.echo.out` the key is `events/echo`.
///
/// # Errors
///
/// If a folder or a file cannot be read.
pub fn read_counts(folder: &Path, since: SystemTime) -> io::Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for group in fs::read_dir(folder)? {
        let group = group?;
        if !group.file_type()?.is_dir() {
            continue;
        }
        for counted in fs::read_dir(group.path())? {
            let counted = counted?;
            let folder = counted.file_name().to_string_lossy().into_owned();
            let output = counted.path().join(format!("callgrind.{folder}.out"));
            let Ok(metadata) = fs::metadata(&output) else {
                continue;
            };
            if metadata.modified()? < since {
                continue;
            }
            let text = fs::read_to_string(&output)?;
            if let (Some(total), Some((_, name))) = (total(&text), folder.split_once('.')) {
                let group = group.file_name();
                counts.insert(format!("{}/{name}", group.to_string_lossy()), total);
            }
        }
    }
    Ok(counts)
}

/// Returns the total number of instructions.
fn total(output: &str) -> Option<u64> {
    let mut totals = output
        .lines()
        .filter_map(|line| line.strip_prefix("totals:"));
    totals.next_back()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_total_is_read() {
        assert_eq!(
            total("events: Ir\nsummary: 1\n\nfn=(1) a\n3 1\n\ntotals: 643446\n"),
            Some(643_446)
        );
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn counts_are_found_by_name_unless_they_are_old() {
        let folder = std::env::temp_dir().join(format!("counts-{}", std::process::id()));
        let output = folder.join("events/answered.echo");
        fs::create_dir_all(&output).unwrap();
        fs::create_dir_all(folder.join("events/answered.never")).unwrap();
        let path = output.join("callgrind.answered.echo.out");
        fs::write(&path, "totals: 7\n").unwrap();
        let written = fs::metadata(path).unwrap().modified().unwrap();

        let counts = read_counts(&folder, written).unwrap();
        assert_eq!(counts, BTreeMap::from([("events/echo".to_owned(), 7)]));
        let later = written + Duration::from_secs(1);
        assert_eq!(read_counts(&folder, later).unwrap(), BTreeMap::new());
        fs::remove_dir_all(folder).unwrap();
    }
}
