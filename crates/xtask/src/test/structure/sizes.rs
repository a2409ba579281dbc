//! The sizes of files and folders, and the names and first lines of modules.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::Source;
use crate::test::findings::Finding;

/// The maximum number of lines of a file.
const MAX_LINES: usize = 600;
/// A file with fewer lines is small.
const SMALL: usize = 40;
/// The maximum number of small files in the `src` folders of all crates.
const MAX_SMALL_FILES: usize = 30;
/// The crates whose `src` folder has a maximum number of entries.
const WIDE_CRATES: [&str; 2] = ["engineio", "socketio"];
/// The maximum number of entries in the `src` folder of such a crate: `x.rs` and `x/` are one entry.
const MAX_ENTRIES: usize = 18;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let paths: BTreeSet<_> = sources.iter().map(|source| source.path.as_str()).collect();
    for source in sources {
        let path = source.path.as_str();
        let lines = source.text.lines().count();
        if lines > MAX_LINES {
            let text = format!(
                "{lines} lines, at most {MAX_LINES} are allowed; move one of its concepts into a module"
            );
            findings.push(Finding::new(path, 0, text));
        }
        if source.stem() == "mod" {
            let text = "a module is `x.rs` beside its folder `x`; rename `x/mod.rs` to `x.rs`";
            findings.push(Finding::new(path, 0, text));
        }
        if is_folder_module(path, &paths) && !source.text.starts_with("//! ") {
            let text =
                "a module with a folder begins with `//!` and its purpose in one sentence; add it";
            findings.push(Finding::new(path, 1, text));
        }
    }
    findings.extend(small_files(sources));
    findings.extend(entries(sources));
    findings
}

/// Whether the module has a folder with submodules.
fn is_folder_module(path: &str, paths: &BTreeSet<&str>) -> bool {
    let Some(folder) = path.strip_suffix(".rs").map(|path| format!("{path}/")) else {
        return false;
    };
    let next = paths.range(folder.as_str()..).next();
    path.contains("/src/") && next.is_some_and(|next| next.starts_with(&folder))
}

fn small_files(sources: &[Source]) -> Option<Finding> {
    let small = sources.iter().filter(|source| {
        let in_src = source.path.split('/').nth(2) == Some("src");
        in_src && source.text.lines().count() < SMALL
    });
    let small: Vec<_> = small.map(|source| source.path.as_str()).collect();
    (small.len() > MAX_SMALL_FILES).then(|| {
        let text = format!(
            "{} files have fewer than {SMALL} lines, at most {MAX_SMALL_FILES} are allowed; merge some into a \
             neighbor:\n  {}",
            small.len(),
            small.join("\n  ")
        );
        Finding::new("crates/*/src", 0, text)
    })
}

fn entries(sources: &[Source]) -> Vec<Finding> {
    let mut entries = BTreeMap::<_, BTreeSet<_>>::new();
    for source in sources {
        let mut parts = source.path.split('/').skip(1);
        if let (Some(name), Some("src"), Some(entry)) = (parts.next(), parts.next(), parts.next()) {
            let entry = entry.strip_suffix(".rs").unwrap_or(entry);
            entries.entry(name).or_default().insert(entry);
        }
    }
    entries.retain(|name, entries| WIDE_CRATES.contains(name) && entries.len() > MAX_ENTRIES);
    let finding = |(name, entries): (&str, BTreeSet<&str>)| {
        let text = format!(
            "{} modules at the top level, at most {MAX_ENTRIES} are allowed; move some into a folder with \
             their purpose",
            entries.len()
        );
        Finding::new(&format!("crates/{name}/src"), 0, text)
    };
    entries.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sources: &[Source]) -> Vec<String> {
        check(sources).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_long_file_is_found() {
        let long = Source::new("crates/a/src/b.rs", &"\n".repeat(601));
        let [text] = &texts(&[long])[..] else {
            panic!("one finding");
        };
        assert!(
            text.starts_with("crates/a/src/b.rs: 601 lines, at most 600"),
            "{text}"
        );
        assert!(check(&[Source::new("crates/a/src/b.rs", &"\n".repeat(600))]).is_empty());
    }

    #[test]
    fn a_module_file_in_its_folder_is_found() {
        let [text] = &texts(&[Source::new("crates/a/src/b/mod.rs", "//! B.")])[..] else {
            panic!("one finding");
        };
        assert!(text.contains("rename `x/mod.rs`"), "{text}");
    }

    #[test]
    fn a_folder_module_states_its_purpose() {
        let sources = |first_line| {
            [
                Source::new("crates/a/src/b.rs", first_line),
                Source::new("crates/a/src/b/c.rs", ""),
            ]
        };
        assert!(check(&sources("//! The things of kind B.\n")).is_empty());
        assert!(texts(&sources("mod c;\n"))[0].starts_with("crates/a/src/b.rs:1: "));
    }

    #[test]
    fn many_small_files_are_found() {
        let file = |number| Source::new(&format!("crates/a/src/f{number}.rs"), "//! F.\n");
        let files = |count| (0..count).map(file).collect::<Vec<_>>();
        assert!(check(&files(30)).is_empty());
        assert!(texts(&files(31))[0].contains("31 files have fewer than 40 lines"));
    }

    #[test]
    fn many_entries_are_found() {
        let file = |number| {
            let text = "//! F.\n".repeat(SMALL);
            [".rs", "/g.rs"]
                .map(|end| Source::new(&format!("crates/socketio/src/f{number}{end}"), &text))
        };
        let files = |count| (0..count).flat_map(file).collect::<Vec<_>>();
        assert!(check(&files(18)).is_empty());
        assert!(texts(&files(19))[0].starts_with("crates/socketio/src: 19 modules"));
    }
}
